// @ts-check
// Networks of packets: the second module, frames, and the layers in the inspector.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { axe } from "./axe.js";
import { OPENING, digests, fragmentOf, golden, openLab, text, unfold, visit, watch } from "./support.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

const LAYERED = "network=packets";
const MODULE = "retrylab_packets_bg.wasm";

/**
 * Collects the modules that a page loads, without the rest of the first one.
 * @param {import("playwright-core").Page} page
 */
function modules(page) {
  /** @type {string[]} */
  const loaded = [];
  page.on("request", (request) => {
    const name = request.url().split("/").at(-1) ?? "";
    if (name.endsWith("_bg.wasm")) loaded.push(name);
  });
  return loaded;
}

/** @param {import("playwright-core").Page} page */
const simulated = (page) =>
  page.waitForFunction(() => /^[0-9a-f]{16}$/.test(document.querySelector("[data-part=digest]")?.textContent ?? ""));

/**
 * Opens the inspector at the row of the event table with these words.
 * @param {import("playwright-core").Page} page
 * @param {string} words
 */
async function inspect(page, words) {
  // The table has the events up to where the reader has seen the run.
  await page.click("#to-end");
  await page.click("[data-show=table]");
  await page.getByRole("button", { name: words }).first().click();
}

/** @param {import("playwright-core").Page} page */
const lit = (page) => page.evaluate(() => ({
  field: document.querySelector("[role=option][aria-selected=true] .name")?.textContent,
  bytes: [...document.querySelectorAll("[role=gridcell][aria-selected=true]")].map((cell) => cell.textContent).join(" "),
}));

test("the second module is loaded when a run needs it, and only then", async () => {
  const context = await lab.browser.newContext();
  const page = await context.newPage();
  const [faults, loaded] = [watch(page, lab.url), modules(page)];
  await page.goto(lab.url);
  await simulated(page);
  await page.selectOption("#lesson", { label: "How long to wait" });
  assert.deepEqual(loaded, ["retrylab_web_bg.wasm"]);
  await page.keyboard.press("End");
  await page.selectOption("#lesson", { label: "Layer by layer" });
  await page.waitForFunction(() => location.hash === "#network=packets");
  await simulated(page);
  assert.deepEqual(loaded, ["retrylab_web_bg.wasm", MODULE]);
  assert.equal(await page.locator("[data-notice=packets]").count(), 0, "its progress is gone");
  assert.match(await text(page, "sentence"), /^Each layer wraps the one above it/);
  await page.click("#to-end");
  assert.match(await text(page, "outcome"), /^Answered after 20 ms and 1 send\.$/);
  assert.equal(await text(page, "legend-request"), "from a client");
  await page.selectOption("#lesson", { label: "One lost reply" });
  assert.equal(fragmentOf(page), OPENING);
  await page.click("#to-end");
  assert.match(await text(page, "outcome"), /One packet was lost/);
  assert.equal(await text(page, "legend-request"), "request");
  assert.equal(loaded.length, 2, "the second module runs everything");
  assert.deepEqual(faults, []);
  await context.close();
});

test("a link to packets loads both modules; a setting switches too, and keeps the place", async () => {
  const { page, faults } = await visit(lab, "clients=3&network=packets&link.loss=0.2");
  assert.equal(fragmentOf(page), "clients=3&network=packets&link.loss=0.2");
  const digest = await text(page, "digest");
  const other = await visit(lab, "clients=3&link.loss=0.2");
  await other.page.fill("#client", "2");
  await other.page.press("#client", "Enter");
  await other.page.keyboard.press("Tab");
  await other.page.click("#to-end");
  await unfold(other.page);
  await other.page.selectOption("#field-network", "packets");
  await other.page.waitForFunction(() => location.hash.includes("packets"));
  await simulated(other.page);
  assert.equal(await text(other.page, "digest"), digest);
  assert.equal(await other.page.locator("#client").inputValue(), "2", "the client that was chosen");
  assert.notEqual(await text(other.page, "clock"), "0.000", "it stays at the end");
  assert.deepEqual([...faults, ...other.faults], []);
  await page.context().close();
  await other.page.context().close();
});

test("if the second module fails to load, the page says so, keeps its run, and can try again", async () => {
  const context = await lab.browser.newContext();
  const page = await context.newPage();
  let fails = true;
  await context.route(`**/${MODULE}`, (route) => fails ? route.abort() : route.continue());
  await page.goto(lab.url);
  await simulated(page);
  await page.selectOption("#lesson", { label: "Layer by layer" });
  const notice = page.locator("[data-notice=packets].bad");
  await notice.waitFor();
  assert.match((await notice.textContent()) ?? "", /TCP\/IP stacks that this run needs could not be loaded.*The browser says/s);
  assert.equal(fragmentOf(page), OPENING);
  assert.equal(await page.locator("#lesson option:checked").textContent(), "One lost reply");
  fails = false;
  await notice.getByRole("button", { name: "Try again" }).click();
  await page.waitForFunction(() => location.hash === "#network=packets");
  await simulated(page);

  fails = true;
  const direct = await context.newPage();
  await direct.goto(`${lab.url}#${LAYERED}`);
  await direct.locator("[data-notice=packets].bad").waitFor();
  await simulated(direct);
  assert.match(await text(direct, "title"), /One lost reply/, "another run is shown");
  fails = false;
  await direct.getByRole("button", { name: "Try again" }).click();
  await direct.waitForFunction(() => location.hash === "#network=packets");
  await simulated(direct);
  assert.match(await text(direct, "title"), /Layer by layer/);
  await context.close();
});

test("a bug in the second module stops the page, and is not a failed download", async () => {
  const context = await lab.browser.newContext();
  const body = `export default async () => {};
    export class Lab {
      constructor() { throw new Error("a bug of the module"); }
      static runs() { return true; }
    }`;
  await context.route("**/retrylab_packets.js", (route) => route.fulfill({ contentType: "text/javascript", body }));
  const page = await context.newPage();
  await page.goto(lab.url);
  await simulated(page);
  await page.selectOption("#lesson", { label: "Layer by layer" });
  const notice = page.locator("[data-notice=broken]");
  await notice.waitFor();
  assert.match((await notice.textContent()) ?? "", /The page has stopped because of a bug.*a bug of the module/s);
  assert.equal(await page.locator("[data-notice=packets]").count(), 0);

  const direct = await context.newPage();
  await direct.goto(`${lab.url}#${LAYERED}`);
  await direct.locator("[data-notice=broken]").waitFor();
  assert.equal(await direct.locator("[data-notice=packets]").count(), 0);
  assert.equal(await text(direct, "outcome"), "Not simulated yet.", "no other run begins");
  await context.close();
});

test("frames are described at their moment, in the table and in the inspector", async () => {
  const { page, faults } = await visit(lab, LAYERED);
  assert.match(await text(page, "moment"), /sends an ARP request.*receives an ARP reply/);
  await inspect(page, "sends an ARP request");
  assert.match(await text(page, "inspect"), /ARP request, from the client to its router.*never crosses the link/s);
  assert.deepEqual(await page.locator(".layer summary").allTextContents(), ["Ethernet 42 bytes", "ARP 28 bytes"]);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a field lights up its bytes, and a byte its field, by mouse", async () => {
  const { page, faults } = await visit(lab, LAYERED);
  await inspect(page, "sends its request");
  assert.deepEqual(await page.locator(".layer summary").allTextContents(),
    ["Ethernet 47 bytes", "IPv4 33 bytes", "UDP 13 bytes", "Payload 5 bytes"]);
  assert.deepEqual(await lit(page), { field: "message", bytes: "68 65 6c 6c 6f" });
  await page.locator(".layer summary", { hasText: "UDP" }).click();
  const port = page.getByRole("option", { name: /destination port/ });
  await port.hover();
  assert.deepEqual(await lit(page), { field: "destination port", bytes: "04 24" });
  await page.locator("[data-part=outcome]").hover();
  assert.deepEqual(await lit(page), { field: "message", bytes: "68 65 6c 6c 6f" }, "hovering is over");
  await port.click();
  await page.locator("[data-part=outcome]").hover();
  assert.deepEqual(await lit(page), { field: "destination port", bytes: "04 24" }, "what was clicked stays");
  const cells = page.getByRole("gridcell");
  await cells.nth(22).hover();
  assert.deepEqual(await lit(page), { field: "time to live", bytes: "40" });
  await cells.nth(30).click();
  await page.locator("[data-part=outcome]").hover();
  assert.deepEqual(await lit(page), { field: "destination", bytes: "c0 00 02 01" });
  assert(await page.getByRole("option", { name: /192\.0\.2\.1/ }).isVisible(), "its layer is open");
  assert.equal(await page.locator(".byte-said").textContent(), "destination: 192.0.2.1, bytes 30 to 33");
  const checksums = await page.locator("[role=option]", { hasText: "checksum" }).allTextContents();
  assert.equal(checksums.length, 2);
  assert(checksums.every((checksum) => checksum.endsWith("right")), checksums.join());
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("fields and bytes are reached and lit up by keys", async () => {
  const { page, faults } = await visit(lab, LAYERED);
  await inspect(page, "sends its request");
  const clock = await text(page, "clock");
  await page.locator(".layer summary", { hasText: "IPv4" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.deepEqual(await lit(page), { field: "version", bytes: "45" });
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  assert.deepEqual(await lit(page), { field: "total length", bytes: "00 21" });
  await page.getByRole("gridcell", { name: /byte 0,/ }).focus();
  assert.deepEqual(await lit(page), { field: "destination", bytes: "02 ff 00 00 00 01" });
  for (const key of ["ArrowDown", "ArrowRight", "End", "ArrowUp"]) await page.keyboard.press(key);
  assert.deepEqual(await lit(page), { field: "source", bytes: "02 00 0a 00 00 01" });
  const name = await page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
  assert.equal(name, "00, byte 7, source: 02-00-0a-00-00-01");
  assert.equal(await text(page, "clock"), clock, "the arrow keys belong to the bytes");
  // Tab leaves the grid.
  await page.keyboard.press("Tab");
  assert.notEqual(await page.evaluate(() => document.activeElement?.getAttribute("role")), "gridcell");
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("every lesson of packets plays to its end", async () => {
  const { page, faults } = await visit(lab, LAYERED);
  for (const [label, outcome] of /** @type {const} */ ([
    ["Connect and confirm", /^Answered after 40 ms and 1 send\.$/],
    ["A lost SYN", /^Answered after 1\.04 s and 1 send\. One packet was lost\.$/],
    ["A reset", /^The client gave up after 120 ms and 2 sends/],
    ["Silence", /^The client gave up after 300 ms and 2 sends/],
    ["A dead name server", /^Answered after 5\.02 s and 2 sends/],
    ["One HTTP exchange", /^Answered after 40 ms and 1 send\.$/],
  ])) {
    await page.selectOption("#lesson", { label });
    await simulated(page);
    await page.selectOption("#speed", { label: "8×" });
    await page.click("#play");
    await page.waitForFunction(() => document.getElementById("play-text")?.textContent === "Again");
    assert.match(await text(page, "outcome"), outcome, label);
  }
  await inspect(page, "sends a TCP segment with data");
  assert.match(await text(page, "inspect"), /HTTP.*request line GET \/hello HTTP\/1\.1/s);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a network of datagrams shows the payload's bytes", async () => {
  const { page, faults } = await visit(lab);
  await inspect(page, "The server replies");
  assert.deepEqual(await page.locator(".layer summary").allTextContents(), ["Payload 21 bytes"]);
  assert.equal((await lit(page)).bytes.split(" ").length, 21);
  assert.match(await text(page, "inspect"), /Your data was 5 bytes/);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a lookup shows the schedule of its resolver, its messages, and no policy", async () => {
  const { page, faults } = await visit(lab, LAYERED);
  const policy = page.locator("#field-policy-preset");
  assert(await policy.isVisible());
  await page.selectOption("#lesson", { label: "A dead name server" });
  await simulated(page);
  for (const key of ["preset", "initial_timeout", "multiplier"]) {
    assert(!(await page.locator(`#field-policy-${key}`).isVisible()), key);
  }
  assert.equal(await text(page, "schedule-end"), "Gives up at 20 s.");
  assert.match(await text(page, "schedule-notes"), /follows resolv\.conf with timeout:5 attempts:2, and asks the servers in turn/);
  await inspect(page, "knows");
  assert.match(await text(page, "inspect"), /DNS/);
  await inspect(page, "asks server “first”");
  assert.deepEqual(await page.locator(".layer summary").allTextContents(), ["DNS 29 bytes"]);
  assert.match(await text(page, "inspect"), /www\.example/);
  assert.deepEqual(await axe(page), []);
  await unfold(page);
  assert.equal(await page.locator("#more-fields .group:visible > summary", { hasText: "Policy" }).count(), 0);
  await page.fill("#field-dns-options", "policy");
  await page.press("#field-dns-options", "Enter");
  await simulated(page);
  assert(await policy.isVisible());
  assert.equal(await text(page, "schedule-end"), "Gives up at 3.1 s.");
  assert.deepEqual(faults, []);
  await page.context().close();
});

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  for (const [width, height] of [[1440, 900], [390, 844]]) {
    test(`axe finds nothing in the layers: ${colorScheme}, ${width} px`, async () => {
      const { page, faults } = await visit(lab, LAYERED, { colorScheme, viewport: { width, height } });
      assert.deepEqual(await axe(page, colorScheme), [], "ladder");
      await inspect(page, "sends its request");
      if (width < 700) await page.click("[data-show=panel]");
      for (const layer of await page.locator(".layer summary").all()) {
        if (!(await layer.evaluate((summary) => summary.parentElement?.hasAttribute("open")))) await layer.click();
      }
      await page.getByRole("gridcell").nth(20).click();
      assert.deepEqual(await axe(page, colorScheme), [], "layers");
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert(wide <= width, `${wide} px wide`);
      const bytes = await page.evaluate(() => {
        const grid = document.querySelector(".bytes");
        return grid ? grid.scrollWidth - grid.clientWidth : -1;
      });
      assert(bytes <= 0, `bytes are cut off by ${bytes} px`);
      assert.deepEqual(faults, []);
      await page.context().close();
    });
  }
}

const GOLDEN = new URL("../../core/tests/packets.txt", import.meta.url);

test("every golden digest of packets is that of the browser", { skip: !existsSync(GOLDEN) }, async () => {
  const lines = golden(GOLDEN);
  const { page, faults } = await visit(lab, LAYERED);
  const found = await digests(page, lines.map(([fragment]) => fragment));
  lines.forEach(([fragment, digest], i) => assert.equal(found[i], digest, fragment.slice(0, 200)));
  console.log(`${lines.length} digests of packets are the same in Chromium`);
  assert.deepEqual(faults, []);
  await page.context().close();
});
