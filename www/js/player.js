// @ts-check
// The playhead in real time: playing, pausing, stepping. The lab holds its position.

import { reducedMotion } from "./dom.js";

/** @typedef {import("./exhibit.js").Desk} Desk */

/** Speeds to choose from, slow to fast: simulated seconds per second. */
export const SPEEDS = [
  [0.01, "1/100×"], [0.02, "1/50×"], [0.05, "1/20×"], [0.1, "1/10×"], [0.2, "1/5×"], [0.5, "1/2×"],
  [1, "1×"], [2, "2×"], [5, "5×"], [10, "10×"], [20, "20×"], [50, "50×"], [100, "100×"],
].map(([rate, name]) => ({ rate: Number(rate), name: String(name) }));

/** The place of real time in SPEEDS. */
export const REAL_TIME = SPEEDS.findIndex((speed) => speed.rate === 1);

/** With reduced motion, play steps from event to event at this interval, in milliseconds. */
const CALM_STEP = 900;

/** A frame that took longer (a sleeping laptop) does not make the playhead jump, in milliseconds. */
const LONGEST_FRAME = 120;

export class Player {
  /**
   * @param {Desk} desk
   * @param {object} hooks
   * @param {() => void} hooks.moved the playhead is elsewhere
   * @param {(ended: boolean) => void} hooks.changed playing began or stopped; `ended` at the end
   */
  constructor(desk, hooks) {
    this.desk = desk;
    this.hooks = hooks;
    this.playing = false;
    this.speed = REAL_TIME;
    /** The reader chose the speed: it is no longer adapted to the run. */
    this.chosen = false;
    this.frame = 0;
    this.timer = 0;
    this.last = 0;
  }

  /** Chooses a suitable speed for watching the run, unless the reader has chosen one. */
  adapt() {
    if (this.chosen) return;
    const pace = this.desk.lab.pace();
    const slower = SPEEDS.filter((speed) => speed.rate <= pace * 1.001).length - 1;
    this.speed = Math.max(0, slower);
  }

  /** @param {number} place in SPEEDS */
  setSpeed(place) {
    this.speed = Math.min(Math.max(place, 0), SPEEDS.length - 1);
    this.chosen = true;
  }

  play() {
    if (this.playing) return;
    if (this.desk.lab.atEnd()) this.desk.lab.seek(0);
    this.playing = true;
    this.last = performance.now();
    this.hooks.moved();
    this.hooks.changed(false);
    this.next();
  }

  /** @param {boolean} [ended] */
  pause(ended = false) {
    if (!this.playing) return;
    this.playing = false;
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.hooks.changed(ended);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  next() {
    if (reducedMotion()) {
      this.timer = window.setTimeout(() => this.tick(() => this.desk.lab.step(false, false) && !this.desk.lab.atEnd()), CALM_STEP);
    } else {
      this.frame = requestAnimationFrame((now) => {
        const passed = Math.min(Math.max(now - this.last, 0), LONGEST_FRAME) / 1000;
        this.last = now;
        this.tick(() => this.desk.lab.advance(passed * SPEEDS[this.speed].rate));
      });
    }
  }

  /** @param {() => boolean} move moves the playhead; `false` at the end */
  tick(move) {
    if (!this.playing) return;
    const more = move();
    this.hooks.moved();
    if (more) this.next();
    else this.pause(true);
  }

  /**
   * To the next or previous event; `own` only of the client in the ladder.
   * @param {boolean} back
   * @param {boolean} own
   */
  step(back, own) {
    this.pause();
    this.desk.lab.step(back, own);
    this.hooks.moved();
  }

  /** @param {number} share of the whole, 0 to 1 */
  seek(share) {
    this.desk.lab.seek(share);
    this.last = performance.now();
    this.hooks.moved();
  }
}
