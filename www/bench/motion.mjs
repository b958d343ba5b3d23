// @ts-check
// Frames per second: while packets are in flight, while nothing moves, and while workers simulate a million clients. The
// browser has no graphics card.

import assert from "node:assert/strict";
import { countDrawings, drawings, flood, frames, inFlight, MILLION, paceOf, watchFrames } from "../tests/drawings.js";
import { digests, visit } from "../tests/support.js";

/** @typedef {import("../tests/support.js").Lab} Lab */

/**
 * Plays runs whose packets are all in flight.
 * @param {Lab} lab
 */
export async function flight(lab) {
  /** @type {import("./page.mjs").Figures} */
  const figures = {};
  for (const n of [1000, 5000]) {
    const { page } = await visit(lab, flood(n));
    await countDrawings(page);
    await page.selectOption("#speed", { label: "real time" });
    await page.click("#play");
    await page.waitForTimeout(500);
    const { rate, worst } = paceOf(await drawings(page, 2000, "stage"));
    assert.equal(await inFlight(page), n);
    figures[`frames_${n}`] = rate;
    figures[`worst_${n}`] = worst;
    await page.context().close();
  }
  return figures;
}

/**
 * Counts the drawings per second of a page that is paused.
 * @param {Lab} lab
 */
export async function idle(lab) {
  const { page } = await visit(lab, "clients=50&link.loss=0.3");
  await countDrawings(page);
  await page.waitForTimeout(200);
  return { idle: (await drawings(page, 1000)).length };
}

/**
 * Opens a million clients while frames are counted.
 * @param {Lab} lab
 */
export async function crowd(lab) {
  const { page } = await visit(lab);
  await watchFrames(page);
  await digests(page, [MILLION]);
  const { rate, worst, took } = paceOf(await frames(page));
  return { crowd: took / 1000, crowd_frames: rate, crowd_worst: worst };
}
