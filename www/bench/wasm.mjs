// @ts-check
// The module by itself, loaded a second time next to the page: its engine, the hand-over of a frame, and seeking.

import assert from "node:assert/strict";
import { flood } from "../tests/drawings.js";
import { visit } from "../tests/support.js";

/** @typedef {import("../tests/support.js").Lab} Lab */
/** @typedef {typeof import("../wasm/retrylab_web.js")} Module */

/** The page keeps the first million events of this run. */
const EVENTS = "clients=1000&exchanges=110&server.drop=0.5";

/** Number of places to seek, at random. */
const PLACES = 60;

/**
 * Returns the events per second of the engine as web workers use it, without what the page keeps for its pictures.
 * @param {Lab} lab
 */
export async function engine(lab) {
  const { page } = await visit(lab);
  return page.evaluate(async (link) => {
    /** @type {Module} */
    const module = await import(new URL("wasm/retrylab_web.js", location.href).href);
    await module.default();
    const rate = () => {
      const part = new module.Part(link);
      part.take(1, 1000);
      const begun = performance.now();
      while (!part.advance());
      // The second word of a report.
      return Number(part.report()[1]) / (performance.now() - begun) * 1000;
    };
    // Other programs can only make it slower.
    return { engine: Math.max(rate(), rate(), rate()) };
  }, EVENTS);
}

/**
 * Returns the time of one `Lab.drawStage` with 1,000 packets in flight on a canvas that draws nothing: the module finds and places them,
 * and hands them over to the browser. What the browser does with them is part of the frame.
 * @param {Lab} lab
 */
export async function handover(lab) {
  const { page } = await visit(lab, flood(1000));
  return page.evaluate(async (link) => {
    /** @type {Module} */
    const module = await import(new URL("wasm/retrylab_web.js", location.href).href);
    await module.default();
    const lab = new module.Lab(link);
    while (!lab.runSome(0, 10_000));
    lab.ready(0);
    const style = getComputedStyle(document.documentElement);
    lab.paint(module.Lab.themeNames().map((name) => style.getPropertyValue(name)));
    const real = document.createElement("canvas").getContext("2d");
    if (!real) throw new Error("the browser has no 2D canvas");
    // Methods that do nothing, on a prototype, where the browser has its own.
    const width = real.measureText("x");
    /** @type {any} */
    const methods = {};
    for (const name in CanvasRenderingContext2D.prototype) methods[name] = () => (name === "measureText" ? width : undefined);
    const ctx = Object.create(methods);
    // A few seconds after the start, when the first packet has not arrived yet.
    lab.advanceReal(2);
    const mean = () => {
      const frames = 40;
      const begun = performance.now();
      for (let i = 0; i < frames; i++) lab.drawStage(0, ctx, 900, 300, 1);
      return (performance.now() - begun) / frames;
    };
    mean();
    // Other programs can only make it longer.
    return { handover: Math.min(...Array.from({ length: 12 }, mean)) };
  }, flood(1000));
}

/**
 * Moves the scrubber to random places in a run of a million events, and returns the time from the input to the frame that
 * shows the place; and the memory of the module with all that it keeps of the run.
 * @param {Lab} lab
 */
export async function seek(lab) {
  const { page, faults } = await visit(lab, EVENTS);
  await page.waitForFunction(() => /1,000,000 of/.test(document.getElementById("notices")?.textContent ?? ""));
  const times = await page.evaluate(async (places) => {
    const scrub = /** @type {HTMLInputElement} */ (document.getElementById("scrub"));
    const painted = () => new Promise((done) => requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = done;
      port2.postMessage(null);
    }));
    // Reproducible places: the golden ratio spreads them over the whole.
    const times = [];
    for (let i = 1; i <= places; i++) {
      await painted();
      scrub.value = String((i * 0.618034) % 1);
      const begun = performance.now();
      scrub.dispatchEvent(new Event("input", { bubbles: true }));
      await painted();
      times.push(performance.now() - begun);
    }
    return times.sort((a, b) => a - b);
  }, PLACES);
  assert.deepEqual(faults, []);
  return { seek: times[times.length >> 1], seek_worst: times[times.length - 1], memory: await memory(page) };
}

/**
 * Returns the mebibytes of a module that simulates the same run and prepares its pictures.
 * @param {import("playwright-core").Page} page
 */
function memory(page) {
  return page.evaluate(async (link) => {
    /** @type {Module} */
    const module = await import(new URL("wasm/retrylab_web.js?memory", location.href).href);
    const { memory } = await module.default(new URL("wasm/retrylab_web_bg.wasm", location.href));
    const lab = new module.Lab(link);
    while (!lab.runSome(0, 10_000));
    lab.ready(0);
    return memory.buffer.byteLength / (1 << 20);
  }, EVENTS);
}
