// @ts-check
// What teachers need: the page as one file, in a frame, on paper; pictures and packets as files; files opened.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { read } from "../js/toml.js";
import { fragmentOf, OPENING, openLab, picture, text, visit, watch } from "./support.js";

/** @type {import("./support.js").Lab} */
let lab;
const folder = mkdtempSync(join(tmpdir(), "retrylab-teachers-"));
const BINARY = process.env.RETRYLAB_BIN;
before(async () => {
  lab = await openLab();
});
after(async () => {
  await lab.close();
  rmSync(folder, { recursive: true });
});

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page */
const shown = (page) => page.waitForFunction(() => /^[0-9a-f]{16}$/.test(document.querySelector("[data-part=digest]")?.textContent ?? ""));

/**
 * Returns the content of the file that an action saves.
 * @param {Page} page
 * @param {() => Promise<unknown>} act
 */
async function saved(page, act) {
  const [download] = await Promise.all([page.waitForEvent("download"), act()]);
  const path = join(folder, download.suggestedFilename());
  await download.saveAs(path);
  return path;
}

/**
 * Exports the page, and opens it from the disk without a network.
 * @param {string[]} args
 * @param {string} [rest] of the address
 */
async function exported(args, rest = "") {
  const path = join(folder, `lab-${args.length}.html`);
  execFileSync(BINARY ?? "", ["export-page", "--overwrite", path, ...args], { stdio: "ignore" });
  const context = await lab.browser.newContext({ viewport: { width: 1280, height: 800 }, offline: true });
  const page = await context.newPage();
  const url = pathToFileURL(path).href;
  const faults = watch(page, url);
  await page.goto(url + rest);
  await shown(page);
  return { page, faults, url };
}

test("the exported file runs the sixth lesson to its end from the disk, without a network", { skip: !BINARY }, async () => {
  const { page, faults } = await exported([]);
  assert.equal(fragmentOf(page), OPENING);
  for (let lesson = 1; lesson < 6; lesson++) await page.locator("#lesson-next").click();
  await shown(page);
  await page.selectOption("#speed", { label: "8×" });
  await page.locator("#play").click();
  await page.waitForFunction(() => document.getElementById("play-text")?.textContent === "Again", null, { timeout: 20000 });
  assert.match(await text(page, "lesson-number"), /6 of 11/);
  const served = await visit(lab, fragmentOf(page));
  assert.equal(await text(page, "digest"), await text(served.page, "digest"));
  assert.deepEqual([...faults, ...served.faults], []);
  await served.page.context().close();
  await page.context().close();
});

test("the exported file opens with its scenario, simulates TCP/IP stacks, and starts workers", { skip: !BINARY }, async () => {
  const { page, faults, url } = await exported(["network=packets&protocol=http&link.loss=0.1"]);
  assert.match(fragmentOf(page), /network=packets/);
  await page.goto(`${url}#clients=20000&link.loss=0.3`);
  await shown(page);
  const served = await visit(lab, "clients=20000&link.loss=0.3");
  assert.equal(await text(page, "digest"), await text(served.page, "digest"));
  assert.equal(await page.locator("[data-notice=alone-0]").count(), 0, "workers start");
  assert.deepEqual(faults, []);
  await served.page.context().close();
  await page.context().close();
});

test("in a frame, the page shows the run and a link to the rest", async () => {
  const outer = createServer((_, response) => {
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><title>course</title><iframe src="${lab.url}?embed#seed=7&link.loss=0.3" width="900" height="700"></iframe>`);
  });
  await new Promise((ready) => outer.listen(0, "127.0.0.1", () => ready(null)));
  const address = outer.address();
  const context = await lab.browser.newContext({ viewport: { width: 1000, height: 760 } });
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`);
  const frame = page.frameLocator("iframe");
  await frame.locator("#play").click();
  for (const hidden of [".top", ".controls", ".inspect"]) assert.equal(await frame.locator(hidden).isVisible(), false, hidden);
  for (const seen of [".stage", "[data-part=outcome]", ".transport", "#title"]) {
    assert.equal(await frame.locator(seen).first().isVisible(), true, seen);
  }
  await frame.locator("#to-end").click();
  const link = frame.getByRole("link", { name: "Open in retrylab" });
  await link.focus();
  const target = new URL(await link.evaluate((a) => /** @type {HTMLAnchorElement} */ (a).href));
  assert.deepEqual([target.search, target.hash.startsWith("#seed=7&link.loss=0.3&view.at=")], ["", true], target.href);
  await picture(page, "embedded.png");
  await context.close();
  outer.close();
});

test("the ladder as SVG is well-formed XML and as tall as the whole ladder; the PNG shows the same", async () => {
  // A message that would break XML which does not escape it.
  const { page, faults } = await visit(lab, "seed=7&clients=2&link.loss=0.3&message=%3Cb%3E%26%22");
  await page.locator("#export-open").click();
  const svg = readFileSync(await saved(page, () => page.locator("[data-part=save-svg]").click()), "utf8");
  const found = await page.evaluate((svg) => {
    const document = new DOMParser().parseFromString(svg, "image/svg+xml");
    return { bad: document.querySelector("parsererror")?.textContent ?? "", texts: document.querySelectorAll("text").length };
  }, svg);
  assert.equal(found.bad, "");
  assert.ok(found.texts > 10, String(found.texts));
  assert.match(svg, />answered in 120 ms</, "also what has not been seen yet");
  const png = readFileSync(await saved(page, () => page.locator("[data-part=save-png]").click()));
  // Both as pixels, in the size of the SVG.
  const difference = await page.evaluate(async ([svg, png]) => {
    const pixels = async (/** @type {string} */ url) => {
      const image = new Image();
      image.src = url;
      await image.decode();
      const canvas = new OffscreenCanvas(760, image.naturalHeight * 760 / image.naturalWidth);
      const context = canvas.getContext("2d");
      context?.drawImage(image, 0, 0, canvas.width, canvas.height);
      return { h: canvas.height, data: context?.getImageData(0, 0, canvas.width, canvas.height).data ?? new Uint8ClampedArray() };
    };
    const [a, b] = [await pixels(svg), await pixels(png)];
    let sum = 0;
    a.data.forEach((value, i) => {
      sum += Math.abs(value - b.data[i]);
    });
    return { heights: [a.h, b.h], mean: sum / a.data.length };
  }, [`data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`, `data:image/png;base64,${png.toString("base64")}`]);
  assert.equal(difference.heights[0], difference.heights[1]);
  assert.ok(difference.mean < 3, `the mean difference of a channel is ${difference.mean}`);
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("of two runs that are compared, pictures have both, and packets and events are a file each", async () => {
  const { page, faults } = await visit(lab, "seed=7&link.loss=0.3");
  await page.click("#compare");
  await page.locator(".exhibit").nth(1).waitFor();
  await page.fill("#field-link-loss", "0");
  await page.press("#field-link-loss", "Enter");
  await page.waitForFunction(() => document.querySelectorAll(".exhibit .name")[1]?.textContent === "B: Loss 0");
  await page.locator("#export-open").click();
  assert.equal(await page.locator("#command").inputValue(), "# A\nretrylab sim --set seed=7 --set link.loss=0.3\n# B\nretrylab sim --set seed=7");
  const svg = readFileSync(await saved(page, () => page.locator("[data-part=save-svg]").click()), "utf8");
  for (const part of [">A: Loss 0.3<", ">B: Loss 0<", ">answered in 120 ms<", ">answered in 20 ms<"]) assert.ok(svg.includes(part), part);
  const png = readFileSync(await saved(page, () => page.locator("[data-part=save-png]").click()));
  const [, width, height] = svg.match(/width="(\d+)" height="(\d+)"/) ?? [];
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [2 * Number(width), 2 * Number(height)]);
  for (const [button, ending] of [["#trace-save", "jsonl"], ["[data-part=save-packets]", "pcapng"]]) {
    /** @type {import("playwright-core").Download[]} */
    const files = [];
    page.on("download", (file) => files.push(file));
    await page.locator(button).click();
    while (files.length < 2) await page.waitForTimeout(20);
    const names = files.map((file) => file.suggestedFilename().replace(/[0-9a-f]{16}/, "digest"));
    assert.deepEqual(names, [`retrylab-A-digest.${ending}`, `retrylab-B-digest.${ending}`]);
    page.removeAllListeners("download");
  }
  assert.deepEqual(faults, []);
  await page.context().close();
});

/** What tshark says about a packet that is not as it should be. */
const BAD = ["_ws.malformed", "ip.checksum.status", "udp.checksum.status", "tcp.checksum.status"];

test("tshark reads the packets of every lesson, without a malformed one or a bad checksum", async () => {
  const { page, faults } = await visit(lab);
  const links = await page.evaluate(() => {
    const choices = document.querySelectorAll('#lesson optgroup:is([label="Course"], [label="Layers and protocols"]) option');
    return [...choices].map((option) => /** @type {HTMLOptionElement} */ (option).value);
  });
  assert.ok(links.length >= 18, String(links.length));
  for (const link of links) {
    await page.selectOption("#lesson", link);
    await shown(page);
    await page.locator("#export-open").click();
    const path = await saved(page, () => page.locator("[data-part=save-packets]").click());
    await page.keyboard.press("Escape");
    const options = ["ip", "udp", "tcp"].flatMap((protocol) => ["-o", `${protocol}.check_checksum:TRUE`]);
    const args = ["-r", path, ...options, "-T", "fields", "-e", "frame.number", ...BAD.flatMap((field) => ["-e", field])];
    const packets = execFileSync("tshark", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split("\n").filter((line) => line);
    assert.ok(packets.length > 1, `${link}: there are packets`);
    // The status of a checksum is 0 if it is wrong, 1 if it is right.
    for (const packet of packets) assert.match(packet, /^\d+\t\t[12,]*\t[12,]*\t[12,]*$/, link);
  }
  assert.deepEqual(faults, []);
  await page.context().close();
});

/**
 * Drops a file, or a text without a name, on the page.
 * @param {Page} page
 * @param {string} name
 * @param {string} content
 */
const drop = (page, name, content) => page.evaluate(([name, content]) => {
  const data = new DataTransfer();
  if (name) data.items.add(new File([content], name));
  else data.setData("text/plain", content);
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}, [name, content]);

test("a scenario file and a link can be dropped on the page, or opened", async () => {
  const { page, faults } = await visit(lab);
  const toml = "# A question?\nseed = 0x0B\nclients = 1_0 # ten\n\n[server]\ndrop_list = [1,\n  '3-5', # more\n]\n[link]\nloss = 0.25\nlatency = \"uniform 5ms 15ms\"\n";
  await drop(page, "mine.toml", toml);
  const meant = "seed=11&clients=10&server.drop_list=1,3-5&link.loss=0.25&link.latency=uniform+5ms+15ms";
  const opened = () => page.waitForFunction(() => location.hash.includes("drop_list=1,3-5"));
  await opened();
  const other = await visit(lab, meant);
  assert.equal(fragmentOf(page), fragmentOf(other.page));
  await drop(page, "", "http://127.0.0.1:1/?embed#seed=5&link.loss=0.5");
  await page.waitForFunction(() => location.hash === "#seed=5&link.loss=0.5");
  await page.locator("#export-open").click();
  const path = join(folder, "mine.toml");
  writeFileSync(path, toml);
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.locator("[data-part=open]").click()]);
  await chooser.setFiles(path);
  await opened();
  assert.deepEqual(faults, []);
  await other.page.context().close();
  await page.context().close();
});

test("the scenarios that ship can be read as files", () => {
  const shipped = new URL("../../core/scenarios/", import.meta.url);
  const files = readdirSync(shipped).filter((name) => name.endsWith(".toml"));
  assert.ok(files.length > 5);
  for (const name of files) {
    const toml = readFileSync(new URL(name, shipped), "utf8");
    const lines = toml.split("\n").flatMap((line, i) => (/^[\w.]+ *=/.test(line) ? [i + 1] : []));
    assert.deepEqual(read(toml).map(({ line }) => line), lines, name);
  }
});

test("a log opens its run, and the page says whether they are equal", async () => {
  const { page, faults } = await visit(lab, "seed=3&clients=5&link.loss=0.4&acts=drop+client+1+request+1");
  await page.locator("#export-open").click();
  const lines = readFileSync(await saved(page, () => page.locator("#trace-save").click()), "utf8").trim().split("\n");
  await page.keyboard.press("Escape");
  const link = fragmentOf(page).replace(/&view.*/, "");
  assert.deepEqual(JSON.parse(lines[0]), { link });
  const swapped = [...lines.slice(0, 2), lines[3], lines[2], ...lines.slice(4)];
  for (const [log, sentence] of /** @type {[string[], RegExp][]} */ ([
    [lines, new RegExp(`^The log equals its run: ${lines.length - 1} events\\.$`)],
    [lines.filter((line, i) => i === 0 || line.includes('"flow":2')), /^All \d+ events of the log are in its run/],
    [swapped, /^The log differs from its run: line 4 is not/],
  ])) {
    await page.evaluate(() => {
      location.hash = "#seed=1";
    });
    await page.waitForFunction(() => document.getElementById("title")?.textContent !== "");
    await drop(page, "run.jsonl", log.join("\r\n"));
    const notice = page.locator("[data-notice=log] strong");
    await notice.waitFor();
    assert.match(await notice.innerText(), sentence);
    assert.equal(fragmentOf(page).replace(/&view.*/, ""), link);
    await page.locator("[data-notice=log] button").click();
  }
  assert.deepEqual(faults, []);
  await page.context().close();
});

test("a file that cannot be opened is refused with the line and what is right, and the run stays", async () => {
  const { page, faults } = await visit(lab);
  for (const [name, content, sentence] of [
    ["a.toml", "seed = 1\n[server]\ndorp = 1\n", /line 3: unknown key "server\.dorp"; did you mean server\.drop/],
    ["b.toml", "\nlink.loss = 3\n", /line 2: link\.loss/],
    ["c.toml", "seed = 1\nseed = 2\n", /line 2: seed has a value in line 1 already/],
    ["d.toml", "seed 1\n", /line 1: seed has no value; write seed = value/],
    ["e.toml", "[server\n", /line 1: a section ends with/],
    ["f.toml", "server.drop_list = [1 2]\n", /line 1: a list has commas/],
    ["g.toml", "seed = [1]\n", /line 1: seed is not a list/],
    ["h.toml", 'message = """a"""\n', /line 1: a text has one line/],
    ["i.toml", "# nothing\n", /The file contains no settings/],
    ["run.jsonl", '{"at_s":0}\n', /The log does not name its scenario/],
    ["bad.jsonl", '{"link":"link.loss=3"}\n', /link\.loss/],
    ["large.toml", "#".repeat(2 << 20), /The file has 2097152 bytes/],
    ["\u202ex.toml", "seed = 1 2\n", /line 1: the line has more than a key/],
    ["", "https://example.org/", /no value|has no scenario|key = value/],
  ]) {
    await drop(page, String(name), String(content));
    const notice = page.locator("[data-notice=import]");
    await page.waitForFunction((sentence) => new RegExp(sentence).test(document.querySelector("[data-notice=import]")?.textContent ?? ""),
      /** @type {RegExp} */ (sentence).source, { timeout: 5000 }).catch(async () => assert.fail(`${name}: ${await notice.textContent()}`));
    assert.equal(fragmentOf(page), OPENING);
    await notice.locator("button").click();
  }
  assert.deepEqual(faults, []);
  await page.context().close();
});
