// @ts-check
// The charts of all exhibits up to the playhead: load over time, latency, sends, and simulation compared with theory. Their
// numbers come from wasm.

import { Chart } from "./chart.js";
import { make, say } from "./dom.js";
import { sides } from "./sides.js";
import { Sweep } from "./sweep.js";

/** @typedef {import("./controls.js").Field} Field */
/** @typedef {import("./exhibit.js").Desk} Desk */
/** @typedef {import("./plot.js").Figure} Figure */
/** @typedef {import("./plot.js").Line} Line */
/** @typedef {import("./wasm.js").Lab} Lab */
/** @typedef {import("./wasm.js").Module} Module */

/**
 * Called with what lights something in an exhibit and returns true if that changed anything.
 * @typedef {(act: (lab: Lab, which: number) => boolean) => void} Point
 */

/** Minimum time between two updates while playing, in milliseconds. */
const PAUSE = 200;

/** Numbers of each interval in `Lab.chartSeries`, and of each row of `Lab.chartSends`. */
const [COUNTS, ROW] = [3, 8];

/** The number of sends that stands for itself and more, and the largest one. */
const [LAST, MAX_SENDS] = [33, 2 ** 32 - 1];

export class Charts {
  /**
   * @param {HTMLElement} root
   * @param {Desk} desk
   * @param {object} hooks
   * @param {() => Module} hooks.module
   * @param {(key: string, value: string) => void} hooks.set changes a value of the scenario
   * @param {Point} hooks.point the cursor of a chart is at another place
   */
  constructor(root, desk, hooks) {
    this.root = root;
    this.desk = desk;
    this.last = 0;
    this.note = make("p", { class: "chart-note quiet" });
    const four = make("div", { class: "chart-grid" });
    this.marked = make("p", { class: "chart-note quiet" });
    root.append(this.note, this.marked, four);
    const chart = (/** @type {string} */ name, /** @type {(lab: Lab, which: number, place: number) => boolean} */ light) =>
      new Chart(four, name, {
        pointed: (place) => hooks.point((lab, which) => (place === null ? lab.pointNothing(which) : light(lab, which, place))),
      });
    this.load = chart("load", (lab, which, place) =>
      lab.pointTimes(which, place * lab.chartStep(), (place + 1) * lab.chartStep()));
    this.latency = chart("latency", (lab, which, place) => lab.pointEnds(which, 0, MAX_SENDS, place * lab.chartLatencyStep()));
    this.sends = chart("sends", (lab, which, place) => {
      const sends = place + this.least;
      return lab.pointEnds(which, sends, sends === LAST ? MAX_SENDS : sends);
    });
    this.theory = chart("theory", (lab, which, place) => lab.pointEnds(which, 0, place + this.least, Infinity));
    /** The number of sends at the first place of a chart. */
    this.least = 1;
    this.words = make("p", { class: "chart-words" });
    this.theory.keys.after(this.words);
    this.sweep = new Sweep(root, desk, hooks);
  }

  get isShown() {
    return document.body.dataset.view === "charts";
  }

  /**
   * The scenario has changed.
   * @param {Field[]} fields
   */
  begin(fields) {
    this.sweep.begin(fields);
  }

  /** There are other exhibits. */
  arranged() {
    this.sweep.begin(this.sweep.fields);
  }

  /**
   * Shows a new position of the playhead; while it moves, not more often than people can read.
   * @param {boolean} playing
   */
  moved(playing) {
    const now = performance.now();
    if (!this.isShown || (playing && now - this.last < PAUSE)) return;
    this.last = now;
    const runs = this.runs();
    const rows = this.rows(runs);
    this.showLoad(runs);
    this.showLatency(runs);
    this.showSends(rows);
    this.showTheory(rows);
    const { lab } = this.desk;
    const parts = sides(lab).flatMap(({ which, name }) => {
      const part = lab.notice(which) || (lab.digest(which) ? "" : "The part of the run that was simulated.");
      return part ? [name + part] : [];
    });
    const all = parts.length > 0 ? "" : "The whole run.";
    say(this.note, [lab.atEnd() && !lab.hides(0) ? all : "Only exchanges that are over by now are counted, and short ones are over first.", ...parts].join(" ").trim());
    this.light();
  }

  /** Marks where the charts show the exchange that is under the pointer or selected. */
  light() {
    if (!this.isShown) return;
    const { lab } = this.desk;
    const [began, waits, sends, latency] = sides(lab).map(({ which }) => [...lab.chartMark(which)]).find(({ length }) => length > 0) ?? [];
    this.load.mark(began);
    this.sends.mark(sends && Math.min(sends, LAST));
    this.theory.mark(sends && Math.min(sends, LAST));
    this.latency.mark(Number.isNaN(latency) ? undefined : latency);
    const many = `${sends} ${sends === 1 ? "send" : "sends"}`;
    const end = sends === undefined ? "it is not over yet" : Number.isNaN(latency) ? `not answered after ${many}` : `answered after ${span(latency)} and ${many}`;
    say(this.marked, began === undefined
      ? "Point at a packet, or select a row under Events, to see where its exchange is in the charts."
      : `The dotted lines mark the exchange of ${waits ? "the wait that began" : "what was sent"} at ${span(began)}: ${end}.`);
  }

  /** Draws all with the colours of now. */
  renew() {
    for (const chart of [this.load, this.latency, this.sends, this.theory]) chart.renew();
    this.sweep.renew();
  }

  runs() {
    return sides(this.desk.lab).map((side) => ({ ...side, means: this.desk.lab.chartMeans(side.which) }));
  }

  /** @param {ReturnType<Charts["runs"]>} runs */
  showLoad(runs) {
    const { lab } = this.desk;
    const step = lab.chartStep();
    const count = Math.floor(lab.end() / step + 1e-9) + 1;
    const x = Array.from({ length: count }, (_, i) => (i + 0.5) * step);
    /** @type {Line[]} */
    const lines = runs.flatMap(({ which, name, dashed }) => {
      const columns = split(lab.chartSeries(which), COUNTS, count);
      return /** @type {const} */ ([
        ["offered load", "--request", "circle"], ["offered with retries", "--retry-line", "triangle"], ["goodput", "--reply", "square"],
      ]).map(([label, colour, mark], i) => (
        { label: name + label, colour, mark, kind: "line", dashed, values: columns[i], format: String }));
    });
    this.load.show(`Offered load and goodput per ${span(step)}`, {
      x, lines, range: [0, count * step], share: false, empty: "The first interval is not over yet.",
      tick: span, whole: false, column: ["from_s", (place) => round(place * step)],
      at: (place) => `${span(place * step)} to ${span((place + 1) * step)}`,
    });
  }

  /** @param {ReturnType<Charts["runs"]>} runs */
  showLatency(runs) {
    const { lab } = this.desk;
    const step = lab.chartLatencyStep();
    const all = runs.map(({ which }) => lab.chartLatencies(which));
    // Some room after the last answer shows that the share stays.
    const count = Math.max(2, ...all.map(({ length }) => Math.ceil(length * 1.04)));
    /** @type {Line[]} */
    const lines = runs.map(({ name, dashed, means }, i) => {
      const shares = all[i];
      const none = means[0] === 0;
      const values = Array.from({ length: count }, (_, n) => (none ? null : shares[Math.min(n, shares.length - 1)]));
      return { label: `${name}share answered`, colour: "--reply", mark: "square", kind: "steps", dashed, values, format: percent };
    });
    this.latency.show("Latency: share answered within a time", {
      x: Array.from({ length: count }, (_, i) => i * step), lines, range: [0, (count - 1) * step], share: true,
      tick: span, whole: false, column: ["within_s", (place) => round(place * step)],
      empty: "No request finished yet.", at: (place) => `within ${span(place * step)}`,
    });
  }

  /** @param {ReturnType<Charts["rows"]>} rows */
  showSends(rows) {
    /** @type {Line[]} */
    const lines = rows.flatMap(({ name, dashed, columns: [values, low, high, predicted] }) => {
      /** @type {Line["side"]} */
      const side = rows.length === 1 ? undefined : dashed ? -1 : 1;
      return [
        { label: `${name}simulated`, colour: "--retry-line", mark: "triangle", kind: "bars", side, dashed, values, low, high, format: percent },
        ...theory(name, dashed, predicted).map((line) => ({ ...line, side })),
      ];
    });
    this.sends.show("Sends per exchange", this.bySends(rows, lines));
  }

  /** @param {ReturnType<Charts["rows"]>} rows */
  showTheory(rows) {
    /** @type {Line[]} */
    const lines = rows.flatMap(({ name, dashed, columns: [, , , , within, low, high, predicted] }) => [
      { label: `${name}simulated`, colour: "--reply", mark: "square", kind: "points", dashed, values: within, low, high, format: percent },
      ...theory(name, dashed, predicted).map((line) => ({ ...line, kind: /** @type {const} */ ("line") })),
    ]);
    this.theory.show("Theory and simulation: share answered within n sends", this.bySends(rows, lines));
    this.words.replaceChildren(...rows.map((run) => make("span", {}, run.name + this.compared(run))));
  }

  /** @param {ReturnType<Charts["runs"]>} runs */
  rows(runs) {
    const all = runs.map(({ which }) => this.desk.lab.chartSends(which));
    const count = Math.max(2, ...all.map(({ length }) => length / ROW));
    return runs.map((run, i) => ({ ...run, columns: split(all[i], ROW, count) }));
  }

  /**
   * Returns a figure whose places are numbers of sends.
   * @param {ReturnType<Charts["rows"]>} rows
   * @param {Line[]} lines
   * @returns {Figure}
   */
  bySends(rows, lines) {
    const count = rows[0].columns[0].length;
    // Only a budget or a breaker ends an exchange without a send.
    const from = rows.some(({ columns: [share] }) => (share[0] ?? 0) > 0) ? 0 : 1;
    this.least = from;
    const cut = (/** @type {(number | null)[] | undefined} */ values) => values?.slice(from);
    return {
      x: Array.from({ length: count - from }, (_, i) => i + from),
      lines: lines.map((line) => ({ ...line, values: line.values.slice(from), low: cut(line.low), high: cut(line.high) })),
      range: [from - 0.6, count - 0.4], share: true, empty: "No request finished yet.",
      tick: (n) => (n === LAST ? `${LAST}+` : String(n)), whole: true, column: ["sends", (i) => i + from],
      at: (i) => (i + from === LAST ? `${LAST} sends or more` : `${i + from} ${i + from === 1 ? "send" : "sends"}`),
    };
  }

  /**
   * Compares the theory with the simulation, in words.
   * @param {ReturnType<Charts["runs"]>[0]} run
   */
  compared({ which, means }) {
    const { lab } = this.desk;
    const [finished, share, low, high, mean, least, most, answered, sends] = means;
    const [reason, coupled] = [lab.notPredicted(which), lab.coupled(which)];
    const alone = coupled ? ` No interval for one run: ${coupled}.` : "";
    if (reason) return `No closed form: ${reason}.${alone}`;
    if (finished === 0) return `Theory: ${fixed(answered)} answered, ${fixed(sends)} sends per exchange. No request finished yet.`;
    const ends = (/** @type {number} */ a, /** @type {number} */ b) =>
      (Number.isNaN(a) || Number.isNaN(b) ? "" : `, 95 % interval ${fixed(a)} to ${fixed(b)}`);
    return `Share answered: theory ${fixed(answered)}, simulated ${fixed(share)}${ends(low, high)}. ` +
      `Sends per exchange: theory ${fixed(sends)}, simulated ${fixed(mean)}${ends(least, most)}.${alone}`;
  }
}

/**
 * Returns the prediction as points, if there is one.
 * @param {string} name
 * @param {boolean} dashed
 * @param {(number | null)[]} values
 * @returns {Line[]}
 */
function theory(name, dashed, values) {
  if (values.every((value) => value === null)) return [];
  return [{ label: `${name}theory`, colour: "--text", mark: "diamond", kind: "points", dashed, values, format: percent }];
}

/**
 * Splits rows of numbers into `width` columns of `length`; what is missing or NaN is `null`.
 * @param {Float64Array} rows
 * @param {number} width
 * @param {number} length
 */
function split(rows, width, length) {
  return Array.from({ length: width }, (_, column) =>
    Array.from({ length }, (_, row) => {
      const value = rows[row * width + column];
      return value === undefined || Number.isNaN(value) ? null : value;
    }));
}

/** @param {number} value */
const fixed = (value) => value.toFixed(3);

/** @param {number} value */
const percent = (value) => `${Number((value * 100).toPrecision(3))} %`;

/**
 * Returns a time with its unit.
 * @param {number} seconds
 */
export function span(seconds) {
  const [size, unit] = seconds >= 1 || seconds === 0 ? [1, "s"] : seconds >= 1e-3 ? [1e3, "ms"] : [1e6, "µs"];
  return `${round(seconds * size)} ${unit}`;
}

/**
 * Returns a number without the rounding errors of its last digits.
 * @param {number} value
 */
const round = (value) => Number(value.toPrecision(6));
