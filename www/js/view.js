// @ts-check
// The canvases: their sizes, when they are drawn, and clicks on them. What they show is drawn in wasm.

import { byId, make, say } from "./dom.js";

/** @typedef {import("./wasm.js").Lab} Lab */

/** A canvas with its size in CSS pixels. */
class Surface {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    const ctx = canvas.getContext("2d");
    if (!ctx) throw new Error("the browser has no 2D canvas");
    this.ctx = ctx;
    this.w = 0;
    this.h = 0;
    this.ratio = 1;
  }

  /**
   * Takes a new size; `false` if it has it already.
   * @param {number} w
   * @param {number} h
   */
  fit(w, h) {
    const ratio = devicePixelRatio || 1;
    if (w === this.w && h === this.h && ratio === this.ratio) return false;
    [this.w, this.h, this.ratio] = [w, h, ratio];
    this.canvas.width = Math.max(1, Math.round(w * ratio));
    this.canvas.height = Math.max(1, Math.round(h * ratio));
    return true;
  }
}

export class View {
  /**
   * @param {Lab} lab
   * @param {object} hooks
   * @param {() => void} hooks.picked something was clicked
   * @param {(error: unknown) => void} hooks.failed drawing failed
   */
  constructor(lab, hooks) {
    this.lab = lab;
    this.hooks = hooks;
    this.stage = new Surface(byId("stage", HTMLCanvasElement));
    this.ladder = new Surface(byId("ladder-canvas", HTMLCanvasElement));
    this.strip = new Surface(byId("strip", HTMLCanvasElement));
    this.schedule = new Surface(byId("schedule", HTMLCanvasElement));
    this.scroller = byId("ladder", HTMLElement);
    this.space = byId("ladder-space", HTMLElement);
    this.frame = 0;
    this.stripIsOld = true;
    this.scheduleIsOld = true;
    this.drawnTop = -1;
    this.watch();
  }

  watch() {
    const sizes = new ResizeObserver(() => this.request());
    const { stage, strip, schedule } = this;
    for (const element of [stage.canvas, strip.canvas, schedule.canvas, this.scroller]) sizes.observe(element);
    this.scroller.addEventListener("scroll", () => {
      if (this.scroller.scrollTop !== this.drawnTop) this.request();
    });
    this.stage.canvas.addEventListener("click", (event) => {
      if (this.lab.pickStage(event.offsetX, event.offsetY)) this.hooks.picked();
    });
    this.ladder.canvas.addEventListener("click", (event) => {
      const y = event.offsetY + this.scroller.scrollTop;
      if (this.lab.pickLadder(event.offsetX, y, this.ladder.w)) this.hooks.picked();
    });
  }

  /** Draws the client's schedule, which is known before the run; if there is none, its caption says what the client does. */
  renewSchedule() {
    /** @type {{ end: string, sends: string, notes: string, label: string }} */
    const words = JSON.parse(this.lab.schedule());
    this.schedule.canvas.setAttribute("aria-label", words.label);
    this.schedule.canvas.hidden = !words.sends;
    say(byId("schedule-end", HTMLElement), `${words.end}.`);
    // Keep ranges, and numbers with their units, on one line.
    const sends = words.sends.replace(/ (?=[a-zµ]+(?: and|$))/, "\u00a0");
    const parts = sends ? `Sends at ${sends}.`.split(" ") : [];
    byId("schedule-sends", HTMLElement).replaceChildren(...parts.flatMap((part) => [make("span", {}, part), " "]));
    say(byId("schedule-notes", HTMLElement), words.notes);
    this.scheduleIsOld = true;
    this.request();
  }

  /** Shows a new run. */
  renew() {
    this.stripIsOld = true;
    this.scheduleIsOld = true;
    this.scroller.scrollTop = 0;
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
      this.drawStage();
      this.drawLadder();
      this.drawStrip();
      this.drawSchedule();
    } catch (error) {
      this.hooks.failed(error);
    }
  }

  drawStage() {
    const { canvas, ctx } = this.stage;
    this.stage.fit(canvas.clientWidth, canvas.clientHeight);
    if (this.stage.w > 0) this.lab.drawStage(ctx, this.stage.w, this.stage.h, this.stage.ratio);
  }

  drawLadder() {
    const [w, h] = [this.scroller.clientWidth, this.scroller.clientHeight];
    if (w === 0 || h === 0) return;
    if (this.ladder.fit(w, h)) this.ladder.canvas.style.height = `${h}px`;
    const height = `${Math.max(h, Math.ceil(this.lab.ladderHeight()))}px`;
    if (this.space.style.height !== height) this.space.style.height = height;
    this.drawnTop = this.scroller.scrollTop;
    this.lab.drawLadder(this.ladder.ctx, w, h, this.ladder.ratio, this.drawnTop);
  }

  drawStrip() {
    const { canvas, ctx } = this.strip;
    const changed = this.strip.fit(canvas.clientWidth, canvas.clientHeight);
    if ((changed || this.stripIsOld) && this.strip.w > 0) {
      this.stripIsOld = false;
      this.lab.drawStrip(ctx, this.strip.w, this.strip.h, this.strip.ratio);
    }
  }

  drawSchedule() {
    const { canvas, ctx } = this.schedule;
    const changed = this.schedule.fit(canvas.clientWidth, canvas.clientHeight);
    if ((changed || this.scheduleIsOld) && this.schedule.w > 0) {
      this.scheduleIsOld = false;
      this.lab.drawSchedule(ctx, this.schedule.w, this.schedule.h, this.schedule.ratio);
    }
  }

  /** Scrolls the ladder so that the playhead is clearly visible. */
  follow() {
    const [top, height] = [this.scroller.scrollTop, this.scroller.clientHeight];
    const now = this.lab.ladderNow();
    if (now < top + 60 || now > top + height - 70) {
      this.scroller.scrollTop = Math.max(0, now - height * 0.45);
    }
  }

  /**
   * Sets the descriptions of the canvases for screen readers.
   * @param {string} stage
   * @param {string} ladder
   */
  label(stage, ladder) {
    this.stage.canvas.setAttribute("aria-label", stage);
    this.ladder.canvas.setAttribute("aria-label", ladder);
  }
}
