// @ts-check
// Checks a page's layout as a reader sees it: what overlaps, what is cut off, and what is in reach.

/** @typedef {import("playwright-core").Page} Page */

/**
 * Returns what is wrong with the layout of what is in sight, a sentence each.
 * @param {Page} page
 * @returns {Promise<string[]>}
 */
export const misplaced = (page) => page.evaluate(() => {
  /** @typedef {{ left: number, top: number, right: number, bottom: number }} Box */
  /** @typedef {{ element: Element, box: Box, name: string }} Shown */
  const CONTROLS = "button, select, input, textarea, summary, canvas, a[href]";
  /** @type {string[]} */
  const faults = [];

  /** @param {Element} element */
  const nameOf = (element) => {
    const words = element.getAttribute("aria-label") || element.textContent || element.id || element.className;
    return `${element.localName} "${String(words).replace(/\s+/g, " ").trim().slice(0, 40)}"`;
  };

  /** @param {Box} a @param {Box} b */
  const meet = (a, b) => ({
    left: Math.max(a.left, b.left), top: Math.max(a.top, b.top), right: Math.min(a.right, b.right), bottom: Math.min(a.bottom, b.bottom),
  });

  /** @param {Box} box */
  const isEmpty = ({ left, top, right, bottom }) => right - left < 2 || bottom - top < 2;

  /** @param {Element} element */
  const ancestors = (element) => {
    const found = [];
    for (let at = element.parentElement; at; at = at.parentElement) found.push(at);
    return found;
  };

  /** @param {Element} element */
  const isSeen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    // For screen readers alone.
    && ![element, ...ancestors(element)].some((at) => getComputedStyle(at).clipPath !== "none");

  /**
   * What lies over the page on purpose, such as a dialog or a bar that stays in sight.
   * @param {Element} element
   */
  const layerOf = (element) => [element, ...ancestors(element)].find((at) =>
    at.localName === "dialog" || ["fixed", "sticky"].includes(getComputedStyle(at).position)) ?? document.body;

  /**
   * Returns the part of a box that its ancestors do not clip; says so if it can never be seen whole.
   * @param {Element} element
   * @param {Box} box
   * @param {string} name
   */
  const clip = (element, box, name) => {
    let seen = box;
    for (const at of ancestors(element)) {
      const { overflowX, overflowY, position } = getComputedStyle(at);
      if (overflowX !== "visible") {
        const { left, top, right, bottom } = at.getBoundingClientRect();
        const hides = [overflowX, overflowY].some((overflow) => ["hidden", "clip"].includes(overflow));
        const [wide, high] = [left - seen.left > 1 || seen.right - right > 1, top - seen.top > 2 || seen.bottom - bottom > 2];
        if (hides && (wide || high)) faults.push(`${name} is cut off by ${nameOf(at)}`);
        seen = meet(seen, { left, top, right, bottom });
      }
      if (position === "fixed") break;
    }
    if (!isEmpty(seen) && (seen.left < -1 || seen.right > innerWidth + 1)) faults.push(`${name} is beyond the window's edge`);
    return meet(seen, { left: 0, top: 0, right: innerWidth, bottom: innerHeight });
  };

  /** @returns {Shown[]} lines of text and controls */
  const shown = () => {
    /** @type {[Element, Box, string][]} */
    const found = [];
    for (const element of document.body.querySelectorAll(CONTROLS)) {
      if (isSeen(element)) found.push([element, element.getBoundingClientRect(), nameOf(element)]);
    }
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const [parent, words] = [node.parentElement, node.textContent?.trim()];
      if (!words || !parent || parent.closest("select, textarea, script, noscript, svg") || !isSeen(parent)) continue;
      range.selectNodeContents(node);
      for (const rect of range.getClientRects()) found.push([parent, rect, `"${words.slice(0, 40)}"`]);
    }
    return found.map(([element, box, name]) => ({ element, name, box: clip(element, box, name) })).filter(({ box }) => !isEmpty(box));
  };

  /** @param {Shown} a @param {Shown} b */
  const areOne = (a, b) => a.element.contains(b.element) || b.element.contains(a.element) || layerOf(a.element) !== layerOf(b.element)
    // What lets the pointer through lies over something on purpose.
    || [a, b].some(({ element }) => getComputedStyle(element).pointerEvents === "none" || element.matches(".mode input, .strip canvas, #scrub"));

  const all = shown();
  all.forEach((a, i) => {
    for (const b of all.slice(i + 1)) {
      const { left, top, right, bottom } = meet(a.box, b.box);
      if (right - left > 2 && bottom - top > 4 && !areOne(a, b)) faults.push(`${a.name} overlaps ${b.name}`);
    }
  });

  // Text that is wider than its button, and values that are wider than their field.
  const brush = document.createElement("canvas").getContext("2d");
  for (const { element, box, name } of all) {
    const control = element.closest("button, summary");
    const around = control?.getBoundingClientRect();
    if (around && (box.left < around.left - 1 || box.right > around.right + 1)) faults.push(`${name} is wider than its button`);
    if (element instanceof HTMLInputElement && element.scrollWidth > element.clientWidth + 1) faults.push(`the value of ${name} is cut off`);
    if (element instanceof HTMLSelectElement && brush) {
      const { font, paddingLeft, paddingRight } = getComputedStyle(element);
      brush.font = font;
      const room = element.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight) - 16;
      const words = element.selectedOptions[0]?.text ?? "";
      if (brush.measureText(words).width > room + 1) faults.push(`"${words}" is wider than ${element.id}`);
    }
  }
  for (const element of document.querySelectorAll("body *")) {
    if (!(element instanceof HTMLElement) || !isSeen(element) || element.scrollWidth <= element.clientWidth + 1 || element.clientWidth === 0) continue;
    const { overflowX } = getComputedStyle(element);
    if (overflowX === "hidden" || overflowX === "clip") faults.push(`${nameOf(element)} is cut off at the right`);
    if (overflowX === "auto" || overflowX === "scroll") faults.push(`${nameOf(element)} scrolls sideways`);
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push(`the page is ${document.documentElement.scrollWidth} px wide`);
  return [...new Set(faults)];
});

/**
 * Returns what keeps a reader from seeing an element, or nothing.
 * @param {import("playwright-core").Locator} locator
 */
export const unseen = (locator) => locator.first().evaluate((element) => {
  const { left, top, right, bottom, width, height } = element.getBoundingClientRect();
  const name = `${element.localName} "${element.textContent?.replace(/\s+/g, " ").trim().slice(0, 60)}"`;
  if (width === 0 || height === 0) return `${name} is not shown`;
  if (left < 0 || top < 0 || right > innerWidth || bottom > innerHeight) return `${name} is not in the window: ${top} to ${bottom} of ${innerHeight}`;
  const corners = [[left + 3, top + 3], [right - 3, top + 3], [left + 3, bottom - 3], [right - 3, bottom - 3], [(left + right) / 2, (top + bottom) / 2]];
  for (const [x, y] of corners) {
    const on = document.elementFromPoint(x, y);
    if (on && !element.contains(on) && !on.contains(element)) return `${name} is under ${on.localName} "${on.textContent?.trim().slice(0, 40)}"`;
  }
  return "";
});
