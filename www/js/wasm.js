// @ts-check
// Loads the simulated network, and reports when it has failed.

import { addressOf, forWorkers, isOneFile } from "./files.js";
import * as rest from "./rest.js";

/** @typedef {import("../wasm/retrylab_web.js").Lab} Lab */
/** @typedef {typeof import("../wasm/retrylab_web.js")} Module */

/** The files of a module without their extensions: that of a first visit, and that with TCP/IP stacks. */
const [WEB, PACKETS] = ["wasm/retrylab_web", "wasm/retrylab_packets"];

/** The rest of the module of a first visit. */
const REST = "wasm/retrylab_web_rest.wasm";

/**
 * What a web worker needs to start the same module.
 * @typedef {{ glue: string | Blob, compiled: WebAssembly.Module, rest?: rest.Rest }} Source
 */

/** @type {Map<Module, Source>} */
const sources = new Map();

/**
 * Returns the source of a module that has been loaded.
 * @param {Module} module
 */
export function sourceOf(module) {
  const source = sources.get(module);
  if (!source) throw new Error("the module has not been loaded");
  return { ...source, rest: rest.provided() };
}

/**
 * Loads the module that a first visit needs. Rejects when the browser, or whoever runs it, does not allow WebAssembly.
 * @param {(error: unknown) => void} lacksPart is called when the rest of the module is needed and cannot be loaded
 * @returns {Promise<Module>}
 */
export async function load(lacksPart) {
  // In a page that is one file, the module is whole.
  if (isOneFile()) return start(WEB);
  rest.provide(addressOf(REST), lacksPart);
  // A link can need anything at once; a first visit has none.
  const [module] = await Promise.all([start(WEB), location.hash ? rest.arrive() : rest.awaitUse()]);
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
  packets ??= start(PACKETS, progress).catch((error) => {
    // The next call tries again.
    packets = null;
    throw error;
  });
  return packets;
}

/**
 * Compiles a module while it arrives, and starts it.
 * @param {string} name
 * @param {(share: string) => void} [progress]
 */
async function start(name, progress) {
  /** @type {[Module, Response]} */
  const [module, response] = await Promise.all([import(addressOf(`${name}.js`)), fetch(addressOf(`${name}_bg.wasm`))]);
  if (!response.ok) throw new Error(`the server answered with ${response.status}`);
  const compiled = await WebAssembly.compileStreaming(progress ? counted(response, progress) : response);
  await module.default({ module_or_path: compiled });
  sources.set(module, { glue: await forWorkers(`${name}.js`), compiled });
  return module;
}

/**
 * Returns a response whose progress is reported.
 * @param {Response} response
 * @param {(share: string) => void} progress
 */
function counted(response, progress) {
  let loaded = 0;
  const body = response.body?.pipeThrough(new TransformStream({
    transform(part, out) {
      loaded += part.byteLength;
      progress(`${kilobytes(loaded)} of ${kilobytes(PACKETS_BYTES)} kB`);
      out.enqueue(part);
    },
  }));
  return new Response(body, { headers: { "content-type": "application/wasm" } });
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
