// @ts-check
// The rest of the program. `cargo xtask page` divides the module of a first visit: what such a visit does not run is in a file
// of its own. It arrives with a link, or in the background as soon as somebody uses the page; a call that needs it earlier
// waits.

/**
 * Where the rest comes from: its address, or itself.
 * @typedef {string | WebAssembly.Module} Rest
 */

/** @type {Rest | undefined} */
let source;

/**
 * Called when the rest is needed and cannot be loaded.
 * @type {(error: unknown) => void}
 */
let failed = () => {};

/**
 * Why it could not be loaded when it was needed.
 * @type {unknown}
 */
let failure;

/**
 * Says where the rest comes from. Until then, no function of a module may run.
 * @param {Rest} rest
 * @param {(error: unknown) => void} [lacks] is called when it cannot be loaded; the call that needs it throws, too
 */
export function provide(rest, lacks = () => {}) {
  source = rest;
  failed = lacks;
  // The module calls it by this name.
  Reflect.set(globalThis, "retrylabRest", start);
}

/** Returns where the rest comes from, for a worker. */
export const provided = () => source;

/** Returns whether the rest was needed and could not be loaded. Every other error may follow from that. */
export const isMissing = () => failure !== undefined;

/**
 * Starts the rest of a module. While it has not arrived, everything waits for it.
 * @param {WebAssembly.Exports} exports of the module
 */
function start(exports) {
  if (failure) throw failure;
  try {
    if (typeof source === "string") source = new WebAssembly.Module(received(source));
    if (source) new WebAssembly.Instance(source, { first: exports });
  } catch (error) {
    failure = error;
    failed(error);
    throw error;
  }
}

/**
 * Returns the bytes of a file, and waits for them.
 * @param {string} address
 */
function received(address) {
  const request = new XMLHttpRequest();
  request.open("GET", address, false);
  // A synchronous request returns only text, here one character for each byte.
  request.overrideMimeType("text/plain; charset=x-user-defined");
  try {
    request.send();
  } catch {
    throw new Error("the server does not answer");
  }
  if (request.status !== 200) throw new Error(`the server answered with ${request.status}`);
  return Uint8Array.from(request.responseText, (character) => character.charCodeAt(0));
}

/** What somebody who uses the page does first. */
const SIGNS = ["pointermove", "pointerdown", "keydown", "focusin"];

/** Loads the rest in the background, as soon as somebody uses the page. */
export function awaitUse() {
  const used = () => {
    for (const sign of SIGNS) removeEventListener(sign, used);
    arrive();
  };
  for (const sign of SIGNS) addEventListener(sign, used, { passive: true });
}

/**
 * The rest while it loads.
 * @type {Promise<void> | null}
 */
let arriving = null;

/** Loads the rest, once. It starts when it is needed. */
export function arrive() {
  arriving ??= load().finally(() => (arriving = null));
  return arriving;
}

async function load() {
  if (typeof source !== "string") return;
  try {
    const compiled = await WebAssembly.compileStreaming(fetch(source));
    // The program may have been faster.
    if (typeof source === "string") source = compiled;
  } catch {
    // When the program needs the rest, it loads it again, and reports an error.
  }
}
