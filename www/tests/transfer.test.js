// @ts-check
// What a first visit requests, and how large it is on the wire.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openLab, visit } from "./support.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => { lab = await openLab(); });
after(() => lab.close());

test("a first visit has at most 12 requests, each compressed, and none to anyone else", async () => {
  const { page, faults } = await visit(lab);
  /** @type {import("playwright-core").Response[]} */
  const responses = [];
  page.on("response", (response) => responses.push(response));
  await page.reload({ waitUntil: "networkidle" });
  assert.ok(responses.length >= 5 && responses.length <= 12, responses.map((r) => r.url()).join("\n"));
  for (const response of responses) {
    assert.ok(response.url().startsWith(lab.url), response.url());
    // Not the small server of these tests.
    if (process.env.RETRYLAB_BIN && response.status() === 200) {
      assert.equal(await response.headerValue("content-encoding"), "br", response.url());
    }
  }
  assert.deepEqual(faults, []);
});
