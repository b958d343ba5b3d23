// @ts-check
// A web worker that simulates independent clients, or the runs of a sweep or of a comparison. The first message is what it needs to start; each
// of the others brings clients, or only asks it to go on. Each is answered with what it has done so far.

import * as rest from "./rest.js";
import * as trials from "./trials.js";

/** @typedef {import("./wasm.js").Module} Module */
/** @typedef {import("./wasm.js").Source & { link: string, sweep?: trials.Sweep, pair?: [string, string] }} Order */

/**
 * The first and the last of clients; `null` to go on with those that it has.
 * @typedef {[number, number] | null} Clients
 */

/** How long it works before it answers, in milliseconds. */
const SLICE = 25;

/** @param {MessageEvent<Order>} message */
self.onmessage = async ({ data: { glue, compiled, rest: source, link, sweep, pair } }) => {
  try {
    if (source) rest.provide(source);
    /** @type {Module} */
    const module = await import(typeof glue === "string" ? glue : URL.createObjectURL(glue));
    await module.default({ module_or_path: compiled });
    if (sweep) {
      trials.serve(module, sweep);
      return;
    }
    if (pair) {
      trials.compare(module, pair);
      return;
    }
    const part = new module.Part(link);
    self.onmessage = (/** @type {MessageEvent<Clients>} */ { data: clients }) => {
      if (clients) part.take(clients[0], clients[1]);
      const until = performance.now() + SLICE;
      while (!part.advance() && performance.now() < until);
      self.postMessage({ report: part.report(), done: part.done() });
    };
    self.postMessage({ report: part.report(), done: 0 });
  } catch (error) {
    // The page receives an error of a task, but not one of a promise.
    setTimeout(() => {
      throw error;
    });
  }
};
