// @ts-check
// Forks: after a setting has changed in the past, a choice of whether it holds in the whole run or from then on only.

import { make, part } from "./dom.js";
import { FIRST } from "./shows.js";

/** @typedef {import("./exhibit.js").Desk} Desk */

/**
 * What can be chosen after a change of a key at a moment.
 * @typedef {object} Choice
 * @property {string} key
 * @property {number} at in seconds
 * @property {string} before the link before the change
 * @property {string} whole the link with the new value in the whole run
 * @property {string} fork the link with the new value from the moment on
 */

export class Fork {
  /**
   * @param {HTMLElement} root
   * @param {Desk} desk
   * @param {(link: string) => void} go continues with another scenario
   */
  constructor(root, desk, go) {
    this.desk = desk;
    this.go = go;
    /** @type {Choice | null} */
    this.choice = null;
    this.root = part(root, "fork", HTMLElement);
  }

  /**
   * Returns the link after a change of a value, or its reset, and remembers the other one. A further change of the same key at
   * the same moment replaces the last one, and stays where that was made.
   * @param {string} key
   * @param {string | undefined} value
   */
  link(key, value) {
    const { lab } = this.desk;
    const { choice: last } = this;
    const again = last && last.key === key && last.at === lab.now() ? last : null;
    const forked = again !== null && again.fork === lab.fragment(FIRST);
    const before = again ? again.before : lab.fragment(FIRST);
    const [whole, fork] = lab.ways(before, key, value);
    this.choice = fork ? { key, at: lab.now(), before, whole, fork } : null;
    return forked && fork ? fork : whole;
  }

  /** Takes the other choice; returns whether there is one. */
  toggle() {
    if (!this.choice) return false;
    const { whole, fork } = this.choice;
    this.go(this.isForked() ? whole : fork);
    return true;
  }

  isForked() {
    return this.choice?.fork === this.desk.lab.fragment(FIRST);
  }

  /** Shows the choice, while the lab has the scenario of one of the two. */
  show() {
    const { lab } = this.desk;
    const link = lab.fragment(FIRST);
    if (this.choice && ![this.choice.whole, this.choice.fork].includes(link)) this.choice = null;
    if (!this.choice) {
      this.root.replaceChildren();
      return;
    }
    const [sentence, other] = lab.setting(this.choice.key, this.choice.at, this.isForked());
    const button = make("button", { type: "button", title: `${other} (F)` }, other);
    button.addEventListener("click", () => {
      this.toggle();
      this.root.querySelector("button")?.focus();
    });
    const isNew = this.root.childElementCount === 0;
    this.root.replaceChildren(make("span", {}, sentence), button);
    // It may lie over what was changed.
    if (isNew) document.activeElement?.scrollIntoView({ block: "nearest" });
  }

  /** The playhead has moved: who goes back before the moment does not choose any more. */
  moved() {
    if (this.choice && this.desk.lab.now() < this.choice.at) {
      this.choice = null;
      this.show();
    }
  }
}
