// @ts-check
// Pictures of a whole ladder, for files and paper: as wide on every screen, from the first moment to the last one.

import { SvgContext } from "./svg.js";

/** @typedef {import("./wasm.js").Lab} Lab */

/** The width, and the maximum height, in CSS pixels. */
const [WIDTH, MAX_HEIGHT] = [760, 8000];

/** The header of the ladder with its line, which every drawing has, and the least height of a part of a printed ladder. */
const [HEADER, PART] = [29, 100];

/** Number of pixels of a PNG for each CSS pixel. */
const RATIO = 2;

/**
 * Does something while everything is shown, without a playhead.
 * @template T
 * @param {Lab} lab
 * @param {() => T} act
 */
export function revealed(lab, act) {
  const before = lab.reveal();
  try {
    return act();
  } finally {
    lab.conceal(before);
  }
}

/**
 * The part of a ladder that a picture shows: the whole, or from the visible part on as much as fits.
 * @param {Lab} lab
 * @param {number} which the exhibit's place in the lab
 * @param {number} visible how far the ladder is scrolled
 */
function extent(lab, which, visible) {
  const height = Math.ceil(lab.ladderHeight(which));
  return height <= MAX_HEIGHT ? { top: 0, h: height } : { top: Math.min(visible, height - MAX_HEIGHT), h: MAX_HEIGHT };
}

const ground = () => getComputedStyle(document.documentElement).getPropertyValue("--ground").trim();

/**
 * Draws a ladder with commands instead of pixels, from `top` to `top + h`.
 * @param {Lab} lab
 * @param {number} which
 * @param {number} top
 * @param {number} h
 */
function drawn(lab, which, top, h) {
  const context = new SvgContext();
  // Wasm calls the methods by their names.
  const canvas = /** @type {CanvasRenderingContext2D} */ (/** @type {unknown} */ (context));
  lab.drawLadder(which, canvas, WIDTH, h, 1, top);
  return context;
}

/**
 * Returns the ladder as SVG.
 * @param {Lab} lab
 * @param {number} which
 * @param {number} visible
 */
export function svg(lab, which, visible) {
  const { top, h } = extent(lab, which, visible);
  const context = revealed(lab, () => drawn(lab, which, top, h));
  return context.svg(WIDTH, h, ground(), "Ladder: the exchanges of one client, time down");
}

/**
 * Returns the ladder as PNG.
 * @param {Lab} lab
 * @param {number} which
 * @param {number} visible
 * @returns {Promise<Blob>}
 */
export function png(lab, which, visible) {
  const { top, h } = extent(lab, which, visible);
  const [canvas, plain] = [document.createElement("canvas"), document.createElement("canvas")];
  for (const one of [canvas, plain]) [one.width, one.height] = [WIDTH * RATIO, h * RATIO];
  const [context, below] = [canvas, plain].map((one) => one.getContext("2d"));
  if (!context || !below) throw new Error("the browser has no 2D canvas");
  revealed(lab, () => lab.drawLadder(which, context, WIDTH, h, RATIO, top));
  below.fillStyle = ground();
  below.fillRect(0, 0, plain.width, plain.height);
  below.drawImage(canvas, 0, 0);
  return new Promise((done, failed) => {
    plain.toBlob((blob) => blob ? done(blob) : failed(new Error("the browser wrote no PNG")), "image/png");
  });
}

/**
 * Returns the ladder in parts, between which a page may end; all together are as long as a picture may be.
 * @param {Lab} lab
 * @param {number} which
 */
export function parts(lab, which) {
  const cuts = lab.ladderCuts(which);
  const svgs = [];
  let from = 0;
  for (const [place, to] of cuts.entries()) {
    if (to > MAX_HEIGHT) break;
    if (to - from < PART && place < cuts.length - 1 || to === 0) continue;
    // The header is above the first part only.
    const above = from === 0 ? 0 : HEADER;
    const context = drawn(lab, which, from - above, to - from + above);
    svgs.push(context.svg(WIDTH, to - from, ground(), "", above));
    from = to;
  }
  return { svgs, isWhole: from === cuts.at(-1) };
}
