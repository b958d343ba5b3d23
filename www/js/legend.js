// @ts-check
// The legend: what the marks of servers, of faults and of a crowd mean. Each line appears when its mark does.

/** @typedef {import("./wasm.js").Lab} Lab */

export class Legend {
  /** @param {HTMLElement} root */
  constructor(root) {
    /** @type {HTMLElement[]} */
    this.lines = [...root.querySelectorAll("[data-mark]")].filter((line) => line instanceof HTMLElement);
    /** What it shows. */
    this.last = "";
  }

  /**
   * @param {Lab} lab
   * @param {number} which the exhibit's place in the lab
   */
  show(lab, which) {
    const text = lab.marks(which);
    if (text === this.last) return;
    this.last = text;
    /** @type {{ name: string, seen: boolean }[]} */
    const marks = JSON.parse(text);
    for (const line of this.lines) {
      const mark = marks.find(({ name }) => name === line.dataset.mark);
      line.hidden = !mark;
      line.classList.toggle("later", mark !== undefined && !mark.seen);
    }
  }
}
