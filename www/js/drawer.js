// @ts-check
// The inspector where there is no room next to the pictures: a drawer from the right, on phones a sheet from below. The style
// sheet decides which; on a desk it is part of the page. When it opens, the focus stays where it is.

/** Room between what was touched and the sheet, in pixels. */
const ROOM = 36;

export class Drawer {
  /**
   * @param {HTMLElement} root
   * @param {HTMLElement} floor what it stays above
   */
  constructor(root, floor) {
    this.root = root;
    /** What had the focus when it opened. */
    this.before = /** @type {Element | null} */ (null);
    this.floor = floor;
    /** Where the pointer was pressed last, from the top of the window; `null` after a key. */
    this.touched = /** @type {number | null} */ (null);
    document.addEventListener("pointerdown", ({ clientY }) => (this.touched = clientY), true);
    document.addEventListener("keydown", () => (this.touched = null), true);
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
      this.uncover();
    } else if (focused) {
      this.leave();
    }
  }

  /** Scrolls what was chosen into the part above a sheet. */
  uncover() {
    const top = innerHeight - this.floor.offsetHeight - this.root.offsetHeight;
    // A drawer reaches to the top.
    if (getComputedStyle(this.root).position !== "fixed" || top <= 0) return;
    const at = this.touched ?? document.activeElement?.getBoundingClientRect().bottom ?? 0;
    if (at > top - ROOM) scrollBy(0, at - top + ROOM);
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
