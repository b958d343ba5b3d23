// @ts-check
// The same link is the same run in wasm, which Node runs here, and natively; and it stays the same link.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { inOneNetwork, inParts, start } from "./modules.js";
import { golden } from "./support.js";

/** @typedef {import("../js/wasm.js").Module} Module */

const binary = process.env.RETRYLAB_BIN ?? "";

/** @type {(args: string[]) => string} */
const retrylab = (args) => execFileSync(binary, args, { encoding: "utf8", stdio: "pipe" });

const [small, packets] = [await start("retrylab_web"), await start("retrylab_packets")];

/** @param {string} link */
const moduleOf = (link) => (small.Lab.runs(link) ? small : packets);

const SEEDS = Array.from({ length: 20 }, (_, i) => i + 1);

/**
 * Returns the digests of the seeds, natively.
 * @param {string} link
 */
function natively(link) {
  const [head, ...rows] = retrylab(["sweep", "--address", link, "--seed", "1", "--seeds", String(SEEDS.length), "--out", "-"])
    .trim().split("\n").map((row) => row.split(","));
  const place = head.indexOf("digest");
  return rows.map((row) => row[place].slice(1));
}

/**
 * Returns the digest of a link with a seed, in wasm.
 * @param {string} link
 * @param {number} seed
 */
function inWasm(link, seed) {
  const module = moduleOf(link);
  const lab = new module.Lab(link);
  const seeded = lab.changed(0, module.Lab.seedKey(), String(seed));
  lab.free();
  const { digest, clients, isSample } = inOneNetwork(module, seeded);
  // Of a crowd, the page draws a sample, and counts in parts.
  return isSample ? inParts(module, seeded, clients, 1) : digest;
}

test("everything in the menu has the same digests as natively, with 20 seeds", { skip: !binary }, () => {
  const lab = new small.Lab("");
  /** @type {{ name: string, entries: { title: string, fragment: string }[] }[]} */
  const groups = JSON.parse(lab.menu());
  // An exercise takes its scenario from its number; its runs are not apart from these.
  const entries = groups.filter(({ name }) => name !== "Exercises").flatMap(({ entries }) => entries);
  assert(entries.length >= 40, `${entries.length} entries`);
  for (const { title, fragment } of entries) {
    assert.deepEqual(SEEDS.map((seed) => inWasm(fragment, seed)), natively(fragment), title);
  }
  console.log(`${entries.length} entries of the menu with ${SEEDS.length} seeds each have the same digests`);
});

test("a link stays the same when it is opened", () => {
  const files = ["digests", "cells", "packets", "lookups"];
  const links = files.flatMap((file) => golden(new URL(`../../core/tests/${file}.txt`, import.meta.url)).map(([link]) => link));
  assert(links.length > 600);
  for (const link of links) {
    const lab = new packets.Lab(link);
    assert.deepEqual([lab.errors(0), lab.address()], [[], link]);
    lab.free();
  }
});

test("the link that the program prints opens the same run, with acts too", { skip: !binary }, () => {
  for (const settings of [
    ["clients=3", "exchanges=4", "link.loss=0.2", "acts=drop client 1 request 1; delay client 2 reply 1 by 90ms; duplicate client 3 request 2"],
    ["faults=100ms forever server-down keep; 1s 1s partition reply", "clients=2", "message=Grüße, 世界 & = # %"],
    ["network=packets", "protocol=tcp", "link.loss=first 1"],
    ["servers=a=192.0.2.1:1060,b=198.51.100.2:7", "exchanges=20", "server.drop=0.3", "faults=100ms 500ms server-down at b"],
  ]) {
    const report = JSON.parse(retrylab(["sim", "--json", ...settings.flatMap((pair) => ["--set", pair])]));
    const fragment = new URL(report.address).hash.slice(1);
    const module = moduleOf(fragment);
    const lab = new module.Lab(fragment);
    assert.deepEqual([lab.errors(0), lab.address()], [[], fragment]);
    lab.free();
    assert.equal(inOneNetwork(module, fragment).digest, report.digest, fragment);
  }
});
