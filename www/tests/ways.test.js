// @ts-check
// Ways through the page, in four windows and both colour schemes: a first visit, a comparison that is shared, an exercise,
// a file and a print, and the first lesson with keyboard and screen reader alone. The pictures are in target/page-tests.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { misplaced } from "./layout.js";
import { openLab, visit } from "./support.js";
import { comparison, firstVisit, SIZES, stations } from "./ways.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

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
}
