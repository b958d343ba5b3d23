// @ts-check
// The settings that are folded away: in groups, and found by a search.

import { byId, make, say } from "./dom.js";

/** @typedef {import("./controls.js").Field} Field */
/**
 * @typedef {object} Row
 * @property {Field} field
 * @property {HTMLElement} element
 * @property {() => void} learn finds out what it means
 * @property {() => void} explain shows what it means
 * @property {() => string[]} texts by which it is found
 */

/** A group: its fields under a heading that folds them. */
class Group {
  /** @param {string} name */
  constructor(name) {
    this.count = make("span", { class: "quiet" });
    this.element = make("details", { class: "group" }, make("summary", {}, name, this.count));
    /** @type {Row[]} */
    this.rows = [];
    /** Whether it was open before the search. */
    this.open = false;
  }
}

/** Returns `3 changed` for a heading. */
const changed = (/** @type {Field[]} */ fields) => {
  const count = fields.filter((field) => field.changed).length;
  return count > 0 ? ` ${count} changed` : "";
};

export class Folded {
  /** @param {() => void} fill makes the fields, before they are shown for the first time */
  constructor(fill) {
    this.element = byId("more", HTMLDetailsElement);
    this.element.querySelector("summary")?.addEventListener("click", fill);
    this.count = byId("more-changed", HTMLElement);
    this.search = byId("more-search", HTMLInputElement);
    this.found = byId("more-found", HTMLElement);
    /** @type {Map<string, Group>} */
    this.groups = new Map();
    this.searching = false;
    this.search.addEventListener("input", () => this.filter());
    this.element.addEventListener("toggle", () => this.explain(), { once: true });
  }

  /** Says what each field means. A first visit, which does not open them, does without these texts. */
  explain() {
    for (const { rows } of this.groups.values()) {
      for (const row of rows) {
        row.learn();
        row.explain();
      }
    }
  }

  /** @param {Row} row */
  add(row) {
    const name = row.field.group;
    const group = this.groups.get(name) ?? new Group(name);
    if (group.rows.length === 0) byId("more-fields", HTMLElement).append(group.element);
    this.groups.set(name, group);
    group.rows.push(row);
    group.element.append(row.element);
  }

  /**
   * Counts what is changed, and filters again: other fields may be hidden now.
   * @param {Field[]} fields
   */
  show(fields) {
    this.element.hidden = false;
    for (const { count, rows } of this.groups.values()) say(count, changed(rows.map(({ field }) => field)));
    say(this.count, changed(fields.filter(({ group }) => group)));
    this.filter();
  }

  /** Shows the fields that contain all words of the search; without any, all fields. */
  filter() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const searching = words.length > 0;
    let found = 0;
    for (const group of this.groups.values()) {
      let some = false;
      for (const row of group.rows) {
        const { field, element } = row;
        const text = row.texts().join(" ").toLowerCase();
        element.hidden = field.hidden || !words.every((word) => text.includes(word));
        if (!element.hidden) found += 1;
        some ||= !element.hidden;
      }
      group.element.hidden = !some;
      if (searching && !this.searching) group.open = group.element.open;
      if (searching) group.element.open = true;
      else if (this.searching) group.element.open = group.open;
    }
    this.searching = searching;
    say(this.found, !searching ? "" : found === 1 ? "1 setting" : found > 0 ? `${found} settings` : "No setting found.");
  }

  /**
   * Opens what hides a field.
   * @param {HTMLElement} element
   */
  reveal(element) {
    for (let outer = element.closest("details"); outer; outer = outer.parentElement?.closest("details") ?? null) {
      outer.open = true;
    }
  }
}
