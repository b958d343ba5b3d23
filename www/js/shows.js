// @ts-check
// What shows the runs: one, or two that are compared.

import { byId } from "./dom.js";
import { Exhibit } from "./exhibit.js";
import { Feed } from "./feed.js";
import { Result } from "./result.js";

/** @typedef {import("./exhibit.js").Desk} Desk */
/** @typedef {import("./wasm.js").Module} Module */

/** The exhibit that the controls change, and the one that was pinned. */
export const [FIRST, PINNED] = [0, 1];

/**
 * @typedef {object} Hooks
 * @property {(which: number) => void} picked something was clicked
 * @property {() => void} request asks for a drawing
 * @property {(which: number) => void} ready a run can be looked at
 * @property {(error: unknown) => void} failed
 * @property {import("./exhibit.js").Hover} hover the pointer is over something else
 */

/** What shows one run. */
class Show {
  /**
   * @param {Desk} desk
   * @param {number} which the exhibit's place in the lab
   * @param {[HTMLElement, HTMLElement]} roots of the pictures and of the result
   * @param {Hooks} hooks
   */
  constructor(desk, which, [pictures, result], hooks) {
    this.exhibit = new Exhibit(pictures, desk, which, hooks);
    this.result = new Result(result, desk, which);
    this.feed = new Feed(desk, which, {
      ready: () => hooks.ready(which),
      waits: () => this.result.wait(),
      done: () => this.result.done(),
      failed: hooks.failed,
    });
  }

  /**
   * Begins a new run.
   * @param {Module} module
   */
  begin(module) {
    this.result.begin();
    this.feed.begin(module);
  }

  end() {
    this.feed.end();
    this.exhibit.end();
    this.result.root.remove();
  }
}

/** One for each exhibit of the lab. */
export class Shows {
  /**
   * @param {Desk} desk
   * @param {Hooks} hooks
   */
  constructor(desk, hooks) {
    this.desk = desk;
    this.hooks = hooks;
    const [pictures, result] = ["#exhibits > .exhibit", "#results > .result"].map((first) => document.querySelector(first));
    if (!(pictures instanceof HTMLElement && result instanceof HTMLElement)) throw new Error("the page has no exhibit");
    this.list = [new Show(desk, FIRST, [pictures, result], hooks)];
  }

  [Symbol.iterator]() {
    return this.list[Symbol.iterator]();
  }

  /** Has as many as the lab. */
  arrange() {
    const count = this.desk.lab.exhibits();
    for (const show of this.list.splice(count)) show.end();
    while (this.list.length < count) this.list.push(this.twin());
    byId("exhibits", HTMLElement).classList.toggle("two", count > 1);
    const compare = byId("compare", HTMLButtonElement);
    compare.setAttribute("aria-pressed", String(count > 1));
    compare.title = count > 1 ? "Stop comparing: keep B alone (C)" : "Pin this run and compare it with another (C)";
  }

  /** Returns what shows a pinned run: the same elements as those of the first exhibit, before them. */
  twin() {
    const { exhibit, result } = this.list[FIRST];
    const [pictures, outcome] = [exhibit.root, result.root].map((root) => {
      const copy = /** @type {HTMLElement} */ (root.cloneNode(true));
      copy.querySelector(".still")?.remove();
      root.before(copy);
      return copy;
    });
    return new Show(this.desk, this.list.length, [pictures, outcome], this.hooks);
  }

  /** Names the exhibits after what differs, if there are several. */
  name() {
    /** @type {{ label: string, a: string, b: string }[]} */
    const differences = JSON.parse(this.desk.lab.differences());
    const several = this.list.length > 1;
    for (const { exhibit, result } of this.list) {
      const [letter, side, alike] = exhibit.which === PINNED
        ? /** @type {const} */ (["A", "a", "this run, pinned"]) : /** @type {const} */ (["B", "b", "change a setting"]);
      const values = differences.map((difference) => `${difference.label} ${difference[side] || "empty"}`).join(", ");
      exhibit.name(several ? `${letter}: ${values || alike}` : "");
      result.name(several ? `Outcome of ${letter}` : "Outcome");
    }
  }

  /**
   * Begins the runs of all but the first exhibit.
   * @param {Module} module
   */
  beginOthers(module) {
    for (const show of this.list.slice(1)) show.begin(module);
  }

  /** Forgets all runs. */
  stop() {
    for (const { feed } of this.list) feed.end();
  }
}
