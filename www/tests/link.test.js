// @ts-check
// A link describes its run completely: it shows the same run on every machine and after a reload.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { digests, fragmentOf, golden, openLab, text, visit, watch } from "./support.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

const GOLDEN = new URL("../../core/tests/digests.txt", import.meta.url);

test("a link shows the same run to somebody else, and after a reload", async () => {
  const fragment = "seed=11&clients=4&server.drop=0.25&link.latency=uniform+5ms+60ms&link.loss=0.2";
  const one = await visit(lab, fragment);
  const digest = await text(one.page, "digest");
  assert.equal(fragmentOf(one.page), fragment);
  await one.page.reload();
  await one.page.waitForFunction(() => document.querySelector("[data-part=digest]")?.textContent?.length === 16);
  assert.equal(await text(one.page, "digest"), digest);
  const other = await visit(lab, fragment);
  assert.equal(await text(other.page, "digest"), digest);
  assert.equal(await text(other.page, "outcome"), await text(one.page, "outcome"));
  assert.deepEqual([...one.faults, ...other.faults], []);
  await one.page.context().close();
  await other.page.context().close();
});

test("editing an own link in the address bar changes the run", async () => {
  const { page, faults } = await visit(lab, "server.drop=1");
  await page.click("#to-end");
  assert.match(await text(page, "outcome"), /gave up after 3\.1 s and 5 sends/);
  await page.evaluate(() => {
    location.hash = "#server.drop=1&policy.max_sends=2";
  });
  await page.waitForFunction(() => document.querySelector("[data-part=digest]")?.textContent !== "");
  await page.click("#to-end");
  assert.match(await text(page, "outcome"), /2 sends/);
  await page.waitForFunction(() => location.hash.includes("view.at"));
  await page.click("#to-start");
  await page.waitForFunction(() => !location.hash.includes("view.at"));
  assert.equal(fragmentOf(page), "policy.max_sends=2&server.drop=1", "in the order of the table");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("the default run is in the address bar too", async () => {
  const { page, faults } = await visit(lab, "seed=1");
  assert.equal(fragmentOf(page), "seed=1");
  await page.click("#to-end");
  assert.match(await text(page, "outcome"), /^Answered after 20 ms and 1 send\.$/);
  await page.waitForFunction(() => location.hash === "#seed=1&view.at=0.02");
  await page.reload();
  await page.waitForFunction(() => document.querySelector("[data-part=digest]")?.textContent?.length === 16);
  assert.match(await text(page, "outcome"), /1 send\.$/);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a bad link names what is wrong with it, and the rest is shown", async () => {
  const { page, faults } = await visit(lab, "server.dorp=1&clients=x&seed=9&link.loss=0.4");
  const notice = (await page.locator("[data-notice=link]").textContent()) ?? "";
  assert.match(notice, /server\.dorp/);
  assert.match(notice, /did you mean server\.drop/);
  assert.match(notice, /clients: "x" is not a whole number from 1 to 4294967295/);
  assert.equal(fragmentOf(page), "seed=9&link.loss=0.4", "what could be read");
  assert.match(await text(page, "digest"), /^[0-9a-f]{16}$/);
  await page.locator("[data-notice=link] button").click();
  assert.equal(await page.locator("[data-notice=link]").count(), 0);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a link that another program has changed shows the same run, or says what is wrong", async () => {
  const fragment = "seed=11&server.drop=0.25";
  const { page, faults } = await visit(lab, fragment);
  const digest = await text(page, "digest");
  const shown = () => page.waitForFunction(() => document.querySelector("[data-part=digest]")?.textContent?.length === 16);
  for (const changed of [`?${fragment}`, `#${encodeURIComponent(fragment)}`, "?seed=11#server.drop=0.25"]) {
    await page.goto("about:blank");
    await page.goto(lab.url + changed);
    await shown();
    assert.equal(await text(page, "digest"), digest, changed);
    assert.equal(page.url(), `${lab.url}#${fragment}`, changed);
    assert.equal(await page.locator("[data-notice=link]").count(), 0, changed);
  }
  for (const { changed, sentence } of [
    { changed: "#seed=7&seed=8", sentence: /seed has two values, "7" and "8"/ },
    { changed: "?server.dorp=1", sentence: /did you mean server\.drop/ },
    { changed: "?seed=7#seed=8", sentence: /seed has two values/ },
  ]) {
    await page.goto("about:blank");
    await page.goto(lab.url + changed);
    await shown();
    assert.match((await page.locator("[data-notice=link]").textContent()) ?? "", sentence);
  }
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("hostile links are text, not markup", async () => {
  const { page, faults } = await visit(lab, "message=<img+src=x+onerror=alert(1)>&<b>=1&link.loss=%3Cscript%3E");
  assert.equal(await page.locator("#notices img, #notices b, #notices script").count(), 0);
  assert.match((await page.locator("[data-notice=link]").textContent()) ?? "", /<b>/);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("share copies the link; export has the command line and the events", async () => {
  const { page, faults } = await visit(lab, "message=it%27s+me&link.loss=0.3&seed=7", {
    permissions: ["clipboard-read", "clipboard-write"],
  });
  await page.click("#share");
  await page.waitForFunction(() => document.getElementById("share")?.textContent === "Copied");
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), page.url());
  await page.click("#export-open");
  const command = await page.locator("#command").inputValue();
  assert.equal(command, String.raw`retrylab sim --set seed=7 --set 'message=it'\''s me' --set link.loss=0.3`);
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#trace-save")]);
  assert.equal(download.suggestedFilename(), `retrylab-${await text(page, "digest")}.jsonl`);
  const lines = readFileSync(await download.path(), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.equal(lines[0].link, "seed=7&message=it%27s+me&link.loss=0.3");
  assert.equal(lines[1].event, "sent");
  assert.equal(lines.at(-1).event, "answered");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("every golden digest is that of the browser", { skip: !existsSync(GOLDEN) }, async () => {
  const lines = golden(GOLDEN);
  const { page, faults } = await visit(lab, lines[0][0]);
  const found = await digests(page, lines.map(([fragment]) => fragment));
  lines.forEach(([fragment, digest], i) => assert.equal(found[i], digest, fragment));
  console.log(`${lines.length} digests are the same in Chromium`);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a long run shows its beginning while it continues, and can be stopped", async () => {
  const context = await lab.browser.newContext();
  const page = await context.newPage();
  const faults = watch(page, lab.url);
  await page.goto(`${lab.url}#clients=50&server.drop=1&policy.multiplier=1&policy.initial_timeout=1ms`);
  await page.locator("[data-notice^=long] button").waitFor();
  // The first million events are kept; the count then grows.
  const later = /Simulating … ([2-9]|\d\d)[\d.]* M events/;
  await page.locator("[data-notice^=long]", { hasText: later }).waitFor();
  await page.keyboard.press("ArrowRight");
  assert.notEqual(await text(page, "clock"), "0.000000", "its beginning can be looked at");
  await page.locator("[data-notice^=long] button").click();
  await page.locator("[data-notice^=part]").waitFor();
  assert.match(await text(page, "outcome"), /^Stopped after [\d,]+ events/);
  assert.equal(await text(page, "digest"), "", "a stopped run has no digest");
  assert.match((await page.locator("[data-notice^=part]").textContent()) ?? "", /the first 1,000,000 of/);
  assert.deepEqual(faults, []);
  await context.close();
});
