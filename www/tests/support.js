// @ts-check
// Shared by the tests: the lab's server (the real program, or a small one with the same headers), one browser,
// and pages that record their errors.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const WWW = fileURLToPath(new URL("..", import.meta.url));

/** The folder for pictures: see `cargo xtask screenshot`. */
export const PICTURES = join(WWW, "..", "target", "page-tests");

/** Whether to run the long tests. */
export const LONG = process.env.RETRYLAB_LONG === "1";

/** The link of the opening run. */
export const OPENING = "seed=7&link.loss=0.3";

/**
 * A server of the page.
 * @typedef {{ url: string, stop: () => void }} Server
 */

/** Starts the program that `RETRYLAB_BIN` names, or serves `dist` from here. */
export async function serve() {
  const binary = process.env.RETRYLAB_BIN;
  return binary ? serveBy(binary) : serveHere();
}

/**
 * @param {string} binary
 * @returns {Promise<Server>}
 */
function serveBy(binary) {
  const program = spawn(binary, ["lab", "--port", "0"], { stdio: ["ignore", "pipe", "pipe"] });
  // Stop the server even if a failed test ends the process first.
  process.on("exit", () => program.kill());
  let said = "";
  return new Promise((resolve, reject) => {
    const read = (/** @type {Buffer} */ part) => {
      said += part;
      const [url] = said.match(/http:\/\/127\.0\.0\.1:\d+\//) ?? [];
      if (url) resolve({ url, stop: () => program.kill() });
    };
    program.stdout.on("data", read);
    program.stderr.on("data", read);
    program.on("error", reject);
    program.on("exit", (code) => reject(new Error(`${binary} lab ended with ${code}: ${said}`)));
  });
}

/** @type {Record<string, string>} */
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
  "connect-src 'self'; img-src 'self' data:; base-uri 'none'";

/** @returns {Promise<Server>} */
function serveHere() {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    const path = normalize(url.pathname);
    const policy = POLICY + (url.searchParams.has("embed") ? "" : "; frame-ancestors 'none'");
    const name = path === "/" ? "index.html" : path;
    try {
      const body = await readFile(join(WWW, "dist", name));
      const type = TYPES[extname(name)] ?? "application/octet-stream";
      response.writeHead(200, { "content-type": type, "content-security-policy": policy });
      response.end(body);
    } catch {
      response.writeHead(404).end("not found");
    }
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" ? address?.port : 0;
      const stop = () => {
        server.closeAllConnections();
        server.close();
      };
      resolve({ url: `http://127.0.0.1:${port}/`, stop });
    });
  });
}

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
}

/**
 * A lab: server and browser.
 * @typedef {object} Lab
 * @property {string} url
 * @property {import("playwright-core").Browser} browser
 * @property {() => Promise<void>} close
 */

/** @returns {Promise<Lab>} */
export async function openLab() {
  const [server, browser] = await Promise.all([serve(), launch()]);
  const close = async () => {
    await browser.close();
    server.stop();
  };
  return { url: server.url, browser, close };
}

/**
 * A page in its own context, with its errors.
 * @typedef {{ page: import("playwright-core").Page, faults: string[] }} Visit
 */

/**
 * Opens a link in a fresh context and waits until its run is there.
 * @param {Lab} lab
 * @param {string} [fragment]
 * @param {import("playwright-core").BrowserContextOptions} [options]
 * @returns {Promise<Visit>}
 */
export async function visit(lab, fragment = "", options = {}) {
  const context = await lab.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const faults = watch(page, lab.url);
  await page.goto(lab.url + (fragment ? `#${fragment}` : ""));
  await page.waitForFunction(() => /^[0-9a-f]{16}$/.test(document.querySelector("[data-part=digest]")?.textContent ?? ""));
  return { page, faults };
}

/**
 * Collects console errors and warnings, exceptions, and requests to anyone else.
 * @param {import("playwright-core").Page} page
 * @param {string} url
 */
export function watch(page, url) {
  /** @type {string[]} */
  const faults = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
  page.on("request", (request) => {
    const known = [url, "data:", "blob:"].some((start) => request.url().startsWith(start));
    if (!known) faults.push(`request: ${request.url()}`);
  });
  return faults;
}

/**
 * Returns the text of a part of a view, or of the element with an id.
 * @param {import("playwright-core").Page} page
 * @param {string} name
 */
export async function text(page, name) {
  return ((await page.locator(`#${name}, [data-part="${name}"]`).first().textContent()) ?? "").trim();
}

/**
 * Opens each link in turn and returns the digests that the page shows.
 * @param {import("playwright-core").Page} page
 * @param {string[]} fragments
 */
export function digests(page, fragments) {
  return page.evaluate(async (fragments) => {
    const shown = () => document.querySelector("[data-part=digest]")?.textContent ?? "";
    const found = [];
    for (const fragment of fragments) {
      // What the page showed before must not be mistaken for the result.
      const digest = document.querySelector("[data-part=digest]");
      if (digest && location.hash !== `#${fragment}`) digest.textContent = "";
      location.hash = `#${fragment}`;
      for (let tries = 0; shown().length !== 16 && tries < 4000; tries++) {
        await new Promise((next) => setTimeout(next, 0));
      }
      found.push(shown());
    }
    return found;
  }, fragments);
}

/**
 * Returns the lines of a file of golden digests: a fragment and its digest each.
 * @param {URL} file
 */
export function golden(file) {
  const lines = readFileSync(file, "utf8").split("\n").filter((line) => line && !line.startsWith("#"));
  return lines.map((line) => line.split(" "));
}

/**
 * Shows the settings that are folded away.
 * @param {import("playwright-core").Page} page
 */
export async function unfold(page) {
  await page.click("#more > summary");
  for (const group of await page.locator("#more .group:not([hidden]) > summary").all()) await group.click();
}

/**
 * Moves the playhead to a share of the run, as the scrubber does.
 * @param {import("playwright-core").Page} page
 * @param {number} share
 */
export const seek = (page, share) =>
  page.locator("#scrub").evaluate((scrub, to) => {
    if (!(scrub instanceof HTMLInputElement)) return;
    scrub.value = String(to);
    scrub.dispatchEvent(new Event("input"));
    scrub.dispatchEvent(new Event("change"));
  }, share);

/**
 * Waits until the page has no worker. The browser reports the end of a worker later than the page shows what follows from it.
 * @param {import("playwright-core").Page} page
 */
export async function workersEnd(page) {
  await Promise.all(page.workers().map((worker) => worker.waitForEvent("close", { timeout: 10000 })));
}

/** @param {import("playwright-core").Page} page */
export const fragmentOf = (page) => new URL(page.url()).hash.slice(1);

/**
 * @param {import("playwright-core").Page} page
 * @param {string} name
 */
export async function picture(page, name) {
  await mkdir(PICTURES, { recursive: true });
  // Wait for a frame, so that pending drawing is done.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await page.screenshot({ path: join(PICTURES, name) });
}
