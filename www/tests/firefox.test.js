// @ts-check
// The first two ways through the page in Firefox, over WebDriver BiDi.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { firefox } from "playwright-core";
import { serve, watch } from "./support.js";
import { comparison, firstVisit, simulated, WIDTHS, stations } from "./ways.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  // The channel's prefix chooses WebDriver BiDi.
  const options = { executablePath: process.env.FIREFOX || "/usr/bin/firefox-esr", channel: "moz-firefox" };
  const [server, browser] = await Promise.all([serve(), firefox.launch(options)]);
  lab = { url: server.url, browser, close: async () => {
    await browser.close();
    server.stop();
  } };
});
after(() => lab.close());

/**
 * Opens the page, and returns what goes wrong there.
 * @param {{ width: number, height: number }} viewport
 */
async function visit(viewport) {
  const context = await lab.browser.newContext({ viewport });
  const page = await context.newPage();
  const faults = watch(page, lab.url);
  await page.goto(lab.url);
  await simulated(page);
  // To take a picture, Playwright adds a style, which the page's policy forbids.
  return { page, faults: () => faults.filter((fault) => !fault.includes("style-src-elem")) };
}

/**
 * Changes the theme with the page's button: this browser cannot emulate the system's.
 * @param {import("playwright-core").Page} page
 * @param {string} theme
 */
const paint = (page, theme) => page.evaluate((theme) => {
  if (document.documentElement.dataset.theme !== theme) document.getElementById("theme")?.click();
}, theme);

for (const viewport of WIDTHS) {
  const size = `${viewport.width}x${viewport.height}`;

  test(`a first visit plays, tries and continues: ${size}`, async () => {
    const { page, faults } = await visit(viewport);
    await firstVisit(page, stations("firefox-visit", ["light", "dark"], paint));
    assert.deepEqual(faults(), []);
    await page.context().close();
  });

  test(`a link is opened, two policies are compared, and the result is shared: ${size}`, async () => {
    const { page, faults } = await visit(viewport);
    await comparison(page, lab.url, () => page.context().newPage(), stations("firefox-compare", ["light", "dark"], paint));
    assert.deepEqual(faults(), []);
    await page.context().close();
  });
}
