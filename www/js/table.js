// @ts-check
// The ladder as a table: real rows, one page at a time, navigated with the arrow keys.

import { make, part, say } from "./dom.js";

/** @typedef {import("./exhibit.js").Desk} Desk */
/** @typedef {{ id: number, at: string, side: string, what: string, send: string, now: boolean, chosen: boolean }} Event */

/** Rows on a page. */
const PAGE = 200;

export class Table {
  /**
   * @param {HTMLElement} root
   * @param {Desk} desk
   * @param {number} which the exhibit's place in the lab
   * @param {() => void} picked
   */
  constructor(root, desk, which, picked) {
    this.root = root;
    this.desk = desk;
    this.which = which;
    this.picked = picked;
    this.from = 0;
    this.body = part(root, "rows", HTMLElement);
    this.position = part(root, "rows-which", HTMLElement);
    this.back = part(root, "rows-back", HTMLButtonElement);
    this.forth = part(root, "rows-next", HTMLButtonElement);
    this.back.addEventListener("click", () => this.turn(this.from - PAGE));
    this.forth.addEventListener("click", () => this.turn(this.from + PAGE));
    this.body.addEventListener("click", (event) => this.click(event));
    this.body.addEventListener("keydown", (event) => this.key(event));
  }

  get isShown() {
    return document.body.dataset.view === "table";
  }

  /** Shows the page with the latest moment. */
  follow() {
    if (!this.isShown) return;
    this.turn(Math.floor(this.desk.lab.tableNow(this.which) / PAGE) * PAGE);
    this.body.querySelector("tr.now")?.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} from */
  turn(from) {
    const length = this.desk.lab.tableLength(this.which);
    this.from = Math.max(0, Math.min(from, length - 1));
    /** @type {Event[]} */
    const events = JSON.parse(this.desk.lab.table(this.which, this.from, PAGE));
    const focused = this.body.contains(document.activeElement) ? document.activeElement?.closest("tr")?.dataset.id : undefined;
    this.body.replaceChildren(...events.map((event) => row(event)));
    const again = focused === undefined ? null : this.body.querySelector(`tr[data-id="${focused}"] button`);
    const first = again ?? this.body.querySelector("tr.now button") ?? this.body.querySelector("button");
    first?.setAttribute("tabindex", "0");
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
    const to = this.from + events.length;
    say(this.position, length === 0 ? "no events" : `${this.from + 1} to ${to} of ${length}`);
    this.back.disabled = this.from === 0;
    this.forth.disabled = to >= length;
  }

  /** @param {MouseEvent} event */
  click(event) {
    const row = event.target instanceof Element ? event.target.closest("tr") : null;
    if (row?.dataset.id && this.desk.lab.pickRecord(this.which, Number(row.dataset.id))) this.picked();
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
  const marks = [event.now ? "now" : "", event.chosen ? "chosen" : ""].filter(Boolean).join(" ");
  return make(
    "tr",
    { "data-id": event.id, class: marks || false, "aria-current": event.now && "true" },
    make("td", {}, event.at),
    make("td", {}, event.side),
    make("td", {}, what),
    make("td", {}, event.send),
  );
}
