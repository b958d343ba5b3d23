// @ts-check
// A reader who has a keyboard and a screen reader, and neither pointer nor screen: what the accessibility tree says.

import assert from "node:assert/strict";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{ role: string, name: string, pressed: string }} Node */

/** More presses of Tab than the page has controls. */
const ENOUGH = 150;

/** @typedef {{ value?: unknown }} Value */
/** @typedef {{ role?: Value, name?: Value, ignored: boolean, properties?: { name: string, value: Value }[] }} Raw */

/** @param {Raw} node @returns {Node} */
const read = ({ role, name, properties = [] }) => ({
  role: String(role?.value ?? ""), name: String(name?.value ?? ""),
  pressed: String(properties.find((one) => one.name === "pressed")?.value.value ?? ""),
});

/** Runs in the page before its scripts: keeps what live regions say. */
export function listen() {
  /** @type {string[]} */
  const announcements = [];
  Reflect.set(globalThis, "announcements", announcements);
  const observer = new MutationObserver((changes) => {
    for (const { target } of changes) {
      const region = (target instanceof Element ? target : target.parentElement)?.closest("[role=status], [aria-live=polite]");
      const words = region?.textContent?.trim();
      if (words && words !== announcements.at(-1)) announcements.push(words);
    }
  });
  observer.observe(document, { subtree: true, childList: true, characterData: true });
}

export class Reader {
  /**
   * @param {Page} page
   * @param {import("playwright-core").CDPSession} session
   */
  constructor(page, session) {
    this.page = page;
    this.session = session;
  }

  /** @param {Page} page */
  static async of(page) {
    return new Reader(page, await page.context().newCDPSession(page));
  }

  /** Returns everything that a screen reader can find. */
  async tree() {
    const { nodes } = await this.session.send("Accessibility.getFullAXTree");
    return nodes.filter(({ ignored }) => !ignored).map(read);
  }

  /** Returns what has the focus. */
  async focus() {
    const { result } = await this.session.send("Runtime.evaluate", { expression: "document.activeElement" });
    const { nodes } = await this.session.send("Accessibility.getPartialAXTree", { objectId: result.objectId, fetchRelatives: false });
    return read(nodes[0]);
  }

  /**
   * Presses Tab until something has the focus. All on the way has a name, and is not under what stays in sight.
   * @param {string} role
   * @param {RegExp} name
   */
  async tabTo(role, name) {
    const stops = [];
    for (let i = 0; i < ENOUGH; i++) {
      await this.page.keyboard.press("Tab");
      const at = await this.focus();
      // Nothing has the focus between the last control and the first one.
      if (["RootWebArea", "none"].includes(at.role)) continue;
      stops.push(`${at.role} "${at.name}"`);
      assert.notEqual(at.name, "", `${at.role} has a name, after ${stops.at(-2)}`);
      if (at.role === role && name.test(at.name)) {
        assert.equal(await this.covered(), "", stops.at(-1));
        return at;
      }
    }
    assert.fail(`Tab does not reach ${role} ${name}: ${stops.join(", ")}`);
  }

  /** Returns what lies over the middle of what has the focus. */
  covered() {
    return this.page.evaluate(() => {
      const at = document.activeElement;
      if (!at) return "nothing has the focus";
      const { left, right, top, bottom } = at.getBoundingClientRect();
      const on = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
      return on && (at.contains(on) || on.contains(at)) ? "" : `under ${on?.localName} "${on?.textContent?.trim().slice(0, 40)}", at ${top}`;
    });
  }

  /**
   * Waits until a live region says something.
   * @param {RegExp} words
   */
  async announced(words) {
    await this.page.waitForFunction((pattern) => Reflect.get(globalThis, "announcements").some((/** @type {string} */ said) =>
      new RegExp(pattern).test(said)), words.source, { timeout: 8000 }).catch(async () =>
      assert.fail(`nothing like ${words}: ${await this.page.evaluate(() => Reflect.get(globalThis, "announcements").join(" | "))}`));
  }
}
