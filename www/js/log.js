// @ts-check
// A log of events, as the page and `retrylab sim --trace` write it: its first line names the scenario. The page runs that, and
// compares.

import { announce } from "./live.js";
import * as notices from "./notices.js";
import { FIRST } from "./shows.js";

/** @typedef {import("./wasm.js").Lab} Lab */

const NOTICE = "log";

/** Number of events that are compared before the page draws again. */
const PART = 20000;

/**
 * Returns the first line of the log of a run.
 * @param {string} link
 */
export const firstLine = (link) => `${JSON.stringify({ link })}\n`;

/**
 * Returns the link that a log names, and its events. Throws a sentence.
 * @param {string} text
 */
export function parsed(text) {
  const [first, ...lines] = text.trim().split(/\r?\n/);
  try {
    const { link } = JSON.parse(first);
    if (typeof link === "string") return { link, lines };
  } catch {
    // It is not JSON.
  }
  throw new Error('The log does not name its scenario. Logs of this page and of `retrylab sim --trace` have a first line such as `{"link":"link.loss=0.3"}`.');
}

/**
 * Compares a log with the run that is being opened, once that is over, and says how they differ.
 * @param {import("./page.js").Page} page
 * @param {string[]} lines
 */
export async function compare(page, lines) {
  // The link may wait for another module.
  while (page.modules.wanted) await pause();
  const link = page.lab.fragment(FIRST);
  while (!page.shows.list[FIRST].feed.isOver) await pause();
  const found = await matched(page.lab, lines);
  // The reader may have gone elsewhere meanwhile.
  if (page.lab.fragment(FIRST) !== link) return;
  const title = verdict(page.lab, lines.length, found);
  notices.show(NOTICE, { title, buttons: [["Close", hide]] });
  announce(title);
}

export const hide = () => notices.hide(NOTICE);

const pause = () => new Promise((next) => setTimeout(next, 50));

/**
 * Returns how many events of a log, from the first on, are events of the run, in the same order.
 * @param {Lab} lab
 * @param {string[]} lines
 */
async function matched(lab, lines) {
  let found = 0;
  for (let from = 0; from < lab.kept(FIRST); from += PART) {
    for (const line of lab.trace(FIRST, from, PART).split("\n")) if (line && line === lines[found]) found++;
    await pause();
  }
  return found;
}

/**
 * @param {Lab} lab
 * @param {number} length of the log
 * @param {number} found
 */
function verdict(lab, length, found) {
  const kept = lab.kept(FIRST);
  const isPart = lab.isCut(FIRST) || lab.isSample(FIRST);
  if (found < length) {
    return isPart
      ? "The page keeps only a part of this run's events, so the log could not be compared with all of them."
      : `The log differs from its run: line ${found + 2} is not an event of it, or has another place. Another version may have written the log.`;
  }
  if (length === kept && !isPart) return `The log equals its run: ${length} events.`;
  return `All ${length} events of the log are in its run, of which the page has ${kept}.`;
}
