// @ts-check
// A sweep: the scenarios of all exhibits at every stop of a slider, with several seeds each, simulated in web workers while the page plays.

import { Chart } from "./chart.js";
import { make, say } from "./dom.js";
import { NO_WORKER, startWorker } from "./files.js";
import { sides } from "./sides.js";
import { sourceOf } from "./wasm.js";

/** @typedef {import("./controls.js").Field} Field */
/** @typedef {import("./exhibit.js").Desk} Desk */
/** @typedef {import("./plot.js").Line} Line */
/** @typedef {import("./wasm.js").Module} Module */

/** Maximum number of workers; one core is left to the page. */
const MAX_WORKERS = 8;

/** Minimum time between two updates of the pictures, in milliseconds. */
const PAUSE = 200;

/** Number of runs at each stop if time allows. */
const SEEDS = 20;

export class Sweep {
  /**
   * @param {HTMLElement} root
   * @param {Desk} desk
   * @param {object} hooks
   * @param {() => Module} hooks.module
   * @param {(key: string, value: string) => void} hooks.set
   */
  constructor(root, desk, hooks) {
    this.desk = desk;
    this.hooks = hooks;
    /** @type {Field[]} */
    this.fields = [];
    /** The key of the results, its stops, and the scenarios apart from that key. */
    this.key = "";
    /** @type {string[]} */
    this.stops = [];
    this.base = "";
    /** The runs: an exhibit's scenario with the value of a stop. @type {{ which: number, place: number, link: string }[]} */
    this.tasks = [];
    /** What `Trials.measures` returned, by exhibit and stop. @type {(Float64Array | null)[][]} */
    this.results = [];
    /** @type {Worker[]} */
    this.workers = [];
    this.next = 0;
    this.timer = 0;
    this.choice = make("select");
    this.button = make("button", { type: "button" }, "Run the sweep");
    this.state = make("p", { class: "quiet", role: "status" });
    this.label = make("label", {}, "Sweep over the whole range of ", this.choice);
    this.grid = make("div", { class: "chart-grid three", hidden: true });
    root.append(make("section", { class: "sweep", "aria-label": "Sweep" },
      make("h2", {}, "One setting, its whole range"), make("p", { class: "sweep-head" }, this.label, this.button), this.state, this.grid));
    const picked = (/** @type {number} */ place) => this.hooks.set(this.key, this.stops[place]);
    this.charts = ["answered", "sends", "p99"].map((name) => new Chart(this.grid, `sweep-${name}`, { picked }));
    this.button.addEventListener("click", () => (this.workers.length > 0 ? this.halt() : this.run()));
    this.choice.addEventListener("change", () => this.clear());
  }

  get field() {
    return this.fields.find(({ key }) => key === this.choice.value);
  }

  /**
   * The scenario has changed: results for another one go, unless only the swept setting differs.
   * @param {Field[]} fields
   */
  begin(fields) {
    this.fields = fields.filter(({ stops, hidden }) => stops.length > 0 && !hidden);
    const keys = this.fields.map(({ key }) => key);
    if (keys.join() !== [...this.choice.options].map(({ value }) => value).join()) {
      const loss = keys.find((key) => key === "link.loss");
      this.choice.replaceChildren(...this.fields.map(({ key, label }) => new Option(label, key, key === loss, key === loss)));
    }
    if (this.results.length === 0) this.clear();
    else if (this.base === this.baseOf(this.key)) this.show();
    else this.clear();
  }

  /**
   * Returns the links of all scenarios with one value of `key`, so that they do not depend on the present one.
   * @param {string} key
   */
  baseOf(key) {
    const stops = this.fields.find((field) => field.key === key)?.stops ?? [];
    try {
      return sides(this.desk.lab).map(({ which }) => this.desk.lab.changed(which, key, stops[0])).join("\n");
    } catch {
      // A scenario does not allow that value.
      return "";
    }
  }

  clear() {
    this.stop();
    this.results = [];
    this.grid.hidden = true;
    const { label } = this.field ?? { label: "" };
    say(this.state, label ? `Runs this scenario at each value of the ${label} slider, with ${SEEDS} seeds each.` : "");
  }

  run() {
    const { field } = this;
    if (!field) return;
    const { lab } = this.desk;
    [this.key, this.stops, this.base, this.next] = [field.key, field.stops, this.baseOf(field.key), 0];
    const runs = sides(lab).map(({ which }) => ({ which, link: lab.fragment(which) }));
    this.tasks = this.stops.flatMap((_, place) => runs.map((run) => ({ ...run, place })));
    this.results = runs.map(() => this.stops.map(() => null));
    this.grid.hidden = false;
    const order = { ...sourceOf(this.hooks.module()), sweep: { key: this.key, seeds: SEEDS } };
    const count = Math.min(Math.max(1, (navigator.hardwareConcurrency || 1) - 1), MAX_WORKERS, this.tasks.length);
    try {
      for (let i = 0; i < count; i++) this.employ(order);
    } catch {
      this.fail();
      return;
    }
    say(this.button, "Stop");
    this.show();
  }

  /** @param {object} order */
  employ(order) {
    const worker = startWorker();
    this.workers.push(worker);
    worker.onerror = () => this.fail();
    worker.onmessage = ({ data }) => {
      if (data) this.results[data.which][data.place] = data.measures;
      const task = this.tasks[this.next++];
      if (task) {
        worker.postMessage({ ...task, value: this.stops[task.place] });
      } else {
        this.dismiss(worker);
      }
      this.timer ||= window.setTimeout(() => this.show(), PAUSE);
    };
    worker.postMessage(order);
  }

  fail() {
    this.stop();
    say(this.state, `The sweep has ended: ${NO_WORKER}.`);
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = 0;
    for (const worker of [...this.workers]) this.dismiss(worker);
  }

  /** Ends the sweep early: the results so far stay. */
  halt() {
    this.stop();
    this.show();
  }

  /** @param {Worker} worker */
  dismiss(worker) {
    worker.terminate();
    this.workers = this.workers.filter((other) => other !== worker);
    if (this.workers.length === 0) say(this.button, "Run the sweep");
  }

  renew() {
    for (const chart of this.charts) chart.renew();
  }

  /** Shows the results so far. */
  show() {
    this.timer = 0;
    const { stops, results } = this;
    const field = this.fields.find(({ key }) => key === this.key);
    if (!field) return;
    const all = results.flat().filter((of) => of !== null);
    const exact = stops.includes(field.value);
    const now = exact ? stops.indexOf(field.value) : field.stop;
    const few = all.some((of) => of[0] < SEEDS) ? " Where a run takes long, there are fewer seeds." : "";
    say(this.state, this.workers.length > 0
      ? `${all.length} of ${this.tasks.length} values.`
      : `${all.length} values, up to ${SEEDS} seeds each.${few} The dotted line marks ${exact ? "the present value" : "the stop nearest to the present value"}${
        results.length > 1 ? " of B" : ""}; click a point for another.`);
    const seeds = (/** @type {number} */ place) => results.flatMap((of) => of[place]?.[0] ?? []);
    /** @type {Omit<import("./plot.js").Figure, "lines" | "share">} */
    const figure = {
      x: stops.map((_, i) => i), range: [-0.5, stops.length - 0.5], now, tick: (place) => stops[place] ?? "", whole: true,
      column: [this.key, (place) => stops[place]], empty: `${capital(reason(all))}.`,
      at: (place) => `${field.label} ${stops[place]}${seeds(place).length > 0 ? `, ${Math.min(...seeds(place))} seeds` : ""}`,
      missing: (place) => reason(results.map((of) => of[place])),
    };
    const [answered, sends, p99] = this.charts;
    answered.show(`Share answered by ${field.label}`, {
      ...figure, share: true, lines: this.lines("answered", "--reply", "square", [1, 2, 3], percent),
    });
    sends.show(`Sends per exchange by ${field.label}`, {
      ...figure, share: false, lines: this.lines("sends", "--retry-line", "triangle", [4, 5, 6], short),
    });
    p99.show(`99th percentile of latency in seconds by ${field.label}`, {
      ...figure, share: false, lines: this.lines("99 % answered within", "--request", "circle", [7], (value) => `${short(value)} s`),
    });
  }

  /**
   * Returns a line for each exhibit.
   * @param {string} label
   * @param {string} colour
   * @param {import("./plot.js").Mark} mark
   * @param {number[]} columns of the measures: the value, and perhaps the ends of its interval
   * @param {(value: number) => string} format
   * @returns {Line[]}
   */
  lines(label, colour, mark, columns, format) {
    return sides(this.desk.lab).map(({ which, name, dashed }) => {
      const [values, low, high] = columns.map((i) => this.results[which].map((of) => (of && !Number.isNaN(of[i]) ? of[i] : null)));
      return { label: name + label, colour, mark, kind: "line", dashed, values, low, high, format };
    });
  }
}

/**
 * Returns why a chart has no number, of a stop or of all: there is one for the latency if all others are there.
 * @param {(Float64Array | null)[]} measures
 */
function reason(measures) {
  const over = measures.filter((of) => of !== null && of[0] > 0);
  if (over.length === 0) return "no run is over";
  return over.every((of) => Number.isNaN(of?.[1])) ? "no exchange has ended" : "fewer than 99 % were answered";
}

/** @param {string} text */
const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** @param {number} value */
const short = (value) => String(Number(value.toPrecision(4)));

/** @param {number} value */
const percent = (value) => `${Number((value * 100).toPrecision(3))} %`;
