// @ts-check
// The page's modules, run by Node.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

/** @typedef {import("../js/wasm.js").Module} Module */

/** Place of the digest in a report: see `web/src/report.rs`. */
const DIGEST = 3;

/**
 * Starts a module of the built page.
 * @param {string} name
 * @returns {Promise<Module>}
 */
export async function start(name) {
  const file = (/** @type {string} */ name) => new URL(`../dist/wasm/${name}`, import.meta.url);
  const rest = new WebAssembly.Module(await readFile(file("retrylab_web_rest.wasm")));
  // What js/rest.js does in the page.
  Reflect.set(globalThis, "retrylabRest", (/** @type {WebAssembly.Exports} */ first) => new WebAssembly.Instance(rest, { first }));
  /** @type {Module} */
  const module = await import(file(`${name}.js`).href);
  module.initSync({ module: await readFile(file(`${name}_bg.wasm`)) });
  return module;
}

/**
 * Returns the digest of all clients in one network, and their number.
 * @param {Module} module
 * @param {string} link
 */
export function inOneNetwork(module, link) {
  const lab = new module.Lab(link);
  assert.deepEqual(lab.errors(0), [], link);
  while (!lab.runSome(0, 1000));
  const all = { digest: lab.digest(0), clients: lab.allClients(0), isSample: lab.isSample(0) };
  lab.free();
  return all;
}

/**
 * Returns the digest of `count` parts joined, each with every `count`-th client.
 * @param {Module} module
 * @param {string} link
 * @param {number} clients
 * @param {number} count
 */
export function inParts(module, link, clients, count) {
  let digest = 0n;
  for (let first = 1; first <= count; first++) {
    const part = new module.Part(link);
    for (let client = first; client <= clients; client += count) part.take(client, client);
    while (!part.advance());
    digest += part.report()[DIGEST];
    part.free();
  }
  return BigInt.asUintN(64, digest).toString(16).padStart(16, "0");
}
