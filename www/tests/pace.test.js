// @ts-check
// Drawing speed: the page draws nothing while nothing moves, and draws smoothly when much does. The rate is
// printed but not judged, because it depends on the machine as much as on the page.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { digests, openLab, text, visit } from "./support.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

/** All packets are in flight for seconds, and no client retries. */
const flood = (/** @type {number} */ n) =>
  `clients=${n}&policy.initial_timeout=30s&policy.give_up_above=none&policy.max_sends=1&link.latency=uniform+4s+9s`;

/**
 * Counts how often canvases are cleared, because every drawing begins with that.
 * @param {import("playwright-core").Page} page
 */
async function countDrawings(page) {
  await page.evaluate(() => {
    const { clearRect } = CanvasRenderingContext2D.prototype;
    Reflect.set(globalThis, "drawings", []);
    CanvasRenderingContext2D.prototype.clearRect = function (x, y, w, h) {
      if (this.canvas.id === "stage") Reflect.get(globalThis, "drawings").push(performance.now());
      clearRect.call(this, x, y, w, h);
    };
  });
}

/**
 * Returns the times of the drawings within the given number of milliseconds.
 * @param {import("playwright-core").Page} page
 * @param {number} span
 * @returns {Promise<number[]>}
 */
async function drawings(page, span) {
  await page.evaluate(() => Reflect.get(globalThis, "drawings").splice(0));
  await page.waitForTimeout(span);
  return page.evaluate(() => Reflect.get(globalThis, "drawings"));
}

test("a paused page draws nothing", async () => {
  const { page } = await visit(lab, "clients=50&link.loss=0.3");
  await countDrawings(page);
  await page.waitForTimeout(200);
  assert.deepEqual(await drawings(page, 1000), []);
  await page.keyboard.press("ArrowRight");
  await page.waitForTimeout(200);
  assert.deepEqual(await drawings(page, 1000), [], "after a step, too");
  await page.keyboard.press("End");
  await page.keyboard.press(" ");
  await page.keyboard.press(" ");
  await page.waitForTimeout(200);
  assert.deepEqual(await drawings(page, 1000), [], "and after playing");
  await page.context().close();
});

for (const n of [1000, 5000]) {
  test(`${n} packets on their way are drawn smoothly`, async () => {
    const { page, faults } = await visit(lab, flood(n));
    await countDrawings(page);
    await page.selectOption("#speed", { label: "real time" });
    await page.click("#play");
    await page.waitForTimeout(500);
    const times = await drawings(page, 2000);
    const counts = await page.locator("[data-part=counts] div").allTextContents();
    const flying = Number(counts.find((c) => c.startsWith("in flight"))?.slice(9).replace(",", ""));
    assert.equal(flying, n);
    const gaps = times.slice(1).map((time, i) => time - times[i]);
    const rate = (1000 * gaps.length) / (times[times.length - 1] - times[0]);
    console.log(`${n} packets in flight: ${rate.toFixed(1)} frames per second, slowest frame ${Math.max(...gaps).toFixed(0)} ms`);
    assert(times.length > 10, "it moves");
    assert.equal(await text(page, "play-text"), "Pause");
    assert.deepEqual(faults, []);
    await page.context().close();
  });
}

/** A million clients of `retrylab sim`. */
const MILLION = "clients=1000000&server.drop=0.5";

test("a million clients are simulated while the page draws", async () => {
  const { page, faults } = await visit(lab);
  await page.evaluate(() => {
    /** @type {number[]} */
    const times = [];
    Reflect.set(globalThis, "times", times);
    const frame = () => {
      times.push(performance.now());
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  const [digest] = await digests(page, [MILLION]);
  /** @type {number[]} */
  const times = await page.evaluate(() => Reflect.get(globalThis, "times"));
  const gaps = times.slice(1).map((time, i) => time - times[i]);
  const took = times[times.length - 1] - times[0];
  const rate = (1000 * gaps.length) / took;
  console.log(`1,000,000 clients in ${(took / 1000).toFixed(2)} s: ${rate.toFixed(1)} frames per second, ` +
    `slowest frame ${Math.max(...gaps).toFixed(0)} ms`);
  assert(times.length > 5, "it draws meanwhile");
  assert.match(await text(page, "outcome"), /of 1,000,000 exchanges were answered/);
  const binary = process.env.RETRYLAB_BIN;
  if (binary) {
    const settings = MILLION.split("&").flatMap((pair) => ["--set", pair]);
    const report = JSON.parse(execFileSync(binary, ["sim", "--json", ...settings], { encoding: "utf8", stdio: "pipe" }));
    assert.equal(digest, report.digest, "the digest is that of retrylab sim");
  }
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("the first picture comes soon", async () => {
  const { page } = await visit(lab);
  const ready = await page.evaluate(() => {
    const [entry] = performance.getEntriesByType("navigation");
    return entry instanceof PerformanceNavigationTiming ? entry.domContentLoadedEventEnd : 0;
  });
  const files = await page.evaluate(() => performance.getEntriesByType("resource").length);
  console.log(`first visit: scripts done after ${ready.toFixed(0)} ms, ${files + 1} requests`);
  await page.context().close();
});
