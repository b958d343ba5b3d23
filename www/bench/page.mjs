// @ts-check
// Measures the page for `cargo xtask bench page`, which knows the goals, and writes the figures to a file:
// node bench/page.mjs FILE ROUNDS

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { input } from "./input.mjs";
import { lighthouse } from "./lighthouse.mjs";
import { load, sizes } from "./load.mjs";
import { crowd, flight, idle } from "./motion.mjs";
import { engine, handover, seek } from "./wasm.mjs";
import { launch, serve } from "../tests/support.js";

/**
 * The figures of one round, by name.
 * @typedef {Record<string, number>} Figures
 */

/** What is measured in each round, one after another. */
const ROUND = [load, lighthouse, idle, input, flight, handover, seek, engine, crowd];

const [file, rounds] = process.argv.slice(2);
assert(file && Number(rounds) > 0, "use: node bench/page.mjs FILE ROUNDS");

/** @type {Record<string, number[]>} */
const all = {};

/** @param {Figures} figures */
function add(figures) {
  for (const [name, value] of Object.entries(figures)) (all[name] ??= []).push(value);
}

/**
 * Measures one thing in a browser of its own: what another measurement leaves behind does not slow it.
 * @param {string} url
 * @param {typeof ROUND[number]} measure
 */
async function inBrowser(url, measure) {
  const browser = await launch();
  try {
    return await measure({ url, browser, close: () => browser.close() });
  } finally {
    await browser.close();
  }
}

add(await sizes());
const server = await serve();
for (let round = 1; round <= Number(rounds); round++) {
  // A machine that is busy with something else misses goals of time.
  add({ busy: loadavg()[0] });
  for (const measure of ROUND) {
    const begun = performance.now();
    const figures = await inBrowser(server.url, measure);
    add(figures);
    const took = ((performance.now() - begun) / 1000).toFixed(1);
    const words = Object.entries(figures).map(([name, value]) => `${name} ${Number(value.toFixed(3))}`);
    console.log(`round ${round}, ${took} s: ${words.join(", ")}`);
  }
}
server.stop();
await writeFile(file, `${JSON.stringify(all)}\n`);
