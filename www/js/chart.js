// @ts-check
// One chart: its picture, a cursor for mouse and keyboard, its numbers as a table and as CSV.

import { make, say } from "./dom.js";
import { Plot } from "./plot.js";

/** @typedef {import("./plot.js").Figure} Figure */
/** @typedef {import("./plot.js").Line} Line */

/** Rows on a page of the table. */
const PAGE = 25;

export class Chart {
  /**
   * @param {HTMLElement} root
   * @param {string} name of its file
   * @param {object} hooks
   * @param {(place: number) => void} [hooks.picked] what a click or Enter at a place does
   * @param {(place: number | null) => void} [hooks.pointed] the cursor is at another place, or at none
   */
  constructor(root, name, hooks) {
    this.name = name;
    this.picked = hooks.picked;
    /** Whether its cursor points at something that is lit elsewhere. */
    this.points = false;
    /** Shows, and lights elsewhere, what a place stands for. */
    this.turnTo = (/** @type {number | null} */ place) => {
      this.pointed(place);
      // When the page scrolls, the pointer may leave this chart while keys point in another one.
      if (place !== null || this.points) hooks.pointed?.(place);
      this.points = place !== null;
    };
    /** @type {Figure | null} */
    this.figure = null;
    /** The place of the cursor. */
    this.place = 0;
    this.from = 0;
    this.title = make("h3");
    this.keys = make("ul", { class: "chart-keys" });
    this.none = make("p", { class: "chart-none" });
    this.frame = make("div", {
      class: "chart-plot", tabindex: 0, role: "slider", "aria-orientation": "horizontal", "aria-valuemin": 0,
      "aria-valuemax": 0, "aria-valuenow": 0,
    });
    this.read = make("p", { class: "chart-read", "aria-hidden": "true" });
    this.table = make("table");
    this.pages = make("p", { class: "pages" });
    this.details = make("details", {}, make("summary", {}, "Table"), make("div", {}, this.table, this.pages));
    const save = make("button", { type: "button" }, "CSV");
    this.save = save;
    const plot = make("div", { class: "chart-frame" }, this.frame, this.none);
    this.element = make("div", { class: "chart", role: "group" }, this.title, this.keys, plot, this.read,
      make("div", { class: "chart-more" }, this.details, save));
    root.append(this.element);
    this.plot = new Plot(this.frame, {
      pointed: this.turnTo,
      picked: (place) => this.picked?.(place),
    });
    this.frame.addEventListener("keydown", (event) => this.key(event));
    this.frame.addEventListener("blur", () => {
      this.points = false;
      hooks.pointed?.(null);
    });
    this.details.addEventListener("toggle", () => this.list());
    save.addEventListener("click", () => this.download());
  }

  /**
   * Shows other numbers.
   * @param {string} title
   * @param {Figure} figure
   */
  show(title, figure) {
    this.figure = figure;
    say(this.title, title);
    this.element.setAttribute("aria-label", title);
    this.frame.setAttribute("aria-label", `${title}, chart`);
    this.save.setAttribute("aria-label", `CSV: ${title}`);
    const empty = this.isEmpty();
    this.none.hidden = !empty;
    say(this.none, empty ? figure.empty : "");
    this.frame.setAttribute("aria-valuemax", String(Math.max(0, figure.x.length - 1)));
    this.legend(figure.lines);
    this.plot.show(figure);
    this.pointed(this.plot.plot?.cursor.idx ?? null);
    this.list();
  }

  /**
   * Marks a value of x.
   * @param {number | undefined} x
   */
  mark(x) {
    if (!this.figure || this.figure.now === x) return;
    this.figure.now = x;
    this.plot.renew();
  }

  /** Draws it with other colours. */
  renew() {
    this.plot.renew();
  }

  isEmpty() {
    return !this.figure?.lines.some(({ values }) => values.some((value) => value !== null));
  }

  /** @param {Line[]} lines */
  legend(lines) {
    const names = lines.map(({ label, dashed }) => label + dashed).join();
    if (this.keys.dataset.names === names) return;
    this.keys.dataset.names = names;
    // The title says what a line is that is alone.
    this.keys.hidden = lines.length === 1;
    this.keys.replaceChildren(...lines.map(({ label, kind, colour, mark, dashed }) => {
      const shape = kind === "bars" ? kind : mark;
      const key = make("span", { class: `chart-key ${shape}${dashed ? " dashed" : ""}`, "aria-hidden": "true" });
      key.style.setProperty("--colour", `var(${colour})`);
      return make("li", {}, key, label);
    }));
  }

  /**
   * The cursor is at another place, or at none.
   * @param {number | null} place
   */
  pointed(place) {
    const { figure } = this;
    if (place !== null) this.place = place;
    if (!figure) return;
    this.place = Math.max(0, Math.min(this.place, figure.x.length - 1));
    const words = this.isEmpty() ? figure.empty : this.words(this.place);
    this.frame.setAttribute("aria-valuenow", String(this.place));
    this.frame.setAttribute("aria-valuetext", words);
    say(this.read, place === null && document.activeElement !== this.frame ? "" : words);
  }

  /**
   * Returns the numbers at a place, in words.
   * @param {number} place
   */
  words(place) {
    const { figure } = this;
    if (!figure) return "";
    const parts = figure.lines.flatMap((line) => {
      const text = number(line, place);
      return text ? [`${line.label} ${text}`] : [];
    });
    return `${figure.at(place)}: ${parts.join(", ") || (figure.missing?.(place) ?? "nothing yet")}`;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const last = (this.figure?.x.length ?? 1) - 1;
    const places = {
      ArrowLeft: this.place - 1, ArrowDown: this.place - 1, ArrowRight: this.place + 1, ArrowUp: this.place + 1,
      PageDown: this.place - 10, PageUp: this.place + 10, Home: 0, End: last,
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter") this.picked?.(this.place);
    const to = places[/** @type {keyof typeof places} */ (event.key)];
    if (to === undefined && event.key !== "Enter") return;
    // Elsewhere these keys move the playhead.
    event.preventDefault();
    if (to === undefined) return;
    const place = Math.max(0, Math.min(to, last));
    this.plot.point(place);
    // At the edge, the picture has no place there.
    this.turnTo(place);
  }

  /** Fills the table, if it is open. */
  list() {
    const { figure, details } = this;
    if (!details.open || !figure) return;
    this.from = Math.max(0, Math.min(this.from, Math.floor((figure.x.length - 1) / PAGE) * PAGE));
    const to = Math.min(this.from + PAGE, figure.x.length);
    const row = (/** @type {number} */ place) =>
      make("tr", {}, make("th", { scope: "row" }, figure.at(place)), ...figure.lines.map((line) => make("td", {}, number(line, place))));
    const head = make("tr", {}, make("td"), ...figure.lines.map(({ label }) => make("th", { scope: "col" }, label)));
    const places = Array.from({ length: to - this.from }, (_, i) => this.from + i);
    this.table.replaceChildren(
      make("caption", { class: "hidden" }, this.title.textContent ?? ""),
      make("thead", {}, head),
      make("tbody", {}, ...places.map(row)),
    );
    this.turns(figure.x.length, to);
  }

  /**
   * @param {number} length
   * @param {number} to
   */
  turns(length, to) {
    this.pages.hidden = length <= PAGE;
    if (this.pages.children.length === 0) {
      const [back, next] = [["Previous", -PAGE], ["Next", PAGE]].map(([name, by]) => {
        const button = make("button", { type: "button" }, String(name));
        button.addEventListener("click", () => {
          this.from += Number(by);
          this.list();
        });
        return button;
      });
      this.pages.append(back, make("span"), next);
    }
    const [back, which, next] = this.pages.children;
    say(which, `${this.from + 1} to ${to} of ${length}`);
    back.toggleAttribute("disabled", this.from === 0);
    next.toggleAttribute("disabled", to >= length);
  }

  /** Returns the numbers as CSV, RFC 4180. */
  csv() {
    const { figure } = this;
    if (!figure) return "";
    const columns = figure.lines.flatMap(({ label, values, low, high }) => {
      const own = [{ name: label, values }];
      return low && high ? [...own, { name: `${label}, low`, values: low }, { name: `${label}, high`, values: high }] : own;
    });
    const quoted = (/** @type {string} */ text) => `"${text.replaceAll('"', '""')}"`;
    const [name, at] = figure.column;
    const head = [name, ...columns.map(({ name }) => name)].map(quoted).join();
    const rows = figure.x.map((_, i) => [at(i), ...columns.map(({ values }) => values[i] ?? "")].join());
    return [head, ...rows, ""].join("\r\n");
  }

  download() {
    const url = URL.createObjectURL(new Blob([this.csv()], { type: "text/csv" }));
    const link = make("a", { href: url, download: `retrylab-${this.name}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }
}

/**
 * Returns a line's number at a place with its interval, in words; empty if there is none.
 * @param {Line} line
 * @param {number} place
 */
function number({ values, low, high, format }, place) {
  const value = values[place];
  if (value === null || value === undefined) return "";
  const [least, most] = [low?.[place], high?.[place]];
  const known = typeof least === "number" && typeof most === "number";
  return known ? `${format(value)} (${format(least)} to ${format(most)})` : format(value);
}
