// @ts-check
// Where the page's files are. A page that `retrylab export-page` wrote contains them: js/offline.js unpacks them.

/**
 * Returns the address of a file of the page.
 * @param {string} name its path in the page
 * @returns {string}
 */
export function addressOf(name) {
  const unpacked = Reflect.get(globalThis, "retrylabFiles");
  return unpacked ? unpacked[name] : new URL(`../${name}`, import.meta.url).href;
}
