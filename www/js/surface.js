// @ts-check
// A canvas whose size follows its element, without asking for that in every frame.

export class Surface {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} changed it has another size
   * @param {Element} [frame] the element whose size the canvas takes; otherwise its own
   */
  constructor(canvas, changed, frame = canvas) {
    this.canvas = canvas;
    const ctx = canvas.getContext("2d");
    if (!ctx) throw new Error("the browser has no 2D canvas");
    this.ctx = ctx;
    /** The size in CSS pixels, and the number of device pixels in each. */
    this.w = 0;
    this.h = 0;
    this.ratio = 1;
    this.sizes = new ResizeObserver(([entry]) => {
      // Of an element with a scroll bar, this is the room that the bar leaves.
      const { width, height } = entry.contentRect;
      this.fit(Math.round(width), Math.round(height));
      changed();
    });
    this.sizes.observe(frame);
  }

  /**
   * @param {number} w
   * @param {number} h
   */
  fit(w, h) {
    [this.w, this.h, this.ratio] = [w, h, devicePixelRatio || 1];
    this.canvas.width = Math.max(1, Math.round(w * this.ratio));
    this.canvas.height = Math.max(1, Math.round(h * this.ratio));
  }

  /** Returns true if there is something to draw on. */
  get isShown() {
    return this.w > 0 && this.h > 0;
  }

  end() {
    this.sizes.disconnect();
  }
}
