// @ts-check
// The moment and counts in words.

/** @typedef {import("./wasm.js").Lab} Lab */

/**
 * Returns what happened last, with its time if that is not the playhead's.
 * @param {Lab} lab
 * @param {number} which the exhibit's place in the lab
 */
export function latest(lab, which) {
  const [at, words] = [lab.momentClock(which, false), lab.moment(which, false)];
  return at === lab.clock(false) ? words : `At ${at} seconds: ${words}`;
}

/**
 * Returns a text about the first exhibit. Of two runs that differ, this is B.
 * @param {Lab} lab
 * @param {string} text
 */
export function about(lab, text) {
  const differ = lab.exhibits() > 1 && lab.differences() !== "[]";
  return (differ ? "B: " : "") + text;
}

/**
 * Returns the counts that are not zero.
 * @param {Lab} lab
 * @param {number} which the exhibit's place in the lab
 */
export function counted(lab, which) {
  /** @type {{ name: string, value: string }[]} */
  const counts = JSON.parse(lab.counts(which));
  return counts.filter(({ value }) => value !== "0").map(({ name, value }) => `${name} ${value}`).join(", ");
}

/**
 * Returns a number of events: `2.1 M`.
 * @param {number} events
 */
export function short(events) {
  return events < 1e6 ? `${Math.round(events / 1e3)} k` : `${(events / 1e6).toFixed(1)} M`;
}
