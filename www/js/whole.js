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
 * @param {{ which: number, top: number, h: number }} extent
 * @param {SvgContext} context
 */
function draw(lab, { which, top, h }, context) {
  // Wasm calls the methods by their names.
  const canvas = /** @type {CanvasRenderingContext2D} */ (/** @type {unknown} */ (context));
  lab.drawLadder(which, canvas, WIDTH, h, 1, top);
}

/** Room between two ladders, and above a ladder with a title, in CSS pixels. */
const [GAP, TITLE] = [24, 30];

/** @typedef {{ which: number, top: number, title: string }} Column a ladder, how far it is scrolled, and its name; may be empty */

/**
 * Returns where each ladder is in a picture of several next to each other, and the picture's size.
 * @param {Lab} lab
 * @param {Column[]} columns
 */
function arranged(lab, columns) {
  const places = columns.map(({ which, top, title }, i) => (
    { which, title, x: i * (WIDTH + GAP), y: title ? TITLE : 0, ...extent(lab, which, top) }));
  return { places, w: columns.length * (WIDTH + GAP) - GAP, h: Math.max(...places.map(({ y, h }) => y + h)) };
}

/**
 * Writes the title of a ladder above it.
 * @param {SvgContext | CanvasRenderingContext2D} context
 * @param {{ title: string, x: number }} place
 */
function head(context, { title, x }) {
  if (!title) return;
  const style = getComputedStyle(document.documentElement);
  context.font = `600 15px ${style.getPropertyValue("--sans").trim()}`;
  context.fillStyle = style.getPropertyValue("--text").trim();
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(title, x + 8, TITLE / 2, WIDTH - 16);
}

/**
 * Returns ladders next to each other as SVG.
 * @param {Lab} lab
 * @param {Column[]} columns
 */
export function svg(lab, columns) {
  const { places, w, h } = arranged(lab, columns);
  const context = new SvgContext();
  revealed(lab, () => {
    for (const place of places) {
      head(context, place);
      context.group(place.x, place.y, () => draw(lab, place, context));
    }
  });
  return context.svg(w, h, ground(), "Ladder: the exchanges of one client, time down");
}

/**
 * Returns ladders next to each other as PNG.
 * @param {Lab} lab
 * @param {Column[]} columns
 * @returns {Promise<Blob>}
 */
export function png(lab, columns) {
  const { places, w, h } = arranged(lab, columns);
  const [canvas, picture] = [document.createElement("canvas"), document.createElement("canvas")];
  [picture.width, picture.height] = [w * RATIO, h * RATIO];
  const [context, below] = [canvas, picture].map((one) => one.getContext("2d"));
  if (!context || !below) throw new Error("the browser has no 2D canvas");
  below.scale(RATIO, RATIO);
  below.fillStyle = ground();
  below.fillRect(0, 0, w, h);
  for (const place of places) {
    head(below, place);
    [canvas.width, canvas.height] = [WIDTH * RATIO, place.h * RATIO];
    revealed(lab, () => lab.drawLadder(place.which, context, WIDTH, place.h, RATIO, place.top));
    below.drawImage(canvas, place.x, place.y, WIDTH, place.h);
  }
  return new Promise((done, failed) => {
    picture.toBlob((blob) => blob ? done(blob) : failed(new Error("the browser wrote no PNG")), "image/png");
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
    const context = new SvgContext();
    draw(lab, { which, top: from - above, h: to - from + above }, context);
    svgs.push(context.svg(WIDTH, to - from, ground(), "", above));
    from = to;
  }
  return { svgs, isWhole: from === cuts.at(-1) };
}
