// @ts-check
// Very many independent clients: the page simulates and draws a sample of them, and web workers simulate all of them. In
// a browser that starts no workers, the page does their work too, in slices.

import { drawn } from "./dom.js";
import { startWorker } from "./files.js";
import { ASK, Simulation } from "./simulate.js";
import { Stand } from "./stand.js";
import { sourceOf } from "./wasm.js";

/** @typedef {import("./wasm.js").Lab} Lab */
/** @typedef {import("./wasm.js").Module} Module */
/** @typedef {import("./worker.js").Clients} Clients */
/** @typedef {{ report: BigUint64Array, done: number }} Answer */

/** Maximum number of workers; otherwise there is one per core. */
const MAX_WORKERS = 8;

/** Maximum number of clients in a message to a worker. */
const MAX_CHUNK = 8192;

/** Number of messages, and of their clients, that a worker has before it: it never waits for the page. */
const AHEAD = 2;

/** A worker and its last answer. */
class Hand {
  /** @param {Worker | Stand} worker */
  constructor(worker) {
    this.worker = worker;
    this.answer = { report: new BigUint64Array(), done: 0 };
    /** Number of clients that it was given. */
    this.given = 0;
    /** Number of messages that it has not answered. */
    this.open = 1;
  }
}

/** Has the same methods as a `Simulation`. */
export class Crowd {
  /**
   * @param {Module} module
   * @param {Lab} lab
   * @param {number} which the exhibit's place in the lab
   * @param {import("./simulate.js").Hooks & { alone: () => void }} hooks `alone`: the browser starts no workers
   * @param {(error: unknown) => void} failed
   */
  constructor(module, lab, which, hooks, failed) {
    this.module = module;
    this.lab = lab;
    this.which = which;
    this.hooks = hooks;
    this.failed = failed;
    this.clients = lab.allClients(which);
    /** The next client that no worker has. */
    this.next = 1;
    this.limit = ASK;
    /** Number of clients that were done when the limit was set. */
    this.done = 0;
    this.asking = false;
    this.cancelled = false;
    /** @type {Hand[]} */
    this.hands = [];
    this.count = Math.min(navigator.hardwareConcurrency || 1, MAX_WORKERS);
    // Small enough that no worker works long after the others.
    this.chunk = Math.min(Math.ceil(this.clients / (16 * this.count)), MAX_CHUNK);
    // The sample comes first, so that there is something to look at.
    this.sample = new Simulation(lab, which, {
      ready: hooks.ready,
      progress: () => {},
      ask: () => this.sample.goOn(),
      done: () => {
        this.look();
        // Workers that start take the processors with which the browser draws the sample.
        drawn().then(() => this.guard(() => this.hire()));
      },
    }, failed);
    this.sample.later();
  }

  /** Starts the workers, unless the run was stopped. */
  hire() {
    if (this.cancelled) return;
    try {
      const order = { ...sourceOf(this.module), link: this.lab.fragment(this.which) };
      for (let i = 0; i < this.count; i++) {
        const worker = startWorker();
        // A bug would show again, and be reported, without workers.
        worker.onerror = () => this.guard(() => this.alone());
        this.employ(worker);
        worker.postMessage(order);
      }
    } catch {
      this.alone();
    }
  }

  /** Does all the work in the page, from the beginning. */
  alone() {
    this.dismiss();
    this.hooks.alone();
    this.next = 1;
    this.employ(new Stand(this.module, this.lab.fragment(this.which), (error) => this.fail(error)));
  }

  /** @param {Worker | Stand} worker */
  employ(worker) {
    const hand = new Hand(worker);
    this.hands.push(hand);
    worker.onmessage = ({ data }) => this.guard(() => {
      hand.answer = data;
      hand.open--;
      this.look();
      if (!this.cancelled) this.feed(hand);
    });
  }

  /** Sums up what the workers have done. */
  look() {
    const reports = this.hands.flatMap(({ answer }) => [...answer.report]);
    if (this.lab.report(this.which, BigUint64Array.from(reports))) {
      this.end();
      this.hooks.done();
    } else if (!this.asking) {
      this.hooks.progress(this.lab.progress(this.which));
    }
  }

  /**
   * Sends a worker messages, unless the run may never end.
   * @param {Hand} hand
   */
  feed(hand) {
    if (this.lab.events(this.which) >= this.limit) this.reach();
    while (!this.asking && hand.open < AHEAD) {
      const waiting = hand.given - hand.answer.done;
      const clients = waiting < AHEAD * this.chunk ? this.take() : null;
      if (clients) hand.given += clients[1] - clients[0] + 1;
      // It has nothing to do, and never will.
      if (!clients && waiting === 0) return;
      hand.worker.postMessage(clients);
      hand.open++;
    }
  }

  /**
   * Returns the next clients, if there are any.
   * @returns {Clients}
   */
  take() {
    if (this.next > this.clients) return null;
    const first = this.next;
    this.next = Math.min(first + this.chunk, this.clients + 1);
    return [first, this.next - 1];
  }

  /** Asks whether to continue if no client has come to its end for long. */
  reach() {
    const { lab } = this;
    if (lab.clientsDone(this.which) > this.done) {
      this.extend();
    } else if (!this.asking) {
      this.asking = true;
      this.hooks.ask(lab.events(this.which));
    }
  }

  extend() {
    this.limit = this.lab.events(this.which) + ASK;
    this.done = this.lab.clientsDone(this.which);
  }

  /** Continues for the same number of events. */
  goOn() {
    this.guard(() => {
      this.asking = false;
      this.extend();
      for (const hand of this.hands) this.feed(hand);
    });
  }

  /** Ends the run early; the part so far can be viewed. */
  stop() {
    if (this.cancelled) return;
    this.guard(() => {
      this.lab.stop(this.which);
      // Before the workers there is the sample.
      this.sample.stop();
      if (!this.cancelled) this.look();
    });
  }

  /** Forgets about it. */
  end() {
    this.cancelled = true;
    this.sample?.end();
    this.dismiss();
  }

  /** Ends all workers at once. */
  dismiss() {
    for (const { worker } of this.hands) {
      worker.onmessage = null;
      worker.onerror = null;
      worker.terminate();
    }
    this.hands = [];
  }

  /** @param {() => void} act */
  guard(act) {
    try {
      act();
    } catch (error) {
      this.fail(error);
    }
  }

  /** @param {unknown} error */
  fail(error) {
    this.end();
    this.failed(error);
  }
}
