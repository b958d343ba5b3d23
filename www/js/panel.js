// @ts-check
// The inspector: everything about what is selected.

import { byId, icon, make } from "./dom.js";
import { Layers } from "./layers.js";

/**
 * The result of `Lab.inspect`.
 * @typedef {object} Story
 * @property {string} title
 * @property {string} shape
 * @property {{ name: string, text: string }[]} facts
 * @property {string[]} why
 * @property {string} view what the bytes are; empty for what has none
 * @property {string} hex two digits per byte
 * @property {string} cut a sentence about bytes that are not shown; may be empty
 * @property {import("./layers.js").Layer[]} layers
 */

const inspector = byId("inspect", HTMLElement);
const hint = inspector.firstElementChild?.cloneNode(true) ?? "";

/** @param {Story | null} story */
export function showStory(story) {
  if (!story) {
    inspector.replaceChildren(hint);
    return;
  }
  const facts = story.facts.flatMap(({ name, text }) => [make("dt", {}, name), make("dd", {}, text)]);
  inspector.replaceChildren(
    make("h3", {}, icon(`m-${story.shape}`), story.title),
    make("dl", {}, ...facts),
    ...story.why.map((sentence) => make("p", {}, sentence)),
  );
  if (story.layers.length > 0) {
    inspector.append(new Layers(story.view, story.hex, story.layers).element);
    if (story.cut) inspector.append(make("p", { class: "quiet" }, story.cut));
  } else if (story.view) {
    inspector.append(make("p", { class: "quiet" }, `${story.view}.`));
  }
}
