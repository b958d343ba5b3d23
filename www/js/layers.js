// @ts-check
// The bytes of a packet, and the fields of its layers. Each shows the other: hovering, clicking or the keyboard.

import { make, say } from "./dom.js";

/** @typedef {{ name: string, value: string, meaning: string, from: number, to: number }} Field */
/** @typedef {{ name: string, from: number, to: number, fields: Field[] }} Layer */

/** Bytes in a row. */
const ROW = 8;

let count = 0;

/** A field's name and value, in one line. */
const said = (/** @type {Field} */ { name, value }) => (value ? `${name}: ${value}` : name);

/** Shows the layers and the bytes of one packet. */
export class Layers {
  /**
   * @param {string} view what the bytes are
   * @param {string} hex two digits per byte
   * @param {Layer[]} layers the outermost first
   */
  constructor(view, hex, layers) {
    this.layers = layers;
    this.bytes = (hex.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
    /** @type {Map<Field, HTMLElement>} */
    this.items = new Map();
    /** @type {HTMLElement[]} */
    this.cells = [];
    /** @type {HTMLElement[]} */
    this.texts = [];
    this.groups = layers.map((layer) => this.group(layer));
    this.said = make("p", { class: "byte-said" });
    const label = `${view}: bytes in hexadecimal digits`;
    this.grid = make("div", { class: "bytes", role: "grid", "aria-label": label }, ...this.rows());
    this.element = make("div", { class: "layers" }, ...this.groups, make("p", { class: "quiet" }, `${view}:`), this.grid, this.said);
    /** The field that stays lit when the pointer leaves. */
    this.chosen = layers.at(-1)?.fields[0] ?? null;
    this.listen();
    const last = this.groups.at(-1);
    if (last) last.open = true;
    this.light(this.chosen);
  }

  /**
   * A layer with its fields: a list from which one is chosen.
   * @param {Layer} layer
   */
  group(layer) {
    const id = `layer-${++count}`;
    const list = make("ul", { role: "listbox", "aria-labelledby": id });
    for (const field of layer.fields) {
      const item = make(
        "li", { role: "option", "aria-selected": "false", tabindex: -1 },
        make("span", { class: "name" }, field.name), " ", make("span", { class: "value" }, field.value),
      );
      if (field.meaning) item.append(" ", make("span", { class: "meaning" }, field.meaning));
      if (field.meaning.startsWith("wrong")) item.classList.add("wrong");
      this.items.set(field, item);
      list.append(item);
    }
    list.firstElementChild?.setAttribute("tabindex", "0");
    const size = layer.to - layer.from;
    const bytes = make("span", { class: "quiet" }, `${size} byte${size === 1 ? "" : "s"}`);
    return make("details", { class: "layer" }, make("summary", { id }, layer.name, " ", bytes), list);
  }

  /** The rows of bytes: the place of the first one, the bytes, and the same as text. */
  *rows() {
    for (let from = 0; from < this.bytes.length; from += ROW) {
      const row = make("div", { role: "row" });
      row.append(make("span", { role: "rowheader", class: "place" }, from.toString(16).padStart(4, "0")));
      const part = this.bytes.slice(from, from + ROW);
      for (const [i, byte] of part.entries()) {
        const at = from + i;
        const digits = byte.toString(16).padStart(2, "0");
        const field = this.at(at);
        const label = `${digits}, byte ${at}${field ? `, ${said(field)}` : ""}`;
        const cell = make("span", { role: "gridcell", "aria-label": label, "aria-selected": "false", tabindex: at === 0 ? 0 : -1 }, digits);
        this.cells.push(cell);
        row.append(cell);
      }
      const text = make("span", { class: "text", "aria-hidden": "true" });
      for (const byte of part) {
        const letter = make("span", {}, byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·");
        this.texts.push(letter);
        text.append(letter);
      }
      row.append(text);
      yield row;
    }
  }

  /**
   * The field that a byte belongs to: of several, the one with the fewest bytes in the innermost layer.
   * @param {number} place
   * @returns {Field | null}
   */
  at(place) {
    for (const layer of this.layers.toReversed()) {
      const here = layer.fields.filter(({ from, to }) => from <= place && place < to);
      if (here.length > 0) return here.reduce((least, field) => (field.to - field.from < least.to - least.from ? field : least));
    }
    return null;
  }

  listen() {
    for (const [field, item] of this.items) {
      item.addEventListener("pointerenter", () => this.light(field));
      item.addEventListener("focus", () => this.choose(field));
      item.addEventListener("click", () => item.focus());
    }
    for (const cells of [this.cells, this.texts]) {
      cells.forEach((cell, place) => {
        cell.addEventListener("pointerenter", () => this.light(this.at(place)));
        cell.addEventListener("click", () => this.cells[place].focus());
      });
    }
    this.cells.forEach((cell, place) => cell.addEventListener("focus", () => this.choose(this.at(place), place)));
    this.element.addEventListener("pointerleave", () => this.light(this.chosen));
    this.element.addEventListener("keydown", (event) => this.key(event));
  }

  /**
   * @param {Field | null} field
   * @param {number} [place] the byte that chose it
   */
  choose(field, place) {
    this.chosen = field;
    if (place !== undefined) move(this.cells, this.cells[place]);
    const item = field ? this.items.get(field) : null;
    const details = item?.closest("details");
    if (details) details.open = true;
    if (item) move([...(item.parentElement?.children ?? [])], item);
    this.light(field);
    if (place === undefined) this.cells[field?.from ?? 0]?.scrollIntoView({ block: "nearest" });
    else item?.scrollIntoView({ block: "nearest" });
  }

  /**
   * Lights up a field and its bytes.
   * @param {Field | null} field
   */
  light(field) {
    for (const [other, item] of this.items) item.setAttribute("aria-selected", String(other === field));
    const inside = (/** @type {number} */ place) => field !== null && field.from <= place && place < field.to;
    this.cells.forEach((cell, place) => cell.setAttribute("aria-selected", String(inside(place))));
    this.texts.forEach((letter, place) => letter.classList.toggle("lit", inside(place)));
    say(this.said, field ? `${said(field)}, ${where(field)}` : "");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof HTMLElement)) return;
    const inGrid = this.cells.indexOf(event.target);
    const to = inGrid >= 0 ? this.cells[step(event.key, inGrid, this.cells.length)] : neighbor(event.target, event.key);
    if (!to) return;
    event.preventDefault();
    to.focus();
  }
}

/** @param {Field} field */
const where = ({ from, to }) => (to - from === 1 ? `byte ${from}` : to === from ? "no bytes" : `bytes ${from} to ${to - 1}`);

/**
 * Makes one of several elements the one that Tab reaches.
 * @param {Element[]} all
 * @param {Element} one
 */
function move(all, one) {
  for (const element of all) element.setAttribute("tabindex", element === one ? "0" : "-1");
}

/**
 * Returns the place that a key leads to in the grid; -1 for other keys and beyond the edges.
 * @param {string} key
 * @param {number} place
 * @param {number} length
 */
function step(key, place, length) {
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -ROW, ArrowDown: ROW, Home: -(place % ROW), End: ROW - 1 - (place % ROW) }[key];
  if (by === undefined) return -1;
  return key === "End" ? Math.min(place + by, length - 1) : place + by;
}

/**
 * Returns the field that a key leads to in its list.
 * @param {HTMLElement} item
 * @param {string} key
 */
function neighbor(item, key) {
  if (item.getAttribute("role") !== "option") return null;
  const list = item.parentElement;
  const to = {
    ArrowUp: item.previousElementSibling, ArrowDown: item.nextElementSibling,
    Home: list?.firstElementChild, End: list?.lastElementChild,
  }[key];
  return to instanceof HTMLElement ? to : null;
}
