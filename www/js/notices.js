// @ts-check
// Notices of the page: a link that could not be read in full, a long run, events that are not shown, and bugs.

import { byId, make, marked } from "./dom.js";

const place = byId("notices", HTMLElement);

/**
 * Shows a notice; it replaces one with the same name.
 * @param {string} name
 * @param {object} notice
 * @param {string} notice.title
 * @param {string[]} [notice.lines]
 * @param {boolean} [notice.bad]
 * @param {[string, () => void][]} [notice.buttons] names and what they do
 */
export function show(name, { title, lines = [], bad = false, buttons = [] }) {
  const text = make("div", {}, make("strong", {}, title));
  if (lines.length > 0) text.append(make("ul", {}, ...lines.map((line) => make("li", {}, ...marked(line)))));
  const notice = make("div", { class: bad ? "notice bad" : "notice", "data-notice": name }, text);
  if (bad) notice.setAttribute("role", "alert");
  for (const [label, act] of buttons) {
    const button = make("button", { type: "button" }, label);
    button.addEventListener("click", act);
    notice.append(button);
  }
  const old = find(name);
  if (old) old.replaceWith(notice);
  else place.append(notice);
}

/** @param {string} name */
export function hide(name) {
  find(name)?.remove();
}

/**
 * Changes the title of a notice that is shown; `false` when it is not.
 * @param {string} name
 * @param {string} title
 */
export function retitle(name, title) {
  const strong = find(name)?.querySelector("strong");
  if (strong) strong.textContent = title;
  return Boolean(strong);
}

/** @param {string} name */
function find(name) {
  return place.querySelector(`[data-notice="${name}"]`);
}
