// @ts-check
// The form: a change is simulated, and an error is shown at its field.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fragmentOf, openLab, text, unfold, visit } from "./support.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

/**
 * @param {import("playwright-core").Page} page
 * @param {string} id
 * @param {string} value
 */
async function enter(page, id, value) {
  await page.fill(`#${id}`, value);
  await page.press(`#${id}`, "Enter");
}

const ALWAYS = ["Policy", "Loss", "First timeout", "Backoff factor", "Jitter", "Clients", "Seed"];

test("seven settings are in sight with the schedule, the others are folded away", async () => {
  for (const [width, height] of [[1440, 900], [1440, 899], [1366, 768], [1280, 800]]) {
    const { page, faults } = await visit(lab, "", { viewport: { width, height } });
    const labels = await page.locator("#policy .label, #fields .label").allTextContents();
    assert.deepEqual(labels, ALWAYS);
    const transport = (await page.locator(".transport").boundingBox())?.y ?? 0;
    for (const part of ["#schedule", "#field-link-loss", ".modes", "#field-clients", "#field-seed"]) {
      const box = await page.locator(part).boundingBox();
      assert(box && box.y >= 0 && box.y + box.height <= transport, `${part} at ${width}x${height}`);
    }
    assert(!(await page.locator("#more-fields .label").first().isVisible()));
    await unfold(page);
    assert((await page.locator("#more-fields .label:visible").count()) > 60);
    assert.deepEqual(faults, []);
    await page.context().close();
  }
});

test("a field does not cover its label or the mark of a change", async () => {
  for (const [width, height] of [[1440, 900], [1024, 768], [720, 450], [390, 844], [320, 568]]) {
    const fragment = "policy.preset=coap&link.loss=0.3&policy.initial_timeout=150ms&policy.multiplier=1.25&clients=2000&policy.linear_timeouts=2";
    const { page } = await visit(lab, fragment, { viewport: { width, height } });
    if (width < 700) await page.click("[data-show=controls]");
    await unfold(page);
    const covered = await page.evaluate(() => [...document.querySelectorAll(".row")].filter((row) => {
      const parts = [...row.children].map((part) => part.getBoundingClientRect()).filter(({ width }) => width > 0);
      const { right } = row.getBoundingClientRect();
      return parts.some((part, i) => part.right > right + 1 || parts.slice(i + 1).some((next) =>
        next.left < part.right - 0.5 && part.left < next.right - 0.5 && next.top < part.bottom - 0.5 && part.top < next.bottom - 0.5));
    }).map((row) => row.textContent));
    assert.deepEqual(covered, [], `${width}x${height}`);
    const marked = await page.locator(".changed:visible").evaluateAll((fields) => fields.map((field) => {
      const label = field.querySelector(".label");
      return label ? getComputedStyle(label, "::before").left : "";
    }));
    assert(marked.length >= 6 && marked.every((left) => Number.parseFloat(left) < -8), `left of the label: ${marked}`);
    await page.context().close();
  }
});

test("values are read as people write them, and shown as they are read", async () => {
  const { page, faults } = await visit(lab, "seed=1");
  for (const [id, typed, fragment, help] of /** @type {const} */ ([
    ["field-link-loss", "30%", "link.loss=0.3", "30% is read as 0.3"],
    ["field-link-loss", "20 %", "link.loss=0.2", "20 % is read as 0.2"],
    ["field-policy-initial_timeout", "10 ms", "policy.initial_timeout=10ms&link.loss=0.2", "10 ms is read as 10ms"],
    ["field-policy-initial_timeout", "200", "policy.initial_timeout=200ms&link.loss=0.2", "200 is read as 200ms"],
    ["field-link-loss", "0.1", "policy.initial_timeout=200ms&link.loss=0.1", "Share of packets lost, each way"],
  ])) {
    await enter(page, id, typed);
    assert.equal(fragmentOf(page), fragment);
    assert.equal(await text(page, `${id}-help`), help);
  }
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("jitter is a group of buttons; one with a parameter has it under More", async () => {
  const { page, faults } = await visit(lab, "seed=1");
  const group = page.getByRole("radiogroup", { name: "Jitter" });
  const names = ["none", "full", "equal", "decorrelated", "proportional", "once", "compounding", "additive", "slots"];
  assert.deepEqual(await group.locator("label").allTextContents(), names);
  await group.getByRole("radio", { name: "full" }).check();
  assert.equal(fragmentOf(page), "policy.jitter=full");
  await page.keyboard.press("ArrowRight");
  assert.equal(fragmentOf(page), "policy.jitter=equal");
  await group.getByRole("radio", { name: "proportional" }).check();
  assert.equal(fragmentOf(page), "policy.jitter=proportional+0.2");
  assert.match(await text(page, "modes-policy-jitter-help"), /^proportional 0\.2; see More settings$/);
  await unfold(page);
  await enter(page, "field-policy-jitter", "proportional 0.4 later");
  assert(await group.getByRole("radio", { name: "proportional" }).isChecked());
  await page.selectOption("#field-policy-backoff", "constant");
  const radio = group.getByRole("radio", { name: "decorrelated" });
  assert(await radio.isDisabled(), "it needs waits that grow");
  assert.match((await group.locator("label", { hasText: "decorrelated" }).getAttribute("title")) ?? "", /“Jitter” does not fit “Backoff”/);
  await page.getByRole("button", { name: "Reset Jitter to none" }).first().click();
  assert(await group.getByRole("radio", { name: "none" }).isChecked());
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("value")), "none", "the focus is not lost");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("forced colours leave the chosen mode and the marks of changes visible", async () => {
  const { page, faults } = await visit(lab, "policy.jitter=full", { forcedColors: "active" });
  const [chosen, other] = await page.evaluate(() => [":checked", ":not(:checked)"].map((state) => {
    const mode = document.querySelector(`.mode:has(${state})`);
    return mode ? getComputedStyle(mode).backgroundColor : "";
  }));
  assert(chosen && chosen !== other, `${chosen}, ${other}`);
  const mark = await page.locator("#modes-policy-jitter-label").evaluate((label) => getComputedStyle(label, "::before").borderTopWidth);
  assert.equal(mark, "4px", "a border is drawn, a background is not");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a search finds settings by label, key and help; groups fold and count what is changed", async () => {
  const { page, faults } = await visit(lab, "server.workers=2&server.queue=5&link.rtt=4ms");
  assert.equal(await text(page, "more-changed"), "3 changed");
  await page.click("#more > summary");
  const group = (/** @type {string} */ name) => page.locator("#more .group", { has: page.locator("summary", { hasText: name }) });
  assert.equal(await group("Server").locator("summary").textContent(), "Server 2 changed");
  await group("Link").locator("summary").click();
  const shown = () => page.locator("#more-fields .field:visible .label").allTextContents();
  const all = await shown();
  assert(all.includes("RTT") && !all.includes("Workers"));
  for (const [words, label] of [["server.queue", "Server queue"], ["retry budget", "Budget"], ["PING", "RTT"]]) {
    await page.fill("#more-search", words);
    assert.deepEqual(await shown(), [label], words);
    assert.equal(await text(page, "more-found"), "1 setting");
  }
  await page.fill("#more-search", "no such thing");
  assert.deepEqual(await shown(), []);
  assert.equal(await text(page, "more-found"), "No setting found.");
  await page.fill("#more-search", "");
  assert.deepEqual(await shown(), all, "the groups are as before");
  await page.getByRole("button", { name: "Reset RTT to none" }).click();
  assert.equal(fragmentOf(page), "server.workers=2&server.queue=5");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "field-link-rtt");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("what one line cannot say is behind a button", async () => {
  const { page, faults } = await visit(lab);
  const about = page.getByRole("button", { name: "About Loss" });
  assert.equal(await about.getAttribute("aria-expanded"), "false");
  await about.click();
  assert.equal(await about.getAttribute("aria-expanded"), "true");
  assert.match(await text(page, "field-link-loss-about"), /gilbert-elliott 0\.01 0\.25/);
  await enter(page, "field-link-loss", "0.2");
  assert(await page.locator("#field-link-loss-about").isVisible(), "it stays open");
  await about.click();
  assert(!(await page.locator("#field-link-loss-about").isVisible()));
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a change is another run in the address bar", async () => {
  const { page, faults } = await visit(lab);
  const digest = await text(page, "digest");
  await enter(page, "field-link-loss", "0");
  assert.equal(fragmentOf(page), "seed=7");
  await page.click("#to-end");
  assert.notEqual(await text(page, "digest"), digest);
  assert.match(await text(page, "outcome"), /^Answered after 20 ms and 1 send\.$/);
  await enter(page, "field-link-loss", "0.3");
  assert.equal(await text(page, "digest"), digest, "and back");
  await page.click("#to-start");
  assert.equal(await page.locator("#lesson option:checked").textContent(), "One lost reply");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a slider sets values that read well", async () => {
  const { page, faults } = await visit(lab, "seed=1");
  const slider = page.getByRole("slider", { name: "Clients, slider" });
  await slider.focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("#field-clients").inputValue(), "2");
  assert.equal(fragmentOf(page), "clients=2");
  assert.equal(await slider.getAttribute("aria-valuetext"), "2");
  assert.equal(await text(page, "clock"), "0.000", "arrow keys in a field are the field's");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("switches and choices work like the rest", async () => {
  const { page, faults } = await visit(lab, "seed=1");
  await unfold(page);
  await page.selectOption("#field-server-reply", "mirror");
  await page.locator("#field-token").check();
  assert.equal(fragmentOf(page), "token=true&server.reply=mirror");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a bad value is explained at its field, and the last good run stays", async () => {
  const { page, faults } = await visit(lab);
  const digest = await text(page, "digest");
  await enter(page, "field-link-loss", "half");
  const problem = page.locator("#field-link-loss-problem");
  assert(await problem.isVisible());
  assert.match((await problem.textContent()) ?? "", /^Loss must be a share from 0 to 1, for example 0\.3 or 30%\. You typed half\. The run continues with 0\.3\.$/);
  assert.equal(await page.locator("#field-link-loss").getAttribute("aria-invalid"), "true");
  assert.equal(await text(page, "digest"), digest);
  const height = () => page.locator("#fields").evaluate((fields) => fields.getBoundingClientRect().height);
  const high = await height();
  await enter(page, "field-link-loss", "half of them");
  assert.equal(await height(), high, "another sentence of that length moves nothing");
  await enter(page, "field-policy-initial_timeout", "3s");
  const other = page.locator("#field-policy-initial_timeout-problem");
  assert.match((await other.textContent()) ?? "", /“Give up above” is 2s/, "contradictions too");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Escape");
  await enter(page, "field-link-loss", "1");
  assert(!(await problem.isVisible()));
  assert.notEqual(await text(page, "digest"), digest);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("at the end a change shows its end, while playing it plays on", async () => {
  const { page, faults } = await visit(lab);
  await page.keyboard.press("End");
  await enter(page, "field-link-loss", "0");
  assert.equal(await text(page, "clock"), "0.020");
  await page.click("#to-start");
  await page.selectOption("#speed", { label: "1/16×" });
  await page.click("#play");
  await page.locator("#field-link-loss").fill("0.3");
  await page.locator("#field-link-loss").press("Enter");
  assert.equal(await text(page, "play-text"), "Pause");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("the dice gives another seed, a lesson another run", async () => {
  const { page, faults } = await visit(lab);
  await page.getByRole("button", { name: "Another seed" }).click();
  assert.notEqual(fragmentOf(page), "seed=7&link.loss=0.3");
  await page.selectOption("#lesson", { label: "How long to wait" });
  assert.equal(fragmentOf(page), "link.latency=60ms");
  assert.match(await text(page, "sentence"), /^Nothing is lost here/);
  await page.selectOption("#lesson", { label: "Everyone at once" });
  await page.locator("#client").waitFor();
  await page.fill("#client", "43");
  await page.press("#client", "Enter");
  await page.click("#to-end");
  await page.click("[data-show=table]");
  await page.locator("[data-part=rows] tr").nth(3).waitFor();
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a contradiction with a folded setting shows that one, too", async () => {
  const { page, faults } = await visit(lab);
  await page.fill("#field-policy-initial_timeout", "5s");
  await page.press("#field-policy-initial_timeout", "Enter");
  const problem = await text(page, "field-policy-initial_timeout-problem");
  assert.match(problem, /“Give up above” is 2s; it must not be below “First timeout”, 5s/);
  assert(await page.locator("#field-policy-give_up_above").isVisible(), "More settings is open");
  assert.deepEqual(faults, []);
  await page.context().close();
});
