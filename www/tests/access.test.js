// @ts-check
// Accessibility: axe-core on every state, phones, dark colours, reduced motion, forced colours, and messages
// when something fails.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe } from "./axe.js";
import { openLab, text, unfold, visit, watch } from "./support.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    test(`axe finds nothing: ${colorScheme}, ${width} px`, async () => {
      const { page, faults } = await visit(lab, "", { colorScheme, viewport: { width, height } });
      assert.deepEqual(await axe(page, colorScheme), [], "opening");
      await page.selectOption("#speed", { label: "1/16×" });
      await page.click("#play");
      assert.deepEqual(await axe(page, colorScheme), [], "playing");
      await page.click("#to-end");
      assert.deepEqual(await axe(page, colorScheme), [], "finished");
      await page.click("[data-show=table]");
      assert.deepEqual(await axe(page, colorScheme), [], "events");
      if (width < 700) await page.click("[data-show=controls]");
      await unfold(page);
      await page.fill("#field-link-loss", "x");
      await page.press("#field-link-loss", "Enter");
      assert.deepEqual(await axe(page, colorScheme), [], "settings, one of them bad");
      if (width < 700) await page.click("[data-show=panel]");
      assert.deepEqual(await axe(page, colorScheme), [], "outcome");
      await page.click("#export-open");
      assert.deepEqual(await axe(page, colorScheme), [], "export");
      await page.keyboard.press("Escape");
      await page.click("#keys-open");
      assert.deepEqual(await axe(page, colorScheme), [], "shortcuts");
      assert.deepEqual(faults, []);
      await page.context().close();
    });
  }
}

test("axe finds nothing in a crowd and in a bad link", async () => {
  const { page } = await visit(lab, "clients=500&link.loss=0.3&x=1");
  assert.deepEqual(await axe(page), []);
  await page.context().close();
});

test("a phone shows everything without sideways scrolling, in reach of a thumb", async () => {
  const options = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
  const { page, faults } = await visit(lab, "", options);
  for (const view of ["ladder", "table", "panel", "controls"]) {
    await page.tap(`[data-show=${view}]`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert(wide <= 390, `${view}: ${wide} px wide`);
  }
  assert(await page.locator("#field-link-loss").isVisible());
  const small = await page.evaluate(() =>
    // A checkbox is pressed by its label.
    [...document.querySelectorAll("button, select, input:not([type=range], [type=checkbox]), .more-field label")]
      .filter((element) => element.getClientRects().length > 0)
      .map((element) => ({ id: element.id, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.height < 43.5 || box.width < 43.5)
      .map(({ id, box }) => `${id} ${box.width}x${box.height}`));
  assert.deepEqual(small, []);
  const play = await page.locator("#play").boundingBox();
  assert(play && play.y + play.height <= 844, "the transport is in sight");
  await page.tap("#play");
  assert.equal(await text(page, "play-text"), "Pause");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("nothing is cut off at 200 % and at odd sizes", async () => {
  for (const [width, height] of [[640, 400], [1100, 620], [1099, 700], [700, 900], [320, 568]]) {
    const { page } = await visit(lab, "", { viewport: { width, height } });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert(wide <= width, `${width}x${height}: ${wide} px wide`);
    await page.context().close();
  }
});

test("with text twice as large, nothing is cut off and nothing overlaps", async () => {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    const { page } = await visit(lab, "", { viewport: { width, height } });
    await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
    await page.click("#to-end");
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert(wide <= width, `${wide} px wide in a window of ${width} px`);
    const cut = await page.evaluate(() =>
      [...document.querySelectorAll("button, #title, #sentence, #task-text, .label, .digest, [data-part=outcome], [data-part=moment]")]
        .filter((element) => element instanceof HTMLElement && element.getClientRects().length > 0)
        .filter((element) => element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1)
        .map((element) => `${element.id || element.getAttribute("data-part") || element.textContent}: ` +
          `${element.scrollWidth}x${element.scrollHeight} in ${element.clientWidth}x${element.clientHeight}`));
    assert.deepEqual(cut, [], `${width} px`);
    const covered = await page.evaluate(() => [...document.querySelectorAll(".field .row")].flatMap((row) => {
      const boxes = [...row.children].map((child) => child.getBoundingClientRect());
      const isOver = boxes.some((a, i) => boxes.slice(i + 1).some((b) => a.right > b.left + 1 && b.right > a.left + 1 && a.bottom > b.top + 1 && b.bottom > a.top + 1));
      return isOver ? [row.textContent] : [];
    }));
    assert.deepEqual(covered, [], `${width} px`);
    await page.context().close();
  }
});

test("dark follows the system, and the button decides and is remembered", async () => {
  const { page, faults } = await visit(lab, "", { colorScheme: "dark" });
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await ground();
  await page.click("#theme");
  const light = await ground();
  assert.notEqual(dark, light);
  await page.reload();
  await page.waitForFunction(() => document.querySelector("[data-part=digest]")?.textContent?.length === 16);
  assert.equal(await ground(), light);
  assert.equal(await page.locator("#theme").getAttribute("aria-pressed"), "false");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("with less motion nothing glides: play goes from event to event", async () => {
  const { page, faults } = await visit(lab, "", { reducedMotion: "reduce" });
  assert.equal(await text(page, "clock"), "0.000");
  await page.evaluate(() => {
    const times = new Set();
    const clock = document.getElementById("clock");
    Reflect.set(globalThis, "times", times);
    if (clock) new MutationObserver(() => times.add(clock.textContent)).observe(clock, { childList: true, subtree: true });
  });
  await page.click("#play");
  await page.waitForFunction(() => document.getElementById("play-text")?.textContent === "Again", null, { timeout: 15000 });
  const times = await page.evaluate(() => [...Reflect.get(globalThis, "times")]);
  assert.deepEqual(times, ["0.010", "0.015", "0.100", "0.110", "0.120"]);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("forced colours leave the pictures visible", async () => {
  const { page, faults } = await visit(lab, "", { forcedColors: "active" });
  const colours = await page.evaluate(() => {
    const canvas = document.querySelector("[data-part=stage]");
    if (!(canvas instanceof HTMLCanvasElement)) return 0;
    const data = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    let drawn = 0;
    for (let i = 3; i < data.length; i += 4) drawn += data[i] > 128 ? 1 : 0;
    return drawn;
  });
  assert(colours > 1000, `${colours} pixels are drawn`);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("canvases have names that say what they show, and the table says the same", async () => {
  const { page, faults } = await visit(lab);
  await page.keyboard.press("ArrowRight");
  const label = await page.locator("[data-part=stage]").getAttribute("aria-label");
  assert.match(label ?? "", /^The stage at 0\.010 seconds\. The request arrives/);
  assert.match((await page.locator("[data-part=ladder]").getAttribute("aria-label")) ?? "", /view Events/);
  await page.click("[data-show=table]");
  // What has not happened yet is not in it.
  assert.equal(await page.locator("[data-part=rows] tr").count(), 4);
  const now = await page.locator("[data-part=rows] tr.now").allTextContents();
  assert.deepEqual(now.map((row) => row.replace(/\s+/g, " ")), [
    "0.010serverThe request arrives (send 1).send 1", "0.010serverThe server replies, 21 bytes.send 1",
  ]);
  await page.locator("[data-part=rows] button[tabindex='0']").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.match(await text(page, "inspect"), /Reply to send 1/);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("without WebAssembly the page says so, with the link", async () => {
  const context = await lab.browser.newContext();
  await context.route("**/*.wasm", (route) => route.abort());
  const page = await context.newPage();
  await page.goto(`${lab.url}#seed=3`);
  const notice = page.locator("[data-notice=broken]");
  await notice.waitFor();
  assert.match((await notice.textContent()) ?? "", /needs WebAssembly.*#seed=3/s);
  assert.match(await text(page, "still-text"), /could not be loaded/);
  await page.click("#theme");
  await context.close();
});

test("a bug is reported with the link of the run", async () => {
  const { page } = await visit(lab, "seed=3");
  await page.evaluate(() => {
    CanvasRenderingContext2D.prototype.clearRect = () => {
      throw new Error("made to fail");
    };
  });
  await page.keyboard.press("ArrowRight");
  const notice = page.locator("[data-notice=broken]");
  await notice.waitFor();
  assert.match((await notice.textContent()) ?? "", /made to fail.*#seed=3/s);
  await page.context().close();
});

test("without JavaScript the page says what it needs", async () => {
  const context = await lab.browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  const faults = watch(page, lab.url);
  await page.goto(lab.url);
  assert.match((await page.locator("noscript").textContent()) ?? "", /needs JavaScript and WebAssembly/);
  assert.deepEqual(faults, []);
  await context.close();
});
