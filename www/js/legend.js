// @ts-check
// The legend: what the marks of servers, of faults and of a crowd mean. Each line appears when its mark does.

import { byId, say } from "./dom.js";

/** @typedef {import("./wasm.js").Lab} Lab */

/** The names of packets in the legend, in the lab's order. */
const PACKETS = ["legend-request", "legend-retry", "legend-reply"];

export class Legend {
  /** @param {HTMLElement} root */
  constructor(root) {
    /** @type {HTMLElement[]} */
    this.lines = [...root.querySelectorAll("[data-mark]")].filter((line) => line instanceof HTMLElement);
    /** On a phone, shows the marks that are folded away. */
    this.more = byId("legend-more", HTMLButtonElement);
    this.more.addEventListener("click", () => {
      const open = root.classList.toggle("open");
      this.more.setAttribute("aria-expanded", String(open));
      say(this.more, open ? "Fewer" : "More");
      this.more.setAttribute("aria-label", `${this.more.textContent} marks`);
    });
    /** What it shows. */
    this.last = "";
  }

  /**
   * Shows what packets are called, and which clients are drawn: a new run has begun.
   * @param {Lab} lab
   * @param {number} which the exhibit's place in the lab
   */
  begin(lab, which) {
    lab.legend(which).forEach((name, i) => say(byId(PACKETS[i], HTMLElement), name));
    const sample = byId("legend-sample", HTMLElement);
    say(sample, lab.sample(which));
    sample.hidden = !sample.textContent;
  }

  /**
   * Shows the marks that have a meaning now.
   * @param {Lab} lab
   * @param {number} which the exhibit's place in the lab
   */
  show(lab, which) {
    const text = lab.marks(which);
    if (text === this.last) return;
    this.last = text;
    /** @type {{ name: string, seen: boolean }[]} */
    const marks = JSON.parse(text);
    this.more.hidden = marks.length === 0;
    for (const line of this.lines) {
      const mark = marks.find(({ name }) => name === line.dataset.mark);
      line.hidden = !mark;
      line.classList.toggle("later", mark !== undefined && !mark.seen);
    }
  }
}
