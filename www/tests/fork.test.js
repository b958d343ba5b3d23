// @ts-check
// A setting that changes in the past: it holds in the whole run, or from the playhead's time on only.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { fragmentOf, openLab, text, visit } from "./support.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

const RUN = "seed=7&exchanges=9&link.loss=0.3";
const MOMENT = `${RUN}&view.at=0.25`;

/** @typedef {import("playwright-core").Page} Page */

/**
 * Does something that begins another run, and returns its digest.
 * @param {Page} page
 * @param {() => Promise<unknown>} act
 */
async function rerun(page, act) {
  const old = await text(page, "digest");
  await act();
  await page.waitForFunction((old) => {
    const digest = document.querySelector("[data-part=digest]")?.textContent ?? "";
    return digest.length === 16 && digest !== old;
  }, old);
  return text(page, "digest");
}

/**
 * @param {Page} page
 * @param {string} value
 */
async function lose(page, value) {
  await page.fill("#field-link-loss", value);
  await page.press("#field-link-loss", "Enter");
}

/**
 * The rows of the event table before a time.
 * @param {Page} page
 * @param {number} time in seconds
 */
async function past(page, time) {
  await page.click("[data-show=table]");
  const rows = await page.locator("[data-part=rows] tr").allTextContents();
  return rows.filter((row) => parseFloat(row) < time);
}

const choice = (/** @type {Page} */ page) => page.locator("[data-part=fork]");

test("a setting changes in the whole run, or only from the playhead on, and the past stays", async () => {
  const { page, faults } = await visit(lab, MOMENT);
  const [original, rows] = [await text(page, "digest"), await past(page, 0.25)];
  assert(rows.length > 9);
  const whole = await rerun(page, () => lose(page, "0.9"));
  assert.equal(await choice(page).textContent(), "Loss is 0.9 in the whole run.Only from 250 ms on");
  assert.equal(fragmentOf(page).split("&view")[0], "seed=7&exchanges=9&link.loss=0.9");
  assert.notDeepEqual(await past(page, 0.25), rows);
  const forked = await rerun(page, () => choice(page).getByRole("button").click());
  assert.equal(await choice(page).textContent(), "Loss is 0.9 from 250 ms on.In the whole run");
  // The button keeps the focus, and the playhead its place.
  assert(await choice(page).getByRole("button").evaluate((button) => button === document.activeElement));
  assert.equal(await text(page, "clock"), "0.250");
  assert.deepEqual(await past(page, 0.25), rows, "before the moment nothing has changed");
  assert.match(await text(page, "sentence"), / From 250 ms on, “Loss” is 0\.9\.$/);
  assert.equal(await page.locator("#field-link-loss-help").textContent(), "then 0.9 from 250 ms on");
  assert.equal(await page.inputValue("#field-link-loss"), "0.3", "the field has the value at the start");
  // Another value at the same moment stays a fork.
  await rerun(page, () => lose(page, "0.5"));
  assert.equal(await choice(page).textContent(), "Loss is 0.5 from 250 ms on.In the whole run");
  assert.equal(await rerun(page, () => lose(page, "0.9")), forked);
  // The link has it.
  const other = await visit(lab, fragmentOf(page));
  assert.equal(await text(other.page, "digest"), forked);
  assert.equal(await choice(other.page).textContent(), "", "a link is not a change");
  const field = other.page.locator(".field", { has: other.page.locator("#field-link-loss") });
  assert.equal(await rerun(other.page, () => field.getByRole("button", { name: "Remove the change: Loss 0.3 in the whole run" }).click()), original);
  // Back to the whole run.
  assert.equal(await rerun(page, () => choice(page).getByRole("button").click()), whole);
  assert.deepEqual([...faults, ...other.faults], []);
  await other.page.context().close();
  await page.context().close();
});

test("F takes the other choice, also from a slider", async () => {
  const { page, faults } = await visit(lab, MOMENT);
  await page.keyboard.press("f");
  assert.equal(await choice(page).textContent(), "", "there is nothing to choose");
  const slider = page.getByRole("slider", { name: "Loss, slider" });
  await slider.focus();
  const whole = await rerun(page, () => page.keyboard.press("ArrowRight"));
  const forked = await rerun(page, () => page.keyboard.press("f"));
  assert.equal(await choice(page).textContent(), "Loss is 0.35 from 250 ms on.In the whole run");
  assert.equal(await rerun(page, () => page.keyboard.press("f")), whole);
  assert.equal(await rerun(page, () => page.keyboard.press("f")), forked);
  await page.locator("#title").click();
  await page.keyboard.press("Home");
  assert.equal(await choice(page).textContent(), "", "who goes back before the moment has chosen");
  assert.match(fragmentOf(page), /changes=250ms\+link\.loss%3D0\.35/);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("there is no choice where there is nothing to choose", async () => {
  const { page, faults } = await visit(lab, RUN);
  await rerun(page, () => lose(page, "0.8"));
  assert.equal(await choice(page).textContent(), "", "at the start");
  await page.goto(`${lab.url}#${MOMENT}`);
  await page.waitForFunction(() => document.querySelector("#clock")?.textContent === "0.250");
  await rerun(page, () => page.fill("#field-clients", "3").then(() => page.press("#field-clients", "Enter")));
  assert.equal(await choice(page).textContent(), "", "the number of clients cannot change");
  await rerun(page, () => lose(page, "0.1"));
  assert.notEqual(await choice(page).textContent(), "");
  await page.locator("#title").click();
  await rerun(page, () => page.keyboard.press("n"));
  assert.equal(await choice(page).textContent(), "", "another scenario");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("the choice moves nothing, and lies within the page", async () => {
  for (const [width, height] of [[1440, 900], [390, 844]]) {
    const { page, faults } = await visit(lab, MOMENT, { viewport: { width, height } });
    if (width < 700) await page.click("[data-show=controls]");
    const places = () => page.evaluate(() => ["#scrub", "#play", "#field-link-loss", "#title"].map((name) => {
      const { x, y, width } = document.querySelector(name)?.getBoundingClientRect() ?? new DOMRect();
      return [name, x, y, width];
    }));
    await page.locator("#field-link-loss").scrollIntoViewIfNeeded();
    const before = await places();
    await rerun(page, () => lose(page, "0.9"));
    const shown = await places();
    assert.deepEqual(shown.slice(0, 3), before.slice(0, 3));
    const box = await choice(page).boundingBox();
    const transport = await page.locator("#transport").boundingBox();
    assert(box && transport && box.x >= 0 && box.x + box.width <= width && box.y + box.height <= transport.y);
    assert.deepEqual(faults, []);
    await page.context().close();
  }
});

test("the command line runs the same fork", { skip: !process.env.RETRYLAB_BIN }, async () => {
  const { page } = await visit(lab, `${RUN}&changes=250ms+link.loss%3D0.9%3B+600ms+policy.initial_timeout%3D30ms`);
  const link = page.url();
  const said = execFileSync(process.env.RETRYLAB_BIN ?? "", ["sim", link], { encoding: "utf8" });
  assert.match(said, new RegExp(`digest +${await text(page, "digest")}`));
  await page.context().close();
});

test("a fork is compared with the run that it left", async () => {
  const { page, faults } = await visit(lab, MOMENT);
  await page.click("#compare");
  const pinned = await text(page, "digest");
  await lose(page, "0.9");
  await page.locator("#title").click();
  await page.keyboard.press("f");
  assert.equal(await choice(page).textContent(), "Loss is 0.9 from 250 ms on.In the whole run");
  const all = page.locator("[data-part=digest]");
  await page.waitForFunction((pinned) => {
    const digests = [...document.querySelectorAll("[data-part=digest]")].map(({ textContent }) => textContent ?? "");
    return digests.length === 2 && digests.every((digest) => digest.length === 16) && new Set([...digests, pinned]).size === 2;
  }, pinned);
  assert((await all.allTextContents()).includes(pinned));
  // Both exhibits have the same past.
  const pasts = await page.locator("[data-part=table]").evaluateAll((tables) => tables.map((table) =>
    [...table.querySelectorAll("tbody tr")].map(({ textContent }) => textContent ?? "").filter((row) => parseFloat(row) < 0.25)));
  assert.deepEqual(pasts[0], pasts[1]);
  assert.match(fragmentOf(page), /view\.against=seed%3D7%26exchanges%3D9%26link\.loss%3D0\.3/);
  assert.deepEqual(faults, []);
  await page.context().close();
});
