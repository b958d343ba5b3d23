// @ts-check
// Frames and drawings of a page, counted by the tests and by the benchmark.

/** @typedef {import("playwright-core").Page} Page */

/** All packets are in flight for seconds, and no client retries. */
export const flood = (/** @type {number} */ n) =>
  `clients=${n}&policy.initial_timeout=30s&policy.give_up_above=none&policy.max_sends=1&link.latency=uniform+4s+9s`;

/** A million clients of `retrylab sim`. */
export const MILLION = "clients=1000000&server.drop=0.5";

/**
 * Counts how often canvases are cleared, because every drawing begins with that.
 * @param {Page} page
 */
export async function countDrawings(page) {
  await page.evaluate(() => {
    const { clearRect } = CanvasRenderingContext2D.prototype;
    Reflect.set(globalThis, "drawings", []);
    CanvasRenderingContext2D.prototype.clearRect = function (x, y, w, h) {
      Reflect.get(globalThis, "drawings").push({ part: this.canvas.dataset.part, at: performance.now() });
      clearRect.call(this, x, y, w, h);
    };
  });
}

/**
 * Returns the times of the drawings within the given number of milliseconds: of all canvases, or of one.
 * @param {Page} page
 * @param {number} span
 * @param {string} [part]
 * @returns {Promise<number[]>}
 */
export async function drawings(page, span, part) {
  await page.evaluate(() => Reflect.get(globalThis, "drawings").splice(0));
  await page.waitForTimeout(span);
  /** @type {{ part: string, at: number }[]} */
  const all = await page.evaluate(() => Reflect.get(globalThis, "drawings"));
  return all.filter((drawing) => !part || drawing.part === part).map(({ at }) => at);
}

/**
 * Notes the time of every frame from now on.
 * @param {Page} page
 */
export async function watchFrames(page) {
  await page.evaluate(() => {
    /** @type {number[]} */
    const times = [];
    Reflect.set(globalThis, "times", times);
    const frame = () => {
      times.push(performance.now());
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
}

/**
 * Notes the time when the page starts its first worker.
 * @param {Page} page
 */
export async function watchWorkers(page) {
  await page.evaluate(() => {
    globalThis.Worker = class extends Worker {
      /** @param {ConstructorParameters<typeof Worker>} how */
      constructor(...how) {
        super(...how);
        if (!Reflect.has(globalThis, "begun")) Reflect.set(globalThis, "begun", performance.now());
      }
    };
  });
}

/**
 * Returns the time when the page started its first worker.
 * @param {Page} page
 * @returns {Promise<number>}
 */
export const workersBegun = (page) => page.evaluate(() => Reflect.get(globalThis, "begun"));

/**
 * Returns the times of the frames so far.
 * @param {Page} page
 * @returns {Promise<number[]>}
 */
export const frames = (page) => page.evaluate(() => Reflect.get(globalThis, "times"));

/**
 * Returns the frames per second, the slowest frame and the time of all, both in milliseconds.
 * @param {number[]} times
 */
export function paceOf(times) {
  const gaps = times.slice(1).map((time, i) => time - times[i]);
  const took = times[times.length - 1] - times[0];
  return { rate: (1000 * gaps.length) / took, worst: Math.max(...gaps), took };
}

/**
 * Returns the number of packets in flight that the page shows.
 * @param {Page} page
 */
export async function inFlight(page) {
  const counts = await page.locator("[data-part=counts] div").allTextContents();
  return Number(counts.find((c) => c.startsWith("in flight"))?.slice(9).replace(",", ""));
}
