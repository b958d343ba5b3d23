// @ts-check
// The inspector where there is no room next to the pictures: a drawer from the right, on phones a sheet from below. The style
// sheet decides which; on a desk it is part of the page. When it opens, the focus stays where it is.

export class Drawer {
  /**
   * @param {HTMLElement} root
   * @param {HTMLElement} floor what it stays above
   */
  constructor(root, floor) {
    this.root = root;
    /** What had the focus when it opened. */
    this.before = /** @type {Element | null} */ (null);
    new ResizeObserver(() => root.style.setProperty("--floor", `${floor.offsetHeight}px`)).observe(floor);
  }

  /** @param {boolean} open */
  show(open) {
    const { root } = this;
    if (open === root.classList.contains("open")) return;
    const focused = root.contains(document.activeElement);
    root.classList.toggle("open", open);
    if (open) {
      this.before = document.activeElement;
      root.scrollTop = 0;
    } else if (focused) {
      this.leave();
    }
  }

  /** Gives the focus back. */
  leave() {
    const { before } = this;
    const isThere = before instanceof HTMLElement && before.isConnected && before !== document.body;
    // A row of the table may have been replaced since.
    const to = isThere ? before : document.querySelector(".views [aria-pressed=true]");
    if (to instanceof HTMLElement) to.focus();
  }
}
