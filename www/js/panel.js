// @ts-check
// Outcome, counts and inspector.

import { byId, icon, make, say } from "./dom.js";
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

/** @typedef {{ name: string, value: string }} Count */

const outcome = byId("outcome", HTMLElement);
const digest = byId("digest", HTMLElement);
const counts = byId("counts", HTMLElement);
const countsTitle = byId("counts-title", HTMLElement);
const inspector = byId("inspect", HTMLElement);
const hint = inspector.firstElementChild?.cloneNode(true) ?? "";

/**
 * @param {string} sentence
 * @param {string} fingerprint empty when there is none
 */
export function showOutcome(sentence, fingerprint) {
  say(outcome, sentence);
  say(digest, fingerprint);
  digest.parentElement?.toggleAttribute("hidden", fingerprint === "");
}

/**
 * Says which clients are drawn.
 * @param {string} sentence empty if all are
 */
export function showSample(sentence) {
  for (const id of ["sample", "legend-sample"]) {
    const element = byId(id, HTMLElement);
    say(element, sentence);
    element.hidden = sentence === "";
  }
}

/** Clears the old digest, because a new run has begun. */
export function pending() {
  say(digest, "");
}

/**
 * @param {string} title what is counted
 * @param {Count[]} list
 */
export function showCounts(title, list) {
  say(countsTitle, title);
  const shown = counts.querySelectorAll("dd");
  if (shown.length !== list.length) {
    counts.replaceChildren(
      ...list.map(({ name, value }) => make("div", {}, make("dt", {}, name), make("dd", {}, value))),
    );
    return;
  }
  list.forEach(({ value }, i) => say(shown[i], value));
}

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
