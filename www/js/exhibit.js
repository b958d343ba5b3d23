// @ts-check
// One exhibit: its stage, its ladder, the same as a table, and a sentence about the moment. What the canvases show is
// drawn in wasm.

import { part, say } from "./dom.js";
import { Surface } from "./surface.js";
import { Table } from "./table.js";
import { counted, latest } from "./words.js";

/**
 * The lab, which another module may replace.
 * @typedef {{ lab: import("./wasm.js").Lab }} Desk
 */

/**
 * Called with the exhibit's place, and with what lights something in the lab and returns true if that changed anything.
 * @typedef {(which: number, act: (lab: import("./wasm.js").Lab) => boolean) => void} Hover
 */

export class Exhibit {
  /**
   * @param {HTMLElement} root
   * @param {Desk} desk
   * @param {number} which its place in the lab
   * @param {object} hooks
   * @param {(which: number) => void} hooks.picked something was clicked
   * @param {() => void} hooks.request asks for a drawing
   * @param {Hover} hooks.hover the pointer is over something else
   */
  constructor(root, desk, which, hooks) {
    this.root = root;
    this.desk = desk;
    this.which = which;
    this.hooks = hooks;
    this.scroller = part(root, "ladder-scroller", HTMLElement);
    this.space = part(root, "ladder-space", HTMLElement);
    this.stage = new Surface(part(root, "stage", HTMLCanvasElement), hooks.request);
    this.ladder = new Surface(part(root, "ladder", HTMLCanvasElement), hooks.request, this.scroller);
    this.time = part(root, "moment-time", HTMLElement);
    this.moment = part(root, "moment", HTMLElement);
    this.folded = part(root, "folded", HTMLElement);
    this.table = new Table(part(root, "table", HTMLElement), desk, which, hooks);
    /** What differs from the other exhibit; empty if it is alone. */
    this.title = "";
    /** How far the ladder is scrolled. */
    this.top = 0;
    /** The reader has scrolled it since the playhead moved, or its client changed. */
    this.byHand = false;
    /** The playhead and the ladder's client, when they were last shown. */
    this.place = "";
    this.listen();
  }

  listen() {
    this.scroller.addEventListener("scroll", () => {
      if (this.scroller.scrollTop === this.top) return;
      this.top = this.scroller.scrollTop;
      this.byHand = true;
      this.hooks.request();
    });
    const { which } = this;
    /** @type {[Surface, (event: PointerEvent, lab: import("./wasm.js").Lab) => boolean][]} */
    const surfaces = [
      [this.stage, ({ offsetX, offsetY }, lab) => lab.hoverStage(which, offsetX, offsetY)],
      [this.ladder, ({ offsetX, offsetY }, lab) => lab.hoverLadder(which, offsetX, offsetY + this.top, this.ladder.w)],
    ];
    // Browsers report at most one move of the pointer before a frame.
    for (const [{ canvas }, hover] of surfaces) {
      canvas.addEventListener("pointermove", (event) => this.hooks.hover(which, (lab) => hover(event, lab)));
      canvas.addEventListener("pointerleave", () => this.hooks.hover(which, (lab) => lab.unhover(which)));
    }
    this.stage.canvas.addEventListener("click", (event) => {
      const { lab } = this.desk;
      if (lab.pickStage(this.which, event.offsetX, event.offsetY)) this.hooks.picked(this.which);
    });
    this.ladder.canvas.addEventListener("click", (event) => {
      const y = event.offsetY + this.top;
      const { lab } = this.desk;
      if (lab.pickLadder(this.which, event.offsetX, y, this.ladder.w)) this.hooks.picked(this.which);
    });
  }

  /** @param {string} name empty for an exhibit that is alone */
  name(name) {
    this.title = name;
    const heading = part(this.root, "name", HTMLElement);
    say(heading, name);
    heading.hidden = name === "";
  }

  /** Shows a new run. */
  renew() {
    this.scrollTo(0);
    this.byHand = false;
    this.hooks.request();
  }

  draw() {
    const { stage, which, desk: { lab } } = this;
    if (stage.isShown) lab.drawStage(which, stage.ctx, stage.w, stage.h, stage.ratio);
    this.drawLadder();
  }

  drawLadder() {
    const { ladder, which, desk: { lab } } = this;
    if (!ladder.isShown) return;
    this.fit();
    // Texts, and runs that are compared, may have changed the room since the playhead moved.
    if (!this.byHand) this.follow();
    lab.drawLadder(which, ladder.ctx, ladder.w, ladder.h, ladder.ratio, this.top);
  }

  /** Gives the canvas the size of its frame, and what is scrolled the height of the ladder. */
  fit() {
    const { ladder, which, desk: { lab } } = this;
    const frame = `${ladder.h}px`;
    if (ladder.canvas.style.height !== frame) ladder.canvas.style.height = frame;
    const height = `${Math.max(ladder.h, Math.ceil(lab.ladderHeight(which)))}px`;
    if (this.space.style.height !== height) this.space.style.height = height;
  }

  /** Scrolls the ladder so that the playhead is clearly visible, and with it the row of the latest moment. */
  follow() {
    this.scrollTo(this.desk.lab.ladderTop(this.which, this.top, this.ladder.h));
  }

  /** @param {number} top */
  scrollTo(top) {
    if (top === this.top) return;
    this.scroller.scrollTop = top;
    // The browser decides how far that is.
    this.top = this.scroller.scrollTop;
  }

  /**
   * Shows a new position of the playhead.
   * @param {boolean} playing
   * @param {boolean} folds stretches without an event pass faster
   */
  moved(playing, folds) {
    const { which, desk: { lab } } = this;
    const place = `${lab.now()} ${lab.flow(which)}`;
    if (place !== this.place) this.byHand = false;
    this.place = place;
    say(this.time, `${lab.momentClock(which, playing)} s`);
    say(this.moment, lab.moment(which, playing));
    say(this.folded, lab.folded(folds));
  }

  /**
   * Updates what changes only while the playhead does not move.
   * @param {string} time
   */
  still(time) {
    const { which, desk: { lab } } = this;
    const client = lab.clients(which) > 1 ? ` of client ${lab.flow(which)}` : "";
    const stage = `The stage at ${time}. ${latest(lab, which)} ${counted(lab, which)}`;
    this.stage.canvas.setAttribute("aria-label", stage);
    const ladder = `The ladder${client}, time down, at ${time}. The same as a table: view Events.`;
    this.ladder.canvas.setAttribute("aria-label", ladder);
    this.table.follow();
  }

  end() {
    this.stage.end();
    this.ladder.end();
    this.root.remove();
  }
}
