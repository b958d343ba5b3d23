// @ts-check
// What a first visit requests, and how large it is on the wire.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openLab, watch } from "./support.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => { lab = await openLab(); });
after(() => lab.close());

test("a first visit has at most 12 requests, each compressed, and none to anyone else", async () => {
  const context = await lab.browser.newContext();
  const page = await context.newPage();
  const faults = watch(page, lab.url);
  /** @type {import("playwright-core").Response[]} */
  const responses = [];
  page.on("response", (response) => responses.push(response));
  await page.goto(lab.url, { waitUntil: "networkidle" });
  assert.ok(responses.length >= 5 && responses.length <= 12, responses.map((r) => r.url()).join("\n"));
  for (const [i, response] of responses.entries()) {
    assert.ok(response.url().startsWith(lab.url), response.url());
    // Not the small server of these tests; a file that is used twice comes from the cache the second time.
    const isFirst = responses.findIndex((other) => other.url() === response.url()) === i;
    if (process.env.RETRYLAB_BIN && isFirst) {
      assert.equal(await response.headerValue("content-encoding"), "br", response.url());
    }
  }
  assert.deepEqual(faults, []);
});
