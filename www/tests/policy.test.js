// @ts-check
// The policy: its presets, its fields, and the picture of its schedule.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe } from "./axe.js";
import { fragmentOf, openLab, text, unfold, visit } from "./support.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

const PRESET = "#field-policy-preset";

/**
 * Returns the text of the schedule's picture.
 * @param {import("playwright-core").Page} page
 */
const label = (page) => page.locator("[data-part=schedule]").getAttribute("aria-label");

/**
 * Returns the picture itself.
 * @param {import("playwright-core").Page} page
 */
const picture = async (page) => (await page.locator("[data-part=schedule]").screenshot()).toString("base64");

test("choosing a preset changes the link, the picture and the outcome", async () => {
  const { page, faults } = await visit(lab, "server.drop=1");
  await page.click("#to-end");
  const before = await picture(page);
  assert.equal(await label(page),
    "The schedule when no reply comes. Sends at 0, 0.1, 0.3, 0.7, 1.5 s. Gives up at 3.1 s.");
  await page.selectOption(PRESET, "coap");
  assert.match(fragmentOf(page), /^policy\.preset=coap&server\.drop=1(&|$)/);
  assert.equal(await label(page), "The schedule when no reply comes. " +
    "Sends at 0, 2 to 3, 6 to 9, 14 to 21, 30 to 45 s. Gives up at 62 to 93 s.");
  assert.notEqual(await picture(page), before);
  assert.equal(await text(page, "live"), await label(page), "the live region has the same text");
  assert.match(await text(page, "outcome"), /gave up after (6[2-9]|[78]\d|9[0-3])(\.\d)? s and 5 sends/);
  assert.match(await text(page, "sentence"), /With the coap policy, the client waits 2 s/);
  await page.getByRole("button", { name: "About Policy" }).click();
  const about = (await page.locator(`${PRESET}-about`).textContent()) ?? "";
  assert.match(about, /a small device sends requests over the Internet.*Source: RFC 7252 4\.2, 4\.8/);
  assert.equal(await text(page, "schedule-end"), "Gives up at 62–93 s.");
  await page.selectOption(PRESET, "stun");
  assert.equal(await label(page), "The schedule when no reply comes. " +
    "Sends at 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s. Gives up at 39.5 s.");
  assert.match(await text(page, "outcome"), /gave up after 39\.5 s and 7 sends/);
  await page.selectOption(PRESET, "textbook");
  assert.match(fragmentOf(page), /^server\.drop=1(&view\.|$)/);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a policy that left its preset shows it, and goes back", async () => {
  const { page, faults } = await visit(lab, "policy.preset=coap&policy.max_sends=3&server.drop=1");
  const reset = page.getByRole("button", { name: "Reset Policy to coap" });
  assert(await reset.isVisible(), "from the link");
  assert.equal(await page.locator(PRESET).inputValue(), "coap");
  assert.match((await label(page)) ?? "", /Sends at 0, 2 to 3, 6 to 9 s\. Gives up at 14 to 21 s/);
  assert.match(await text(page, "sentence"), /With a changed coap policy,/);
  assert.match(await text(page, "more-changed"), /2 changed/, "max sends, and what the server drops");
  await unfold(page);
  assert.equal(await page.locator("#field-policy-max_sends").inputValue(), "3");
  await reset.click();
  assert.equal(fragmentOf(page), "policy.preset=coap&server.drop=1", "the rest stays");
  assert(!(await reset.isVisible()));
  const focus = await page.evaluate(() => document.activeElement?.id);
  assert.equal(focus, "field-policy-preset", "the focus is not lost with the button");
  await page.fill("#field-policy-multiplier", "3");
  await page.press("#field-policy-multiplier", "Enter");
  assert(await reset.isVisible(), "and from the form");
  assert.equal(fragmentOf(page), "policy.preset=coap&policy.multiplier=3&server.drop=1");
  await page.selectOption(PRESET, "stun");
  assert.equal(fragmentOf(page), "policy.preset=stun&server.drop=1", "a preset is a whole policy");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("the picture follows a slider at once, even while a long run is simulated", async () => {
  const { page, faults } = await visit(lab, "clients=100&exchanges=2000&link.loss=0.3");
  const labels = await page.evaluate(() => {
    const slider = document.querySelector("[aria-label='Backoff factor, slider']");
    const picture = document.querySelector("[data-part=schedule]");
    if (!(slider instanceof HTMLInputElement)) return [];
    return ["3", "5", "7"].map((value) => {
      slider.value = value;
      slider.dispatchEvent(new Event("input"));
      return [document.querySelector("[data-part=digest]")?.textContent, picture?.getAttribute("aria-label")];
    });
  });
  const schedule = "The schedule when no reply comes. Sends at ";
  assert.deepEqual(labels, [
    ["", `${schedule}0, 0.1, 0.25, 0.475, 0.8125, 1.31875, 2.078125, 3.2171875 s. Gives up at 4.93 s.`],
    ["", `${schedule}0, 0.1, 0.3, 0.7, 1.5 s. Gives up at 3.1 s.`],
    ["", `${schedule}0, 100, 400 ms. Gives up at 1.3 s.`],
  ]);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("every preset has its picture and runs", async () => {
  const { page, faults } = await visit(lab, "link.loss=0.3&seed=7");
  const names = await page.locator(`${PRESET} option`).allTextContents();
  assert(names.length > 30);
  const pictures = new Set();
  for (const name of names) {
    await page.selectOption(PRESET, name);
    pictures.add(await picture(page));
    assert.match((await label(page)) ?? "", /Sends at 0.*(Gives up at \d|Never gives up)/, name);
    await page.waitForFunction(() => document.querySelector("[data-part=digest]")?.textContent?.length === 16);
    assert(!(await page.locator("#policy .reset").isVisible()), name);
  }
  assert(pictures.size > 25, "few presets share a schedule");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("endless, long, immediate and tiny schedules are described correctly", async () => {
  for (const [fragment, words] of /** @type {const} */ ([
    ["policy.preset=kubernetes-crashloop", /Sends at 0, 0, 10, 30, 70, 150, 310, 610, 910 s and so on\. Never gives up/],
    ["policy.preset=wget", /Sends at 0, 1, 3, 6, 10, 15, 21, 28, 36 s and 11 more\. Gives up at 155 s/],
    ["policy.preset=ethernet", /Sends at 0, 0 to 0\.05, .* ms and 7 more\. Gives up at 0 to 419 ms/],
    ["policy.max_sends=1", /Sends at 0 s\. Gives up at 100 ms/],
    ["policy.preset=radius", /perhaps 24\.1 to 30 s\. Gives up at 30 s/],
    ["policy.preset=dhcpv6-confirm", /The first send is delayed by 0 to 1 s/],
  ])) {
    const { page, faults } = await visit(lab, fragment);
    assert.match((await label(page)) ?? "", words);
    assert.deepEqual(faults, []);
    await page.context().close();
  }
});

test("heartbeats have no policy and no schedule", async () => {
  const { page, faults } = await visit(lab, "exchanges=20&workload.task=heartbeat");
  assert(!(await page.locator(PRESET).isVisible()));
  assert(!(await page.locator("[data-part=schedule]").isVisible()));
  assert.equal(await text(page, "schedule-end"), "The client sends a heartbeat every 1 s, 20 in all.");
  assert.equal(await text(page, "schedule-sends"), "");
  await unfold(page);
  await page.selectOption("#field-workload-task", "ask");
  await page.waitForFunction(() => !location.hash.includes("heartbeat"));
  assert(await page.locator(PRESET).isVisible());
  assert.match((await label(page)) ?? "", /when no reply comes/);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("another backoff sets what it needs; a contradiction is shown at its field", async () => {
  const { page, faults } = await visit(lab, "seed=1");
  await unfold(page);
  await page.selectOption("#field-policy-backoff", "list");
  assert.equal(await page.locator("#field-policy-timeouts").inputValue(), "100ms, 200ms, 400ms, 800ms");
  assert.match((await page.locator("#field-policy-multiplier-help").textContent()) ?? "",
    /^No effect now: backoff is not exponential$/);
  await page.selectOption("#field-policy-backoff", "constant");
  assert.equal(await page.locator("#field-policy-timeouts").inputValue(), "none");
  assert.match((await label(page)) ?? "", /Sends at 0, 100, 200, .* and so on\. Never gives up/);

  const digest = await text(page, "digest");
  await page.fill("#field-policy-jitter", "decorrelated");
  await page.press("#field-policy-jitter", "Enter");
  const problem = page.locator("#field-policy-jitter-problem");
  assert.match((await problem.textContent()) ?? "",
    /“Jitter” does not fit “Backoff”, constant: .*The run continues with none/);
  assert.equal(await page.locator("#field-policy-jitter").getAttribute("aria-invalid"), "true");
  assert.equal(await text(page, "digest"), digest);
  await page.fill("#field-policy-jitter", "full");
  await page.press("#field-policy-jitter", "Enter");
  assert(!(await problem.isVisible()));
  assert.match(fragmentOf(page), /policy\.jitter=full/);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("the limit is named: open breaker, spent budget, deadline", async () => {
  for (const [fragment, outcome, rows] of /** @type {const} */ ([
    ["exchanges=2&policy.max_sends=1&policy.breaker=1+9s&server.drop=1", /The open circuit breaker ended 1 exchange/,
      /did not send: the circuit breaker was open/],
    ["policy.budget=quota+500+501+1&server.drop=1", /1 send; the retry budget refuses the send/, /the retry budget refuses the send/],
    ["policy.deadline=250ms&server.drop=1", /its deadline allows no more/, /its deadline/],
  ])) {
    const { page, faults } = await visit(lab, fragment);
    await page.click("#to-end");
    assert.match(await text(page, "outcome"), outcome);
    await page.click("[data-show=table]");
    assert.match(await text(page, "rows"), rows);
    assert.deepEqual(faults, []);
    await page.context().close();
  }
});

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    test(`axe finds nothing in the policy's settings: ${colorScheme}, ${width} px`, async () => {
      const { page, faults } = await visit(lab, "policy.preset=coap&policy.max_sends=3", {
        colorScheme, viewport: { width, height },
      });
      if (width < 700) await page.click("[data-show=controls]");
      await unfold(page);
      assert.deepEqual(await axe(page, colorScheme), [], "changed");
      await page.selectOption(PRESET, "kubernetes-crashloop");
      assert.deepEqual(await axe(page, colorScheme), [], "a list, endless");
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert(wide <= width, `${wide} px wide`);
      assert.deepEqual(faults, []);
      await page.context().close();
    });
  }
}

test("on a desk stage, ladder and schedule are in sight together, and stay there", async () => {
  const { page, faults } = await visit(lab, "policy.preset=dhcpv6-request");
  const [inner, whole] = await page.evaluate(() => [innerHeight, document.documentElement.scrollHeight]);
  assert(whole <= inner, "the page does not scroll");
  const bottom = (await page.locator(".transport").boundingBox())?.y ?? 0;
  const inSight = async (/** @type {string} */ id) => {
    const box = await page.locator(id).boundingBox();
    assert(box && box.y >= 0 && box.y + box.height <= bottom + 1, `${id} is in sight`);
  };
  for (const id of ["[data-part=stage]", "[data-part=ladder-scroller]", "#schedule", PRESET]) await inSight(id);
  await unfold(page);
  await page.locator("#field-policy-budget").focus();
  await inSight("#schedule");
  const [figure, field] = await Promise.all(["#schedule", "#field-policy-budget"].map((id) => page.locator(id).boundingBox()));
  assert(figure && field && field.y >= figure.y + figure.height, "what has the focus is not behind it");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("forced colours leave the schedule visible", async () => {
  const { page, faults } = await visit(lab, "policy.preset=coap", { forcedColors: "active" });
  const drawn = await page.evaluate(() => {
    const canvas = document.querySelector("[data-part=schedule]");
    if (!(canvas instanceof HTMLCanvasElement)) return 0;
    const data = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    return data.filter((alpha, i) => i % 4 === 3 && alpha > 128).length;
  });
  assert(drawn > 1000, `${drawn} pixels are drawn`);
  assert.deepEqual(faults, []);
  await page.context().close();
});
