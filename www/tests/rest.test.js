// @ts-check
// The divided module: a first visit does without the rest, and whoever needs it gets it, or words that say why not.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openLab, text, visit, watch } from "./support.js";

/** @typedef {import("playwright-core").Route} Route */

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

const REST = "retrylab_web_rest.wasm";

/**
 * Opens the page, and does something with each request for the rest, which is counted.
 * @param {(route: Route) => unknown} [answer]
 */
async function open(answer = (route) => route.continue()) {
  const context = await lab.browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const faults = watch(page, lab.url);
  /** How often the rest was requested. */
  const asked = { times: 0 };
  await page.route(`**/${REST}`, (route) => {
    asked.times++;
    return answer(route);
  });
  await page.goto(lab.url);
  await simulated(page);
  return { page, faults, asked };
}

/** @param {import("playwright-core").Page} page */
const simulated = (page) =>
  page.waitForFunction(() => /^[0-9a-f]{16}$/.test(document.querySelector("[data-part=digest]")?.textContent ?? ""));

/**
 * Returns those that are not about a request that has failed.
 * @param {string[]} faults
 */
const ownFaults = (faults) => faults.filter((fault) => !fault.includes("Failed to load resource"));

/**
 * Does what only the rest can do: shows the table of events, and selects one.
 * @param {import("playwright-core").Page} page
 */
async function inspect(page) {
  await page.keyboard.press("End");
  await page.click("[data-show=table]");
  await page.getByRole("button", { name: "sends its request" }).nth(1).click();
}

test("the first part alone runs a first visit in Node", () => {
  const [script, glue, wasm] = ["build/first-visit.js", "dist/wasm/retrylab_web.js", "dist/wasm/retrylab_web_bg.wasm"]
    .map((path) => fileURLToPath(new URL(`../${path}`, import.meta.url)));
  // It ends with an error if anything asks for the rest. The functions of the built page have no marks.
  assert.equal(execFileSync(process.execPath, [script, glue, wasm], { encoding: "utf8" }), "[]\n");
});

test("opening the page does not load the rest; using it does, once", async () => {
  const { page, faults, asked } = await open();
  assert.equal(await text(page, "moment"), "The client sends its request and waits 100 ms for a reply.");
  await page.waitForTimeout(300);
  assert.equal(asked.times, 0);
  const arrived = page.waitForResponse(`**/${REST}`);
  await page.mouse.move(300, 300);
  await (await arrived).finished();
  await inspect(page);
  assert.match(await text(page, "inspect"), /Request, send 2/);
  assert.equal(asked.times, 1);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a link that is opened before the rest is there is not lost, whatever happens meanwhile", async () => {
  /** @type {() => void} */
  let send = () => {};
  const { page, faults } = await open((route) => new Promise((sent) => (send = () => sent(route.continue()))));
  await page.evaluate(() => (location.hash = "#seed=3&clients=2"));
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("End");
  await page.waitForTimeout(400);
  assert.equal(await text(page, "title"), "One lost reply", "it waits");
  assert.equal(await page.evaluate(() => location.hash), "#seed=3&clients=2");
  send();
  await page.waitForFunction(() => document.getElementById("title")?.textContent === "Your own run");
  assert.match(await text(page, "sentence"), /^2 clients ask at once\./);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("the first lesson plays to its end while the rest never arrives", async () => {
  const { page, faults, asked } = await open((route) => route.abort());
  for (const key of ["ArrowRight", "ArrowLeft", "End", "Home"]) await page.keyboard.press(key);
  await page.click("#step-next");
  await page.selectOption("#speed", { label: "8×" });
  await page.click("#play");
  await page.waitForFunction(() => document.getElementById("play-text")?.textContent === "Again");
  assert.equal(await text(page, "outcome"), "Answered after 120 ms and 2 sends. One packet was lost.");
  assert.equal(await text(page, "clock"), "0.120");
  assert.equal(asked.times, 1, "in the background");
  assert.deepEqual(ownFaults(faults), []);
  await page.context().close();
});

test("whoever needs the rest early waits for it", async () => {
  const { page, faults } = await open((route) => setTimeout(() => route.continue(), 2000));
  await inspect(page);
  assert.match(await text(page, "inspect"), /because the wait of 100 ms for a reply ran out/);
  assert.deepEqual(faults, []);
  await page.context().close();
});

for (const [what, reason, answer] of /** @type {[string, string, (route: Route) => unknown][]} */ ([
  ["cannot be reached", "the server does not answer", (route) => route.abort()],
  ["has no such file", "the server answered with 404", (route) => route.fulfill({ status: 404 })],
])) {
  test(`if the server ${what}, the page says that a part is missing, and can be loaded again`, async () => {
    let fails = true;
    const { page } = await open((route) => (fails ? answer(route) : route.continue()));
    await page.click("[data-show=table]");
    const notice = page.locator("[data-notice=broken]");
    await notice.waitFor();
    const words = (await notice.textContent()) ?? "";
    assert.match(words, new RegExp(`^A part of the page could not be loaded\\.The browser says: ${reason}\\.`));
    assert.doesNotMatch(words, /bug/);
    fails = false;
    await Promise.all([page.waitForEvent("load"), notice.getByRole("button", { name: "Load again" }).click()]);
    await simulated(page);
    await inspect(page);
    assert.match(await text(page, "inspect"), /Request, send 2/);
    await page.context().close();
  });
}

test("a link brings the rest with it, so that the page does not wait", async () => {
  const { page, faults } = await visit(lab, "clients=3&link.loss=0.2&policy.jitter=full&view.at=50ms");
  const requests = await page.evaluate((rest) => performance.getEntriesByType("resource")
    .filter((entry) => entry.name.endsWith(rest))
    .map((entry) => (entry instanceof PerformanceResourceTiming ? entry.initiatorType : "")), REST);
  assert.deepEqual(requests, ["fetch"]);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("web workers start the rest, too", async () => {
  const { page, faults } = await visit(lab, "seed=3&clients=20000&link.loss=0.3");
  assert.match(await text(page, "outcome"), /of 20,000 exchanges were answered/);
  // A worker that has failed is an error of the page, although the page then does its work.
  assert.deepEqual(faults, []);
  await page.context().close();
});
