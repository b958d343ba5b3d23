// @ts-check
// Input delay: the time from an input to the frame that shows its effect, for clicks, keys and sliders.

import assert from "node:assert/strict";
import { visit } from "../tests/support.js";

/** @typedef {import("../tests/support.js").Lab} Lab */

/** The browser reports no interaction that takes less, in milliseconds. */
const LEAST = 16;

/**
 * Uses the page as a visitor does, and returns the slowest interaction: of so few, that is the INP.
 * @param {Lab} lab
 */
export async function input(lab) {
  const { page, faults } = await visit(lab, "seed=7&clients=20&link.loss=0.3");
  await page.evaluate((durationThreshold) => {
    Reflect.set(globalThis, "slowest", { duration: durationThreshold, name: "none" });
    Reflect.set(globalThis, "interactions", performance.interactionCount);
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const slowest = Reflect.get(globalThis, "slowest");
        if (Reflect.get(entry, "interactionId") && entry.duration > slowest.duration) {
          const { duration, name, target } = /** @type {PerformanceEventTiming} */ (entry);
          const place = target instanceof Element ? target.id || target.localName : "";
          Reflect.set(globalThis, "slowest", { duration, name: `${name} ${place}` });
        }
      }
    }).observe(/** @type {PerformanceObserverInit} */ ({ type: "event", durationThreshold }));
  }, LEAST);
  const pause = () => page.waitForTimeout(60);
  await page.click("#play");
  await page.waitForTimeout(300);
  for (const id of ["play", "step-next", "step-back", "to-end", "to-start", "theme", "theme", "compare"]) {
    await page.click(`#${id}`);
    await pause();
  }
  for (const show of ["charts", "table", "ladder"]) {
    await page.locator(`[data-show=${show}]`).first().click();
    await pause();
  }
  await page.click("#to-end");
  for (const slider of await page.locator("#controls input[type=range]:visible").all()) {
    for (const key of ["ArrowRight", "ArrowRight", "ArrowLeft"]) {
      await slider.press(key);
      await pause();
    }
  }
  for (const mode of await page.locator("#controls .mode:visible").all()) {
    await mode.click({ force: true });
    await pause();
  }
  const { x, y, width, height } = (await page.locator("#scrub").boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  for (const share of [0.2, 0.9, 0.5]) {
    await page.mouse.click(x + share * width, y + height / 2);
    await pause();
  }
  await page.waitForTimeout(200);
  assert.deepEqual(faults, []);
  const slowest = await page.evaluate(() => Reflect.get(globalThis, "slowest"));
  console.log(`  slowest interaction: ${slowest.name}`);
  return { input: slowest.duration };
}
