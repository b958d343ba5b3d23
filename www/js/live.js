// @ts-check
// The one line that a screen reader is told of: each step and the outcome; while playing, not more
// than it can say.

import { byId, say } from "./dom.js";

/** The least time between two lines while playing, in milliseconds. */
const PAUSE = 2000;

const line = byId("live", HTMLElement);
let last = 0;

/**
 * Says something now.
 * @param {string} text
 */
export function announce(text) {
  last = performance.now();
  say(line, text);
}

/**
 * Says something, unless something was said just now.
 * @param {() => string} text
 */
export function mention(text) {
  if (performance.now() - last >= PAUSE) announce(text());
}
