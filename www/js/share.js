// @ts-check
// Sharing and exporting: the link, the command line and the events.

import * as address from "./address.js";
import { byId, say } from "./dom.js";
import { announce } from "./live.js";
import { firstLine } from "./log.js";
import { nameOf, save } from "./save.js";
import { sides } from "./sides.js";

/** @typedef {import("./wasm.js").Lab} Lab */

/** Number of lines of the trace per part: a long string is built from parts. */
const PART = 20000;

/**
 * Puts text on the clipboard and confirms that on the button for a moment.
 * @param {string} text
 * @param {HTMLButtonElement} button
 */
export async function copy(text, button) {
  const label = button.dataset.label ?? button.textContent ?? "";
  button.dataset.label = label;
  let said = "Copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // No permission, or an old browser: the user has to select the text.
    said = "Select and copy";
  }
  say(button, said);
  announce(said);
  setTimeout(() => say(button, label), 1600);
}

/** @param {() => Lab} labNow */
export function start(labNow) {
  const dialog = byId("export", HTMLDialogElement);
  const command = byId("command", HTMLTextAreaElement);
  const link = byId("link", HTMLTextAreaElement);
  byId("export-open", HTMLButtonElement).addEventListener("click", () => {
    const lab = labNow();
    address.now();
    command.value = sides(lab).map(({ which, letter }) => `${letter && `# ${letter}\n`}${lab.commandLine(which)}`).join("\n");
    link.value = location.href;
    const notice = lab.notice(0);
    const events = sides(lab).map(({ which }) => lab.kept(which)).join(" and ");
    say(byId("trace-note", HTMLElement), `${events} events, one JSON object per line. The first line names the run. ${notice}`);
    dialog.showModal();
  });
  for (const [id, field] of /** @type {const} */ ([["command-copy", command], ["link-copy", link]])) {
    const button = byId(id, HTMLButtonElement);
    button.addEventListener("click", () => {
      field.select();
      void copy(field.value, button);
    });
  }
  byId("trace-save", HTMLButtonElement).addEventListener("click", () => saveEvents(labNow()));
  byId("share", HTMLButtonElement).addEventListener("click", copyLink);
}

/** Copies the link to the run that is shown. */
export function copyLink() {
  address.now();
  void copy(location.href, byId("share", HTMLButtonElement));
}

/** @param {Lab} lab */
function saveEvents(lab) {
  for (const { which, letter } of sides(lab)) {
    const parts = [firstLine(lab.fragment(which))];
    for (let from = 0; from < lab.kept(which); from += PART) parts.push(lab.trace(which, from, PART));
    save(nameOf(lab, which, "jsonl", letter), parts, "application/x-ndjson");
  }
}
