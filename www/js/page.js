// @ts-check
// Puts the page together: one lab, one playhead, and everything that shows them.

import * as address from "./address.js";
import { Controls } from "./controls.js";
import { Crowd } from "./crowd.js";
import { byId, say } from "./dom.js";
import * as keys from "./keys.js";
import { announce, mention } from "./live.js";
import * as notices from "./notices.js";
import * as panel from "./panel.js";
import { Player, REAL_TIME, SPEEDS } from "./player.js";
import * as share from "./share.js";
import { Simulation } from "./simulate.js";
import { Table } from "./table.js";
import * as theme from "./theme.js";
import { View } from "./view.js";
import { loadPackets, wordsOf } from "./wasm.js";
import { counted, short } from "./words.js";

/** @typedef {import("./wasm.js").Module} Module */

/** How long a run may take before its progress is shown, in milliseconds. */
const PATIENCE = 200;

/** The names in the legend, in the lab's order. */
const LEGEND = ["legend-request", "legend-retry", "legend-reply"];

export class Page {
  /**
   * @param {Module} module
   * @param {string} link a link that the module can run
   */
  constructor(module, link) {
    this.module = module;
    this.lab = new module.Lab(link);
    /** The link that waits for another module. */
    this.wanted = "";
    this.broken = false;
    /** @type {Simulation | Crowd | null} */
    this.simulation = null;
    this.begun = 0;
    /** After a change: play on, stay at the end, or wait at the start. */
    this.after = { play: false, end: false };
    const failed = (/** @type {unknown} */ error) => this.fail(error);
    this.view = new View(this.lab, { picked: () => this.picked(), failed });
    this.player = new Player(this.lab, {
      moved: () => this.moved(),
      changed: (ended) => this.changed(ended),
    });
    this.table = new Table(this.lab, () => this.picked());
    this.controls = new Controls((key, value) => this.set(key, value), () => this.roll());
    this.scrub = byId("scrub", HTMLInputElement);
    this.clock = byId("clock", HTMLElement);
    this.momentTime = byId("moment-time", HTMLElement);
    this.momentText = byId("moment", HTMLElement);
    this.speed = byId("speed", HTMLSelectElement);
    this.lesson = byId("lesson", HTMLSelectElement);
    this.client = byId("client", HTMLInputElement);
  }

  start() {
    theme.start(() => {
      theme.paint(this.module, this.lab);
      this.view.renew();
    });
    this.listen();
    share.start(() => this.lab);
    this.begin();
    byId("still", HTMLElement).hidden = true;
    const waiting = document.querySelectorAll("button:disabled, select:disabled, input:disabled");
    for (const element of waiting) {
      if (element.closest(".top, .transport")) element.removeAttribute("disabled");
    }
    address.watch(() => {
      if (address.read() !== this.lab.fragment()) this.open(address.read());
    });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden && this.player.playing) {
        this.player.pause();
        announce("Paused: the page is not in sight.");
      }
    });
  }

  listen() {
    const press = (/** @type {string} */ id, /** @type {() => void} */ act) =>
      byId(id, HTMLButtonElement).addEventListener("click", act);
    press("play", () => this.player.toggle());
    press("step-next", () => this.step(false, false));
    press("step-back", () => this.step(true, false));
    press("to-start", () => this.jump(0));
    press("to-end", () => this.jump(1));
    this.scrub.addEventListener("input", () => this.player.seek(this.scrub.valueAsNumber));
    this.scrub.addEventListener("change", () => this.settled());
    this.speed.append(...SPEEDS.map(({ name }, place) => new Option(name, String(place))));
    this.speed.addEventListener("change", () => this.player.setSpeed(Number(this.speed.value)));
    this.lesson.addEventListener("change", () => this.open(this.lesson.value));
    this.client.addEventListener("change", () => {
      this.lab.follow(this.client.valueAsNumber || 1);
      this.picked();
    });
    for (const button of document.querySelectorAll("[data-show]")) {
      button.addEventListener("click", () => this.show(button.getAttribute("data-show") ?? ""));
    }
    keys.start({
      " ": () => this.player.toggle(),
      ArrowRight: (shift) => this.step(false, shift),
      ArrowLeft: (shift) => this.step(true, shift),
      Home: () => this.jump(0),
      End: () => this.jump(1),
      "[": () => this.pace(this.player.speed - 1),
      "]": () => this.pace(this.player.speed + 1),
      "\\": () => this.pace(REAL_TIME),
      r: () => {
        this.player.seek(0);
        this.player.play();
      },
      n: () => this.roll(),
      s: () => share.copyLink(),
      Escape: () => {
        this.lab.deselect();
        this.picked();
      },
    });
  }

  /**
   * Opens another link.
   * @param {string} fragment
   */
  open(fragment) {
    this.run(fragment, false);
  }

  /**
   * Changes a value; returns the error's sentence, or nothing.
   * @param {string} key
   * @param {string} value
   */
  set(key, value) {
    const end = this.lab.end() > 0 && this.lab.atEnd();
    try {
      this.run(this.lab.changed(key, value), end);
    } catch (error) {
      // The lab refuses a value with a sentence. Anything else is a bug.
      if (typeof error === "string") return error;
      this.fail(error);
    }
    return "";
  }

  /**
   * Runs a link, with another module if it needs one.
   * @param {string} fragment
   * @param {boolean} end whether to stay at the end
   */
  run(fragment, end) {
    notices.hide("packets");
    if (!this.module.Lab.runs(fragment)) {
      void this.load(fragment, end);
      return;
    }
    this.wanted = "";
    this.after = { play: this.player.playing, end };
    this.guard(() => {
      this.lab.load(fragment);
      this.begin();
    });
  }

  /**
   * Loads the module with TCP/IP stacks and runs a link with it. Until then, the last run stays.
   * @param {string} fragment
   * @param {boolean} end
   */
  async load(fragment, end) {
    this.wanted = fragment;
    // The form shows what still runs.
    this.controls.show(JSON.parse(this.lab.fields()));
    this.showLessons();
    const title = "Loading the TCP/IP stacks …";
    notices.show("packets", { title });
    announce(title);
    let module;
    try {
      module = await loadPackets((share) => notices.retitle("packets", `${title} ${share}`));
    } catch (error) {
      if (this.wanted === fragment) this.lacksPackets(fragment, error, "The last run stays.");
      return;
    }
    // The reader may have gone elsewhere meanwhile.
    if (this.wanted !== fragment || this.broken) return;
    const loaded = module;
    this.guard(() => {
      this.adopt(loaded);
      this.run(fragment, end);
    });
  }

  /**
   * Continues with another module.
   * @param {Module} module
   */
  adopt(module) {
    const old = this.lab;
    this.simulation?.end();
    this.module = module;
    this.lab = new module.Lab(old.fragment());
    if (old.isChosen()) this.lab.follow(old.flow());
    for (const part of [this.view, this.player, this.table]) part.lab = this.lab;
    theme.paint(module, this.lab);
    old.free();
  }

  /**
   * Says that a link cannot be run, and offers to try again.
   * @param {string} fragment
   * @param {unknown} error
   * @param {string} shown says which run is shown instead
   */
  lacksPackets(fragment, error, shown) {
    notices.show("packets", {
      title: "The TCP/IP stacks that this run needs could not be loaded.",
      lines: [
        `The browser says: ${wordsOf(error)}.`,
        `${shown} The command-line program, \`retrylab sim\`, has the stacks too.`,
      ],
      bad: true,
      buttons: [["Try again", () => this.open(fragment)]],
    });
  }

  /** Repeats the scenario with a new seed: a small number, which is easy to read aloud. */
  roll() {
    const [random] = crypto.getRandomValues(new Uint32Array(1));
    this.set(this.module.Lab.seedKey(), String((random % 9999) + 1));
    announce(`${this.momentText.textContent} ${this.lab.outcome()}`);
  }

  /** Shows and simulates a new scenario. */
  begin() {
    this.player.pause();
    this.simulation?.end();
    this.begun = performance.now();
    panel.pending();
    address.write(this.lab.fragment());
    this.controls.show(JSON.parse(this.lab.fields()));
    this.view.renewSchedule();
    this.showLessons();
    say(byId("title", HTMLElement), this.lab.title());
    say(byId("sentence", HTMLElement), this.lab.sentence());
    this.lab.legend().forEach((name, i) => say(byId(LEGEND[i], HTMLElement), name));
    this.showErrors();
    for (const name of ["long", "part", "alone"]) notices.hide(name);
    panel.showSample(this.lab.sample());
    this.simulate();
  }

  simulate() {
    const hooks = {
      ready: () => this.ready(),
      progress: (/** @type {string} */ done) => this.progress(done),
      ask: (/** @type {number} */ events) => this.ask(events),
      done: () => this.done(),
      alone: () => notices.show("alone", {
        title: "The browser starts no web workers: the page simulates all clients by itself, which takes longer.",
      }),
    };
    const failed = (/** @type {unknown} */ error) => this.fail(error);
    this.simulation = this.lab.isSample()
      ? new Crowd(this.module, this.lab, hooks, failed)
      : new Simulation(this.lab, hooks, failed);
  }

  showLessons() {
    /** @type {{ title: string, fragment: string, current: boolean }[]} */
    const lessons = JSON.parse(this.lab.lessons());
    const options = lessons.map((l) => new Option(l.title, l.fragment, false, l.current));
    if (!lessons.some((lesson) => lesson.current)) {
      options.unshift(new Option(this.lab.title(), this.lab.fragment(), true, true));
    }
    this.lesson.replaceChildren(...options);
  }

  showErrors() {
    const errors = this.lab.errors();
    if (errors.length === 0) {
      notices.hide("link");
      return;
    }
    const title = errors.length === 1
      ? "One part of the address could not be read; the rest is shown."
      : `${errors.length} parts of the address could not be read; the rest is shown.`;
    const close = () => notices.hide("link");
    notices.show("link", { title, lines: errors, bad: true, buttons: [["Close", close]] });
  }

  /** The run can be looked at. */
  ready() {
    this.player.adapt();
    this.speed.value = String(this.player.speed);
    if (this.after.end) this.lab.seek(1);
    this.view.renew();
    this.picked();
    if (this.after.play) this.player.play();
  }

  /** @param {string} done */
  progress(done) {
    if (performance.now() - this.begun < PATIENCE) return;
    const title = `Simulating … ${done}`;
    panel.showOutcome("Simulating …", "");
    if (notices.retitle("long", title)) return;
    notices.show("long", { title, buttons: [["Stop here", () => this.simulation?.stop()]] });
  }

  /** @param {number} events */
  ask(events) {
    notices.show("long", {
      title: `${short(events)} events so far, and the run has not ended.`,
      lines: ["The run may never end, because the client may never give up."],
      buttons: [
        ["Continue", () => {
          notices.hide("long");
          this.simulation?.goOn();
        }],
        ["Stop here", () => this.simulation?.stop()],
      ],
    });
  }

  /** The run is over. */
  done() {
    const { lab } = this;
    notices.hide("long");
    panel.showOutcome(lab.outcome(), lab.digest());
    const notice = lab.notice();
    // The outcome says which clients are a sample.
    if (notice && (lab.isCut() || !lab.isSample())) notices.show("part", { title: notice });
  }

  /** Shows the new position of the playhead. Called in every frame. */
  moved() {
    if (this.broken) return;
    this.guard(() => {
      const { lab } = this;
      this.view.follow();
      if (this.player.playing) this.view.draw();
      else this.view.request();
      const share = lab.share();
      if (this.scrub.valueAsNumber !== share) this.scrub.value = String(share);
      const clock = lab.clock();
      say(this.clock, clock);
      say(this.momentTime, `${clock} s`);
      say(this.momentText, lab.moment(this.player.playing));
      panel.showCounts(lab.countsTitle(), JSON.parse(lab.counts()));
      panel.showMoment(lab.now());
      if (this.player.playing) mention(() => `At ${clock} seconds: ${counted(lab)}`);
      else this.still();
    });
  }

  /** Updates the labels that change only while the playhead does not move. */
  still() {
    const { lab } = this;
    const time = `${lab.clock()} of ${lab.endClock()} seconds`;
    this.scrub.setAttribute("aria-valuetext", time);
    say(byId("clock-end", HTMLElement), ` / ${lab.endClock()} s`);
    const client = lab.clients() > 1 ? ` of client ${lab.flow()}` : "";
    this.view.label(
      `The stage at ${time}. ${lab.moment(false)} ${counted(lab)}`,
      `The ladder${client}, time down, at ${time}. The same as a table: view Events.`,
    );
    this.table.follow();
  }

  /**
   * Playing began or stopped.
   * @param {boolean} ended
   */
  changed(ended) {
    const { playing } = this.player;
    const again = !playing && this.lab.atEnd();
    say(byId("play-text", HTMLElement), playing ? "Pause" : again ? "Again" : "Play");
    const shape = playing ? "i-pause" : again ? "i-again" : "i-play";
    byId("play-icon", SVGUseElement).setAttribute("href", `#${shape}`);
    if (!playing) this.guard(() => this.still());
    if (ended) announce(`${this.lab.moment(false)} The run is over. ${this.lab.outcome()}`);
  }

  /** Shows a new selection, or another client's ladder. */
  picked() {
    this.guard(() => {
      const { lab } = this;
      const text = lab.inspect();
      panel.showStory(text ? JSON.parse(text) : null, (record) => {
        if (lab.pickRecord(record)) this.picked();
      });
      byId("client-choice", HTMLElement).hidden = lab.clients() === 1;
      byId("legend-crowd", HTMLElement).hidden = !lab.isCrowd();
      this.client.max = String(lab.clients());
      this.client.value = String(lab.flow());
      say(byId("client-of", HTMLElement), `of ${lab.clients()}`);
      this.moved();
      this.changed(false);
    });
  }

  /**
   * @param {boolean} back
   * @param {boolean} own
   */
  step(back, own) {
    this.player.step(back, own);
    this.settled();
  }

  /** @param {number} share */
  jump(share) {
    this.player.pause();
    this.player.seek(share);
    this.settled();
  }

  /** Announces the new position of the playhead. */
  settled() {
    this.changed(false);
    announce(`${this.lab.clock()} seconds. ${this.lab.moment(false)}`);
  }

  /** @param {number} place */
  pace(place) {
    this.player.setSpeed(place);
    this.speed.value = String(this.player.speed);
    announce(`Speed ${SPEEDS[this.player.speed].name}`);
  }

  /** @param {string} view */
  show(view) {
    document.body.dataset.view = view;
    for (const button of document.querySelectorAll("[data-show]")) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-show") === view));
    }
    this.view.request();
    this.table.follow();
  }

  /** @param {() => void} act */
  guard(act) {
    try {
      act();
    } catch (error) {
      this.fail(error);
    }
  }

  /**
   * Reports an error that cannot be repaired here.
   * @param {unknown} error
   */
  fail(error) {
    if (this.broken) return;
    this.broken = true;
    this.player.playing = false;
    this.simulation?.end();
    notices.hide("long");
    notices.hide("packets");
    stopped(error);
  }
}

/**
 * Says that the page has stopped because of a bug.
 * @param {unknown} error
 */
export function stopped(error) {
  notices.show("broken", {
    title: "The page has stopped because of a bug.",
    lines: [wordsOf(error), `The run was ${location.href}`],
    bad: true,
    buttons: [["Load again", () => location.reload()]],
  });
}
