// @ts-check
// Checks a page with axe-core.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The rules that depend on colours: in the dark, only these can differ. */
const COLOURS = ["color-contrast", "link-in-text-block"];

/**
 * Returns the findings of axe-core: violations, and what it could not decide.
 * @param {import("playwright-core").Page} page
 * @param {"light" | "dark"} [colorScheme] in the dark, only the colours are checked
 * @returns {Promise<string[]>}
 */
export async function axe(page, colorScheme = "light") {
  const only = colorScheme === "dark" ? COLOURS : undefined;
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(AXE);
  // axe-core cannot judge what is not in sight, or what something else hides, such as the transport. In a window so high
  // that nothing scrolls, that is nearly nothing. A ladder is a picture, and may be higher than any window.
  const { width, height } = page.viewportSize() ?? { width: 1280, height: 900 };
  const hidden = await page.evaluate(() =>
    Math.max(...Array.from(document.querySelectorAll(":not([data-part=ladder-scroller])"), (element) => element.scrollHeight - element.clientHeight)));
  if (hidden > 0) await page.setViewportSize({ width, height: height + hidden });
  const found = await page.evaluate(async (only) => {
    const { run } = Reflect.get(globalThis, "axe");
    /** @typedef {{ id: string, nodes: { html: string, target: string[], failureSummary: string }[] }} Rule */
    /** @param {Rule[]} rules */
    const lines = (rules) =>
      rules.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 120)} ${node.failureSummary}`));
    const { violations, incomplete } = await run(only ? { runOnly: only } : {});
    const found = lines(violations);
    // The rest is scrolled into view and judged again, as many elements at once as are then in sight.
    /** @param {Rule[]} rules */
    const undecided = (rules) =>
      rules.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => ({ id, target: target[0], failureSummary })));
    let left = undecided(incomplete);
    while (left.length > 0) {
      document.querySelector(left[0].target)?.scrollIntoView({ block: "center", behavior: "instant" });
      const include = [...new Set(left.map(({ target }) => target))].map((target) => [target]);
      const again = await run({ include }, { runOnly: [...new Set(left.map(({ id }) => id))] });
      found.push(...lines(again.violations));
      const still = undecided(again.incomplete);
      const rest = left.filter((one) => still.some(({ id, target }) => id === one.id && target === one.target));
      // What is in the middle of the page and still cannot be judged is a finding.
      const stuck = rest[0] === left[0];
      if (stuck) found.push(`${left[0].id}: ${left[0].target} ${left[0].failureSummary}`);
      left = stuck ? rest.slice(1) : rest;
    }
    return found;
  }, only);
  if (hidden > 0) await page.setViewportSize({ width, height });
  return found;
}
