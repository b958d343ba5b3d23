// @ts-check
// All that is drawn: the exhibits, the strip of the whole run, and the schedule. Draws once before a frame.

import { make, part, say } from "./dom.js";
import { Surface } from "./surface.js";

/** @typedef {import("./exhibit.js").Desk} Desk */
/** @typedef {import("./exhibit.js").Exhibit} Exhibit */

/** Number of the strip that shows the first exhibit. */
const FIRST = 0;

export class View {
  /**
   * @param {Desk} desk
   * @param {object} roots
   * @param {HTMLElement} roots.strip
   * @param {HTMLElement} roots.schedule
   * @param {(error: unknown) => void} failed drawing failed
   */
  constructor(desk, { strip, schedule }, failed) {
    this.desk = desk;
    this.failed = failed;
    /** @type {Exhibit[]} */
    this.exhibits = [];
    this.frame = 0;
    this.stripIsOld = true;
    this.scheduleIsOld = true;
    this.strip = new Surface(part(strip, "strip", HTMLCanvasElement), () => this.renew());
    this.schedule = new Surface(part(schedule, "schedule", HTMLCanvasElement), () => this.renew());
    this.caption = schedule;
  }

  /** Draws the client's schedule, which is known before the run; if there is none, its caption says what the client does. */
  renewSchedule() {
    /** @type {{ end: string, sends: string, notes: string, label: string }} */
    const words = JSON.parse(this.desk.lab.schedule(FIRST));
    const text = (/** @type {string} */ name) => part(this.caption, name, HTMLElement);
    this.schedule.canvas.setAttribute("aria-label", words.label);
    this.schedule.canvas.hidden = !words.sends;
    say(text("schedule-end"), `${words.end}.`);
    // Keep ranges, and numbers with their units, on one line.
    const sends = words.sends.replace(/ (?=[a-zµ]+(?: and|$))/, "\u00a0");
    const parts = sends ? `Sends at ${sends}.`.split(" ") : [];
    text("schedule-sends").replaceChildren(...parts.flatMap((part) => [make("span", {}, part), " "]));
    say(text("schedule-notes"), words.notes);
    this.renew();
  }

  /** Draws everything again: a run, the colours or a size has changed. */
  renew() {
    this.stripIsOld = true;
    this.scheduleIsOld = true;
    this.request();
  }

  /** Draws once before the next frame, however often it is called. */
  request() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  draw() {
    try {
      for (const exhibit of this.exhibits) exhibit.draw();
      const { strip, schedule, desk: { lab } } = this;
      if (this.stripIsOld && strip.isShown) {
        this.stripIsOld = false;
        lab.drawStrip(FIRST, strip.ctx, strip.w, strip.h, strip.ratio);
      }
      if (this.scheduleIsOld && schedule.isShown) {
        this.scheduleIsOld = false;
        lab.drawSchedule(FIRST, schedule.ctx, schedule.w, schedule.h, schedule.ratio);
      }
    } catch (error) {
      this.failed(error);
    }
  }
}
