// @ts-check
// Light and dark. The style sheet has the colours; this hands them to the canvases.

import { byId, recall, remember } from "./dom.js";

/** @typedef {import("./wasm.js").Lab} Lab */
/** @typedef {import("./wasm.js").Module} Module */

const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

/**
 * The button works even without wasm.
 * @param {() => void} changed
 */
export function start(changed) {
  const button = byId("theme", HTMLButtonElement);
  const show = () => {
    button.setAttribute("aria-pressed", String(root.dataset.theme === "dark"));
    changed();
  };
  button.addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    remember("theme", root.dataset.theme);
    show();
  });
  system.addEventListener("change", () => {
    if (recall("theme")) return;
    root.dataset.theme = system.matches ? "dark" : "light";
    show();
  });
  for (const query of ["(prefers-contrast: more)", "(forced-colors: active)"]) {
    matchMedia(query).addEventListener("change", show);
  }
  show();
}

/**
 * Hands the style sheet's colours to the lab.
 * @param {Module} module
 * @param {Lab} lab
 */
export function paint(module, lab) {
  const style = getComputedStyle(root);
  lab.paint(module.Lab.themeNames().map((name) => style.getPropertyValue(name).trim()));
}
