// @ts-check
// The ladder as a table: real rows, one page at a time, navigated with the arrow keys.

import { make, part, say } from "./dom.js";
import * as lit from "./lit.js";

/** @typedef {import("./exhibit.js").Desk} Desk */
/** @typedef {{ id: number, at: string, side: string, what: string, send: string, now: boolean, chosen: boolean, context: boolean }} Event */

/** Rows on a page. */
const PAGE = 200;

export class Table {
  /**
   * @param {HTMLElement} root
   * @param {Desk} desk
   * @param {number} which the exhibit's place in the lab
   * @param {object} hooks
   * @param {(which: number) => void} hooks.picked a row was clicked
   * @param {import("./exhibit.js").Hover} hooks.hover
   */
  constructor(root, desk, which, { picked, hover }) {
    this.root = root;
    this.desk = desk;
    this.which = which;
    this.picked = picked;
    this.filter = part(root, "filter", HTMLInputElement);
    this.found = part(root, "found", HTMLElement);
    this.from = 0;
    /** The row of the latest moment; -1 while it is unknown. */
    this.now = -1;
    this.body = part(root, "rows", HTMLElement);
    this.position = part(root, "rows-which", HTMLElement);
    this.back = part(root, "rows-back", HTMLButtonElement);
    this.forth = part(root, "rows-next", HTMLButtonElement);
    this.back.addEventListener("click", () => this.turn(this.from - PAGE));
    this.forth.addEventListener("click", () => this.turn(this.from + PAGE));
    this.body.addEventListener("click", (event) => this.click(event));
    this.body.addEventListener("keydown", (event) => this.key(event));
    this.filter.addEventListener("input", () => this.search());
    this.filter.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.filter.value = "";
      this.search();
    });
    lit.watch(this.body, (record) =>
      hover(which, (lab) => (record === null ? lab.unhover(which) : lab.hoverRecord(which, record))),
    );
  }

  get isShown() {
    return document.body.dataset.view === "table";
  }

  /** Shows the page with the latest moment, if that is another row than before; a click on a row must not scroll it away. */
  follow() {
    const before = this.now;
    this.now = -1;
    if (!this.isShown) return;
    this.sift();
    this.now = this.desk.lab.tableNow(this.which);
    if (this.now === before) {
      this.turn(this.from);
      return;
    }
    this.turn(Math.floor(this.now / PAGE) * PAGE);
    this.scroll();
  }

  /** Scrolls the latest moment into sight, below the head. The page stays where it is. */
  scroll() {
    const [now, head, frame] = ["tr.now", "thead", ".scroller"].map((name) => this.root.querySelector(name));
    if (!now || !head || !frame) return;
    const [row, above, window] = [now, head, frame].map((element) => element.getBoundingClientRect());
    frame.scrollTop += Math.max(0, row.bottom - window.bottom) + Math.min(0, row.top - window.top - above.height);
  }

  /** Shows what matches the filter now. */
  search() {
    this.now = -1;
    this.follow();
  }

  /** Filters the rows; returns their number. */
  sift() {
    const [length, found, all] = this.desk.lab.filterTable(this.which, this.filter.value);
    const result = found > 0 ? `${found} of ${all} events match` : `No event of ${all} has all of these words`;
    say(this.found, this.filter.value.trim() ? result : "");
    return length;
  }

  /** Marks the rows about what the pointer is over. */
  light() {
    lit.light(this.body, this.desk.lab, this.which);
  }

  /** @param {number} from */
  turn(from) {
    const length = this.sift();
    this.from = Math.max(0, Math.min(from, length - 1));
    /** @type {Event[]} */
    const events = JSON.parse(this.desk.lab.table(this.which, this.from, PAGE));
    const focused = this.body.contains(document.activeElement) ? document.activeElement?.closest("tr")?.dataset.record : undefined;
    this.body.replaceChildren(...events.map((event) => row(event)));
    const again = focused === undefined ? null : this.body.querySelector(`tr[data-record="${focused}"] button`);
    const first = again ?? this.body.querySelector("tr.now button") ?? this.body.querySelector("button");
    first?.setAttribute("tabindex", "0");
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
    const to = this.from + events.length;
    this.light();
    say(this.position, length === 0 ? "no events" : `${this.from + 1} to ${to} of ${length}`);
    this.back.disabled = this.from === 0;
    this.forth.disabled = to >= length;
  }

  /** @param {MouseEvent} event */
  click(event) {
    const row = event.target instanceof Element ? event.target.closest("tr") : null;
    const record = row?.dataset.record;
    if (record && this.desk.lab.pickRecord(this.which, Number(record))) this.picked(this.which);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const down = event.key === "ArrowDown";
    if (!down && event.key !== "ArrowUp") return;
    const row = event.target instanceof Element ? event.target.closest("tr") : null;
    const next = (down ? row?.nextElementSibling : row?.previousElementSibling)?.querySelector("button");
    if (next && event.target instanceof Element) {
      event.target.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
      event.preventDefault();
    }
  }
}

/** @param {Event} event */
function row(event) {
  const what = make("button", { type: "button", tabindex: -1, "aria-pressed": String(event.chosen) }, event.what);
  const marks = ["now", "chosen", "context"].filter((mark) => event[/** @type {"now" | "chosen" | "context"} */ (mark)]).join(" ");
  return make(
    "tr",
    { "data-record": event.id, class: marks || false, "aria-current": event.now && "true" },
    make("td", {}, event.at),
    make("td", {}, event.side),
    make("td", {}, what),
    make("td", {}, event.send),
  );
}
