// @ts-check
// The feed of an exhibit: its run, simulated in slices, with notices about one that takes long.

import { Crowd } from "./crowd.js";
import { NO_WORKER } from "./files.js";
import * as notices from "./notices.js";
import { Simulation } from "./simulate.js";
import { short } from "./words.js";

/** @typedef {import("./exhibit.js").Desk} Desk */
/** @typedef {import("./wasm.js").Module} Module */

/** How long a run may take before its progress is shown, in milliseconds. */
const PATIENCE = 200;

export class Feed {
  /**
   * @param {Desk} desk
   * @param {number} which the exhibit's place in the lab
   * @param {object} hooks
   * @param {() => void} hooks.ready the run can be looked at
   * @param {() => void} hooks.waits the run takes long
   * @param {() => void} hooks.done it is over
   * @param {(error: unknown) => void} hooks.failed
   */
  constructor(desk, which, hooks) {
    this.desk = desk;
    this.which = which;
    this.hooks = hooks;
    /** @type {Simulation | Crowd | null} */
    this.simulation = null;
    this.begun = 0;
    this.isOver = false;
  }

  /**
   * Begins the run that the lab has now.
   * @param {Module} module
   */
  begin(module) {
    this.end();
    this.begun = performance.now();
    this.isOver = false;
    const { which, desk: { lab }, hooks: { ready, failed } } = this;
    const hooks = {
      ready,
      progress: (/** @type {string} */ done) => this.progress(done),
      ask: (/** @type {number} */ events) => this.ask(events),
      done: () => this.done(),
      alone: () => notices.show(this.name("alone"), {
        title: `The page simulates all clients by itself, which takes longer: ${NO_WORKER}.`,
      }),
    };
    if (lab.isSample(which)) {
      this.simulation = new Crowd(module, lab, which, hooks, failed);
    } else {
      const simulation = new Simulation(lab, which, hooks, failed);
      this.simulation = simulation;
      simulation.slice();
    }
  }

  /** @param {string} notice */
  name(notice) {
    return `${notice}-${this.which}`;
  }

  /** @param {string} done */
  progress(done) {
    if (performance.now() - this.begun < PATIENCE) return;
    const title = `Simulating … ${done}`;
    this.hooks.waits();
    if (notices.retitle(this.name("long"), title)) return;
    notices.show(this.name("long"), { title, buttons: [["Stop here", () => this.simulation?.stop()]] });
  }

  /** @param {number} events */
  ask(events) {
    notices.show(this.name("long"), {
      title: `${short(events)} events so far, and the run has not ended.`,
      lines: this.desk.lab.endless(this.which) ? ["The run may never end, because the client never gives up."] : [],
      buttons: [
        ["Continue", () => {
          notices.hide(this.name("long"));
          this.simulation?.goOn();
        }],
        ["Stop here", () => this.simulation?.stop()],
      ],
    });
  }

  done() {
    const { which, desk: { lab } } = this;
    this.isOver = true;
    notices.hide(this.name("long"));
    this.hooks.done();
    const notice = lab.notice(which);
    // The outcome says which clients are a sample.
    if (notice && (lab.isCut(which) || !lab.isSample(which))) notices.show(this.name("part"), { title: notice });
  }

  /** Forgets the run, with its notices. */
  end() {
    this.simulation?.end();
    this.simulation = null;
    for (const notice of ["long", "part", "alone"]) notices.hide(this.name(notice));
  }
}
