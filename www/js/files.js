// @ts-check
// Where the page's files are. A page that `retrylab export-page` wrote contains them: js/offline.js unpacks them.

/**
 * The addresses of the files that have been unpacked, by name.
 * @returns {Record<string, string> | undefined}
 */
const unpacked = () => Reflect.get(globalThis, "retrylabFiles");

/**
 * Returns the address of a file of the page.
 * @param {string} name its path in the page
 * @returns {string}
 */
export const addressOf = (name) => unpacked()?.[name] ?? new URL(`../${name}`, import.meta.url).href;

/**
 * Returns what a web worker imports a file from: its address or, of a file that has been unpacked, its content. A page from a
 * disk and its workers cannot read each other's addresses.
 * @param {string} name its path in the page
 * @returns {Promise<string | Blob>}
 */
export async function forWorkers(name) {
  return unpacked() ? (await fetch(addressOf(name))).blob() : addressOf(name);
}

/** Whether the page is one file, which contains all others. */
export const isOneFile = () => unpacked() !== undefined;

/** Why something is missing that web workers do. */
export const NO_WORKER = "the browser did not start a web worker, or the worker failed";

/** Starts a web worker, js/worker.js. A page from a disk can start only plain scripts, which the bundled file is too. */
export const startWorker = () => new Worker(addressOf("js/worker.js"), { type: unpacked() ? "classic" : "module" });
