// @ts-check
// Very many independent clients: web workers simulate all of them, and the pictures show a sample.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LONG, openLab, text, visit, watch, workersEnd } from "./support.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

/** A run that is over soon, and one that takes an hour. */
const SOME = "seed=3&clients=20000&link.loss=0.3";
const ALL = "clients=4294967295&server.drop=0.5";

/** @param {import("playwright-core").Page} page */
const simulated = (page) =>
  page.waitForFunction(() => /^[0-9a-f]{16}$/.test(document.querySelector("[data-part=digest]")?.textContent ?? ""));

/**
 * Opens a page whose run is not awaited.
 * @param {string} link
 */
async function begin(link) {
  const context = await lab.browser.newContext();
  const page = await context.newPage();
  const faults = watch(page, lab.url);
  await page.goto(`${lab.url}#${link}`);
  return { page, faults };
}

/** @param {import("playwright-core").Page} page */
const progress = (page) =>
  page.locator("[data-notice^=long]", { hasText: /Simulating … [\d,]*[1-9][\d,]* of 4,294,967,295 clients/ });

test("a sample is drawn, the outcome is that of all, and the page says so", async () => {
  const { page, faults } = await visit(lab, SOME);
  assert.match(await text(page, "outcome"), /of 20,000 exchanges were answered/);
  assert.equal(await text(page, "sample"), "The pictures show a sample: clients 1 to 1,000 of 20,000.");
  assert.equal(await text(page, "counts-title"), "So far, of what is shown");
  await page.keyboard.press("End");
  const counts = await page.locator("[data-part=counts] div").allTextContents();
  assert(counts.some((count) => /^answered9\d\d$/.test(count)), counts.join(" "));
  assert.equal(page.workers().length, 0, "nothing is left to do");
  await page.setViewportSize({ width: 390, height: 844 });
  assert(await page.locator("#legend-sample").isVisible(), "the outcome is not in sight");
  await page.evaluate(() => {
    location.hash = "#clients=3";
  });
  await page.locator("[data-part=sample]").waitFor({ state: "hidden" });
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("on a phone, the legend of a crowd is two lines, and unfolds", async () => {
  const { page, faults } = await visit(lab, "clients=300&server.service=2ms&link.loss=0.1", { viewport: { width: 390, height: 844 } });
  const legend = page.locator("#legend");
  const height = async () => (await legend.boundingBox())?.height ?? 0;
  assert((await height()) < 50, `${await height()} px`);
  const answered = legend.getByText("client answered");
  assert.equal(await answered.isVisible(), false);
  await page.getByRole("button", { name: "More marks" }).click();
  assert.equal(await answered.isVisible(), true);
  await page.getByRole("button", { name: "Fewer marks" }).click();
  assert.equal(await answered.isVisible(), false);
  await page.setViewportSize({ width: 1440, height: 900 });
  assert.equal(await answered.isVisible(), true, "a desk has room for it");
  assert.equal(await page.getByRole("button", { name: "More marks" }).isVisible(), false);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a change ends the workers at once, and no result of theirs is shown", async () => {
  const { page, faults } = await begin(ALL);
  await progress(page).waitFor();
  assert(page.workers().length > 0);
  await page.fill("#field-clients", "3");
  await page.press("#field-clients", "Enter");
  await simulated(page);
  await page.click("#to-end");
  const seen = () => Promise.all(["outcome", "digest", "sample"].map((id) => text(page, id)));
  const shown = await seen();
  assert.match(shown[0], /^[\w ,.%]*3 exchanges were answered/);
  await page.waitForTimeout(200);
  assert.deepEqual([await seen(), page.workers().length], [shown, 0]);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a run of very many clients can be stopped", async () => {
  const { page, faults } = await begin(ALL);
  await progress(page).waitFor();
  await page.keyboard.press("End");
  assert.notEqual(await text(page, "clock"), "0.000", "the sample can be looked at meanwhile");
  await page.locator("[data-notice^=long] button").click();
  await page.waitForFunction(() => document.querySelector("[data-part=outcome]")?.textContent?.startsWith("Stopped after"));
  assert.equal(await text(page, "digest"), "", "a stopped run has no digest");
  await workersEnd(page);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("clients that never give up: the page asks whether to continue", { skip: !LONG }, async () => {
  const { page, faults } = await begin("clients=20000&server.drop=1&policy.multiplier=1&policy.give_up_above=none");
  const notice = page.locator("[data-notice^=long]", { hasText: "the run has not ended" });
  await notice.waitFor({ timeout: 60000 });
  await page.waitForTimeout(200);
  const title = await notice.textContent();
  await page.waitForTimeout(200);
  assert.equal(await notice.textContent(), title, "meanwhile it waits");
  await notice.getByRole("button", { name: "Stop here" }).click();
  await page.waitForFunction(() => document.querySelector("[data-part=outcome]")?.textContent?.startsWith("Stopped after"));
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("without workers the page does the work by itself, and says so", async () => {
  const { page } = await visit(lab, SOME);
  const digest = await text(page, "digest");
  await page.context().close();
  for (const lack of ["no constructor", "no script"]) {
    const context = await lab.browser.newContext();
    const page = await context.newPage();
    if (lack === "no script") await context.route("**/worker.js", (route) => route.abort());
    else await page.addInitScript(() => Reflect.deleteProperty(globalThis, "Worker"));
    await page.goto(`${lab.url}#${SOME}`);
    await simulated(page);
    assert.equal(await text(page, "digest"), digest, lack);
    assert.match((await page.locator("[data-notice^=alone]").textContent()) ?? "", /simulates all clients by itself/, lack);
    assert.equal(await page.locator("[data-notice=broken]").count(), 0, lack);
    await context.close();
  }
});

test("coupled clients that need too much memory are refused with the reason", async () => {
  const { page, faults } = await begin("clients=4294967295&server.service=1ms");
  await page.waitForFunction(() => document.querySelector("[data-part=outcome]")?.textContent?.startsWith("Ended by the limit of memory"));
  assert.match(await text(page, "outcome"), /because server\.service lets them influence each other/);
  assert.equal(await text(page, "sample"), "");
  assert.deepEqual(faults, []);
  await page.context().close();
});
