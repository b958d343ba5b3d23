// @ts-check
// What the pointer is over is lit everywhere; the filter of the events; the inspector as a drawer and as a sheet.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe } from "./axe.js";
import { openLab, text, visit } from "./support.js";

/** @typedef {import("playwright-core").Page} Page */

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

const TABLET = { viewport: { width: 1024, height: 768 } };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** @param {Page} page */
const settle = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/**
 * Waits for drawing to be done, and returns a picture of a canvas as text.
 * @param {Page} page
 * @param {string} name
 */
async function drawn(page, name) {
  await settle(page);
  const canvas = page.locator(`[data-part=${name}]`).first();
  return canvas.evaluate((canvas) => (canvas instanceof HTMLCanvasElement ? canvas.toDataURL() : ""));
}

/**
 * @param {Page} page
 * @param {string} selector
 */
const lit = (page, selector) => page.locator(`${selector} .lit`).allInnerTexts();

/**
 * Moves the playhead to a time of the run, after the reader has seen all of it.
 * @param {Page} page
 * @param {string} clock
 */
async function stepBackTo(page, clock) {
  await page.click("#to-end");
  while ((await text(page, "clock")) !== clock) await page.click("#step-back");
}

test("the pointer over a packet lights it on stage and ladder, in the table and in the inspector", async () => {
  const { page, faults } = await visit(lab);
  // Send 2 arrives at the server.
  await stepBackTo(page, "0.110");
  const [stage, ladder] = [await drawn(page, "stage"), await drawn(page, "ladder")];
  const box = await page.locator("[data-part=ladder]").first().boundingBox();
  assert(box);
  // The pointer looks for the line of the reply to send 1, which is lost in the middle between the lanes.
  let found = false;
  for (let y = 40; y < box.height && !found; y += 6) {
    await page.mouse.move(box.x + box.width * 0.6, box.y + y);
    found = (await drawn(page, "ladder")) !== ladder;
  }
  assert(found, "a line of the ladder is lit");
  await page.mouse.move(5, 5);
  assert.equal(await drawn(page, "ladder"), ladder, "and nothing without the pointer");

  await page.click("[data-show=table]");
  const row = page.getByRole("button", { name: "sends its request" }).last();
  await row.hover();
  const rows = await lit(page, "[data-part=rows]");
  assert(rows.length === 2 && rows.every((row) => row.includes("send 2")), String(rows));
  assert.notEqual(await drawn(page, "stage"), stage, "the packet at the server has a ring");
  await page.mouse.move(5, 5);
  assert.equal(await drawn(page, "stage"), stage);
  assert.deepEqual(await lit(page, "body"), []);

  await row.click();
  await page.mouse.move(5, 5);
  await page.locator("#inspect .chain button", { hasText: "Send 1 began" }).focus();
  assert.deepEqual((await lit(page, "[data-part=rows]")).map((row) => row.includes("send 1")), [true, true]);
  assert.equal((await lit(page, "#inspect .waterfall")).length, 1, "its bar, too");
  await page.locator("#inspect .waterfall button").last().hover();
  assert((await lit(page, "[data-part=rows]")).every((row) => row.includes("send 2")));
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("the wait under the pointer is lit in the table, and nothing is drawn for a move that changes nothing", async () => {
  const { page, faults } = await visit(lab);
  await stepBackTo(page, "0.010");
  await page.click("[data-show=table]");
  const stage = page.locator("[data-part=stage]").first();
  const ring = await stage.evaluate((canvas) => [canvas.clientWidth, canvas.clientHeight]);
  // The client's ring is at the left, in the middle of the height.
  /** @type {string[]} */
  let rows = [];
  for (let x = 10; x < ring[0] / 3 && rows.length === 0; x += 12) {
    await stage.hover({ position: { x, y: ring[1] * 0.45 } });
    rows = await lit(page, "[data-part=rows]");
  }
  assert(rows.length > 0 && rows.every((row) => /100 ms/.test(row)), String(rows));
  await settle(page);
  const frames = await page.evaluate(async () => {
    const stage = document.querySelector("[data-part=stage]");
    if (!(stage instanceof HTMLCanvasElement)) throw new Error("the page has no stage");
    const { clearRect } = CanvasRenderingContext2D.prototype;
    let count = 0;
    CanvasRenderingContext2D.prototype.clearRect = function (...area) {
      count++;
      clearRect.apply(this, area);
    };
    const move = (/** @type {number} */ x) =>
      stage.dispatchEvent(new PointerEvent("pointermove", { clientX: stage.getBoundingClientRect().left + x, clientY: stage.getBoundingClientRect().top + 2 }));
    const counts = [];
    for (const x of [200, 201, 202]) {
      count = 0;
      move(x);
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      counts.push(count);
    }
    return counts;
  });
  assert(frames[0] > 0, "leaving the ring is drawn");
  assert.deepEqual(frames.slice(1), [0, 0]);
  assert.deepEqual(faults, []);
  await page.context().close();
});

/** The link of five clients with three exchanges each. */
const FIVE = "clients=5&exchanges=3&seed=7&link.loss=0.3";

/**
 * Selects the send of a client's first exchange in the table.
 * @param {Page} page
 */
async function selectFirst(page) {
  await page.click("[data-show=table]");
  await page.getByRole("button", { name: "sends its request" }).first().click();
  await page.locator("#inspect h3").waitFor();
}

test("the cursor of a chart lights what its point stands for, and charts mark what is selected", async () => {
  const { page, faults } = await visit(lab, FIVE);
  await page.click("#to-end");
  await selectFirst(page);
  await page.click("[data-show=charts]");
  const note = page.locator(".chart-note").nth(1);
  // Send 1 of the first exchange of client 1 is lost, send 2 is answered.
  assert.match(await note.innerText(), /^The dotted lines mark the exchange of what was sent at 0 s: answered after 120 ms and 2 sends\.$/);
  const [stage, strip] = [await drawn(page, "stage"), await drawn(page, "strip")];
  const chart = (/** @type {string} */ name) => page.getByRole("slider", { name: `${name}, chart` });
  await chart("Sends per exchange").focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Home");
  assert.notEqual(await drawn(page, "stage"), stage, "clients with such exchanges have a ring");
  assert.deepEqual(await lit(page, "#inspect .waterfall"), [], "this one had not one send");
  await page.keyboard.press("ArrowRight");
  assert.equal((await lit(page, "#inspect .waterfall")).length, 2, "but two");
  assert.equal(await drawn(page, "strip"), strip);
  await chart("Latency: share answered within a time").focus();
  await page.keyboard.press("End");
  assert.equal((await lit(page, "#inspect .waterfall")).length, 2);
  await page.getByRole("slider", { name: /^Offered load and goodput/ }).focus();
  await page.keyboard.press("ArrowRight");
  assert.notEqual(await drawn(page, "strip"), strip, "the interval is marked on the strip");
  await page.click("h1");
  assert.deepEqual([await drawn(page, "stage"), await drawn(page, "strip")], [stage, strip]);
  assert.deepEqual(await lit(page, "#inspect .waterfall"), []);
  await page.keyboard.press("Escape");
  assert.match(await note.innerText(), /^Point at a packet/);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a selection makes ghosts of other exchanges, until Esc", async () => {
  const { page, faults } = await visit(lab, FIVE);
  await stepBackTo(page, "0.110");
  const before = [await drawn(page, "stage"), await drawn(page, "ladder")];
  const opaque = (/** @type {string} */ name) => page.locator(`[data-part=${name}]`).first().evaluate((canvas) => {
    if (!(canvas instanceof HTMLCanvasElement)) throw new Error("not a canvas");
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy?.drawImage(canvas, 0, 0);
    const pixels = copy?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    return pixels.filter((value, i) => i % 4 === 3 && value > 250).length;
  });
  const counts = [await opaque("stage"), await opaque("ladder")];
  const legend = page.locator("[data-mark=ghost]");
  assert.equal(await legend.isVisible(), false);
  await selectFirst(page);
  await page.click("[data-show=ladder]");
  await settle(page);
  assert.equal(await legend.isVisible(), true);
  assert(await opaque("stage") < counts[0] - 100 && await opaque("ladder") < counts[1] - 100, "others are fainter");
  await page.keyboard.press("Escape");
  assert.deepEqual([await drawn(page, "stage"), await drawn(page, "ladder")], before);
  assert.equal(await legend.isVisible(), false);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a filter shows the events with all of its words, and their neighbours", async () => {
  const { page, faults } = await visit(lab);
  await page.keyboard.press("/");
  const filter = page.getByRole("searchbox", { name: "Filter the events" });
  assert(await filter.evaluate((field) => field === document.activeElement));
  await filter.fill("LOST reply");
  assert.equal(await text(page, "found"), "No event of 2 has all of these words", "the loss has not happened yet");
  await page.click("#to-end");
  const rows = page.locator("[data-part=rows] tr");
  assert.match(await text(page, "found"), /^1 of \d+ events match$/);
  assert.deepEqual(await rows.evaluateAll((rows) => rows.map((row) => row.classList.contains("context"))), [true, false, true]);
  assert.match(await rows.nth(1).innerText(), /The reply to send 1 is lost on the link/);
  assert.equal(await text(page, "rows-which"), "1 to 3 of 3");
  await filter.focus();
  await page.keyboard.press("Escape");
  assert.equal(await filter.inputValue(), "");
  assert.equal(await text(page, "found"), "");
  assert.equal(await rows.count(), Number((await text(page, "rows-which")).split(" ").at(-1)));
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a click on a row leaves the table where it is", async () => {
  const { page, faults } = await visit(lab, "exchanges=40");
  await page.click("[data-show=table]");
  await page.click("#to-end");
  const scroller = page.locator(".scroller").first();
  assert((await scroller.evaluate((scroller) => scroller.scrollTop)) > 500, "the latest moment is in sight");
  const row = page.getByRole("button", { name: "The server replies" }).first();
  await row.hover();
  const top = await scroller.evaluate((scroller) => scroller.scrollTop);
  assert(top < 300, `scrolled up to ${top}`);
  await row.click();
  await page.locator("#inspect h3").waitFor();
  assert.equal(await scroller.evaluate((scroller) => scroller.scrollTop), top);
  assert((await page.locator("[data-part=rows] tr.chosen").count()) > 0);
  assert.deepEqual(faults, []);
  await page.context().close();
});

for (const [name, options] of /** @type {const} */ ([["drawer", TABLET], ["sheet", PHONE]])) {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    test(`a selection opens the inspector as a ${name}, which takes no focus and closes: ${colorScheme}`, async () => {
      const { page, faults } = await visit(lab, "", { ...options, colorScheme });
      await page.click("#to-end");
      await page.click("[data-show=table]");
      const row = page.getByRole("button", { name: "sends its request" }).last();
      await row.focus();
      const before = await page.evaluate(() => scrollY);
      await settle(page);
      await page.evaluate(() => {
        const shifts = /** @type {number[]} */ ([]);
        Object.assign(window, { shifts });
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) if ("value" in entry) shifts.push(Number(entry.value));
        }).observe({ type: "layout-shift", buffered: false });
      });
      await page.keyboard.press("Enter");
      const inspector = page.locator("#inspector");
      const title = inspector.locator("h3");
      await title.waitFor();
      await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
      const { width, height } = options.viewport;
      const [of, transport] = [await inspector.boundingBox(), await page.locator("#transport").boundingBox()];
      assert(of && transport);
      assert(of.x >= 0 && of.x + of.width <= width + 0.5 && of.y >= 0, JSON.stringify(of));
      assert(Math.abs(of.y + of.height - transport.y) < 1, "it ends where the transport begins");
      assert(transport.y < height);
      assert.match(await page.evaluate(() => document.activeElement?.textContent ?? ""), /sends its request/);
      const chosen = await row.boundingBox();
      if (name === "sheet") assert(chosen && chosen.y > 0 && chosen.y + chosen.height < of.y, "the row is above the sheet");
      else assert.equal(await page.evaluate(() => scrollY), before, "nothing has scrolled");
      await page.click("#inspect-close");
      await title.waitFor({ state: "detached" });
      assert.equal(await page.locator("#inspector.open").count(), 0);
      assert.notEqual(await page.evaluate(() => document.activeElement?.tagName), "BODY", "the focus is not lost");
      await row.focus();
      await page.keyboard.press("Enter");
      await title.waitFor();
      await page.keyboard.press("Escape");
      await title.waitFor({ state: "detached" });
      assert.deepEqual(await page.evaluate(() => /** @type {any} */ (window).shifts.filter((/** @type {number} */ shift) => shift > 0.001)), []);
      await row.click();
      await title.waitFor();
      await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
      assert.deepEqual(await axe(page, colorScheme), []);
      assert.deepEqual(faults, []);
      await page.context().close();
    });
  }
}
