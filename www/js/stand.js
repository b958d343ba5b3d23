// @ts-check
// What does the work of a web worker in the page, in a browser that starts none.

/** @typedef {import("./wasm.js").Module} Module */
/** @typedef {import("./worker.js").Clients} Clients */

/** How long a slice may take, in milliseconds: less than a frame, together with one of the sample that is drawn. */
const SLICE = 5;

export class Stand {
  /**
   * @param {Module} module
   * @param {string} link
   * @param {(error: unknown) => void} failed
   */
  constructor(module, link, failed) {
    this.part = new module.Part(link);
    /** @type {((message: MessageEvent) => void) | null} */
    this.onmessage = null;
    /** It has no errors of its own: `failed` takes them. */
    this.onerror = null;
    this.channel = new MessageChannel();
    this.channel.port1.onmessage = ({ data: clients }) => {
      try {
        this.work(clients);
      } catch (error) {
        failed(error);
      }
    };
    // Like a worker, it first says that it is there.
    this.postMessage(null);
  }

  /** @param {Clients} clients */
  work(clients) {
    const { part } = this;
    if (clients) part.take(clients[0], clients[1]);
    const until = performance.now() + SLICE;
    while (!part.advance() && performance.now() < until);
    this.onmessage?.(new MessageEvent("message", { data: { report: part.report(), done: part.done() } }));
  }

  /** @param {Clients} clients */
  postMessage(clients) {
    this.channel.port2.postMessage(clients);
  }

  terminate() {
    this.channel.port1.onmessage = null;
    this.channel.port1.close();
    this.part.free();
  }
}
