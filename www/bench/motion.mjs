// @ts-check
// Frames per second: while packets are in flight, while nothing moves, and while workers simulate a million clients. The
// browser has no graphics card.

import assert from "node:assert/strict";
import { countDrawings, drawings, flood, frames, inFlight, MILLION, paceOf, watchFrames, watchWorkers, workersBegun } from "../tests/drawings.js";
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
 * Opens a link while frames are counted.
 * @param {Lab} lab
 * @param {string} link
 */
async function opened(lab, link) {
  const { page } = await visit(lab);
  await watchFrames(page);
  await watchWorkers(page);
  await digests(page, [link]);
  const during = await frames(page);
  const begun = await workersBegun(page);
  // The end is still to be drawn.
  await page.waitForTimeout(200);
  const times = await frames(page);
  await page.context().close();
  return { during, times, begun };
}

/**
 * Opens a million clients, and three.
 * @param {Lab} lab
 */
export async function crowd(lab) {
  const { during, times, begun } = await opened(lab, MILLION);
  const { rate, took } = paceOf(during);
  const { worst } = paceOf(times);
  // The frame during which the workers were started counts.
  const { worst: later } = paceOf(times.filter((_, i) => times[i + 1] > begun || i + 1 === times.length));
  const { worst: few } = paceOf((await opened(lab, "clients=3&server.drop=0.5")).times);
  return { crowd: took / 1000, crowd_frames: rate, crowd_worst: worst, crowd_later: later, few_worst: few };
}
