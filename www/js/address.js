// @ts-check
// Keeps the address bar in step with the run.

/** The fragment that a link came with, without `#`; a query comes before it. */
export const read = () => location.search ? location.search + location.hash : location.hash.slice(1);

/** Browsers limit how often the address may change: not more often than this, in milliseconds. */
const PAUSE = 250;

let [wanted, timer, last] = ["", 0, -PAUSE];

/**
 * Shows a run in the address bar, soon; no entry in the history, or Back would walk through every edit.
 * @param {string} fragment
 */
export function write(fragment) {
  wanted = fragment;
  if (performance.now() - last >= PAUSE) now();
  else timer ||= window.setTimeout(now, PAUSE);
}

/** Shows in the address bar what waits for that. */
export function now() {
  clearTimeout(timer);
  [timer, last] = [0, performance.now()];
  if (wanted && read() !== wanted) history.replaceState(null, "", `${location.pathname}#${wanted}`);
}

/**
 * Calls back when somebody opens another link in this tab.
 * @param {() => void} changed
 */
export function watch(changed) {
  addEventListener("hashchange", () => {
    // Somebody has opened another link: what waits to be shown is out of date.
    clearTimeout(timer);
    [wanted, timer] = ["", 0];
    changed();
  });
}
