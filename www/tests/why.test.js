// @ts-check
// Why: the chain of reasons, the waterfall and the states of an exchange.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe } from "./axe.js";
import { openLab, visit } from "./support.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

/**
 * Selects the row of the table of events that has a text.
 * @param {import("playwright-core").Page} page
 * @param {string} name
 */
async function select(page, name) {
  await page.click("[data-show=table]");
  await page.getByRole("button", { name }).last().click();
}

test("a chain of reasons leads from record to record, by mouse and by keyboard", async () => {
  const { page, faults } = await visit(lab);
  await page.click("#to-end");
  await select(page, "sends its request");
  const chain = page.locator("#inspect .chain li");
  assert.deepEqual(await chain.allTextContents(), [
    "The link delivered it: it drew 0.77, not below the loss rate of 0.3.",
    "Send 2 left at 0.100 s, because the wait of 100 ms for a reply ran out.",
    "The reply to send 1 was lost on the link: it drew 0.15, below the loss rate of 0.3.",
    "The server replied to send 1 at 0.010 s.",
    "Send 1 began exchange 1 at 0.000 s.",
  ]);
  await page.getByRole("button", { name: "The reply to send 1 was lost" }).focus();
  await page.keyboard.press("Enter");
  const title = page.locator("#inspect h3");
  assert.equal(await title.textContent(), "Reply to send 1");
  assert(await title.evaluate((title) => title === document.activeElement), "the focus stays in the inspector");
  await page.getByRole("button", { name: "Send 1 began" }).click();
  assert.equal(await title.textContent(), "Request, send 1");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a waterfall has a bar for each send, and the client's state follows the playhead", async () => {
  const { page, faults } = await visit(lab);
  await page.click("#to-end");
  await select(page, "sends its request");
  const rows = page.locator("#inspect .waterfall li");
  assert.deepEqual(await rows.allInnerTexts(), [
    "Send 1 request 10 ms, the reply was lost on the link",
    "Send 2 after a wait of 100 ms, request 10 ms, reply 10 ms, answered",
  ]);
  const widths = await rows.nth(1).locator(".part").evaluateAll((parts) => parts.map((part) => part.getBoundingClientRect().width));
  assert(Math.abs(widths[0] / widths[1] - 10) < 0.2 && Math.abs(widths[1] - widths[2]) < 1, String(widths));
  const now = page.locator("#inspect .state.current");
  const said = page.locator("#inspect .state-now");
  assert.equal(await now.textContent(), "answered");
  assert.equal(await said.textContent(), "Now: answered. Answered after 120 ms and 2 sends.");
  const line = page.locator("#inspect .code [aria-current]");
  assert.equal(await line.isVisible(), false, "folded");
  await page.getByText("As pseudo-code").click();
  assert.equal(await line.innerText(), "reply: done");
  await page.click("#step-back");
  assert.equal(await now.textContent(), "waiting");
  assert.equal(await line.innerText(), "send, and again while no reply: at 0, 0.1, 0.3, 0.7, 1.5 s");
  assert.match((await page.getByRole("img", { name: "it is waiting" }).getAttribute("aria-label")) ?? "", /states/);
  assert.deepEqual(faults, []);
  await page.context().close();
});

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`axe finds nothing in the reasons of a client that gave up: ${colorScheme}`, async () => {
    const { page, faults } = await visit(lab, "link.loss=1&policy.jitter=equal", { colorScheme });
    await page.click("#to-end");
    await select(page, "gives up");
    await page.locator("#inspect .chain button").first().waitFor();
    assert.match(await page.locator("#inspect .chain li").first().innerText(), /gave up at .* above the limit of 2 s\./);
    assert.match(await page.locator("#inspect .waterfall li").last().innerText(), /^Gave up after a wait of/);
    await page.getByText("As pseudo-code").click();
    assert.match(await page.locator("#inspect .code [aria-current]").innerText(), /give up$/);
    assert.deepEqual(await axe(page, colorScheme), []);
    assert.deepEqual(faults, []);
    await page.context().close();
  });
}
