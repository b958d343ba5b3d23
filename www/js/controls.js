// @ts-check
// The form. It is built from the table of keys that wasm returns.

import { byId, icon, make, marked, say } from "./dom.js";
import { Folded } from "./folded.js";
import { announce } from "./live.js";

/**
 * A key of the scenario, as `Lab.fields` describes it.
 * @typedef {object} Field
 * @property {string} key
 * @property {string} label
 * @property {string} help one line; empty for folded fields
 * @property {string} group empty for controls that are always visible
 * @property {string} value
 * @property {"text" | "long" | "number" | "switch" | "choice" | "modes"} input
 * @property {string[]} choices
 * @property {string[]} refused why each of the modes cannot be chosen now, or empty
 * @property {string[]} stops of a slider
 * @property {number} stop the one that is nearest to the value
 * @property {boolean} changed
 * @property {string} later its values later in the run, or empty
 * @property {string} default what a reset sets; empty if there is nothing to reset
 * @property {boolean} dice
 * @property {string} idle reason why it has no effect now; empty if it has one
 * @property {boolean} hidden
 * @property {boolean} [apart] the policy no longer equals the preset; only the preset has it
 */

/**
 * What a key means, as `Lab.help` returns it.
 * @typedef {{ line: string, details: string[] }} Help
 */

/**
 * What a reader types in or chooses from.
 * @typedef {{ element: HTMLElement, show: (field: Field) => void, focus: () => void }} Input
 */

/**
 * A text, a switch or a list of choices.
 * @param {Field} field
 * @param {string} id
 * @param {(value: string) => void} set
 * @returns {Input}
 */
function makeInput(field, id, set) {
  const { input, choices, key } = field;
  if (input === "choice") {
    const select = make("select", { id, name: key }, ...choices.map((word) => make("option", {}, word)));
    select.addEventListener("change", () => set(select.value));
    return { element: select, show: ({ value }) => (select.value = value), focus: () => select.focus() };
  }
  if (input === "switch") {
    const box = make("input", { id, name: key, type: "checkbox" });
    box.addEventListener("change", () => set(String(box.checked)));
    return { element: box, show: ({ value }) => (box.checked = value === "true"), focus: () => box.focus() };
  }
  const mode = input === "number" ? "numeric" : "text";
  const text = make("input", { id, name: key, type: "text", inputmode: mode, spellcheck: "false" });
  text.addEventListener("change", () => set(text.value));
  return { element: text, show: ({ value }) => (text.value = value), focus: () => text.focus() };
}

/**
 * Modes as buttons: the first word of each value. Their parameters are in a folded field of the same key.
 * @param {Field} field
 * @param {string} id
 * @param {(value: string) => void} set
 * @returns {Input}
 */
function makeModes(field, id, set) {
  const mode = (/** @type {string} */ value) => value.split(" ")[0];
  const radios = field.choices.map((value) => {
    const radio = make("input", { type: "radio", name: field.key, value });
    radio.addEventListener("change", () => set(value));
    return radio;
  });
  const buttons = radios.map((radio) => make("label", { class: "mode" }, radio, mode(radio.value)));
  return {
    element: make("div", { class: "modes", role: "radiogroup", "aria-labelledby": `${id}-label` }, ...buttons),
    focus: () => radios.find((radio) => radio.checked)?.focus(),
    show: ({ value, refused }) => radios.forEach((radio, i) => {
      radio.checked = mode(radio.value) === mode(value);
      radio.disabled = refused[i] !== "" && !radio.checked;
      buttons[i].title = refused[i].replaceAll("`", "");
    }),
  };
}

/** A field with its elements. */
class Row {
  /**
   * @param {Field} field
   * @param {Controls} controls
   */
  constructor(field, controls) {
    this.field = field;
    this.controls = controls;
    /**
     * What it means; null until somebody wants to know.
     * @type {Help | null}
     */
    this.meaning = null;
    /** What was typed last, until it is shown how it was read. */
    this.typed = "";
    const modes = field.input === "modes";
    const id = `${modes ? "modes" : "field"}-${field.key.replaceAll(".", "-")}`;
    const set = (/** @type {string} */ value) => this.set(value);
    this.input = modes ? makeModes(field, id, set) : makeInput(field, id, set);
    this.input.element.setAttribute("aria-describedby", `${id}-help ${id}-problem`);
    this.problem = make("p", { class: "problem", id: `${id}-problem`, hidden: true });
    this.help = make("span", { class: "help", id: `${id}-help` });
    this.reset = this.makeReset();
    this.about = make("div", { class: "about", id: `${id}-about`, hidden: true });
    this.slider = field.stops.length > 0 ? this.makeSlider() : null;
    const label = modes
      ? make("span", { class: "label", id: `${id}-label` }, field.label)
      : make("label", { class: "label", for: id }, field.label);
    const row = make("div", { class: "row" }, label);
    this.more = this.makeMore();
    row.append(this.more);
    if (!modes) row.append(this.input.element);
    if (field.dice) row.append(this.makeDice());
    this.element = make("div", { class: "field" }, row);
    if (field.group) this.element.classList.add("more-field");
    if (field.input === "long") this.element.classList.add("long");
    if (modes) this.element.append(this.input.element);
    if (this.slider) this.element.append(this.slider);
    this.line = make("p", { class: "line" }, this.help, this.reset);
    this.element.append(this.line, this.problem, this.about);
  }

  /** Takes the change of this field back. */
  makeReset() {
    const reset = make("button", { type: "button", class: "reset" }, "Reset");
    reset.addEventListener("click", () => {
      this.set(this.field.later ? this.field.value : undefined);
      // The button is gone.
      this.input.focus();
    });
    return reset;
  }

  /** Shows what the one line of help leaves out. */
  makeMore() {
    const { label } = this.field;
    const more = make("button", {
      type: "button", class: "about-open", "aria-label": `About ${label}`, title: `About ${label}`,
      "aria-expanded": "false", "aria-controls": this.about.id, hidden: this.field.group !== "",
    });
    more.addEventListener("click", () => {
      this.learn();
      this.about.hidden = !this.about.hidden;
      more.setAttribute("aria-expanded", String(!this.about.hidden));
    });
    return more;
  }

  makeSlider() {
    const { stops, label } = this.field;
    const slider = make("input", {
      type: "range", min: 0, max: stops.length - 1, step: 1, "aria-label": `${label}, slider`,
    });
    slider.addEventListener("input", () => this.set(this.field.stops[slider.valueAsNumber]));
    return slider;
  }

  makeDice() {
    const title = "Another seed (N)";
    const dice = make("button", { type: "button", class: "icon", title, "aria-label": "Another seed" }, icon("i-dice"));
    dice.addEventListener("click", () => this.controls.roll());
    return dice;
  }

  /** @param {string | undefined} value without one, the default */
  set(value) {
    this.typed = value ?? "";
    const error = this.controls.set(this.field.key, value);
    if (error) this.complain(error);
    else if (this.field.apart !== undefined) announce(document.querySelector('[data-part="schedule"]')?.getAttribute("aria-label") ?? "");
  }

  /** @param {string} sentence */
  complain(sentence) {
    this.typed = "";
    const { value } = this.field;
    // A slider or a button shows the value that is still used; a text can be corrected.
    if (!(this.input.element instanceof HTMLInputElement)) this.input.show(this.field);
    this.input.element.setAttribute("aria-invalid", "true");
    this.line.hidden = true;
    this.problem.hidden = false;
    const rest = value === "" ? "no text" : `\`${value}\``;
    this.problem.replaceChildren(...marked(`${sentence} The run continues with ${rest}.`));
    this.controls.reveal(sentence, this);
  }

  /** @param {Field} field */
  show(field) {
    this.field = field;
    const { slider } = this;
    this.input.show(field);
    if (slider) {
      slider.max = String(field.stops.length - 1);
      slider.value = String(field.stop);
      slider.setAttribute("aria-valuetext", field.value);
    }
    this.input.element.removeAttribute("aria-invalid");
    this.problem.hidden = true;
    this.problem.textContent = "";
    this.element.hidden = field.hidden;
    this.element.classList.toggle("changed", field.changed);
    this.element.classList.toggle("idle", field.idle !== "");
    if (!this.about.hidden) this.learn();
    this.explain();
  }

  /** Finds out what the field means. */
  learn() {
    /** @type {Help} */
    const meaning = JSON.parse(this.controls.help(this.field.key));
    this.meaning = meaning;
    this.more.hidden = meaning.details.length === 0;
    this.about.replaceChildren(...meaning.details.map((line) => make("p", {}, ...marked(line))));
  }

  /** Returns the texts by which a search finds it. */
  texts() {
    const { group, label, key } = this.field;
    return [group, label, key, this.meaning?.line ?? "", ...this.meaning?.details ?? []];
  }

  /** What the field means, whether it has an effect now, and how a text was read that is written differently. */
  explain() {
    const { help, idle, later, value, label, input } = this.field;
    const read = this.typed !== "" && this.typed !== value && input !== "modes";
    const mode = input === "modes" && value.includes(" ");
    this.line.hidden = false;
    say(this.help, read ? `${this.typed} is read as ${value}`
      : later ? `then ${later}`
      : idle ? `No effect now: ${idle}`
      : mode ? `${value}; see More settings`
      : help || (this.meaning?.line ?? ""));
    this.help.title = this.help.textContent ?? "";
    if (read) announce(this.help.textContent ?? "");
    this.typed = "";
    this.reset.hidden = this.field.default === "" && later === "";
    say(this.reset, later ? "Remove" : "Reset");
    const title = later ? `Remove the change: ${label} ${value} in the whole run` : `Reset ${label} to ${this.field.default}`;
    this.reset.setAttribute("aria-label", title);
    this.reset.title = title;
  }
}

export class Controls {
  /**
   * @param {(key: string, value: string | undefined) => string} set hands a value over, or nothing for the default; an
   * error's sentence or ""
   * @param {() => void} roll takes another seed
   * @param {(key: string) => string} help returns what a key means
   */
  constructor(set, roll, help) {
    this.set = set;
    this.roll = roll;
    this.help = help;
    /** @type {Field[]} in the order of the table */
    this.fields = [];
    /** @type {(Row | undefined)[]} in the same order; the folded ones are made when they are first shown */
    this.rows = [];
    this.folded = new Folded(() => this.unfold());
    byId("controls", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());
  }

  /** @param {Field[]} fields */
  show(fields) {
    this.fields = fields;
    if (this.rows.length === 0) this.build();
    fields.forEach((field, i) => this.rows[i]?.show(field));
    this.folded.show(fields);
  }

  /**
   * Shows the folded fields that a sentence names besides its own.
   * @param {string} sentence
   * @param {Row} own
   */
  reveal(sentence, own) {
    this.unfold();
    for (const row of this.rows) {
      if (row && row !== own && sentence.includes(`“${row.field.label}”`)) this.folded.reveal(row.element);
    }
  }

  /**
   * Returns the row of the field in a place of the table, in sight.
   * @param {number} place
   */
  row(place) {
    this.unfold();
    const row = /** @type {Row} */ (this.rows[place]);
    this.folded.reveal(row.element);
    return row;
  }

  /** Makes the fields that are always visible. */
  build() {
    const [main, policy] = [byId("fields", HTMLElement), byId("policy", HTMLElement)];
    main.replaceChildren();
    this.rows = this.fields.map((field) => (field.group ? undefined : new Row(field, this)));
    for (const row of this.rows) {
      if (row) (row.field.apart === undefined ? main : policy).append(row.element);
    }
  }

  /** Makes the folded fields, which are most. */
  unfold() {
    if (this.rows.every((row) => row)) return;
    this.rows = this.rows.map((row, i) => {
      if (row) return row;
      const made = new Row(this.fields[i], this);
      made.show(this.fields[i]);
      this.folded.add(made);
      return made;
    });
    this.folded.show(this.fields);
  }
}
