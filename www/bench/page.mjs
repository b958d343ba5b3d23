// @ts-check
// Measures the page for `cargo xtask bench page`, which knows the goals, and writes the figures to a file:
// node bench/page.mjs FILE ROUNDS

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { input } from "./input.mjs";
import { lighthouse } from "./lighthouse.mjs";
import { load, sizes } from "./load.mjs";
import { crowd, flight, idle } from "./motion.mjs";
import { engine, handover, seek } from "./wasm.mjs";
import { openLab } from "../tests/support.js";

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

add(await sizes());
for (let round = 1; round <= Number(rounds); round++) {
  for (const measure of ROUND) {
    const begun = performance.now();
    // Each has a browser of its own: what one leaves behind does not slow the next.
    const lab = await openLab();
    try {
      const figures = await measure(lab);
      add(figures);
      const took = ((performance.now() - begun) / 1000).toFixed(1);
      const words = Object.entries(figures).map(([name, value]) => `${name} ${Number(value.toFixed(3))}`);
      console.log(`round ${round}, ${took} s: ${words.join(", ")}`);
    } finally {
      await lab.close();
    }
  }
}
await writeFile(file, `${JSON.stringify(all)}\n`);
