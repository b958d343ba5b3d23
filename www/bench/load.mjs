// @ts-check
// What a first visit loads, and how long that takes.

import assert from "node:assert/strict";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** @typedef {import("../tests/support.js").Lab} Lab */

const PACKED = fileURLToPath(new URL("../packed", import.meta.url));

/** How long the layout is watched, in milliseconds. */
const WATCH = 1000;

/** Returns the sizes of the modules and of all text in kilobytes of Brotli, as the program embeds them. */
export async function sizes() {
  let [module, packets, text] = [0, 0, 0];
  for (const name of await readdir(PACKED, { recursive: true })) {
    if (!name.endsWith(".br")) continue;
    const kilobytes = (await stat(join(PACKED, name))).size / 1000;
    if (name.endsWith("retrylab_web_bg.wasm.br")) module += kilobytes;
    else if (name.endsWith("retrylab_packets_bg.wasm.br")) packets += kilobytes;
    else if (!name.endsWith(".wasm.br")) text += kilobytes;
  }
  return { module, packets, text };
}

/**
 * Opens the page in a browser that has just started. It is interactive in the frame after Play can be pressed, when the run
 * is there, too.
 * @param {Lab} lab
 */
export async function load({ browser, url }) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  /** @type {string[]} */
  const requests = [];
  page.on("request", (request) => requests.push(request.url()));
  await page.addInitScript(() => {
    /** @type {{ value: number, places: string[] }[]} */
    const shifts = [];
    Reflect.set(globalThis, "shifts", shifts);
    new PerformanceObserver((list) => {
      // The types of the browser do not know these entries.
      for (const entry of /** @type {any[]} */ (list.getEntries())) {
        const places = entry.sources.map((/** @type {{ node: Node | null }} */ { node }) =>
          node instanceof HTMLElement ? node.id || node.className || node.localName : "text");
        if (!entry.hadRecentInput) shifts.push({ value: entry.value, places });
      }
    }).observe({ type: "layout-shift", buffered: true });
    const look = () => {
      const play = document.getElementById("play");
      if (play && !play.hasAttribute("disabled")) Reflect.set(globalThis, "interactive", performance.now());
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  await page.goto(url);
  await page.waitForFunction(() => "interactive" in globalThis);
  assert.match((await page.locator("[data-part=digest]").first().textContent()) ?? "", /^[0-9a-f]{16}$/);
  await page.waitForTimeout(WATCH);
  /** @type {{ value: number, places: string[] }[]} */
  const shifts = await page.evaluate(() => Reflect.get(globalThis, "shifts"));
  for (const { value, places } of shifts) console.log(`  layout shift of ${value.toFixed(3)}: ${places.join(", ")}`);
  const own = requests.filter((request) => request.startsWith(url));
  return {
    interactive: await page.evaluate(() => Reflect.get(globalThis, "interactive")),
    shift: shifts.reduce((sum, { value }) => sum + value, 0),
    requests: own.length,
    third_party: requests.length - own.length,
  };
}
