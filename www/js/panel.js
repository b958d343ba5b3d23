// @ts-check
// The inspector: everything about what is selected.

import { byId, icon, make } from "./dom.js";
import { Drawer } from "./drawer.js";
import { Layers } from "./layers.js";
import * as lit from "./lit.js";
import { announce } from "./live.js";
import { ExchangeView, chain } from "./why.js";

/**
 * The result of `Lab.inspect`.
 * @typedef {object} Story
 * @property {string} title
 * @property {string} shape
 * @property {{ name: string, text: string }[]} facts
 * @property {string[]} why what it is for
 * @property {import("./why.js").Link[]} chain the reasons, the latest first
 * @property {import("./why.js").Exchange[]} exchange its exchange, if it belongs to one
 * @property {string} view what the bytes are; empty for what has none
 * @property {string} hex two digits per byte
 * @property {string} cut a sentence about bytes that are not shown; may be empty
 * @property {import("./layers.js").Layer[]} layers
 */

const inspector = byId("inspect", HTMLElement);
const hint = inspector.firstElementChild?.cloneNode(true) ?? "";

const drawer = new Drawer(byId("inspector", HTMLElement), byId("transport", HTMLElement));

/** @type {ExchangeView | null} */
let exchange = null;

/** What is shown, as JSON. */
let shown = "";

/**
 * @param {object} hooks
 * @param {() => void} hooks.close the reader closes the inspector
 * @param {(record: number | null) => void} hooks.hover the pointer is over a record, or over none
 */
export function start({ close, hover }) {
  byId("inspect-close", HTMLButtonElement).addEventListener("click", close);
  lit.watch(inspector, hover);
}

/**
 * @param {import("./wasm.js").Lab} lab
 * @param {number} which
 * @param {(record: number) => void} pick selects the subject of a record
 */
export function show(lab, which, pick) {
  // A story as JSON; empty if nothing is selected.
  const text = lab.inspect(which);
  if (text === shown) return;
  shown = text;
  showStory(text ? JSON.parse(text) : null, JSON.parse(lab.schedule(which)).sends, pick);
}

/**
 * @param {Story | null} story
 * @param {string} sends when the policy plans them
 * @param {(record: number) => void} pick
 */
function showStory(story, sends, pick) {
  const focused = inspector.contains(document.activeElement);
  exchange = null;
  if (!story) {
    drawer.show(false);
    inspector.replaceChildren(hint);
    return;
  }
  // The focus stays where it is, so a screen reader would not notice.
  if (!focused && inspector.querySelector("h3")?.textContent !== story.title) announce(`Inspect: ${story.title}.`);
  const facts = story.facts.flatMap(({ name, text }) => [make("dt", {}, name), make("dd", {}, text)]);
  const title = make("h3", { tabindex: -1 }, icon(`m-${story.shape}`), make("span", {}, story.title));
  inspector.replaceChildren(
    title,
    make("dl", {}, ...facts),
    ...story.why.map((sentence) => make("p", {}, sentence)),
  );
  if (story.chain.length > 0) inspector.append(make("h4", {}, "Why"), chain(story.chain, pick));
  for (const one of story.exchange) {
    exchange = new ExchangeView(one, sends, pick);
    inspector.append(exchange.element);
  }
  if (story.view) inspector.append(make("h4", {}, "Bytes"));
  if (story.layers.length > 0) {
    inspector.append(new Layers(story.view, story.hex, story.layers).element);
    if (story.cut) inspector.append(make("p", { class: "quiet" }, story.cut));
  } else if (story.view) {
    inspector.append(make("p", { class: "quiet" }, `${story.view}.`));
  }
  drawer.show(true);
  // The button that was pressed is gone.
  if (focused) title.focus();
}

/**
 * Lights what shows the same as what the pointer is over.
 * @param {import("./wasm.js").Lab} lab
 * @param {number} which
 */
export const light = (lab, which) => lit.light(inspector, lab, which);

/**
 * Shows the state of the selected exchange at the playhead.
 * @param {number} seconds
 */
export function showMoment(seconds) {
  exchange?.at(Math.round(seconds * 1e9));
}
