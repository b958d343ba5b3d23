// @ts-check
// Nothing overlaps and nothing is cut off, whatever the menu offers, in three windows.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { misplaced } from "./layout.js";
import { openLab, visit } from "./support.js";
import { WIDTHS } from "./ways.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

test("a layout that is broken is found", async () => {
  const { page } = await visit(lab);
  assert.deepEqual(await misplaced(page), []);
  for (const [part, style, sentence] of [
    ["#sentence", "margin-top: -1.6em", /^h2 "One lost reply"|^"One lost reply" overlaps "The request arrives/],
    ["#lesson-next", "width: 80px", /^"Next: How long to wait" is wider than its button$/],
    [".moment", "height: 10px; min-height: 0; padding: 0; overflow: hidden", /^"The client sends its request.*" is cut off by p "0\.000 s/],
    ["#lesson", "width: 70px", /^"One lost reply" is wider than lesson$/],
    [".actions", "position: relative; left: 60px", /^button "Keyboard shortcuts" is beyond the window's edge$/],
    ["#field-seed", "width: 1rem; min-width: 0", /^the value of input .* is cut off$/],
    [".stage", "width: 200vw", /^main .* scrolls sideways$/],
    [".top", "width: 110vw", /^the page is \d+ px wide$/],
  ]) {
    const element = page.locator(String(part)).first();
    await element.evaluate((element, style) => {
      if (element instanceof HTMLElement) element.style.cssText = style;
    }, String(style));
    const faults = await misplaced(page);
    assert(faults.some((fault) => /** @type {RegExp} */ (sentence).test(fault)), `${part}: ${faults.join("\n")}`);
    await element.evaluate((element) => element.removeAttribute("style"));
  }
  assert.deepEqual(await misplaced(page), []);
  await page.context().close();
});

for (const viewport of WIDTHS) {
  const size = `${viewport.width}x${viewport.height}`;

  test(`no lesson, exercise or scenario is misplaced: ${size}`, async () => {
    const { page, faults } = await visit(lab, "", { viewport });
    const links = await page.locator("#lesson option").evaluateAll((all) => all.map((option) => option.getAttribute("value")));
    assert(links.length > 40, String(links.length));
    for (const link of links) {
      await page.selectOption("#lesson", link);
      assert.deepEqual(await misplaced(page), [], String(link));
    }
    assert.deepEqual(faults, []);
    await page.context().close();
  });
}
