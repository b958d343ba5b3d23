// @ts-check
// A run is simulated in slices: a short run ends before the next frame, a long one leaves the page usable, and
// a very long one asks whether to continue.

import { short } from "./words.js";

/** @typedef {import("./wasm.js").Lab} Lab */

/** How long a slice may take, in milliseconds: less than a frame. */
const SLICE = 11;

/** How long it may take in a crowd, whose page has to draw and to sum up as well. */
const CROWDED = 5;

/** Steps between two looks at the clock. */
const STEPS = 1000;

/** Number of events after which the page asks whether to continue. */
export const ASK = 50e6;

/**
 * @typedef {object} Hooks
 * @property {() => void} ready the run can be looked at
 * @property {(done: string) => void} progress the run continues; `done` says how far it is
 * @property {(events: number) => void} ask the run is very long and waits for `goOn`
 * @property {() => void} done it is over
 */

export class Simulation {
  /**
   * @param {Lab} lab
   * @param {number} which the exhibit's place in the lab
   * @param {Hooks} hooks
   * @param {(error: unknown) => void} failed
   */
  constructor(lab, which, hooks, failed) {
    this.lab = lab;
    this.which = which;
    this.hooks = hooks;
    this.failed = failed;
    this.limit = ASK;
    this.isReady = false;
    this.cancelled = false;
    this.channel = new MessageChannel();
    this.channel.port1.onmessage = () => this.slice();
    this.span = SLICE;
  }

  /** Begins soon, after what the page does now, and takes less time for each slice. */
  later() {
    this.span = CROWDED;
    this.channel.port2.postMessage(null);
  }

  /** Simulates for a short time; when it is called first, a short run is over when it returns. */
  slice() {
    if (this.cancelled) return;
    try {
      const until = performance.now() + this.span;
      let over = this.lab.runSome(this.which, STEPS);
      while (!over && performance.now() < until) over = this.lab.runSome(this.which, STEPS);
      if (!this.isReady && this.lab.ready(this.which)) {
        this.isReady = true;
        this.hooks.ready();
      }
      const events = this.lab.events(this.which);
      if (over) {
        this.end();
        this.hooks.done();
      } else if (events >= this.limit) {
        this.hooks.ask(events);
      } else {
        this.hooks.progress(`${short(events)} events`);
        this.channel.port2.postMessage(null);
      }
    } catch (error) {
      this.end();
      this.failed(error);
    }
  }

  /** Continues for the same number of events. */
  goOn() {
    this.limit += ASK;
    this.slice();
  }

  /** Ends the run early; the part so far can be viewed. */
  stop() {
    if (this.cancelled) return;
    this.lab.stop(this.which);
    this.limit = Infinity;
    this.slice();
  }

  /** Forgets about it. */
  end() {
    this.cancelled = true;
    this.channel.port1.close();
  }
}
