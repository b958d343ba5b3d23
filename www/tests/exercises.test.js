// @ts-check
// Exercises: one solved, one not, by keyboard; what they hide; and the code of the result.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { axe } from "./axe.js";
import { CODE, nextSend, ready, solved } from "./exercise.js";
import { fragmentOf, openLab, text, watch } from "./support.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

const KINDS = ["next-send", "sends", "recovers", "answered-send", "first-to-give-up", "policy"];

/**
 * Opens an exercise and waits for its run.
 * @param {string} name
 * @param {import("playwright-core").BrowserContextOptions} [options]
 */
async function exercise(name, options = {}) {
  const context = await lab.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const faults = watch(page, lab.url);
  await page.goto(`${lab.url}#view.exercise=${name}`);
  await ready(page);
  return { page, faults };
}

test("an exercise is solved by keyboard, and its code holds", async () => {
  const { page, faults } = await exercise("next-send.7");
  const right = await nextSend(page);
  const shown = await text(page, "clock");
  const [, , amount, unit] = (await text(page, "exercise")).match(/Send (\d) has just left, at ([\d.]+) (m?s)\./) ?? [];
  assert.equal(Number(shown), Number(amount) / (unit === "s" ? 1 : 1000), "it opens where its question is");
  assert.match(await text(page, "moment"), /sends its request again/);
  await page.locator(".exercise input").focus();
  await page.keyboard.type("soon");
  await page.keyboard.press("Enter");
  assert.equal(await text(page, "live"), "Write a time with its unit, such as 700 ms or 1.5 s.");
  await page.locator(".exercise input").fill(`${right + 30} ms`);
  await page.keyboard.press("Enter");
  assert.equal(await text(page, "live"), "That is not right. Try again.");
  await page.click("#to-end");
  assert.equal(await text(page, "clock"), shown, "the rest stays hidden");
  await page.locator(".exercise input").fill(`${right}ms`);
  await page.keyboard.press("Enter");
  await solved(page);
  const verdict = await page.evaluate(() => document.activeElement?.textContent ?? "");
  assert.match(verdict, /^Right: .*One wait after send/, "the focus is on the verdict");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#inspect h3"));
  await page.keyboard.press("End");
  assert.notEqual(await text(page, "clock"), shown);
  const code = (await page.locator(".exercise code").first().textContent()) ?? "";
  assert.match(code, CODE);
  const binary = process.env.RETRYLAB_BIN;
  if (binary) {
    const command = (await page.locator(".exercise code").last().textContent()) ?? "";
    const [program, ...words] = command.split(" ");
    assert.equal(program, "retrylab");
    for (const args of [words, ["check", code, page.url().replace(/&.*/, "")]]) {
      const said = execFileSync(binary, args, { encoding: "utf8" });
      assert.match(said, /^valid: exercise next-send\.7 .*, solved with 2 answers\n$/);
    }
  }
  await page.getByRole("button", { name: "Another exercise", exact: true }).press("Enter");
  await page.waitForFunction(() => location.hash === "#view.exercise=next-send.8");
  await ready(page);
  assert.match(await text(page, "exercise"), /At which time does send \d leave\?/);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a reader who gives up is shown the solution", async () => {
  const { page, faults } = await exercise("recovers.4");
  await page.locator(".exercise input[type=radio]").first().focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Show the solution");
  await page.keyboard.press("Enter");
  await solved(page);
  assert.match(await text(page, "exercise"), /^The answer: (It is answered|The client gives up)\./);
  assert.match((await page.locator(".exercise code").first().textContent()) ?? "", CODE);
  assert(await page.locator("#fields").isVisible(), "and the settings");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("what would give the answer away is hidden until then", async () => {
  const { page, faults } = await exercise("policy.2");
  for (const hidden of ["#fields", "#schedule", "#policy", "#export-open", "#compare", "#inspect"]) {
    assert(!(await page.locator(hidden).isVisible()), hidden);
  }
  await page.keyboard.press("n");
  await page.keyboard.press("c");
  assert.equal(fragmentOf(page), "view.exercise=policy.2", "neither a new seed nor a comparison");
  await page.selectOption("#lesson", { label: "One lost reply" });
  await solved(page);
  assert(await page.locator("#fields").isVisible());
  assert(!(await page.locator(".exercise").isVisible()));
  assert.deepEqual(faults, []);
  await page.context().close();
});

/**
 * Shows the solution of the exercise that is shown.
 * @param {import("playwright-core").Page} page
 */
async function solve(page) {
  await page.getByRole("button", { name: "Show the solution" }).click();
  await solved(page);
}

for (const [colorScheme, width, height] of /** @type {const} */ ([["light", 1280, 800], ["light", 390, 844], ["dark", 1280, 800]])) {
  test(`axe finds nothing: ${colorScheme}, ${width} px`, async () => {
    const { page, faults } = await exercise("next-send.1", { colorScheme, viewport: { width, height } });
    assert.deepEqual(await axe(page, colorScheme), [], "a field");
    await page.goto(`${lab.url}#view.exercise=policy.1`);
    await page.locator(".exercise input[type=radio]").first().waitFor();
    assert.deepEqual(await axe(page, colorScheme), [], "a choice");
    await solve(page);
    assert.deepEqual(await axe(page, colorScheme), [], "a solution");
    assert.deepEqual(faults, []);
    await page.context().close();
  });
}

test("every kind is in the menu and fits on a phone", async () => {
  const { page, faults } = await exercise("next-send.1", { viewport: { width: 390, height: 844 } });
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
  const ways = await page.locator("#lesson optgroup[label=Exercises] option").count();
  assert.equal(ways, KINDS.length);
  for (const kind of KINDS) {
    await page.selectOption("#lesson", `view.exercise=${kind}.1`);
    assert((await wide()) <= 390, kind);
    await solve(page);
    assert((await wide()) <= 390, `${kind}, solved`);
  }
  assert.deepEqual(faults, []);
  await page.context().close();
});
