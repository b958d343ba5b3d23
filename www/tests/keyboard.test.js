// @ts-check
// The way through the first lesson with keyboard and screen reader alone, in four windows.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { listen, Reader } from "./reader.js";
import { openLab, watch } from "./support.js";
import { simulated, SIZES, stations } from "./ways.js";

/** @type {import("./support.js").Lab} */
let lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

for (const viewport of SIZES) {
  const size = `${viewport.width}x${viewport.height}`;

  test(`keyboard and screen reader are enough for the first lesson: ${size}`, async () => {
    const context = await lab.browser.newContext({ viewport });
    await context.addInitScript(listen);
    const page = await context.newPage();
    const faults = watch(page, lab.url);
    await page.goto(lab.url);
    await simulated(page);
    const [station, reader] = [stations("keys"), await Reader.of(page)];
    const tree = await reader.tree();
    const found = (/** @type {string} */ role, /** @type {RegExp} */ name) => tree.some((node) => node.role === role && name.test(node.name));
    assert(found("heading", /^retrylab What do I do when no reply comes\?$/) && found("heading", /^One lost reply$/));
    assert(found("StaticText", /Watch the ring around the client/) && found("StaticText", /^Press Play, then/));
    assert(found("image", /^The stage at 0\.000 seconds\. The client sends its request/));
    for (const { role, name } of tree) assert(role !== "image" || name !== "", "an image without a name");

    const { keyboard } = page;
    await keyboard.press("]");
    await keyboard.press("]");
    await keyboard.press("]");
    await reader.announced(/^Speed 8×$/);
    await keyboard.press("Shift+Tab");
    assert.deepEqual([(await reader.focus()).name, await page.evaluate(() => scrollY)], ["Speed", 0], "what is in sight stays");
    await reader.tabTo("button", /^Play$/);
    await station(page, "1-play", [page.locator(":focus")]);
    await keyboard.press("Enter");
    await reader.announced(/The run is over\. Answered after 120 ms and 2 sends\. One packet was lost\.$/);
    assert.equal((await reader.focus()).name, "Again");

    await reader.tabTo("button", /^Events$/);
    await keyboard.press("Enter");
    assert.equal((await reader.focus()).pressed, "true");
    await reader.tabTo("button", /^The reply to send 2 arrives\.$/);
    for (let i = 0; i < 12 && !/sends its request again/.test((await reader.focus()).name); i++) await keyboard.press("ArrowUp");
    await station(page, "2-events", [page.locator(":focus")]);
    await keyboard.press("Enter");
    assert.equal((await reader.focus()).pressed, "true");
    await reader.announced(/^Inspect: Request, send 2\.$/);
    await reader.tabTo("button", /the wait of 100 ms for a reply ran out/);
    await station(page, "3-why", [page.locator(":focus")]);
    await keyboard.press("Escape");

    await reader.tabTo("button", /^Try it$/);
    await keyboard.press("Enter");
    await reader.announced(/The run is over\. Answered after 20 ms and 1 send\.$/);
    await reader.tabTo("button", /^Next: How long to wait$/);
    await keyboard.press("Enter");
    await reader.announced(/^How long to wait\. Nothing is lost here/);
    assert.equal((await reader.focus()).name, "Next: Backoff");
    await station(page, "4-next", [page.locator(":focus"), page.locator("#sentence")]);
    assert.deepEqual(faults, []);
    await context.close();
  });
}
