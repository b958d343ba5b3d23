// @ts-check
// A first visit, and moving through a run with buttons, the scrubber and keys.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axe } from "./axe.js";
import { OPENING, fragmentOf, openLab, text, visit } from "./support.js";
import { simulated } from "./ways.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

/** @param {import("playwright-core").Page} page */
const clock = (page) => text(page, "clock");

/**
 * Moves the scrubber as a user does.
 * @param {import("playwright-core").Page} page
 * @param {number} share
 */
async function scrub(page, share) {
  const box = await page.locator("#scrub").boundingBox();
  assert(box);
  await page.mouse.click(box.x + 4.5 + share * (box.width - 9), box.y + box.height / 2);
}

test("the first lesson is in the document, so that nothing moves when the simulated network arrives", async () => {
  const { page } = await visit(lab);
  const [before, after] = await page.evaluate(async () => {
    const source = await (await fetch(location.pathname)).text();
    const documents = [new DOMParser().parseFromString(source, "text/html"), document];
    return documents.map((document) => {
      const shown = document.querySelectorAll(".lesson :not([hidden])");
      return Array.from(shown, (element) => `${element.localName}: ${element.textContent?.replace(/\s+/g, " ").trim()}`);
    });
  });
  assert.deepEqual(after, before);
  assert(after.includes("h2: One lost reply"), after.join("\n"));
  assert.equal(await page.locator(".lesson :disabled").count(), 0);
  await page.context().close();
});

test("a first visit shows one lost reply, paused at 0, and says what to look at", async () => {
  const { page, faults } = await visit(lab);
  assert.equal(fragmentOf(page), OPENING);
  assert.equal(await clock(page), "0.000");
  assert.equal(await text(page, "play-text"), "Play");
  assert.match(await text(page, "sentence"), /its reply is lost.*Watch the ring/s);
  assert.match(await text(page, "digest"), /^[0-9a-f]{16}$/);
  assert.equal(await text(page, "moment"), "The client sends its request and waits 100 ms for a reply.");
  assert.equal(await page.locator("#lesson option:checked").textContent(), "One lost reply");
  await page.waitForTimeout(300);
  assert.equal(await clock(page), "0.000", "it stays paused");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("playing reaches the end and shows the outcome", async () => {
  const { page, faults } = await visit(lab);
  assert.match(await text(page, "outcome"), /^So far: 0 of 1 exchange answered/, "it is hidden");
  await page.selectOption("#speed", { label: "4×" });
  await page.click("#play");
  assert.equal(await text(page, "play-text"), "Pause");
  await page.waitForFunction(() => document.getElementById("play-text")?.textContent === "Again");
  assert.equal(await clock(page), "0.120");
  const outcome = "Answered after 120 ms and 2 sends. One packet was lost.";
  assert.equal(await text(page, "outcome"), outcome);
  assert.match(await text(page, "live"), /The run is over\. Answered after 120 ms and 2 sends/);
  const counts = await page.locator("[data-part=counts] div").allTextContents();
  assert(counts.includes("sends2") && counts.includes("lost1") && counts.includes("answered1"));
  await page.click("#play");
  assert.notEqual(await clock(page), "0.120", "it plays again from the start");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("Play before the run can be looked at plays it as soon as it can", async () => {
  const { page, faults } = await visit(lab);
  // In one task, so that no more of the run is there than its first slice.
  const state = await page.evaluate(() => {
    const menu = /** @type {HTMLSelectElement} */ (document.getElementById("lesson"));
    menu.value = [...menu.options].find((option) => option.text === "metastable")?.value ?? "";
    menu.dispatchEvent(new Event("change"));
    document.getElementById("play")?.click();
    return document.getElementById("play-text")?.textContent;
  });
  assert.equal(state, "Play");
  await page.waitForFunction(() => document.getElementById("play-text")?.textContent === "Pause");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("steps go from event to event, forth and back", async () => {
  const { page, faults } = await visit(lab);
  const there = ["0.010", "0.015", "0.100", "0.110", "0.120", "0.120"];
  for (const time of there) {
    await page.click("#step-next");
    assert.equal(await clock(page), time);
  }
  assert.match(await text(page, "live"), /Answered after 120 ms/);
  for (const time of ["0.110", "0.100", "0.015", "0.010", "0.000", "0.000"]) {
    await page.click("#step-back");
    assert.equal(await clock(page), time);
  }
  assert.match(await text(page, "live"), /^0\.000 seconds\. The client sends its request/);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("nothing moves when a lesson's text says what to do after its run", async () => {
  const { page, faults } = await visit(lab);
  await page.selectOption("#lesson", { label: "Hedging" });
  await page.waitForFunction(() => document.getElementById("lesson-number")?.textContent === "Lesson 8 of 11");
  const top = () => page.locator("#exhibits").evaluate((exhibits) => exhibits.getBoundingClientRect().top);
  const before = await top();
  assert.match(await text(page, "task"), /^Press Play, then set Max sends /);
  await page.keyboard.press("End");
  assert.match(await text(page, "task"), /^Now set Max sends /);
  assert.equal(await top(), before);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("the ladders of two runs show the playhead, wherever it is when they are there", async () => {
  const run = "seed=11&clients=50&server.service=2ms&server.queue=10&link.loss=0.05";
  const { page, faults } = await visit(lab, run, { viewport: { width: 1440, height: 900 } });
  await page.click("#compare");
  await page.locator("#field-policy-preset").selectOption("grpc");
  await simulated(page);
  await page.click("#to-end");
  await page.waitForFunction(() => location.hash.includes("view.at"));
  await page.reload();
  await simulated(page);
  /** Waits until the ladders are near their ends, or not. */
  const areAtEnd = (/** @type {boolean[]} */ ...wanted) => page.waitForFunction((wanted) => {
    const ladders = [...document.querySelectorAll("[data-part=ladder-scroller]")];
    const rest = ladders.map((one) => one.scrollHeight - one.clientHeight - one.scrollTop);
    return String(rest.map((rest) => rest < 100)) === String(wanted);
  }, wanted);
  await areAtEnd(true, true);
  // Who scrolls decides what is in sight until the playhead moves.
  const ladder = page.locator("[data-part=ladder-scroller]").first();
  await ladder.evaluate((one) => (one.scrollTop = 0));
  await page.locator("[data-part=stage]").first().hover();
  await page.setViewportSize({ width: 1440, height: 860 });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await areAtEnd(false, true);
  await page.keyboard.press("Escape");
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await areAtEnd(false, true);
  await page.click("#step-back");
  await areAtEnd(true, true);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("the scrubber goes anywhere, and counts go with it", async () => {
  const { page, faults } = await visit(lab);
  await scrub(page, 0.5);
  const middle = Number(await clock(page));
  assert(middle > 0.015 && middle < 0.1, "in the folded wait");
  assert.equal(await text(page, "moment"), "The reply to send 1 is lost on the link.");
  assert.equal(await text(page, "moment-time"), "0.015 s", "the moment has its own time");
  const last = "At 0.015 seconds: The reply to send 1 is lost on the link.";
  assert((await text(page, "live")).endsWith(` seconds. ${last}`), await text(page, "live"));
  assert((await page.locator("[data-part=stage]").getAttribute("aria-label"))?.includes(`seconds. ${last}`));
  assert.equal(await text(page, "folded"), "85 ms without an event");
  await scrub(page, 1);
  assert.equal(await clock(page), "0.120");
  await scrub(page, 0);
  assert.equal(await clock(page), "0.000");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("only a pace that folds says that it plays faster", async () => {
  const { page, faults } = await visit(lab, "server.drop=1&view.at=1.6s");
  const plays = async (/** @type {string} */ speed) => {
    await page.selectOption("#speed", { label: speed });
    await page.click("#play");
    const said = await text(page, "folded");
    await page.click("#play");
    return said;
  };
  assert.equal(await plays("real time"), "1.59 s without an event");
  assert.equal(await plays("1/16×"), "1.59 s without an event, played faster");
  assert.equal(await text(page, "folded"), "1.59 s without an event");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a click inspects a packet, and the inspector says why", async () => {
  const { page, faults } = await visit(lab);
  await page.keyboard.press("End");
  await page.click("[data-show=table]");
  await page.getByRole("button", { name: "sends its request" }).nth(1).click();
  const inspector = await text(page, "inspect");
  assert.match(inspector, /Request, send 2/);
  assert.match(inspector, /because the wait of 100 ms for a reply ran out/);
  assert.match(inspector, /The reply to send 1 was lost on the link: it drew 0\.15, below the loss rate of 0\.3/);
  assert.match(inspector, /hello/);
  await page.keyboard.press("Escape");
  assert.match(await text(page, "inspect"), /^Choose a packet/);

  // On the stage: the first request, half of its way.
  await page.keyboard.press("Home");
  await scrub(page, 5 / 120);
  const stage = await page.locator("[data-part=stage]").boundingBox();
  assert(stage);
  let found = "";
  for (let x = 0.3; x < 0.8 && !found.includes("send 1"); x += 0.02) {
    await page.mouse.click(stage.x + x * stage.width, stage.y + stage.height / 2 - 30);
    found = await text(page, "inspect");
  }
  assert.match(found, /Request, send 1/);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("everything goes by keys alone", async () => {
  const { page, faults } = await visit(lab);
  const { keyboard } = page;
  await keyboard.press("ArrowRight");
  assert.equal(await clock(page), "0.010");
  await keyboard.press("ArrowLeft");
  await keyboard.press("End");
  assert.equal(await clock(page), "0.120");
  await keyboard.press("Home");
  assert.equal(await clock(page), "0.000");
  await keyboard.press("\\");
  assert.equal(await page.locator("#speed option:checked").textContent(), "real time");
  await keyboard.press("[");
  assert.equal(await page.locator("#speed option:checked").textContent(), "8×");
  await keyboard.press(" ");
  await page.waitForFunction(() => document.getElementById("play-text")?.textContent === "Again");
  await keyboard.press("[");
  await keyboard.press("[");
  await keyboard.press("[");
  await keyboard.press("r");
  assert.equal(await text(page, "play-text"), "Pause");
  await keyboard.press(" ");
  assert.notEqual(await text(page, "play-text"), "Pause");

  await keyboard.press("n");
  assert.notEqual(fragmentOf(page), OPENING, "another seed");
  assert.match(fragmentOf(page), /^(seed=\d+&)?link\.loss=0\.3(&view\.|$)/);

  await keyboard.press("?");
  assert(await page.locator("#keys").isVisible());
  const before = await clock(page);
  await keyboard.press("ArrowRight");
  assert.equal(await clock(page), before, "keys rest while a dialog is open");
  await page.locator("#keys-on").uncheck();
  await keyboard.press("Escape");
  assert(!(await page.locator("#keys").isVisible()));
  const fragment = fragmentOf(page);
  await keyboard.press("n");
  assert.equal(fragmentOf(page), fragment, "single keys are switched off");
  assert.deepEqual(faults, []);
  await page.context().close();
});

for (const [colorScheme, width] of /** @type {const} */ ([["light", 1440], ["dark", 390]])) {
  test(`the palette finds commands, lessons and settings by their names: ${colorScheme}, ${width} px`, async () => {
    const { page, faults } = await visit(lab, "", { colorScheme, viewport: { width, height: 844 } });
    const { keyboard } = page;
    const field = page.getByRole("combobox", { name: "Find a command, a lesson or a setting" });
    const options = page.locator("[role=listbox] li");
    const chosen = () => field.evaluate((field) => document.getElementById(field.getAttribute("aria-activedescendant") ?? "")?.textContent);
    await keyboard.press("Control+k");
    assert.equal(await chosen(), "Play or pauseSpace");
    assert.deepEqual(await axe(page, colorScheme), []);
    await keyboard.type("end");
    await keyboard.press("ArrowDown");
    await keyboard.press("ArrowUp");
    await keyboard.press("Enter");
    assert.equal(await clock(page), "0.120", "Go to the end");
    assert(!(await field.isVisible()));
    await keyboard.press("Control+k");
    await keyboard.type("no such thing");
    assert.equal(await options.count(), 0);
    await keyboard.press("Enter");
    await field.fill("setting factor");
    await keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "field-policy-multiplier");
    assert(await page.locator("#field-policy-multiplier").isVisible());
    await keyboard.press("Control+k");
    await keyboard.type("course how long");
    assert.equal(await chosen(), "How long to waitCourse");
    await keyboard.press("Enter");
    assert.equal(await text(page, "title"), "How long to wait");
    await keyboard.press("Control+k");
    await keyboard.press("Escape");
    assert(!(await field.isVisible()));
    assert.deepEqual(faults, []);
    await page.context().close();
  });
}

test("every control is reached by Tab, and its focus is seen", async () => {
  const { page, faults } = await visit(lab);
  /** @type {string[]} */
  const reached = [];
  for (let i = 0; i < 45; i++) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(() => {
      const at = document.activeElement;
      if (!at || at === document.body) return null;
      const { outlineStyle, outlineWidth } = getComputedStyle(at);
      const seen = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
      return { name: at.id || at.getAttribute("data-show") || at.getAttribute("aria-label") || at.tagName, seen };
    });
    if (!focus) continue;
    assert(focus.seen, `${focus.name} shows its focus`);
    reached.push(focus.name);
  }
  for (const name of ["lesson", "share", "export-open", "theme", "keys-open", "field-link-loss", "field-seed",
    "ladder", "table", "play", "step-next", "step-back", "to-start", "to-end", "scrub", "speed"]) {
    assert(reached.includes(name), `Tab reaches ${name}: ${reached.join(" ")}`);
  }
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a hidden tab pauses", async () => {
  const { page, faults } = await visit(lab, "server.drop=1");
  await page.keyboard.press(" ");
  assert.equal(await text(page, "play-text"), "Pause");
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { value: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  assert.equal(await text(page, "play-text"), "Play");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("the server's queue and faults are in words, and the legend explains a mark once it is seen", async () => {
  const late = "exchanges=3&token=true&server.service=140ms&server.reply=mirror&faults=500ms+1s+slow+2";
  const { page, faults } = await visit(lab, late);
  const shown = () => page.locator("#legend [data-mark]:visible").allTextContents();
  assert.deepEqual(await shown(), [], "nothing of it has happened");
  const end = await page.locator("#legend").boundingBox();
  await scrub(page, 0.5);
  await page.locator("[data-mark=queue]").waitFor();
  assert.match(await text(page, "moment"), /Server: busy 1 of 1/);
  assert.deepEqual((await shown()).slice(0, 2), ["in work", "in the queue"]);
  await page.keyboard.press("End");
  await page.locator("[data-mark=wasted]").waitFor();
  assert.deepEqual(await shown(), ["in work", "in the queue", "down, slow or cut", "work whose reply is of no use"]);
  assert.deepEqual(await page.locator("#legend").boundingBox(), end, "nothing moves");
  const label = await page.locator("[data-part=stage]").getAttribute("aria-label");
  assert.match(label ?? "", /Server: .*wasted, slow ×2 since 500 ms\./);
  await page.evaluate(() => {
    location.hash = "#exchanges=9&faults=50ms+100ms+loss+0.3;60ms+100ms+latency+50ms";
  });
  await page.locator("[data-mark=latency]").waitFor({ state: "attached" });
  await page.waitForFunction(() => document.querySelector("[data-mark=latency]:not([hidden])"));
  assert.deepEqual(await shown(), [], "no fault has begun");
  await page.keyboard.press("End");
  assert.deepEqual(await shown(), ["extra loss", "extra latency"]);
  while (!(await text(page, "moment")).includes("Extra loss 0.3 since 50 ms; latency +50 ms since 60 ms.")) {
    await page.keyboard.press("ArrowLeft");
  }
  await page.evaluate(() => {
    location.hash = "#clients=50";
  });
  await page.locator("#legend", { hasText: "client answered" }).locator("[data-mark=crowd]").first().waitFor();
  assert.equal((await shown()).length, 4, "the marks of a crowd");
  assert.deepEqual(faults, []);
  await page.context().close();
});
