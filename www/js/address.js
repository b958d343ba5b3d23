// @ts-check
// Keeps the address bar in step with the run.

/** In the query: the page is in a frame of another page, and shows the run without the controls. */
const EMBED = "embed";

const isEmbed = (/** @type {string} */ part) => part.split("=")[0] === EMBED;
const query = () => location.search.slice(1).split("&").filter((part) => part !== "");

/** Whether the page is in a frame of another one. */
export const isEmbedded = query().some(isEmbed);

/** Returns the fragment that a link came with, without `#`; a query comes before it. An exported page has a link of its own. */
export function read() {
  const rest = query().filter((part) => !isEmbed(part)).join("&");
  const link = rest ? `?${rest}${location.hash}` : location.hash.slice(1);
  return link || document.documentElement.dataset.link || "";
}

/** Returns the address of the run outside of a frame. */
export function outside() {
  now();
  return location.pathname + location.hash;
}

/** Browsers limit how often the address may change: not more often than this, in milliseconds. */
const PAUSE = 250;

let [wanted, timer, last] = ["", 0, -PAUSE];

/** What the address bar showed when the page read or wrote it. */
let known = location.href;

/**
 * Shows a run in the address bar, soon; no entry in the history, or Back would walk through every edit.
 * @param {string} fragment
 */
export function write(fragment) {
  wanted = fragment;
  if (performance.now() - last >= PAUSE) now();
  else timer ||= window.setTimeout(now, PAUSE);
}

/** Shows in the address bar what waits for that, unless somebody has just opened another link. */
export function now() {
  clearTimeout(timer);
  [timer, last] = [0, performance.now()];
  const shown = `${isEmbedded ? `?${EMBED}` : ""}#${wanted}`;
  if (!wanted || location.href !== known || location.search + location.hash === shown) return;
  history.replaceState(null, "", location.pathname + shown);
  known = location.href;
}

/**
 * Calls back when somebody opens another link in this tab.
 * @param {() => Promise<void>} prepare does what takes time before
 * @param {() => void} changed
 */
export function watch(prepare, changed) {
  addEventListener("hashchange", async () => {
    // Until the link is open, nothing is shown over it.
    await prepare();
    // What waits to be shown is out of date.
    clearTimeout(timer);
    [wanted, timer, known] = ["", 0, location.href];
    changed();
  });
}
