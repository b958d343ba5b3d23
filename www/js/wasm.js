// @ts-check
// Loads the simulated network, and reports when it has failed.

/** @typedef {import("../wasm/retrylab_web.js").Lab} Lab */
/** @typedef {typeof import("../wasm/retrylab_web.js")} Module */

/**
 * Loads the module. Rejects when the browser, or whoever runs it, does not allow WebAssembly.
 * @returns {Promise<Module>}
 */
export async function load() {
  const module = await import("../wasm/retrylab_web.js");
  await module.default();
  return module;
}

/**
 * Returns the message of a panic in wasm, which is on the global object, or else that of the error.
 * @param {unknown} error
 */
export function wordsOf(error) {
  const panic = Reflect.get(globalThis, "retrylabPanic");
  if (typeof panic === "string") return panic;
  return error instanceof Error ? error.message : String(error);
}
