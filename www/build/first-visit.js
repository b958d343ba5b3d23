// @ts-check
// Does what a first visit does with a module whose functions have marks, and prints those that ran: `cargo xtask page` divides the
// module by it. The visitor opens the page, steps through the first lesson and plays it; whoever does more has loaded the rest by then.
//
// Usage: node first-visit.js GLUE WASM

import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

/** @typedef {import("../js/wasm.js").Module} Module */
/** @typedef {import("../js/wasm.js").Lab} Lab */

/** The first exhibit. */
const FIRST = 0;

/** Width and height of the pictures in CSS pixels, on a large screen and on a phone. */
const SIZES = [[900, 400], [360, 300]];

/** Time between two moments of a lesson that are drawn, in seconds of its usual pace. */
const SLICE = 0.25;

/** What the page asks, about everything or about an exhibit, when a run begins, and at every moment. */
const ASKED = {
  begin: ["exhibits", "address", "differences", "coursePlace", "exercise", "menu", "endClock"],
  exhibit: [
    "fields", "schedule", "fragment", "title", "sentence", "hides", "legend", "sample", "errors", "isSample", "clients", "flow", "countsTitle", "inspect",
    "events", "digest", "notice",
  ],
  moment: ["atEnd", "end", "clock", "folded", "share", "seen", "acts", "now"],
  still: ["address"],
  exhibitMoment: ["ladderHeight", "momentClock", "moment", "outcome", "counts", "marks"],
};

/** A canvas on which everything can be drawn. */
const canvas = /** @type {CanvasRenderingContext2D} */ (new Proxy({}, {
  get: (_, name) => name === "measureText" ? (/** @type {string} */ text) => ({ width: 6 * text.length }) : () => {},
  set: () => true,
}));

/**
 * Calls methods of the lab.
 * @param {Lab} lab
 * @param {string[]} names
 * @param {unknown[]} args
 */
function ask(lab, names, ...args) {
  for (const name of names) Reflect.get(lab, name).call(lab, ...args);
}

/**
 * Shows a moment.
 * @param {Lab} lab
 * @param {boolean} playing
 */
function show(lab, playing) {
  for (const [width, height] of SIZES) {
    lab.drawStage(FIRST, canvas, width, height, 2);
    lab.drawLadder(FIRST, canvas, width, height, 2, lab.ladderTop(FIRST, 0, height));
    lab.drawStrip(FIRST, canvas, width, 40, 2);
  }
  ask(lab, ASKED.moment, playing);
  ask(lab, ASKED.exhibitMoment, FIRST, playing);
  if (!playing) ask(lab, ASKED.still);
}

const [glue, wasm] = process.argv.slice(2);
/** @type {Module} */
const module = await import(pathToFileURL(glue).href);
const exports = module.initSync({ module: await readFile(wasm) });
const { Lab } = module;
Lab.runs("");
const lab = new Lab("");
lab.paint(Lab.themeNames().map(() => "#123456"));
while (!lab.runSome(FIRST, 1000));
lab.ready(FIRST);
Lab.courseLesson(0);
ask(lab, ASKED.begin);
ask(lab, ASKED.exhibit, FIRST);
lab.drawSchedule(FIRST, canvas, 300, 80, 2);
show(lab, false);
for (const back of [false, true]) {
  lab.step(back, false);
  show(lab, false);
}
while (!lab.atEnd()) {
  lab.advance(SLICE, 1);
  show(lab, true);
}
show(lab, false);
lab.seek(0);
// What starts the rest is in the first part.
Reflect.set(globalThis, "retrylabRest", () => {});
module.startRest();
const marks = Object.entries(exports).filter(([name, mark]) => /^ran\d+$/.test(name) && mark.value === 1);
console.log(JSON.stringify(marks.map(([name]) => Number(name.slice(3)))));
