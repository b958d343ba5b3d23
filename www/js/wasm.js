// @ts-check
// Loads the simulated network, and reports when it has failed.

/** @typedef {import("../wasm/retrylab_web.js").Lab} Lab */
/** @typedef {typeof import("../wasm/retrylab_web.js")} Module */

/**
 * Loads the module that a first visit needs. Rejects when the browser, or whoever runs it, does not allow WebAssembly.
 * @returns {Promise<Module>}
 */
export async function load() {
  const module = await import("../wasm/retrylab_web.js");
  await module.default();
  return module;
}

/** @type {Promise<Module> | null} */
let packets = null;

/**
 * Loads the module with TCP/IP stacks, once. It does all that the first one does.
 * @param {(share: string) => void} progress takes how much of it is loaded, in words
 * @returns {Promise<Module>}
 */
export function loadPackets(progress) {
  packets ??= fetchPackets(progress).catch((error) => {
    // The next call tries again.
    packets = null;
    throw error;
  });
  return packets;
}

/** @param {(share: string) => void} progress */
async function fetchPackets(progress) {
  const url = new URL("../wasm/retrylab_packets_bg.wasm", import.meta.url);
  const [module, response] = await Promise.all([import("../wasm/retrylab_packets.js"), fetch(url)]);
  if (!response.ok || !response.body) throw new Error(`the server answered with ${response.status}`);
  const total = Number(response.headers.get("content-length"));
  let loaded = 0;
  const counted = response.body.pipeThrough(new TransformStream({
    transform(part, out) {
      loaded += part.byteLength;
      progress(total >= loaded ? `${kilobytes(loaded)} of ${kilobytes(total)} kB` : `${kilobytes(loaded)} kB`);
      out.enqueue(part);
    },
  }));
  // With this type, the browser compiles the module while it arrives.
  const headers = { "content-type": "application/wasm" };
  await module.default({ module_or_path: new Response(counted, { headers }) });
  return /** @type {Module} */ (/** @type {unknown} */ (module));
}

/** @param {number} bytes */
const kilobytes = (bytes) => Math.round(bytes / 1000);

/**
 * Returns the message of a panic in wasm, which is on the global object, or else that of the error.
 * @param {unknown} error
 */
export function wordsOf(error) {
  const panic = Reflect.get(globalThis, "retrylabPanic");
  if (typeof panic === "string") return panic;
  return error instanceof Error ? error.message : String(error);
}
