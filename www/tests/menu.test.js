// @ts-check
// axe-core, and what it cannot check, on everything in the menu: at its start, in the middle and at its end, in both themes, on a desk and on a phone.
// Lessons of the course are looked at in all twelve ways. Of the rest, each is in each of the three states, in both themes and
// both widths, in three of the twelve ways; in all of them with RETRYLAB_LONG, as `cargo xtask test --long` sets it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe } from "./axe.js";
import { LONG, openLab, seek, visit } from "./support.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{ group: string, title: string, link: string }} Entry */

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

/** The themes and widths in an order in which any three that follow each other have both themes and both widths. */
const LOOKS = /** @type {const} */ ([["light", 1280], ["dark", 390], ["light", 390], ["dark", 1280]]);

/** High enough that nearly nothing is out of sight, which axe-core could not judge. */
const HEIGHT = 3000;

/** @type {Record<string, (page: Page) => Promise<void>>} */
const STATES = {
  opened: async () => {},
  "in the middle": (page) => seek(page, 0.5),
  over: async (page) => {
    const solution = page.getByRole("button", { name: "Show the solution" });
    if (await solution.isVisible()) await solution.click();
    await seek(page, 1);
  },
};

/**
 * Returns what is in the menu.
 * @param {Page} page
 * @returns {Promise<Entry[]>}
 */
const menu = (page) => page.evaluate(() =>
  [...document.querySelectorAll("#lesson optgroup")].flatMap((group) =>
    [...group.querySelectorAll("option")].map(({ label, value }) => ({ group: group.getAttribute("label") ?? "", title: label, link: value }))));

/**
 * Returns what only eyes can see: pictures without a name, marks in the legend without words, and, where nothing is played,
 * animations.
 * @param {Page} page
 */
const unnamed = (page) => page.evaluate(() => {
  const canvases = [...document.querySelectorAll("canvas:not([aria-hidden=true])")]
    .filter((canvas) => canvas.getClientRects().length > 0 && !canvas.getAttribute("aria-label"));
  const marks = [...document.querySelectorAll("#legend li:not([hidden])")].filter((line) => !line.textContent?.trim());
  const moving = document.getAnimations().filter(({ playState }) => playState === "running");
  return [...canvases, ...marks].map((element) => element.outerHTML).concat(moving.map(({ id }) => `animation ${id}`));
});

/**
 * Opens an entry of the menu, and waits for its run or for what an exercise shows of it.
 * @param {Page} page
 * @param {Entry} entry
 */
async function open(page, { link }) {
  // What the page showed before must not be mistaken for the result.
  await page.evaluate(() => {
    document.querySelector("[data-part=digest]")?.replaceChildren();
    document.querySelector("[data-part=stage]")?.setAttribute("aria-label", "");
  });
  await page.selectOption("#lesson", link);
  await page.waitForFunction(() => {
    const asks = document.body.classList.contains("asks");
    const isDrawn = document.querySelector("[data-part=stage]")?.getAttribute("aria-label")?.startsWith("The stage at");
    return isDrawn && (asks || document.querySelector("[data-part=digest]")?.textContent?.length === 16);
  });
}

for (const [look, [colorScheme, width]] of LOOKS.entries()) {
  test(`axe finds nothing in the menu: ${colorScheme}, ${width} px`, async () => {
    const { page, faults } = await visit(lab, "", { colorScheme, viewport: { width, height: HEIGHT } });
    const entries = await menu(page);
    assert.equal(entries.filter(({ group }) => group === "Course").length, 11);
    let checks = 0;
    for (const [place, entry] of entries.entries()) {
      const inFull = LONG || entry.group === "Course";
      const isDue = (/** @type {number} */ state) => inFull || (place + state) % LOOKS.length === look;
      if (!Object.keys(STATES).some((_, state) => isDue(state))) continue;
      await open(page, entry);
      for (const [state, [name, reach]] of Object.entries(STATES).entries()) {
        await reach(page);
        if (!isDue(state)) continue;
        checks += 1;
        // A state of a lesson is looked at in both themes, which differ in colours only.
        assert.deepEqual(await unnamed(page), [], `${entry.title}, ${name}`);
        assert.deepEqual(await axe(page, inFull ? colorScheme : "light"), [], `${entry.title}, ${name}`);
      }
    }
    console.log(`${checks} states of ${entries.length} entries: ${colorScheme}, ${width} px`);
    assert.deepEqual(faults, []);
    await page.context().close();
  });
}
