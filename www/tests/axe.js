// @ts-check
// Checks a page with axe-core.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * Returns the findings of axe-core: violations, and what it could not decide.
 * @param {import("playwright-core").Page} page
 * @returns {Promise<string[]>}
 */
export async function axe(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { run } = Reflect.get(globalThis, "axe");
    /** @typedef {{ id: string, nodes: { html: string, target: string[], failureSummary: string }[] }} Rule */
    /** @param {Rule[]} rules */
    const lines = (rules) =>
      rules.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 120)} ${node.failureSummary}`));
    const { violations, incomplete } = await run();
    const found = lines(violations);
    // axe-core cannot judge what the head of a table or the transport hides: each such element is scrolled into
    // view and judged alone.
    for (const { id, nodes } of /** @type {Rule[]} */ (incomplete)) {
      for (const { target } of nodes) {
        document.querySelector(target[0])?.scrollIntoView({ block: "center", behavior: "instant" });
        const alone = await run(target[0], { runOnly: [id] });
        found.push(...lines([...alone.violations, ...alone.incomplete]));
      }
    }
    return found;
  });
}
