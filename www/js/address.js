// @ts-check
// Keeps the address bar in step with the run.

/** The fragment that a link came with, without `#`; a query comes before it. */
export const read = () => location.search ? location.search + location.hash : location.hash.slice(1);

/**
 * Shows a run in the address bar; no entry in the history, or Back would walk through every edit.
 * @param {string} fragment
 */
export function write(fragment) {
  if (read() !== fragment) history.replaceState(null, "", `${location.pathname}#${fragment}`);
}

/**
 * Calls back when somebody opens another link in this tab.
 * @param {() => void} changed
 */
export function watch(changed) {
  addEventListener("hashchange", changed);
}
