// @ts-check
// Starts a page that `retrylab export-page` wrote: unpacks the files in it, which are compressed and in Base64, and runs
// the page. A plain script in the page: a browser loads no modules from a disk, except from the page's own memory.

/** The media types of the files. */
const TYPES = { js: "text/javascript", wasm: "application/wasm" };

/** @param {Element} element whose text is the file */
async function unpack(element) {
  const name = element.getAttribute("data-file") ?? "";
  const packed = Uint8Array.from(atob(element.textContent ?? ""), (byte) => byte.charCodeAt(0));
  element.remove();
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const type = name.endsWith("wasm") ? TYPES.wasm : TYPES.js;
  const file = new Blob([await new Response(plain).arrayBuffer()], { type });
  return [name, URL.createObjectURL(file)];
}

(async () => {
  const files = Object.fromEntries(await Promise.all([...document.querySelectorAll("[data-file]")].map(unpack)));
  Reflect.set(globalThis, "retrylabFiles", files);
  await import(files["js/main.js"]);
})();

// For the checker of types: this is a module.
export {};
