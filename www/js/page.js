// @ts-check
// Puts the page together: one lab with its exhibits, one playhead, and everything that shows them.

import { Acts } from "./acts.js";
import * as address from "./address.js";
import { Charts } from "./charts.js";
import { Controls } from "./controls.js";
import { Course } from "./course.js";
import { Difference } from "./difference.js";
import { byId, part, say } from "./dom.js";
import * as keys from "./keys.js";
import { Legend } from "./legend.js";
import { announce, mention } from "./live.js";
import { Modules } from "./modules.js";
import * as notices from "./notices.js";
import * as panel from "./panel.js";
import { Player, SPEEDS } from "./player.js";
import { arrive } from "./rest.js";
import * as share from "./share.js";
import { shortcuts } from "./shortcuts.js";
import { FIRST, PINNED, Shows } from "./shows.js";
import * as theme from "./theme.js";
import { Transport } from "./transport.js";
import { stopped, unread } from "./troubles.js";
import { View } from "./view.js";
import { counted, latest } from "./words.js";

/** @typedef {import("./wasm.js").Module} Module */

export class Page {
  /**
   * @param {Module} module
   * @param {string} link a link that the module can run
   */
  constructor(module, link) {
    this.modules = new Modules(module, {
      guard: (act) => this.guard(act),
      adopt: (module) => this.adopt(module),
      // The form and the menu show what still runs.
      keep: () => {
        this.controls.show(JSON.parse(this.lab.fields(FIRST)));
        this.course.list();
      },
      open: (link) => this.open(link),
      isBroken: () => this.broken,
    });
    this.desk = { lab: new module.Lab(link) };
    this.broken = false;
    /** The exhibit of the inspector. */
    this.inspected = FIRST;
    /** Whether the first run can be looked at, and what then: play on, or stay at the end. */
    this.isReady = false;
    this.after = { play: false, end: false };
    const strip = byId("transport", HTMLElement);
    this.view = new View(this.desk, { strip, schedule: byId("schedule", HTMLElement) }, (error) => this.fail(error));
    this.shows = new Shows(this.desk, {
      picked: (which) => this.picked(which),
      request: () => this.view.request(),
      hover: (which, act) => this.hover(which, act),
      ready: (which) => this.ready(which),
      failed: (error) => this.fail(error),
    });
    this.view.exhibits = this.shows.list.map(({ exhibit }) => exhibit);
    this.player = new Player(this.desk, {
      moved: () => this.moved(),
      changed: (ended) => this.changed(ended),
    });
    this.charts = new Charts(part(byId("exhibits", HTMLElement), "charts", HTMLElement), this.desk, {
      module: () => this.module,
      set: (key, value) => this.set(key, value),
      point: (act) => this.point(act),
    });
    this.controls = new Controls((key, value) => this.set(key, value), () => this.roll(), (key) => this.lab.help(FIRST, key));
    this.difference = new Difference(byId("difference", HTMLElement), byId("difference-text", HTMLElement), this.desk);
    this.acts = new Acts(this.desk, (act) => this.act(act));
    this.transport = new Transport(strip, this.desk, {
      toggle: () => this.player.playing ? this.player.pause() : this.play(),
      step: (back) => this.step(back, false),
      jump: (share) => this.jump(share),
      seek: (share) => this.player.seek(share),
      settled: () => this.settled(),
      pace: (place) => this.player.setSpeed(place),
      go: (link) => this.change(() => link, { same: false, end: false }),
    });
    this.course = new Course(this.desk, {
      open: (link) => this.open(link),
      change: (key, value) => {
        this.lab.seek(0);
        this.set(key, value);
        this.play();
      },
      solved: () => this.begin(false),
      picked: () => {
        this.player.pause();
        this.picked(FIRST);
      },
    });
    this.client = byId("client", HTMLInputElement);
    this.legend = new Legend(byId("legend", HTMLElement));
  }

  get module() {
    return this.modules.now;
  }

  get lab() {
    return this.desk.lab;
  }

  /** Shows the link for the first time, in parts. */
  *start() {
    theme.start(() => {
      theme.paint(this.module, this.lab);
      this.view.renew();
      this.charts.renew();
    });
    yield;
    this.arrange();
    yield* this.parts(true);
    this.shows.beginOthers(this.module);
    this.listen();
    share.start(() => this.lab);
    byId("still", HTMLElement).hidden = true;
    for (const waiting of document.querySelectorAll(":is(.top, .lesson, .transport) :disabled")) waiting.removeAttribute("disabled");
    // A link can need all of the program.
    address.watch(arrive, () => {
      if (address.read() !== this.lab.address()) this.open(address.read());
    });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden && this.player.playing) {
        this.player.pause();
        announce("Paused: the page is not in sight.");
      }
    });
  }

  listen() {
    byId("compare", HTMLElement).onclick = () => this.compare();
    this.client.addEventListener("change", () => {
      const client = this.client.valueAsNumber || 1;
      for (let which = 0; which < this.lab.exhibits(); which++) this.lab.follow(which, client);
      this.picked(FIRST);
    });
    for (const button of document.querySelectorAll("[data-show]")) {
      button.addEventListener("click", () => this.show(button.getAttribute("data-show") ?? "", button));
    }
    panel.start({
      close: () => this.deselect(),
      hover: (record) => {
        const which = this.inspected;
        this.hover(which, (lab) => (record === null ? lab.unhover(which) : lab.hoverRecord(which, record)));
      },
    });
    keys.start(shortcuts(this));
  }

  deselect() {
    for (let which = 0; which < this.lab.exhibits(); which++) this.lab.deselect(which);
    this.picked(FIRST);
  }

  /**
   * Lights something else in an exhibit, and everything that shows the same.
   * @param {number} which
   * @param {(lab: import("./wasm.js").Lab) => boolean} act returns false if that changed nothing
   */
  hover(which, act) {
    if (this.broken) return;
    this.guard(() => {
      if (!act(this.lab)) return;
      this.shows.list[which].exhibit.table.light();
      if (which === this.inspected) panel.light(this.lab, which);
      this.charts.light();
      this.view.request();
    });
  }

  /** @type {import("./charts.js").Point} */
  point(act) {
    if (this.broken) return;
    this.guard(() => {
      const changed = this.shows.list.map(({ exhibit: { which } }) => act(this.lab, which));
      if (!changed.includes(true)) return;
      panel.light(this.lab, this.inspected);
      this.view.renew();
    });
  }

  /**
   * Opens another link.
   * @param {string} link
   */
  open(link) {
    this.modules.run(link, () => {
      this.player.pause();
      this.after = { play: false, end: false };
      this.lab.open(link);
      this.opened();
    });
  }

  /** The lab has the exhibits of another link. */
  opened() {
    this.arrange();
    this.begin(true);
    this.shows.beginOthers(this.module);
  }

  /**
   * Changes a value, or resets it; returns the error's sentence, or nothing.
   * @param {string} key
   * @param {string | undefined} value
   */
  set(key, value) {
    const end = this.lab.end() > 0 && this.lab.atEnd();
    return this.change(() => this.transport.fork.link(key, value), { same: false, end });
  }

  /**
   * Does something by hand at the playhead's time. What happened before stays as it was.
   * @param {string} act
   */
  act(act) {
    const error = this.change((lab) => lab.withAct(act), { same: true, end: false });
    if (error) notices.show("act", { title: error, bad: true, buttons: [["Close", () => notices.hide("act")]] });
  }

  /**
   * Continues with another scenario; returns the error's sentence, or nothing.
   * @param {(lab: import("./wasm.js").Lab) => string} linkOf returns the scenario's link
   * @param {object} how
   * @param {boolean} how.same the run is the same up to the playhead
   * @param {boolean} how.end stays at the end
   */
  change(linkOf, { same, end }) {
    try {
      const link = linkOf(this.lab);
      this.modules.run(link, () => {
        this.after = { play: this.player.playing, end };
        this.lab.load(FIRST, link, same);
        this.begin(false);
      });
    } catch (error) {
      // The lab refuses a value with a sentence. Anything else is a bug.
      if (typeof error === "string") return error;
      this.fail(error);
    }
    return "";
  }

  /** Shows as many exhibits as the lab has. */
  arrange() {
    this.shows.arrange();
    // The one that was inspected may be gone.
    this.inspected = FIRST;
    this.view.exhibits = this.shows.list.map(({ exhibit }) => exhibit);
    this.charts.arranged();
  }

  /** Pins the run, to compare it with what the controls change from now on; or stops comparing. */
  compare() {
    if (this.lab.hides(FIRST)) return;
    this.guard(() => {
      const pins = this.lab.exhibits() === 1;
      if (pins) this.lab.pin();
      else this.lab.unpin();
      this.arrange();
      if (pins) this.shows.list[PINNED].begin(this.module);
      else this.picked(FIRST);
      this.course.show(false);
      this.compared();
      this.view.renew();
    });
  }

  /** Says in what two runs differ, if there are two. */
  compared() {
    this.shows.name();
    this.difference.begin(this.module);
  }

  /**
   * Continues with another module.
   * @param {Module} module
   */
  adopt(module) {
    const old = this.lab;
    this.shows.stop();
    this.desk.lab = new module.Lab(old.address());
    theme.paint(module, this.lab);
    old.free();
    this.shows.beginOthers(module);
  }

  /** Repeats the scenario with a new seed: a small number, which is easy to read aloud. */
  roll() {
    const [random] = crypto.getRandomValues(new Uint32Array(1));
    const seed = (random % 9999) + 1;
    this.set(this.module.Lab.seedKey(), String(seed));
    announce(`Seed ${seed}. ${latest(this.lab, FIRST)}`);
  }

  /**
   * Shows and simulates a new scenario.
   * @param {boolean} opened a link was opened, rather than a setting changed
   */
  begin(opened) {
    for (const _ of this.parts(opened));
  }

  /**
   * The parts of `begin`.
   * @param {boolean} opened
   */
  *parts(opened) {
    const { lab } = this;
    this.player.pause();
    this.isReady = false;
    address.write(lab.address());
    address.now();
    this.compared();
    const fields = JSON.parse(lab.fields(FIRST));
    yield;
    this.controls.show(fields);
    yield;
    this.charts.begin(fields);
    this.view.renewSchedule();
    this.transport.fork.show();
    yield;
    this.course.show(opened);
    this.legend.begin(lab, FIRST);
    unread(lab.errors(FIRST));
    yield;
    this.shows.list[FIRST].begin(this.module);
  }

  /**
   * A run can be looked at.
   * @param {number} which
   */
  ready(which) {
    this.shows.list[which].exhibit.renew();
    this.view.renew();
    if (which !== FIRST) return this.picked(which);
    this.isReady = true;
    if (this.after.end) this.lab.seek(1);
    this.picked(FIRST);
    if (this.after.play) this.player.play();
  }

  /** Plays, as soon as the run can be looked at. */
  play() {
    if (this.isReady) this.player.play();
    else this.after.play = true;
  }

  /** Shows the new position of the playhead. Called in every frame. */
  moved() {
    if (this.broken) return;
    this.guard(() => {
      const { lab, player: { playing, folds } } = this;
      const clock = lab.clock(playing);
      for (const { exhibit, result } of this.shows) {
        exhibit.moved(playing, folds);
        result.moved();
      }
      this.charts.moved(playing);
      this.transport.moved(clock);
      this.legend.show(lab, FIRST);
      if (playing) {
        panel.showMoment(lab.now());
        this.view.draw();
        mention(() => `At ${clock} seconds: ${counted(lab, FIRST)}`);
      } else {
        this.view.request();
        this.still();
      }
    });
  }

  /** Updates the labels that change only while the playhead does not move. */
  still() {
    const { lab } = this;
    const time = this.transport.still();
    for (const { exhibit } of this.shows) exhibit.still(time);
    this.course.guide();
    this.acts.show();
    this.inspect();
    address.write(lab.address());
  }

  /**
   * Playing began or stopped.
   * @param {boolean} ended
   */
  changed(ended) {
    this.transport.changed(this.player.playing);
    if (!this.player.playing) this.moved();
    const over = this.lab.hides(FIRST) ? "The exercise hides what follows."
      : !this.shows.list[FIRST].feed.isOver ? "The rest is still being simulated."
      : this.lab.digest(FIRST) && !this.lab.notice(FIRST) ? "The run is over." : "The pictures end here.";
    if (ended) announce(`${latest(this.lab, FIRST)} ${over} ${this.lab.outcome(FIRST)}`);
  }

  /**
   * Shows a new selection, or another client's ladder.
   * @param {number} which
   */
  picked(which) {
    this.guard(() => {
      const { lab, player: { playing } } = this;
      this.inspected = which;
      byId("client-choice", HTMLElement).hidden = lab.clients(FIRST) === 1;
      this.client.max = String(lab.clients(FIRST));
      this.client.value = String(lab.flow(which));
      say(byId("client-of", HTMLElement), `of ${lab.clients(FIRST).toLocaleString("en")}`);
      this.transport.changed(playing);
      // Otherwise this is part of the moment.
      if (playing) this.inspect();
      this.moved();
    });
  }

  /** Shows what is selected in the inspector's exhibit, as far as it is seen. */
  inspect() {
    const { lab, inspected: which } = this;
    panel.show(lab, which, (record) => {
      if (lab.pickRecord(which, record)) this.picked(which);
    });
    panel.showMoment(lab.now());
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

  /** Announces the new position of the playhead, which is shown already. */
  settled() {
    this.transport.changed(this.player.playing);
    announce(`${this.lab.clock(false)} seconds. ${latest(this.lab, FIRST)}`);
  }

  /** @param {number} place */
  pace(place) {
    this.player.setSpeed(place);
    this.transport.pace(this.player.speed);
    announce(`Speed ${SPEEDS[this.player.speed].name}`);
  }

  /**
   * @param {string} view
   * @param {Element} [tab] what was pressed
   */
  show(view, tab) {
    document.body.dataset.view = view;
    for (const button of document.querySelectorAll("[data-show]")) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-show") === view));
    }
    this.view.request();
    this.charts.moved(false);
    for (const { exhibit } of this.shows) exhibit.table.follow();
    // On a phone, the view can be out of sight.
    if (innerWidth < 700) tab?.scrollIntoView();
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
    this.shows.stop();
    notices.hide("packets");
    stopped(error);
  }
}
