// @ts-check
// The form. It is built from the table of keys that wasm returns.

import { byId, icon, make, marked, say } from "./dom.js";
import { announce } from "./live.js";

/**
 * A key of the scenario, as `Lab.fields` describes it.
 * @typedef {object} Field
 * @property {string} key
 * @property {string} label
 * @property {string} help
 * @property {string} allowed
 * @property {string} group empty for controls that are always visible
 * @property {string} value
 * @property {"text" | "long" | "number" | "switch" | "choice"} input
 * @property {string[]} choices
 * @property {string[]} stops of a slider
 * @property {number} stop the one that is nearest to the value
 * @property {boolean} changed
 * @property {boolean} dice
 * @property {string} idle reason why it has no effect now; empty if it has one
 * @property {boolean} hidden
 * @property {string[]} [notes] description of the preset; only the preset has one
 * @property {boolean} [apart] the policy no longer equals the preset
 */

/** A field with its elements. */
class Row {
  /**
   * @param {Field} field
   * @param {Controls} controls
   */
  constructor(field, controls) {
    this.field = field;
    this.controls = controls;
    const id = `field-${field.key.replaceAll(".", "-")}`;
    this.input = this.makeInput(id);
    this.problem = make("span", { class: "problem", id: `${id}-problem`, hidden: true });
    this.slider = field.stops.length > 0 ? this.makeSlider() : null;
    this.help = make("span", { class: "help", id: `${id}-help` });
    this.input.setAttribute("aria-describedby", `${id}-help ${id}-problem`);
    const row = make("div", { class: "row" }, make("label", { for: id }, field.label));
    this.apart = make("span", { class: "apart quiet", id: `${id}-apart` });
    this.reset = field.notes ? this.makeReset() : null;
    if (this.reset) {
      row.append(this.apart, this.reset);
      this.input.setAttribute("aria-describedby", `${id}-apart ${id}-help ${id}-problem`);
    }
    row.append(this.input);
    if (field.dice) row.append(this.makeDice());
    const kind = field.group ? "field more-field" : "field";
    const long = field.input === "long" ? " long" : "";
    this.element = make("div", { class: kind + long }, row, this.slider ?? "", this.help, this.problem);
  }

  /** Resets the field to the preset's value. */
  makeReset() {
    const reset = make("button", { type: "button", class: "reset" }, "Reset");
    reset.addEventListener("click", () => {
      this.set(this.field.value);
      // The button is gone.
      this.input.focus();
    });
    return reset;
  }

  /** @param {string} id */
  makeInput(id) {
    const { input, choices, key } = this.field;
    /** @type {HTMLInputElement | HTMLSelectElement} */
    let element;
    if (input === "choice") {
      element = make("select", { id, name: key }, ...choices.map((word) => make("option", {}, word)));
    } else if (input === "switch") {
      element = make("input", { id, name: key, type: "checkbox" });
    } else {
      const mode = input === "number" ? "numeric" : "text";
      element = make("input", { id, name: key, type: "text", inputmode: mode, spellcheck: "false" });
    }
    element.addEventListener("change", () => this.set(this.read()));
    return element;
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

  read() {
    const { input } = this;
    if (input instanceof HTMLInputElement && input.type === "checkbox") return String(input.checked);
    return input.value;
  }

  /** @param {string} value */
  set(value) {
    const error = this.controls.set(this.field.key, value);
    if (error) this.complain(error);
    else if (this.field.notes) announce(document.querySelector('[data-part="schedule"]')?.getAttribute("aria-label") ?? "");
  }

  /** @param {string} sentence */
  complain(sentence) {
    this.input.setAttribute("aria-invalid", "true");
    this.problem.hidden = false;
    const value = this.field.value === "" ? "the empty text" : this.field.value;
    this.problem.replaceChildren(...marked(`${sentence}. The run continues with ${value}.`));
    this.controls.unfold(sentence, this.field.key);
  }

  /** @param {Field} field */
  show(field) {
    this.field = field;
    const { input, slider } = this;
    if (input instanceof HTMLInputElement && input.type === "checkbox") {
      input.checked = field.value === "true";
    } else {
      input.value = field.value;
    }
    if (slider) {
      slider.max = String(field.stops.length - 1);
      slider.value = String(field.stop);
      slider.setAttribute("aria-valuetext", field.value);
    }
    input.removeAttribute("aria-invalid");
    this.problem.hidden = true;
    this.problem.textContent = "";
    this.element.hidden = field.hidden;
    this.element.classList.toggle("changed", field.changed);
    this.element.classList.toggle("idle", field.idle !== "");
    this.explain();
  }

  /** What the field means, and whether it has an effect now. */
  explain() {
    const { help, allowed, input, idle, notes, apart, value } = this.field;
    const lines = notes ?? [help];
    if (input === "long") lines.push(`Allowed: ${allowed}.`.replaceAll("`", ""));
    if (idle) lines.push(`No effect now: ${idle}.`);
    const shown = [...this.help.children].map((line) => line.textContent);
    if (lines.join() !== shown.join()) this.help.replaceChildren(...lines.map((line) => make("span", {}, line)));
    if (!this.reset) return;
    this.reset.hidden = !apart;
    this.reset.setAttribute("aria-label", `Reset to ${value}`);
    this.reset.title = `Reset to ${value}`;
    say(this.apart, apart ? "changed" : "");
  }
}

export class Controls {
  /**
   * @param {(key: string, value: string) => string} set hands a value over; an error's sentence or ""
   * @param {() => void} roll takes another seed
   */
  constructor(set, roll) {
    this.set = set;
    this.roll = roll;
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    byId("controls", HTMLFormElement).addEventListener("submit", (event) => event.preventDefault());
  }

  /** @param {Field[]} fields */
  show(fields) {
    if (this.rows.size === 0) this.build(fields);
    for (const field of fields) this.rows.get(field.key)?.show(field);
    for (const group of document.querySelectorAll("#more-fields fieldset")) {
      group.toggleAttribute("hidden", !group.querySelector(".field:not([hidden])"));
    }
    const folded = fields.filter((field) => field.group && field.changed).length;
    say(byId("more-changed", HTMLElement), folded > 0 ? ` ${folded} changed` : "");
  }

  /**
   * Shows the folded fields if the sentence names one of them besides its own.
   * @param {string} sentence
   * @param {string} own
   */
  unfold(sentence, own) {
    const others = [...this.rows.values()].filter((row) => row.field.group && row.field.key !== own);
    if (others.some((row) => sentence.includes(row.field.key))) byId("more", HTMLDetailsElement).open = true;
  }

  /** @param {Field[]} fields */
  build(fields) {
    const [main, more] = [byId("fields", HTMLElement), byId("more-fields", HTMLElement)];
    const policy = byId("policy", HTMLElement);
    main.replaceChildren();
    /** @type {Map<string, HTMLElement>} */
    const groups = new Map();
    for (const field of fields) {
      const row = new Row(field, this);
      this.rows.set(field.key, row);
      let place = field.notes ? policy : field.group ? groups.get(field.group) : main;
      if (!place) {
        place = make("fieldset", {}, make("legend", {}, field.group));
        groups.set(field.group, place);
        more.append(place);
      }
      place.append(row.element);
    }
    byId("more", HTMLDetailsElement).hidden = false;
  }
}
