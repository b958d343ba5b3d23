// @ts-check
// The ways of a visitor that every browser takes: a first visit, and a comparison that is shared.

import assert from "node:assert/strict";
import { misplaced, unseen } from "./layout.js";
import { picture, text } from "./support.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Locator} Locator */

/**
 * Looks at the page: nothing is misplaced, and what says how to go on is in sight.
 * @typedef {(page: Page, name: string, next: Locator[]) => Promise<void>} Station
 */

/** The windows of a desk, one pixel lower, a tablet and a phone. */
export const SIZES = [[1440, 900], [1440, 899], [1024, 768], [390, 844]].map(([width, height]) => ({ width, height }));

/** The same without the second desk, for what takes long and depends on the width alone. */
export const WIDTHS = SIZES.filter(({ height }) => height !== 899);

/** @param {Page} page */
export const isPhone = (page) => (page.viewportSize()?.width ?? 0) < 700;

/** @param {Page} page */
export const simulated = (page) => page.waitForFunction(() => {
  const all = [...document.querySelectorAll("[data-part=digest]")];
  return all.every((digest) => /^[0-9a-f]{16}$/.test(digest.textContent ?? ""));
});

/** @typedef {"light" | "dark"} Theme */

/** @param {Page} page @param {Theme} colorScheme */
const emulate = (page, colorScheme) => page.emulateMedia({ colorScheme });

/**
 * Returns what looks at the stations of a way, and takes their pictures.
 * @param {string} way
 * @param {Theme[]} [themes]
 * @param {(page: Page, theme: Theme) => Promise<void>} [paint] changes the theme
 * @returns {Station}
 */
export const stations = (way, themes = ["light", "dark"], paint = emulate) => async (page, name, next) => {
  await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
  const { width, height } = page.viewportSize() ?? { width: 0, height: 0 };
  const place = `${way}-${name}-${width}x${height}`;
  for (const theme of themes) {
    await paint(page, theme);
    await picture(page, `ways-${place}-${theme}.png`);
  }
  assert.deepEqual(await misplaced(page), [], place);
  for (const locator of next) assert.equal(await unseen(locator), "", place);
};

/**
 * Presses what is in sight, as a visitor does: nothing is scrolled for that.
 * @param {Locator} locator
 */
export async function press(locator) {
  assert.equal(await unseen(locator), "");
  const { x, y, width, height } = await locator.boundingBox() ?? { x: 0, y: 0, width: 0, height: 0 };
  await locator.page().mouse.click(x + width / 2, y + height / 2);
}

/** @param {Page} page */
export async function playToTheEnd(page) {
  await press(page.locator("#play"));
  await page.waitForFunction(() => document.getElementById("play-text")?.textContent === "Again");
}

/**
 * Scrolls to something and presses it.
 * @param {Locator} locator
 */
export async function reach(locator) {
  await locator.scrollIntoViewIfNeeded();
  await press(locator);
}

/**
 * Opens what a phone shows one at a time; elsewhere it is on the page.
 * @param {Page} page
 * @param {"panel" | "controls"} view
 */
async function turnTo(page, view) {
  if (isPhone(page)) await reach(page.locator(`[data-show=${view}]`));
}

/**
 * A first visit: plays, tries what the lesson says, and continues with the next lesson.
 * @param {Page} page
 * @param {Station} station
 */
export async function firstVisit(page, station) {
  const [task, attempt, next, moment] = ["#task-text", "#lesson-try", "#lesson-next", ".moment"].map((name) => page.locator(name));
  assert.equal(await text(page, "title"), "One lost reply");
  assert.match(await text(page, "task"), /^Press Play, then set Loss to 0: the first reply arrives, and one send is enough\. Try it$/);
  await station(page, "1-opened", [page.locator("#sentence"), task, page.locator("#play"), moment]);

  await page.selectOption("#speed", { label: "8×" });
  await playToTheEnd(page);
  assert.equal(await text(page, "moment"), "The reply to send 2 arrives. Answered after 120 ms and 2 sends.");
  assert.match(await text(page, "task"), /^Now set Loss to 0: the first reply arrives, and one send is enough\. Try it$/);
  await station(page, "2-played", [moment, attempt, next]);

  await press(attempt);
  await page.waitForFunction(() => document.querySelector("[data-part=outcome]")?.textContent?.startsWith("Answered after 20 ms and 1 send."));
  assert.equal(await text(page, "title"), "One lost reply, changed");
  assert.equal(await text(page, "moment"), "The reply to send 1 arrives. Answered after 20 ms and 1 send.");
  assert.equal(await page.locator("#field-link-loss").inputValue(), "0");
  assert.equal(await task.textContent(), "Try other settings, go back to the lesson, or go on to the next one.");
  assert(!(await attempt.isVisible()));
  await station(page, "3-tried", [moment, task, page.locator("#lesson-back"), next]);

  await press(next);
  assert.equal(await text(page, "lesson-number"), "Lesson 2 of 11");
  assert.equal(await text(page, "title"), "How long to wait");
  assert.match(await text(page, "live"), /^How long to wait\. Nothing is lost here/);
  assert.deepEqual([await text(page, "clock"), await text(page, "play-text")], ["0.000", "Play"]);
  await station(page, "4-next", [page.locator("#sentence"), task, page.locator("#play")]);
}

/** A crowd at a small queue. */
const CROWD = "seed=11&clients=50&server.service=2ms&server.queue=10&link.loss=0.05";

/**
 * A link is opened, two policies are compared, and the result is shared.
 * @param {Page} page
 * @param {string} url
 * @param {() => Promise<Page>} other opens the page of somebody else
 * @param {Station} station
 */
export async function comparison(page, url, other, station) {
  await page.goto(`${url}#${CROWD}`);
  await page.locator("#title", { hasText: "Your own run" }).waitFor();
  await simulated(page);
  const task = page.locator("#task-text");
  assert.equal(await task.textContent(), "Press Play, or change a setting. To compare the runs before and after, press Compare first.");
  const [a, b] = [0, 1].map((nth) => page.locator(".exhibit > .name").nth(nth));
  await station(page, "1-opened", [page.locator("#sentence"), page.locator("#compare"), page.locator("#play")]);

  await press(page.locator("#compare"));
  await simulated(page);
  assert.deepEqual([await a.textContent(), await b.textContent()], ["A: this run, pinned", "B: change a setting"]);
  assert.equal(await task.textContent(), "Press Play, or change a setting of B: A stays as it is. Press Compare again to end the comparison.");
  await station(page, "2-pinned", [a, b]);

  await turnTo(page, "controls");
  await page.locator("#field-policy-preset").selectOption("grpc");
  await simulated(page);
  assert.deepEqual([await a.textContent(), await b.textContent()], ["A: Policy textbook", "B: Policy grpc"]);
  await press(page.locator("#to-end"));
  assert.equal(await task.textContent(), "Change a setting of B: A stays as it is. Press Compare again to end the comparison.");
  await turnTo(page, "panel");
  const difference = page.locator("#difference-text");
  await difference.filter({ hasText: "seeds" }).filter({ hasNotText: "Repeating" }).waitFor();
  await difference.scrollIntoViewIfNeeded();
  await station(page, "3-compared", [difference, page.locator("#play")]);

  await reach(page.locator("[data-show=charts]"));
  const chart = page.locator(".chart-plot").first();
  await chart.scrollIntoViewIfNeeded();
  await station(page, "4-charts", [chart]);

  await reach(page.locator("#share"));
  await page.locator("#share", { hasText: /Copied|Select and copy/ }).waitFor();
  const reader = await other();
  await reader.goto(page.url());
  await simulated(reader);
  assert.deepEqual(await reader.locator(".exhibit > .name").allTextContents(), ["A: Policy textbook", "B: Policy grpc"]);
  for (const part of ["digest", "outcome"]) {
    const words = (/** @type {Page} */ one) => one.locator(`[data-part=${part}]`).allTextContents();
    assert.deepEqual(await words(reader), await words(page), part);
  }
  await station(reader, "5-shared", [reader.locator(".exhibit > .name").first(), reader.locator("#play")]);
}
