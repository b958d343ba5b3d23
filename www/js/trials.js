// @ts-check
// A web worker's part in a sweep: for each message, runs of the scenario with one value, and what they come to. And its part
// in a comparison: runs of two scenarios with the same seeds.

/** @typedef {import("./wasm.js").Module} Module */
/** @typedef {{ key: string, seeds: number }} Sweep */

/** How long the runs with one value may take, in milliseconds, and events between two looks at the clock. */
const [TIME, STEPS] = [600, 20_000];

/**
 * @param {Module} module
 * @param {Sweep} sweep
 */
export function serve(module, { key, seeds }) {
  self.onmessage = ({ data: { which, place, link, value } }) => {
    self.postMessage({ which, place, measures: measure(module, link, key, value, seeds) });
  };
  self.postMessage(null);
}

/**
 * Returns what the runs measured; `null` if the scenario does not allow the value.
 * @param {Module} module
 * @param {string} link
 * @param {string} key
 * @param {string} value
 * @param {number} seeds
 */
function measure(module, link, key, value, seeds) {
  let trials;
  try {
    trials = new module.Trials(link, key, value);
  } catch {
    return null;
  }
  const until = performance.now() + TIME;
  for (let done = 0; done < seeds && performance.now() < until;) {
    if (trials.advance(STEPS)) done++;
  }
  const measures = trials.measures();
  trials.free();
  return measures;
}

/** How long the pairs of a comparison may take, in milliseconds, and how many there are at most. */
const [PATIENCE, PAIRS] = [3000, 100];

/**
 * Posts what differs between two scenarios, in words, again and again as more pairs are over.
 * @param {Module} module
 * @param {[string, string]} links
 */
export function compare(module, [a, b]) {
  const pairs = new module.Pairs(a, b);
  // Before the first pair there are words only if nothing can be compared.
  const nothing = pairs.words();
  if (nothing) {
    self.postMessage(nothing);
    pairs.free();
    return;
  }
  const until = performance.now() + PATIENCE;
  let done = 0;
  while (done < PAIRS && performance.now() < until) {
    if (pairs.advance(STEPS) && ++done % 20 === 0) self.postMessage(pairs.words());
  }
  self.postMessage(pairs.words() || (done < PAIRS
    ? "The runs take too long to be repeated with other seeds."
    : "Too few exchanges end in these runs to be compared."));
  pairs.free();
}
