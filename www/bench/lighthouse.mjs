// @ts-check
// Lighthouse, as it judges a phone. `LIGHTHOUSE` is its program, `CHROMIUM` the browser.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** @typedef {import("../tests/support.js").Lab} Lab */

const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];

/** @param {Lab} lab */
export async function lighthouse({ url }) {
  const { LIGHTHOUSE, CHROMIUM } = process.env;
  if (!LIGHTHOUSE || !CHROMIUM) throw new Error("LIGHTHOUSE and CHROMIUM must be paths");
  const args = [
    LIGHTHOUSE, url, "--output=json", "--quiet", `--only-categories=${CATEGORIES}`,
    "--chrome-flags=--headless --no-sandbox --disable-gpu --disable-quic",
  ];
  const options = { env: { ...process.env, CHROME_PATH: CHROMIUM }, maxBuffer: 1 << 28 };
  const { stdout } = await promisify(execFile)(process.execPath, args, options);
  const { categories, audits, runtimeError } = JSON.parse(stdout);
  if (runtimeError) throw new Error(`Lighthouse: ${runtimeError.message}`);
  const [performance, accessibility, practices, seo] = CATEGORIES.map((name) => 100 * categories[name].score);
  // Those that decide a score, if they cost a part of it.
  for (const { id, weight } of CATEGORIES.flatMap((name) => categories[name].auditRefs)) {
    const { score, displayValue } = audits[id];
    if (weight > 0 && score !== null && score < 0.9) console.log(`  Lighthouse: ${id} ${displayValue ?? ""}, score ${score}`);
  }
  return {
    performance, accessibility, practices, seo,
    blocking: audits["total-blocking-time"].numericValue,
    shift_phone: audits["cumulative-layout-shift"].numericValue,
  };
}
