// @ts-check
// The playhead in real time: playing, pausing, stepping. The lab holds its position.

import { reducedMotion } from "./dom.js";

/** @typedef {import("./exhibit.js").Desk} Desk */

/**
 * Speeds to choose from, slow to fast. A rate multiplies the usual pace, at which a run takes about fifteen seconds; 0 stands
 * for real time.
 */
export const SPEEDS = [
  { name: "1/16×", rate: 1 / 16 }, { name: "1/8×", rate: 1 / 8 }, { name: "1/4×", rate: 1 / 4 }, { name: "1/2×", rate: 1 / 2 },
  { name: "1×", rate: 1 }, { name: "2×", rate: 2 }, { name: "4×", rate: 4 }, { name: "8×", rate: 8 },
  { name: "real time", rate: 0 },
];

/** The place of the usual pace in SPEEDS. */
export const USUAL = SPEEDS.findIndex((speed) => speed.rate === 1);

/** The place of real time in SPEEDS. */
export const REAL_TIME = SPEEDS.findIndex((speed) => speed.rate === 0);

/** With reduced motion, play steps from event to event at this interval, in milliseconds; in a crowd, by this time. */
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
    this.speed = USUAL;
    this.frame = 0;
    this.timer = 0;
    this.last = 0;
  }

  /** Whether stretches without an event pass faster. */
  get folds() {
    return this.playing && this.speed !== REAL_TIME && !reducedMotion();
  }

  /** @param {number} place in SPEEDS */
  setSpeed(place) {
    this.speed = Math.min(Math.max(place, 0), SPEEDS.length - 1);
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

  next() {
    const { lab } = this.desk;
    if (reducedMotion()) {
      this.timer = window.setTimeout(() => {
        this.tick(() => lab.isCrowd(0) ? this.advance(CALM_STEP / 1000) : lab.step(false, false) && !lab.atEnd());
      }, CALM_STEP);
    } else {
      this.frame = requestAnimationFrame((now) => {
        const passed = Math.min(Math.max(now - this.last, 0), LONGEST_FRAME) / 1000;
        this.last = now;
        this.tick(() => this.advance(passed));
      });
    }
  }

  /**
   * Moves the playhead; returns false at the end.
   * @param {number} seconds of the reader's time
   */
  advance(seconds) {
    const { rate } = SPEEDS[this.speed];
    const { lab } = this.desk;
    return rate > 0 ? lab.advance(seconds, rate) : lab.advanceReal(seconds);
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
