// @ts-check
// The page on paper: what differs from the defaults, the outcome and the whole ladder of each run, in light colours.

import * as address from "./address.js";
import { make } from "./dom.js";
import * as theme from "./theme.js";
import * as whole from "./whole.js";
import { about } from "./words.js";

/** @typedef {import("./wasm.js").Lab} Lab */
/** @typedef {import("./wasm.js").Module} Module */

const root = document.documentElement;

/**
 * @param {object} hooks
 * @param {() => Lab} hooks.lab
 * @param {() => Module} hooks.module
 * @param {() => void} hooks.painted the colours are those of the screen again
 */
export function start({ lab, module, painted }) {
  /** @type {HTMLElement | null} */
  let sheet = null;
  let choice = root.dataset.theme;
  addEventListener("beforeprint", () => {
    sheet?.remove();
    choice = root.dataset.theme;
    root.dataset.theme = "light";
    root.dataset.paper = "";
    theme.paint(module(), lab());
    sheet = whole.revealed(lab(), () => sheetOf(lab()));
    document.body.append(sheet);
  });
  addEventListener("afterprint", () => {
    sheet?.remove();
    sheet = null;
    root.dataset.theme = choice;
    delete root.dataset.paper;
    theme.paint(module(), lab());
    painted();
  });
}

/** @param {Lab} lab */
function sheetOf(lab) {
  address.now();
  const runs = Array.from({ length: lab.exhibits() }, (_, which) => runOf(lab, which));
  // Where the file lies concerns nobody else.
  const place = location.protocol === "file:" ? location.pathname.replace(/.*\//, "") + location.hash : location.href;
  return make("article", { class: "sheet" },
    make("h1", {}, lab.title(0)), make("p", {}, about(lab, lab.topic())), ...runs.reverse(),
    make("footer", {}, make("p", {}, "retrylab. The run is at "), make("code", {}, place)));
}

/**
 * @param {Lab} lab
 * @param {number} which the exhibit's place in the lab
 */
function runOf(lab, which) {
  // An exercise asks about them.
  const given = lab.hides(which) ? "" : lab.fragment(which);
  const settings = [...new URLSearchParams(given)].map(([key, value]) => make("li", {}, make("code", {}, `${key} = ${value}`)));
  const name = lab.exhibits() === 1 ? "The run" : which === 0 ? "B" : "A";
  /** @type {{ name: string, value: string }[]} */
  const counts = JSON.parse(lab.counts(which));
  const { svgs, isWhole } = whole.parts(lab, which);
  const parser = new DOMParser();
  const ladder = svgs.map((svg) => document.importNode(parser.parseFromString(svg, "image/svg+xml").documentElement, true));
  const client = lab.clients(which) > 1 ? `The ladder of client ${lab.flow(which)}` : "The ladder";
  return make("section", {},
    make("h2", {}, name),
    make("ul", { class: "settings" }, ...settings),
    make("p", { class: "outcome" }, lab.outcome(which)),
    make("dl", { class: "counts" }, ...counts.map(({ name, value }) => make("div", {}, make("dt", {}, name), make("dd", {}, value)))),
    lab.digest(which) && make("p", { class: "digest" }, "digest ", make("code", {}, lab.digest(which))),
    make("h3", {}, isWhole ? client : `${client}, its beginning`),
    make("div", { class: "ladder-parts" }, ...ladder));
}
