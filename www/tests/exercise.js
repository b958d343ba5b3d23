// @ts-check
// Exercises, for the tests: when one is there or solved, and the answer that its text leads to.

import { text } from "./support.js";

/** @typedef {import("playwright-core").Page} Page */

/** The code of a result. */
export const CODE = /^[0-9A-Z]{5}-[0-9A-Z]{4}$/;

/** @param {Page} page */
export const ready = (page) => page.waitForFunction(() =>
  document.querySelector("[data-part=stage]")?.getAttribute("aria-label")?.startsWith("The stage at"));

/** @param {Page} page */
export const solved = (page) => page.waitForFunction(() =>
  /^[0-9a-f]{16}$/.test(document.querySelector("[data-part=digest]")?.textContent ?? ""));

/**
 * Works out when the next send leaves, from the page's text, in milliseconds.
 * @param {Page} page
 */
export async function nextSend(page) {
  const given = await text(page, "sentence");
  const question = await text(page, "exercise");
  const number = (/** @type {RegExp} */ pattern, /** @type {string} */ from, usual = NaN) => Number(from.match(pattern)?.[1] ?? usual);
  const first = number(/waits ([\d.]+) ms/, given);
  const factor = given.includes("is twice as long") ? 2 : number(/is ([\d.]+) times as long/, given, 1);
  const most = number(/No wait is longer than ([\d.]+) ms/, given, Infinity);
  const sends = number(/Send (\d) has just left/, question);
  const at = number(/left, at ([\d.]+) m?s/, question) * (/left, at [\d.]+ s/.test(question) ? 1000 : 1);
  return at + Math.min(most, first * factor ** (sends - 1));
}
