// @ts-check
// Drawing speed: the page draws nothing while nothing moves, and draws smoothly when much does. The rate is
// printed but not judged, because it depends on the machine as much as on the page.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { countDrawings, drawings, flood, frames, inFlight, MILLION, paceOf, watchFrames } from "./drawings.js";
import { digests, openLab, text, visit } from "./support.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

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
    const times = await drawings(page, 2000, "stage");
    assert.equal(await inFlight(page), n);
    const { rate, worst } = paceOf(times);
    console.log(`${n} packets in flight: ${rate.toFixed(1)} frames per second, slowest frame ${worst.toFixed(0)} ms`);
    assert(times.length > 10, "it moves");
    assert.equal(await text(page, "play-text"), "Pause");
    assert.deepEqual(faults, []);
    await page.context().close();
  });
}

test("a million clients are simulated while the page draws", async () => {
  const { page, faults } = await visit(lab);
  await watchFrames(page);
  const [digest] = await digests(page, [MILLION]);
  const times = await frames(page);
  const { rate, worst, took } = paceOf(times);
  console.log(`1,000,000 clients in ${(took / 1000).toFixed(2)} s: ${rate.toFixed(1)} frames per second, ` +
    `slowest frame ${worst.toFixed(0)} ms`);
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
