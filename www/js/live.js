// @ts-check
// The live region for screen readers: each step and the outcome. While playing, lines are limited to what can
// be read aloud.

import { byId, say } from "./dom.js";

/** Minimum time between two lines while playing, in milliseconds. */
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
