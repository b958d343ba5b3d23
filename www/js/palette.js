// @ts-check
// The command palette (Ctrl+K): commands, lessons, scenarios and settings by their names.

import { make, say } from "./dom.js";
import { FIRST } from "./shows.js";
import { commands } from "./shortcuts.js";

/** @typedef {import("./page.js").Page} Page */
/** @typedef {{ name: string, hint: string, act: () => void }} Choice `hint` is a key, or what it is */

/** Buttons of the page that are commands. */
const BUTTONS = ".views button, #export-open, #theme, #keys-open, .exhibits > .acts button, #lesson-next, #lesson-try, #lesson-back";

/** @param {Page} page */
export function start(page) {
  const palette = new Palette(() => [...ofKeys(page), ...ofButtons(), ...ofMenu(page), ...ofSettings(page)]);
  addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    // The browser has other uses for it.
    event.preventDefault();
    if (!document.querySelector("dialog[open]")) palette.open();
  });
}

/**
 * @param {Page} page
 * @returns {Choice[]}
 */
const ofKeys = (page) => commands(page).map(({ name, shown, act }) => ({ name, hint: shown, act: () => act(false) }));

/** @returns {Choice[]} */
function ofButtons() {
  const buttons = [...document.querySelectorAll(BUTTONS)].filter((button) => button instanceof HTMLButtonElement);
  return buttons.filter((button) => !button.disabled && button.offsetParent !== null).map((button) => {
    const name = button.getAttribute("aria-label") ?? button.textContent ?? "";
    return { name, hint: button.dataset.show ? "view" : "", act: () => button.click() };
  });
}

/**
 * @param {Page} page
 * @returns {Choice[]}
 */
function ofMenu(page) {
  /** @type {{ name: string, entries: import("./course.js").Entry[] }[]} */
  const groups = JSON.parse(page.lab.menu());
  return groups.flatMap(({ name: hint, entries }) =>
    entries.map(({ title, fragment }) => ({ name: title, hint, act: () => page.open(fragment) })));
}

/**
 * @param {Page} page
 * @returns {Choice[]}
 */
function ofSettings(page) {
  // An exercise asks about them.
  if (page.lab.hides(FIRST)) return [];
  const { controls } = page;
  return controls.fields.map((field, place) => ({ field, place })).filter(({ field }) => !field.hidden).map(({ field, place }) => ({
    name: field.label,
    hint: field.group ? `setting, ${field.group}` : "setting",
    act: () => {
      const { element, input } = controls.row(place);
      // On a phone, settings are a view.
      if (!element.offsetParent) page.show("controls");
      input.focus();
      element.scrollIntoView({ block: "nearest" });
    },
  }));
}

/** The dialog: a field that filters a list. */
class Palette {
  /** @param {() => Choice[]} choices */
  constructor(choices) {
    this.choices = choices;
    /** @type {Choice[]} */
    this.all = [];
    /** @type {Choice[]} */
    this.found = [];
    this.place = 0;
    this.list = make("ul", { role: "listbox", id: "palette-list", "aria-label": "Commands, lessons and settings" });
    this.field = make("input", {
      type: "text", role: "combobox", spellcheck: "false", autocomplete: "off", "aria-label": "Find a command, a lesson or a setting",
      "aria-expanded": "true", "aria-autocomplete": "list", "aria-controls": this.list.id, placeholder: "Find a command, a lesson or a setting",
    });
    this.status = make("p", { class: "quiet", role: "status" });
    this.dialog = make("dialog", { class: "palette", "aria-label": "Command palette" }, this.field, this.list, this.status);
    document.body.append(this.dialog);
    this.field.addEventListener("input", () => this.filter());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("click", ({ target }) => {
      const option = target instanceof Element ? target.closest("li") : null;
      if (option) this.choose([...this.list.children].indexOf(option));
    });
    // The backdrop belongs to the dialog.
    this.dialog.addEventListener("click", ({ target }) => {
      if (target === this.dialog) this.dialog.close();
    });
  }

  open() {
    this.all = this.choices();
    this.field.value = "";
    this.dialog.showModal();
    this.filter();
  }

  /** Lists what contains all words of the field. */
  filter() {
    const words = this.field.value.toLowerCase().split(/\s+/).filter(Boolean);
    this.found = this.all.filter(({ name, hint }) => words.every((word) => `${name} ${hint}`.toLowerCase().includes(word)));
    this.list.replaceChildren(...this.found.map(({ name, hint }, i) =>
      make("li", { role: "option", id: `palette-${i}` }, make("span", {}, name), make("span", { class: "quiet" }, hint))));
    const count = this.found.length;
    say(this.status, count === 0 ? "Nothing has all of these words." : words.length === 0 ? "" : count === 1 ? "1 found" : `${count} found`);
    this.turnTo(0);
  }

  /** @param {number} place */
  turnTo(place) {
    this.list.children[this.place]?.setAttribute("aria-selected", "false");
    this.place = place;
    const option = this.list.children[place];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", option?.id ?? "");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const last = this.found.length - 1;
    const to = {
      ArrowDown: this.place < last ? this.place + 1 : 0, ArrowUp: this.place > 0 ? this.place - 1 : last,
      PageDown: Math.min(this.place + 10, last), PageUp: Math.max(this.place - 10, 0),
    }[event.key];
    if (event.key === "Enter") this.choose(this.place);
    else if (to !== undefined) this.turnTo(to);
    else return;
    event.preventDefault();
  }

  /** @param {number} place */
  choose(place) {
    const choice = this.found[place];
    if (!choice) return;
    // The focus goes back to where it was, unless the choice moves it.
    this.dialog.close();
    choice.act();
  }
}
