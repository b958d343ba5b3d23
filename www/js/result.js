// @ts-check
// The outcome of an exhibit's run, and what has happened so far.

import { make, part, say } from "./dom.js";

/** @typedef {import("./exhibit.js").Desk} Desk */
/** @typedef {{ name: string, value: string }} Count */

export class Result {
  /**
   * @param {HTMLElement} root
   * @param {Desk} desk
   * @param {number} which the exhibit's place in the lab
   */
  constructor(root, desk, which) {
    this.root = root;
    this.desk = desk;
    this.which = which;
    this.outcome = part(root, "outcome", HTMLElement);
    this.digest = part(root, "digest", HTMLElement);
    /** The run takes long, and is not over. */
    this.waiting = false;
    this.counts = part(root, "counts", HTMLElement);
    this.title = part(root, "counts-title", HTMLElement);
  }

  /** @param {string} name */
  name(name) {
    say(part(this.root, "name", HTMLElement), name);
  }

  /** Clears the old digest, and says which clients are drawn: a new run has begun. */
  begin() {
    this.waiting = false;
    say(this.digest, "");
    const sentence = this.desk.lab.sample(this.which);
    const sample = part(this.root, "sample", HTMLElement);
    say(sample, sentence);
    sample.hidden = sentence === "";
  }

  /** The run continues. */
  wait() {
    this.waiting = true;
    this.show("Simulating …", "");
  }

  /** The run is over. */
  done() {
    const { which, desk: { lab } } = this;
    this.waiting = false;
    this.show(lab.outcome(which), lab.digest(which));
  }

  /**
   * @param {string} sentence
   * @param {string} fingerprint empty when there is none
   */
  show(sentence, fingerprint) {
    say(this.outcome, sentence);
    say(this.digest, fingerprint);
    this.digest.parentElement?.toggleAttribute("hidden", fingerprint === "");
  }

  /** Shows the state at a new position of the playhead. */
  moved() {
    const { which, counts, desk: { lab } } = this;
    if (!this.waiting) say(this.outcome, lab.outcome(which));
    say(this.title, lab.countsTitle(which));
    /** @type {Count[]} */
    const list = JSON.parse(lab.counts(which));
    const shown = counts.querySelectorAll("div");
    if (shown.length === list.length) {
      list.forEach(({ name, value }, i) => [name, value].forEach((text, place) => say(shown[i].children[place], text)));
      return;
    }
    counts.replaceChildren(
      ...list.map(({ name, value }) => make("div", {}, make("dt", {}, name), make("dd", {}, value))),
    );
  }
}
