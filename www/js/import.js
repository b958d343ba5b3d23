// @ts-check
// Opens what a reader brings: a scenario file, a log of events, or a link, dropped anywhere on the page or selected.

import { byId, part } from "./dom.js";
import * as log from "./log.js";
import * as notices from "./notices.js";
import { read } from "./toml.js";
import { wordsOf } from "./wasm.js";

/** @typedef {import("./wasm.js").Module} Module */

/** Maximum size of a scenario and of a log in bytes. */
const [MAX_SCENARIO, MAX_LOG] = [1 << 20, 1 << 26];

const NOTICE = "import";

/**
 * @param {object} hooks
 * @param {() => Module} hooks.module
 * @param {(link: string) => void} hooks.open opens a link
 * @param {(lines: string[]) => Promise<void>} hooks.compare compares a log with the run that was opened
 */
export function start({ module, open, compare }) {
  const take = async (/** @type {string} */ name, /** @type {Promise<string> | string} */ text) => {
    notices.hide(NOTICE);
    log.hide();
    try {
      const content = await text;
      const { link, lines } = isLog(content) ? log.parsed(content) : { link: linkOf(module(), content), lines: null };
      const problems = module().Lab.problems(link);
      if (problems.length > 0) throw new Error(problems.join("\n"));
      open(link);
      if (lines) await compare(lines);
    } catch (error) {
      notices.show(NOTICE, {
        title: `${name} cannot be opened.`,
        lines: wordsOf(error).split("\n"),
        bad: true,
        buttons: [["Close", () => notices.hide(NOTICE)]],
      });
    }
  };
  const takeFile = (/** @type {File} */ file) => take(file.name, textOf(file));
  const dialog = byId("export", HTMLDialogElement);
  const chosen = part(dialog, "open-file", HTMLInputElement);
  part(dialog, "open", HTMLButtonElement).addEventListener("click", () => chosen.click());
  chosen.addEventListener("change", () => {
    dialog.close();
    for (const file of chosen.files ?? []) takeFile(file);
    // The same file can be chosen again, after a change.
    chosen.value = "";
  });
  const hover = (/** @type {boolean} */ over) => document.body.classList.toggle("dropping", over);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    hover(true);
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) hover(false);
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    hover(false);
    const [file] = event.dataTransfer?.files ?? [];
    const text = event.dataTransfer?.getData("text/plain") ?? "";
    if (file) takeFile(file);
    else if (text) take("What was dropped", text);
  });
}

/** @param {string} text */
const isLog = (text) => text.trimStart().startsWith("{");

/** @param {File} file */
async function textOf(file) {
  const [what, most] = isLog(await file.slice(0, 1).text()) ? ["log", MAX_LOG] : ["scenario", MAX_SCENARIO];
  if (file.size > most) throw new Error(`The file has ${file.size} bytes; a ${what} has at most ${most}.`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Error("The file is not text. A scenario file is TOML, such as `retrylab scenarios retry-storm` prints.");
  }
}

/**
 * Returns the link to what a text describes: itself, or the scenario of a file. Throws one sentence per line.
 * @param {Module} module
 * @param {string} text
 */
function linkOf(module, text) {
  const trimmed = text.trim();
  const isLink = !/\s/.test(trimmed) && /[#?=]/.test(trimmed);
  if (isLink && !trimmed.includes('="')) return trimmed;
  const entries = read(text);
  if (entries.length === 0) throw new Error("The file contains no settings. A scenario file has lines such as `link.loss = 0.3`.");
  const pairs = entries.map(({ key, value, line }) => {
    const written = Array.isArray(value) ? module.Lab.joined(key, value) : value;
    if (Array.isArray(value) && !written) throw new Error(`line ${line}: ${key} is not a list; write one value`);
    return `${encodeURIComponent(key)}=${encodeURIComponent(written)}`;
  });
  const link = pairs.join("&");
  const problems = module.Lab.problems(link).map((problem) => {
    const at = entries.findLast(({ key }) => problem.startsWith(`${key}:`) || problem.includes(`"${key}"`))
      ?? entries.findLast(({ key }) => problem.includes(key))
      ?? entries.findLast(({ key }) => key.startsWith(problem.split(".")[0]));
    return at ? `line ${at.line}: ${problem}` : problem;
  });
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return link;
}
