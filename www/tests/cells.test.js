// @ts-check
// The page's modules, run by Node: independent clients have the same digest in one network and in parts, as web workers
// simulate them, and it is that of every other build.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { golden } from "./support.js";

/** @typedef {import("../js/wasm.js").Module} Module */

const GOLDEN = golden(new URL("../../core/tests/cells.txt", import.meta.url));

/** Place of the digest in a report: see `web/src/report.rs`. */
const DIGEST = 3;

/**
 * Starts a module of the built page.
 * @param {string} name
 * @returns {Promise<Module>}
 */
async function start(name) {
  const path = new URL(`../dist/wasm/${name}`, import.meta.url).href;
  /** @type {Module} */
  const module = await import(`${path}.js`);
  module.initSync({ module: await readFile(new URL(`${path}_bg.wasm`)) });
  return module;
}

/**
 * Returns the digest of all clients in one network, and their number.
 * @param {Module} module
 * @param {string} link
 */
function inOneNetwork(module, link) {
  const lab = new module.Lab(link);
  assert.deepEqual(lab.errors(0), [], link);
  while (!lab.runSome(0, 1000));
  const all = { digest: lab.digest(0), clients: lab.allClients(0) };
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
function inParts(module, link, clients, count) {
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

for (const name of ["retrylab_web", "retrylab_packets"]) {
  test(`random cells have the golden digests in ${name}`, async () => {
    const module = await start(name);
    const links = GOLDEN.filter(([link]) => module.Lab.runs(link));
    assert.ok(links.length >= 150, `${name} runs only ${links.length} of the links`);
    for (const [link, digest] of links) {
      const all = inOneNetwork(module, link);
      assert.equal(all.digest, digest, `${link} in one network, wasm build ${name}`);
      for (const count of [1, 2, 7]) {
        const found = inParts(module, link, all.clients, count);
        assert.equal(found, digest, `${link} with ${count} parts, wasm build ${name}`);
      }
    }
    console.log(`${links.length} digests of random cells are the same in ${name} under Node`);
  });
}
