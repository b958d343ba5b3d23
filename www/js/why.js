// @ts-check
// Why something happened: the chain of reasons, the waterfall of its exchange, and the client's states.

import { make, say } from "./dom.js";

/** @typedef {{ text: string, record?: number }} Link a sentence and, if there is one, its record */
/** @typedef {{ kind: string, from: number, to: number }} Part */
/** @typedef {{ name: string, record: number, text: string, parts: Part[] }} Row */
/** @typedef {{ at: number, state: number, record: number, event: string }} Step */

/**
 * An exchange. Times are in nanoseconds; states are places in their list.
 * @typedef {object} Exchange
 * @property {number} from
 * @property {number} to
 * @property {number} left number of sends that are not among the rows
 * @property {Row[]} rows
 * @property {boolean} writes its client is a writer
 * @property {string[]} states
 * @property {{ from: number, to: number }[]} transitions
 * @property {Step[]} steps
 */

/** @typedef {(record: number) => void} Pick selects the subject of a record */

/**
 * The reasons, the latest first; each leads to its record.
 * @param {Link[]} links
 * @param {Pick} pick
 */
export function chain(links, pick) {
  const items = links.map(({ text, record }) => {
    if (record === undefined) return make("li", {}, text);
    const button = make("button", { type: "button", "data-record": record }, text);
    button.addEventListener("click", () => pick(record));
    return make("li", {}, button);
  });
  return make("ol", { class: "chain" }, ...items);
}

/** What a client does in each state, by the core's name for it; `AT` is where the planned sends are. */
const CODE = {
  "idle": "begin the exchange",
  "pausing": "if the policy asks for it: wait before the first send",
  "waiting": "send, and again while no replyAT",
  "last wait": "all sends made: wait for a reply a last time",
  "backing off": "a send failed or was abandoned: wait, then send again",
  "answered": "reply: done",
  "gave up": "no reply and nothing left to do: give up",
  "refused": "the server's host reports that nobody listens on the port: stop",
};

/** What a writer does instead, in the states that it has: it reads, writes, and sends nothing again because no reply came. */
const WRITER = {
  ...CODE,
  "waiting": "read the row, then write it with the version that was read",
  "backing off": "the server refused the write, because the row had changed: wait, then read again",
  "answered": "the row is written: done",
  "gave up": "no attempt is left: give up",
};

/** Whether the pseudo-code is unfolded. */
let isUnfolded = false;

/**
 * The client as pseudo-code, folded: a line for each state.
 * @param {Exchange} exchange
 * @param {string} sends when the policy plans them
 */
function codeOf({ states, writes }, sends) {
  const [at, code] = [sends ? `: at ${sends}` : "", writes ? WRITER : CODE];
  const lines = states.map((name) =>
    make("li", {}, code[/** @type {keyof typeof CODE} */ (name)]?.replace("AT", at) ?? name));
  const element = make("details", { class: "code", open: isUnfolded }, make("summary", {}, "As pseudo-code"), make("ol", {}, ...lines));
  element.addEventListener("toggle", () => (isUnfolded = element.open));
  return { element, lines };
}

/** The waterfall and the states of one exchange. */
export class ExchangeView {
  /**
   * @param {Exchange} exchange
   * @param {string} sends when the policy plans them
   * @param {Pick} pick
   */
  constructor(exchange, sends, pick) {
    this.exchange = exchange;
    this.code = codeOf(exchange, sends);
    this.rows = make("ol", { class: "waterfall" }, ...exchange.rows.map((row) => this.row(row, pick)));
    this.picture = new States(exchange);
    this.now = make("p", { class: "state-now" });
    const left = exchange.left > 0 ? [make("p", { class: "quiet" }, `${exchange.left} more sends are not shown.`)] : [];
    this.element = make(
      "div", {},
      make("h4", {}, "The exchange"), this.rows, ...left,
      make("h4", {}, "The client's state"), this.picture.element, this.now, this.code.element,
    );
  }

  /**
   * @param {Row} row
   * @param {Pick} pick
   */
  row({ name, record, text, parts }, pick) {
    const { from, to } = this.exchange;
    const percent = (/** @type {number} */ time) => `${(100 * time) / Math.max(1, to - from)}%`;
    const bar = make("span", { class: "bar", "aria-hidden": "true" });
    for (const part of parts) {
      const span = make("span", { class: `part ${part.kind}` });
      span.style.left = percent(part.from - from);
      span.style.width = percent(part.to - part.from);
      bar.append(span);
    }
    const button = make("button", { type: "button", "data-record": record }, make("strong", {}, name), " ", make("span", {}, text), bar);
    button.addEventListener("click", () => pick(record));
    return make("li", {}, button);
  }

  /**
   * Shows the state at a time.
   * @param {number} now in nanoseconds
   */
  at(now) {
    const { from, to, steps, states } = this.exchange;
    const share = (now - from) / Math.max(1, to - from);
    this.rows.style.setProperty("--now", `${100 * Math.min(1, Math.max(0, share))}%`);
    const done = steps.filter(({ at }) => at <= now);
    const last = done.at(-1);
    const [state, before] = [last?.state ?? 0, done.at(-2)?.state ?? 0];
    this.picture.light(state, last ? before : -1);
    this.code.lines.forEach((line, place) => {
      if (place === state) line.setAttribute("aria-current", "step");
      else line.removeAttribute("aria-current");
    });
    say(this.now, `Now: ${states[state]}. ${last?.event ?? ""}`);
  }
}

/** Places of the states in the picture: column and row. */
const PLACES = [[0, 0], [0, 1], [1, 0], [1, 1], [0, 2], [2, 0], [2, 1], [2, 2]];

/** Half of a state's width and height. */
const [HALF_W, HALF_H] = [36, 11];

/** Width and height of the picture. */
const [WIDTH, HEIGHT] = [262, 154];

/** @typedef {[number, number]} Point */

/** The picture of the client's states. */
class States {
  /** @param {Exchange} exchange */
  constructor({ states, transitions }) {
    this.names = states;
    const arrows = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" });
    /** @type {Map<string, SVGElement>} */
    this.arrows = new Map();
    for (const { from, to } of transitions) {
      const arrow = svg("path", { class: "arrow", d: arrowPath(middle(from), middle(to)) });
      this.arrows.set(`${from} ${to}`, arrow);
      arrows.append(arrow);
    }
    this.boxes = states.map((name, place) => {
      const [x, y] = middle(place);
      const box = make("span", { class: "state" }, name);
      box.style.left = `${(100 * (x - HALF_W)) / WIDTH}%`;
      box.style.top = `${(100 * (y - HALF_H)) / HEIGHT}%`;
      return box;
    });
    this.element = make("div", { class: "states", role: "img" }, arrows, ...this.boxes);
  }

  /**
   * Lights up a state, the transition that led to it, and those that are possible next.
   * @param {number} state
   * @param {number} before the state before it; -1 if there was none
   */
  light(state, before) {
    this.element.setAttribute("aria-label", `The client's states: it is ${this.names[state]}`);
    this.boxes.forEach((box, place) => box.classList.toggle("current", place === state));
    for (const [name, arrow] of this.arrows) {
      arrow.classList.toggle("taken", name === `${before} ${state}`);
      arrow.classList.toggle("next", name.startsWith(`${state} `));
    }
  }
}

/**
 * @param {number} state
 * @returns {Point}
 */
const middle = (state) => [HALF_W + 2 + 93 * PLACES[state][0], HALF_H + 13 + 53 * PLACES[state][1]];

/**
 * A curve between two states, with a head. Curves of opposite directions bend to opposite sides.
 * @param {Point} a
 * @param {Point} b
 */
function arrowPath([ax, ay], [bx, by]) {
  const bend = 0.22;
  /** @type {Point} */
  const over = [(ax + bx) / 2 + bend * (by - ay), (ay + by) / 2 - bend * (bx - ax)];
  const [sx, sy] = edge([ax, ay], over);
  const [ex, ey] = edge([bx, by], over);
  const length = Math.hypot(ex - over[0], ey - over[1]) || 1;
  const [ux, uy] = [(ex - over[0]) / length, (ey - over[1]) / length];
  const wing = (/** @type {number} */ side) => `${ex - 6 * ux + side * 3 * uy} ${ey - 6 * uy - side * 3 * ux}`;
  return `M${sx} ${sy}Q${over[0]} ${over[1]} ${ex} ${ey}M${wing(1)}L${ex} ${ey}L${wing(-1)}`;
}

/**
 * Where a line from the middle of a state to a point leaves the state.
 * @param {Point} middle
 * @param {Point} to
 * @returns {Point}
 */
function edge([x, y], [tx, ty]) {
  const [dx, dy] = [tx - x, ty - y];
  const scale = Math.min(HALF_W / Math.abs(dx || 1e-9), HALF_H / Math.abs(dy || 1e-9));
  return [x + scale * dx, y + scale * dy];
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 */
function svg(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}
