// @ts-check
// The page's modules, run by Node: independent clients have the same digest in one network and in parts, as web workers
// simulate them, and it is that of every other build.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inOneNetwork, inParts, start } from "./modules.js";
import { golden } from "./support.js";

const GOLDEN = golden(new URL("../../core/tests/cells.txt", import.meta.url));

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
