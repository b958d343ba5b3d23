// @ts-check
// Single keys. They are inactive while a field has the focus or a dialog is open, and can be switched off.

import { byId, recall, remember } from "./dom.js";

/** @typedef {(shift: boolean) => void} Act */

/**
 * @param {Record<string, Act>} acts by `KeyboardEvent.key`; letters in lower case
 */
export function start(acts) {
  const dialog = byId("keys", HTMLDialogElement);
  const enabled = byId("keys-on", HTMLInputElement);
  enabled.checked = recall("keys") !== "off";
  enabled.addEventListener("change", () => remember("keys", enabled.checked ? "on" : "off"));
  byId("keys-open", HTMLButtonElement).addEventListener("click", () => dialog.showModal());

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const letter = event.key.length === 1 && event.key !== " ";
    if (document.querySelector("dialog[open]") || isField(event.target, letter)) return;
    if (event.key === "?" && enabled.checked) {
      dialog.showModal();
      return;
    }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = acts[key];
    if (!act || (letter && !enabled.checked)) return;
    // A button that has the focus is what Space presses.
    if (event.key === " " && isPressable(event.target)) return;
    event.preventDefault();
    act(event.shiftKey);
  });
}

/**
 * @param {EventTarget | null} target
 * @param {boolean} letter sliders and radio buttons take no letters
 */
function isField(target, letter) {
  if (!(target instanceof Element)) return false;
  if (target.id === "scrub" || letter && target.matches("[type=range], [type=radio]")) return false;
  return target.matches("input:not([type=checkbox]), select, textarea, [contenteditable]");
}

/** @param {EventTarget | null} target */
const isPressable = (target) =>
  target instanceof Element && target.matches("button, summary, a, input[type=checkbox]");
