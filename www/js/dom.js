// @ts-check
// Finding and making elements, with their types.

/**
 * The element with this id; the page is wrong if there is none.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} with the id ${id}`);
  return found;
}

/**
 * The part of a view with this name, which is in its `data-part`; the page is wrong if there is none.
 * @template {Element} T
 * @param {Element} root
 * @param {string} name
 * @param {new () => T} type
 * @returns {T}
 */
export function part(root, name, type) {
  const found = root.querySelector(`[data-part="${name}"]`);
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} with the name ${name}`);
  return found;
}

/**
 * A new element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | boolean | number>} [attributes] `false` leaves one out
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) element.append(...typeof child === "string" ? unparted(child) : [child]);
  return element;
}

/** A number with its unit or what it counts, a range, or a name with its number. */
const MEASURE = /(\b(?:client|send|exchange|heartbeat|reply) \d[\d,]*|\d[\d.,]* (?:to|of) \d[\d.,]*(?: [nµm]?s\b| %)?|\d[\d.,]* (?:(?!of\b|and\b|to\b|is\b|has\b|at\b|or\b)[a-zµ][\w/]*|[kM]?B\b|[kM]bit\/s|%))/;

/**
 * Returns a text whose numbers are never parted from their units by the end of a line.
 * @param {string} text
 */
function unparted(text) {
  const parts = text.split(MEASURE).map((part, i) => {
    if (i % 2 === 0) return part;
    const measure = document.createElement("span");
    measure.className = "measure";
    measure.textContent = part;
    return measure;
  });
  // An element without a text has no child.
  return parts.filter((part) => part !== "");
}

/**
 * One of the page's icons.
 * @param {string} id
 */
export function icon(id) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#${id}`);
  svg.append(use);
  return svg;
}

/**
 * Sets an element's text, if it differs: a screen reader would announce it again.
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.replaceChildren(...unparted(text));
}

/**
 * Returns a value stored in an earlier visit; `null` if storage is empty or forbidden.
 * @param {string} name
 */
export function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
export function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Without storage the value lasts for this visit only.
  }
}

/** Returns true if the reader prefers reduced motion. */
export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * Returns a sentence with its `quoted` parts as code.
 * @param {string} sentence
 */
export function marked(sentence) {
  return sentence.split("`").flatMap((part, i) => (i % 2 === 1 ? make("code", {}, part) : unparted(part)));
}

/**
 * Lets the browser do first what waits, such as input and drawing: what follows is another task.
 * @returns {Promise<void>}
 */
export const pause = () => new Promise((done) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    done();
  };
  port2.postMessage(null);
});

/** The longest wait for a frame, in milliseconds: a page that is not in sight draws none. */
const LONGEST_WAIT = 100;

/**
 * Waits until what the page shows now is drawn.
 * @returns {Promise<void>}
 */
export const drawn = () => new Promise((done) => {
  requestAnimationFrame(() => pause().then(done));
  setTimeout(done, LONGEST_WAIT);
});
