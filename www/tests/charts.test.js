// @ts-check
// The charts: their numbers, the cursor by keyboard, the table, CSV, and a sweep.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { axe } from "./axe.js";
import { fragmentOf, openLab, picture, text, visit } from "./support.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

const LINK = "seed=7&clients=50&link.loss=0.3";

/** @typedef {import("playwright-core").Page} Page */

/**
 * Opens a link and its charts.
 * @param {string} fragment
 * @param {import("playwright-core").BrowserContextOptions} [options]
 */
async function charts(fragment, options) {
  const visited = await visit(lab, fragment, options);
  await visited.page.click("[data-show=charts]");
  return visited;
}

/**
 * @param {Page} page
 * @param {RegExp | string} name
 */
const chart = (page, name) => page.getByRole("group", { name });

/**
 * Returns the words at the cursor of a chart.
 * @param {Page} page
 * @param {RegExp | string} name
 */
const value = (page, name) => chart(page, name).getByRole("slider").getAttribute("aria-valuetext");

/**
 * Saves a chart as CSV, and returns its lines.
 * @param {Page} page
 * @param {RegExp | string} name
 */
async function csv(page, name) {
  const [file] = await Promise.all([page.waitForEvent("download"), chart(page, name).getByRole("button", { name: /^CSV/ }).click()]);
  const lines = (await readFile(await file.path(), "utf8")).split("\r\n");
  return { name: file.suggestedFilename(), lines };
}

/**
 * Returns the sum of a column.
 * @param {string[]} lines
 * @param {number} column
 */
const sum = (lines, column) => lines.slice(1).reduce((all, line) => all + Number(line.split(",")[column] ?? 0), 0);

test("a chart has nothing before the run begins, and everything at its end", async () => {
  const { page, faults } = await charts(LINK);
  assert.equal(await value(page, /^Latency/), "No request finished yet.");
  assert.match(await text(page, "charts"), /Theory: 0\.965 answered, 1\.970 sends per exchange\. No request finished yet/);
  await page.click("#to-end");
  const load = await csv(page, /^Offered load/);
  assert.equal(load.name, "retrylab-load.csv");
  assert.equal(load.lines[0], '"from_s","offered load","offered with retries","goodput"');
  const counts = await page.locator("[data-part=counts] dd").allTextContents();
  assert.equal(sum(load.lines, 1), 50, "all clients begin");
  assert.equal(sum(load.lines, 2), Number(counts[0]), "sends");
  assert.equal(sum(load.lines, 3), Number(counts[6]), "answered");
  const sends = await csv(page, /^Sends per exchange$/);
  assert(Math.abs(sum(sends.lines, 1) - 1) < 1e-9, "the shares sum to 1");
  assert.match(await text(page, "charts"), /Share answered: theory 0\.965, simulated 1\.000, 95 % interval 0\.929 to 1\.000\./);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("the keyboard moves the cursor, and not the playhead", async () => {
  const { page, faults } = await charts(LINK);
  await page.click("#to-end");
  await chart(page, /^Sends per exchange$/).getByRole("slider").focus();
  const clock = await text(page, "clock");
  await page.keyboard.press("Home");
  assert.match((await value(page, /^Sends per exchange$/)) ?? "", /^1 send: simulated \d+ % \([\d.]+ % to [\d.]+ %\), theory 49 %$/);
  await page.keyboard.press("ArrowRight");
  assert.match((await value(page, /^Sends per exchange$/)) ?? "", /^2 sends: /);
  await page.keyboard.press("End");
  assert.match((await value(page, /^Sends per exchange$/)) ?? "", /^5 sends: /);
  await page.keyboard.press("ArrowRight");
  assert.match((await value(page, /^Sends per exchange$/)) ?? "", /^5 sends: /, "there is no further place");
  assert.equal(await text(page, "clock"), clock);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("the table has at most 25 rows on a page", async () => {
  const { page, faults } = await charts(LINK);
  await page.click("#to-end");
  const load = chart(page, /^Offered load/);
  await load.getByText("Table").click();
  const rows = load.locator("tbody tr");
  // The browser says later that the table is open.
  await rows.first().waitFor();
  assert.equal(await rows.count(), 25);
  assert.match((await rows.first().textContent()) ?? "", /^0 s to 20 ms5050/);
  await load.getByRole("button", { name: "Next" }).click();
  assert.match((await load.locator(".pages").textContent()) ?? "", /26 to 50 of 77/);
  assert.match((await rows.first().textContent()) ?? "", /^500 ms to 520 ms/);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("two runs are on every chart, and their names say which", async () => {
  const { page, faults } = await charts(LINK);
  await page.click("#compare");
  await page.fill("#field-link-loss", "0.5");
  await page.press("#field-link-loss", "Enter");
  await page.click("#to-end");
  const load = await csv(page, /^Offered load/);
  assert.equal(load.lines[0], '"from_s","A: offered load","A: offered with retries","A: goodput","B: offered load","B: offered with retries","B: goodput"');
  assert(sum(load.lines, 2) < sum(load.lines, 5), "more loss, more sends");
  assert.match((await value(page, /^Latency/)) ?? "", /A: share answered .*, B: share answered/);
  assert.match(await text(page, "charts"), /A: Share answered: theory 0\.965.*B: Share answered: theory 0\.763/s);
  await page.selectOption("[data-part=charts] select", "clients");
  await page.getByRole("button", { name: "Run the sweep" }).click();
  await page.getByText(/^30 values, /).waitFor();
  assert.match((await value(page, /^Share answered by/)) ?? "", /^Clients 1, 20 seeds: A: answered .*, B: answered /);
  await page.click("#compare");
  assert(!(await chart(page, /^Share answered by/).isVisible()));
  assert.doesNotMatch((await page.locator(".chart-words").textContent()) ?? "", /A: /);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a run without a closed form says why", async () => {
  const { page, faults } = await charts(`${LINK}&policy.jitter=full`);
  await page.click("#to-end");
  assert.match(await text(page, "charts"), /No closed form: the waits are drawn or measured\./);
  const sends = await csv(page, /^Sends per exchange$/);
  assert.equal(sends.lines[0], '"sends","simulated","simulated, low","simulated, high"');
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a sweep grows, marks the present value, and a place sets the slider", async () => {
  const { page, faults } = await charts(LINK);
  await page.getByRole("button", { name: "Run the sweep" }).click();
  const answered = chart(page, /^Share answered by/);
  await page.getByText(/^23 values, /).waitFor();
  const { lines } = await csv(page, /^Share answered by/);
  assert.equal(lines.length, 25, "a head, 23 stops, and the last line's end");
  assert.match(lines[1], /^0,1,/);
  assert.match(lines[23], /^1,0,/);
  const shares = lines.slice(1, 24).map((line) => Number(line.split(",")[1]));
  for (let i = 1; i < shares.length; i++) assert(shares[i] < shares[i - 1] + 0.05, `${shares}`);
  assert.match((await csv(page, /^99th/)).lines[23], /^1,$/, "no such time exists");
  await answered.getByRole("slider").focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  assert.match(fragmentOf(page), /link\.loss=1/);
  assert.match((await value(page, /^Share answered by/)) ?? "", /^Loss 1, 20 seeds: answered 0 % /);
  assert(await answered.isVisible(), "the results stay: only the swept setting differs");
  await page.fill("#field-clients", "40");
  await page.press("#field-clients", "Enter");
  assert(!(await answered.isVisible()), "another scenario has other results");
  assert.deepEqual(faults, []);
  await page.context().close();
});

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  for (const [width, height] of [[1440, 900], [390, 844]]) {
    test(`axe finds nothing in the charts: ${colorScheme}, ${width} px`, async () => {
      const { page, faults } = await charts(LINK, { colorScheme, viewport: { width, height } });
      await picture(page, `charts-empty-${colorScheme}-${width}.png`);
      await page.click("#to-end");
      await chart(page, /^Sends per exchange$/).getByText("Table").click();
      await picture(page, `charts-${colorScheme}-${width}.png`);
      assert.deepEqual(await axe(page, colorScheme), []);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert(wide <= width, `${wide} px wide`);
      assert.deepEqual(faults, []);
      await page.context().close();
    });
  }
}
