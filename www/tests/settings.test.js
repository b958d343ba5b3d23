// @ts-check
// The form: a change is simulated, and an error is shown at its field.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fragmentOf, openLab, text, visit } from "./support.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

/**
 * @param {import("playwright-core").Page} page
 * @param {string} id
 * @param {string} value
 */
async function enter(page, id, value) {
  await page.fill(`#${id}`, value);
  await page.press(`#${id}`, "Enter");
}

test("six settings are in sight, the others are folded away", async () => {
  const { page, faults } = await visit(lab);
  const labels = await page.locator("#policy label, #fields label").allTextContents();
  assert.deepEqual(labels, ["Policy", "First timeout", "Multiplier", "Loss", "Clients", "Seed"]);
  assert(!(await page.locator("#more-fields label").first().isVisible()));
  await page.click("#more summary");
  assert((await page.locator("#more-fields label").count()) >= 14);
  assert(await page.locator("#more-fields label").first().isVisible());
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a change is another run in the address bar", async () => {
  const { page, faults } = await visit(lab);
  const digest = await text(page, "digest");
  await enter(page, "field-link-loss", "0");
  assert.equal(fragmentOf(page), "seed=7");
  await page.click("#to-end");
  assert.notEqual(await text(page, "digest"), digest);
  assert.match(await text(page, "outcome"), /^Answered after 20 ms and 1 send\.$/);
  await enter(page, "field-link-loss", "0.3");
  assert.equal(await text(page, "digest"), digest, "and back");
  await page.click("#to-start");
  assert.equal(await page.locator("#lesson option:checked").textContent(), "One lost reply");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a slider sets values that read well", async () => {
  const { page, faults } = await visit(lab, "seed=1");
  const slider = page.getByRole("slider", { name: "Clients, slider" });
  await slider.focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("#field-clients").inputValue(), "2");
  assert.equal(fragmentOf(page), "clients=2");
  assert.equal(await slider.getAttribute("aria-valuetext"), "2");
  assert.equal(await text(page, "clock"), "0.000", "arrow keys in a field are the field's");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("switches and choices work like the rest", async () => {
  const { page, faults } = await visit(lab, "seed=1");
  await page.click("#more summary");
  await page.selectOption("#field-server-reply", "mirror");
  await page.locator("#field-token").check();
  assert.equal(fragmentOf(page), "token=true&server.reply=mirror");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a bad value is explained at its field, and the last good run stays", async () => {
  const { page, faults } = await visit(lab);
  const digest = await text(page, "digest");
  await enter(page, "field-link-loss", "half");
  const problem = page.locator("#field-link-loss-problem");
  assert(await problem.isVisible());
  assert.match((await problem.textContent()) ?? "", /link\.loss: "half" is not a loss model; try 0\.1 \(probability\),.*The run continues with 0\.3/);
  assert.equal(await page.locator("#field-link-loss").getAttribute("aria-invalid"), "true");
  assert.equal(await text(page, "digest"), digest);
  await enter(page, "field-policy-initial_timeout", "3s");
  const other = page.locator("#field-policy-initial_timeout-problem");
  assert.match((await other.textContent()) ?? "", /policy\.give_up_above is 2s/, "contradictions too");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Escape");
  await enter(page, "field-link-loss", "1");
  assert(!(await problem.isVisible()));
  assert.notEqual(await text(page, "digest"), digest);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("at the end a change shows its end, while playing it plays on", async () => {
  const { page, faults } = await visit(lab);
  await page.keyboard.press("End");
  await enter(page, "field-link-loss", "0");
  assert.equal(await text(page, "clock"), "0.020");
  await page.click("#to-start");
  await page.selectOption("#speed", { label: "1/16×" });
  await page.click("#play");
  await page.locator("#field-link-loss").fill("0.3");
  await page.locator("#field-link-loss").press("Enter");
  assert.equal(await text(page, "play-text"), "Pause");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("the dice gives another seed, a lesson another run", async () => {
  const { page, faults } = await visit(lab);
  await page.getByRole("button", { name: "Another seed" }).click();
  assert.notEqual(fragmentOf(page), "seed=7&link.loss=0.3");
  await page.selectOption("#lesson", { label: "How long to wait" });
  assert.equal(fragmentOf(page), "link.latency=60ms");
  assert.match(await text(page, "sentence"), /^Nothing is lost here/);
  await page.selectOption("#lesson", { label: "Everyone at once" });
  await page.locator("#client").waitFor();
  await page.fill("#client", "43");
  await page.press("#client", "Enter");
  await page.click("[data-show=table]");
  await page.locator("[data-part=rows] tr").nth(3).waitFor();
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a contradiction with a folded setting shows that one, too", async () => {
  const { page, faults } = await visit(lab);
  await page.fill("#field-policy-initial_timeout", "5s");
  await page.press("#field-policy-initial_timeout", "Enter");
  const problem = await text(page, "field-policy-initial_timeout-problem");
  assert.match(problem, /policy\.give_up_above is 2s; it must not be below policy\.initial_timeout, 5s/);
  assert(await page.locator("#field-policy-give_up_above").isVisible(), "More settings is open");
  assert.deepEqual(faults, []);
  await page.context().close();
});
