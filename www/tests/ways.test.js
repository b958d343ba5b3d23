// @ts-check
// Ways through the page, in four windows and both colour schemes: a first visit, a comparison that is shared, an exercise,
// a file and a print. The way of keyboard and screen reader is in keyboard.test.js. The pictures are in target/page-tests.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { CODE, nextSend, ready, solved } from "./exercise.js";
import { fragmentOf, openLab, text, visit, watch } from "./support.js";
import { comparison, firstVisit, playToTheEnd, press, reach, simulated, SIZES, stations } from "./ways.js";

/** @typedef {import("playwright-core").Page} Page */

/** @type {import("./support.js").Lab} */
let lab;
const BINARY = process.env.RETRYLAB_BIN;
const folder = mkdtempSync(join(tmpdir(), "retrylab-ways-"));
before(async () => {
  lab = await openLab();
});
after(async () => {
  await lab.close();
  rmSync(folder, { recursive: true });
});

for (const viewport of SIZES) {
  const size = `${viewport.width}x${viewport.height}`;

  test(`a first visit plays, tries and continues: ${size}`, async () => {
    const { page, faults } = await visit(lab, "", { viewport });
    await firstVisit(page, stations("visit"));
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  test(`a link is opened, two policies are compared, and the result is shared: ${size}`, async () => {
    const { page, faults } = await visit(lab, "", { viewport, permissions: ["clipboard-read", "clipboard-write"] });
    await comparison(page, lab.url, () => page.context().newPage(), stations("compare"));
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), page.url());
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  test(`an exercise is solved: ${size}`, async () => {
    const { page, faults } = await visit(lab, "", { viewport });
    const station = stations("exercise");
    const [question, field, verdict] = [".exercise label", ".exercise input", ".exercise .verdict"].map((name) => page.locator(name));
    const check = page.getByRole("button", { name: "Check", exact: true });
    await page.selectOption("#lesson", "view.exercise=next-send.1");
    await ready(page);
    assert.match(await text(page, "exercise"), /At which time does send \d leave\?/);
    assert(!(await page.locator("#task").isVisible()), "the question says what to do");
    await station(page, "1-question", [page.locator("#sentence"), question, field, check, page.locator("#play")]);

    await page.selectOption("#speed", { label: "8×" });
    await press(page.locator("#play"));
    await page.waitForFunction(() => document.getElementById("live")?.textContent?.includes("The exercise hides what follows."));
    const right = await nextSend(page);
    await field.fill(`${right + 30} ms`);
    await press(check);
    assert.equal(await verdict.textContent(), "That is not right. Try again.");
    await station(page, "2-wrong", [question, field, verdict, check]);

    await field.fill(`${right} ms`);
    await press(check);
    await solved(page);
    assert.match((await verdict.textContent()) ?? "", /^Right: .*One wait after send/);
    assert.match((await page.locator(".exercise code").first().textContent()) ?? "", CODE);
    const another = page.getByRole("button", { name: "Another exercise", exact: true });
    await station(page, "3-right", [verdict, page.locator(".solution li button").first()]);

    await reach(page.locator(".solution li button").first());
    const title = page.locator("#inspect h3");
    await title.waitFor();
    await station(page, "4-why", [title]);
    await page.keyboard.press("Escape");
    await reach(another);
    await ready(page);
    assert.equal(fragmentOf(page), "view.exercise=next-send.2");
    assert.deepEqual(faults, []);
    await page.context().close();
  });

  test(`one file is exported, and a ladder is printed: ${size}`, async () => {
    const visitor = await visit(lab, "", { viewport });
    const faults = [visitor.faults];
    const station = stations("export");
    await press(visitor.page.locator("#export-open"));
    await station(visitor.page, "1-dialog", [visitor.page.locator("#export-title"), visitor.page.locator("#command-copy")]);
    const command = visitor.page.locator("#export code", { hasText: "export-page" });
    await command.scrollIntoViewIfNeeded();
    await station(visitor.page, "2-command", [command]);
    assert.match((await command.textContent()) ?? "", /^retrylab export-page lab\.html$/);

    // Without the program, the page itself is printed.
    let page = visitor.page;
    if (BINARY) {
      const file = join(folder, `${size}.html`);
      execFileSync(BINARY, ["export-page", file], { stdio: "ignore" });
      page = await (await lab.browser.newContext({ viewport, offline: true })).newPage();
      faults.push(watch(page, pathToFileURL(file).href));
      await page.goto(pathToFileURL(file).href);
      await simulated(page);
      await station(page, "3-file", [page.locator("#sentence"), page.locator("#play")]);
    } else {
      await page.keyboard.press("Escape");
    }
    await page.selectOption("#speed", { label: "8×" });
    await playToTheEnd(page);
    const colour = () => page.evaluate(() => getComputedStyle(document.body).color);
    await page.emulateMedia({ colorScheme: "dark" });
    const before = await colour();
    await page.evaluate(() => {
      globalThis.print = () => dispatchEvent(new Event("beforeprint"));
    });
    await press(page.locator("#export-open"));
    await reach(page.locator("[data-part=print]"));
    await page.emulateMedia({ media: "print" });
    const sheet = page.locator(".sheet");
    const words = (await sheet.textContent()) ?? "";
    assert(!words.includes("Watch"), "nothing moves on paper");
    for (const part of ["What does a client do when no reply comes?", "link.loss = 0.3", "Answered after 120 ms and 2 sends.", await text(page, "digest"), `#${fragmentOf(page)}`]) {
      assert(words.includes(part), `${part} is on paper: ${words}`);
    }
    await stations("export", ["dark"])(page, "4-paper", [sheet.locator("h1"), sheet.locator("svg").first()]);
    // The screen is dark, and paper is not.
    assert.notEqual(await colour(), before);
    await page.emulateMedia({ media: "screen" });
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    assert.deepEqual([await sheet.count(), await colour()], [0, before]);
    assert((await page.pdf()).byteLength > 10000, "what the browser prints");
    assert.deepEqual(faults.flat(), []);
    await page.context().close();
    await visitor.page.context().close();
  });
}
