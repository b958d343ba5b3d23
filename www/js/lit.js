// @ts-check
// Lights whatever shows the same thing as what the pointer is over. The lab knows what that is; see also `Exhibit.listen`.

/**
 * Follows the pointer and the focus over elements that stand for a record, which is in their `data-record`.
 * @param {HTMLElement} root
 * @param {(record: number | null) => void} hover
 */
export function watch(root, hover) {
  const enter = (/** @type {Event} */ event) => {
    const own = event.target instanceof Element ? event.target.closest("[data-record]") : null;
    hover(own instanceof HTMLElement ? Number(own.dataset.record) : null);
  };
  const leave = () => hover(null);
  root.addEventListener("pointerover", enter);
  root.addEventListener("focusin", enter);
  root.addEventListener("pointerleave", leave);
  root.addEventListener("focusout", leave);
}

/**
 * Marks those of the elements whose record the lab has lit.
 * @param {HTMLElement} root
 * @param {import("./wasm.js").Lab} lab
 * @param {number} which the exhibit's place in the lab
 */
export function light(root, lab, which) {
  for (const element of root.querySelectorAll("[data-record]")) {
    if (element instanceof HTMLElement) element.classList.toggle("lit", lab.isLit(which, Number(element.dataset.record)));
  }
}
