// @ts-check
// What differs between two runs that are compared, in words: a web worker repeats both with other seeds.

import { say } from "./dom.js";
import { NO_WORKER, startWorker } from "./files.js";
import { FIRST, PINNED } from "./shows.js";
import { sourceOf } from "./wasm.js";

/** @typedef {import("./exhibit.js").Desk} Desk */
/** @typedef {import("./wasm.js").Module} Module */

/** How long the settings have to rest before it begins, in milliseconds. */
const REST = 500;

export class Difference {
  /**
   * @param {HTMLElement} root
   * @param {HTMLElement} text
   * @param {Desk} desk
   */
  constructor(root, text, desk) {
    this.root = root;
    this.text = text;
    this.desk = desk;
    this.timer = 0;
    /** @type {Worker | null} */
    this.worker = null;
  }

  /**
   * Begins again, soon, if two runs are compared.
   * @param {Module} module
   */
  begin(module) {
    this.end();
    const { lab } = this.desk;
    this.root.hidden = lab.exhibits() < 2;
    if (this.root.hidden) return;
    const differs = lab.differences() !== "[]";
    say(this.text, differs ? "Repeating both runs with other seeds …" : "Change a setting: the controls change B.");
    if (differs) this.timer = window.setTimeout(() => this.run(module), REST);
  }

  /** @param {Module} module */
  run(module) {
    const { lab } = this.desk;
    try {
      const worker = startWorker();
      this.worker = worker;
      worker.onerror = () => this.fail();
      worker.onmessage = ({ data }) => {
        if (data) say(this.text, data);
      };
      worker.postMessage({ ...sourceOf(module), pair: [lab.fragment(PINNED), lab.fragment(FIRST)] });
    } catch {
      this.fail();
    }
  }

  fail() {
    this.end();
    say(this.text, `The runs are not repeated with other seeds: ${NO_WORKER}.`);
  }

  end() {
    clearTimeout(this.timer);
    this.worker?.terminate();
    this.worker = null;
  }
}
