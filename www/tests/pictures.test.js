// @ts-check
// Takes pictures for people to look at; they are kept in target/page-tests.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openLab, picture, seek, visit } from "./support.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

const desk = { width: 1280, height: 800 };
const phone = { width: 390, height: 844 };
const storm = "clients=1000&link.latency=uniform+5ms+90ms&link.loss=0.3";

test("the lab's pictures", async () => {
  for (const [name, fragment, share, options] of /** @type {const} */ ([
    ["lab-light.png", "", 0.6, { viewport: desk, deviceScaleFactor: 2 }],
    ["lab-dark.png", "", 0.875, { viewport: desk, colorScheme: "dark" }],
    ["lab-phone.png", "", 0.1, { viewport: phone, deviceScaleFactor: 2, isMobile: true, hasTouch: true }],
    ["storm.png", storm, 0.117, { viewport: desk }],
    ["five.png", "seed=54&clients=5&link.latency=uniform+5ms+25ms&link.loss=0.3", 0.84, { viewport: desk }],
  ])) {
    const { page, faults } = await visit(lab, fragment, options);
    await seek(page, share);
    await picture(page, name);
    assert.deepEqual(faults, []);
    await page.context().close();
  }
});
