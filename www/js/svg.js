// @ts-check
// A stand-in for the context of a canvas that writes SVG: what wasm draws on it becomes a vector picture. It has what
// `web/src/paint.rs` calls.

/** @type {Record<string, string>} */
const ANCHORS = { left: "start", center: "middle", right: "end" };

/** A canvas measures the texts. */
const measuring = document.createElement("canvas").getContext("2d");

/**
 * Returns a text of XML, which cannot contain control characters.
 * @param {string} text
 */
function escaped(text) {
  /** @type {Record<string, string>} */
  const names = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (c) => names[c]).replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, "\ufffd");
}

/** @param {number} n */
const short = (n) => String(Math.round(n * 100) / 100);

/** @param {...number} numbers */
const list = (...numbers) => numbers.map(short).join(" ");

export class SvgContext {
  globalAlpha = 1;
  fillStyle = "#000";
  strokeStyle = "#000";
  lineWidth = 1;
  lineCap = "butt";
  lineJoin = "miter";
  font = "";
  textAlign = "left";
  textBaseline = "middle";

  constructor() {
    /** @type {string[]} */
    this.elements = [];
    this.dash = "";
    this.path = "";
    /** The end of the path so far. */
    this.at = [0, 0];
  }

  setTransform() {}

  clearRect() {}

  beginPath() {
    this.path = "";
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  moveTo(x, y) {
    this.path += `M${list(x, y)}`;
    this.at = [x, y];
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  lineTo(x, y) {
    if (!this.path) return this.moveTo(x, y);
    this.path += `L${list(x, y)}`;
    this.at = [x, y];
  }

  closePath() {
    this.path += "Z";
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} w
   * @param {number} h
   */
  rect(x, y, w, h) {
    this.path += `M${list(x, y)}h${short(w)}v${short(h)}h${short(-w)}Z`;
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} r
   * @param {number} from
   * @param {number} to
   */
  arc(x, y, r, from, to) {
    const point = (/** @type {number} */ angle) => [x + r * Math.cos(angle), y + r * Math.sin(angle)];
    const [begin, middle, end] = [from, (from + to) / 2, to].map(point);
    this.lineTo(begin[0], begin[1]);
    // Of a whole circle, one arc would begin where it ends.
    for (const [px, py] of [middle, end]) this.path += `A${list(r, r)} 0 0 1 ${list(px, py)}`;
    this.at = end;
  }

  /**
   * @param {number} x1
   * @param {number} y1
   * @param {number} x2
   * @param {number} y2
   * @param {number} r
   */
  arcTo(x1, y1, x2, y2, r) {
    const toward = (/** @type {number} */ x, /** @type {number} */ y) => {
      const length = Math.hypot(x - x1, y - y1) || 1;
      return [(x - x1) / length, (y - y1) / length];
    };
    const [back, on] = [toward(this.at[0], this.at[1]), toward(x2, y2)];
    const half = Math.acos(Math.min(1, Math.max(-1, back[0] * on[0] + back[1] * on[1]))) / 2;
    const away = r / Math.tan(half);
    const turn = back[0] * on[1] - back[1] * on[0] < 0 ? 1 : 0;
    this.lineTo(x1 + back[0] * away, y1 + back[1] * away);
    this.at = [x1 + on[0] * away, y1 + on[1] * away];
    this.path += `A${list(r, r)} 0 0 ${turn} ${list(...this.at)}`;
  }

  /** @param {number[]} dash */
  setLineDash(dash) {
    this.dash = dash.join(" ");
  }

  fill() {
    this.add("path", { d: this.path, fill: this.fillStyle });
  }

  stroke() {
    const { lineWidth, lineCap, lineJoin, dash } = this;
    this.add("path", {
      "d": this.path, "fill": "none", "stroke": this.strokeStyle, "stroke-width": short(lineWidth), "stroke-linecap": lineCap,
      "stroke-linejoin": lineJoin, "stroke-dasharray": dash,
    });
  }

  /** @param {string} text */
  measureText(text) {
    if (!measuring) throw new Error("the browser has no 2D canvas");
    measuring.font = this.font;
    return measuring.measureText(text);
  }

  /**
   * @param {string} text
   * @param {number} x
   * @param {number} y
   * @param {number} [room]
   */
  fillText(text, x, y, room = Infinity) {
    const [, weight, size, family] = this.font.match(/^(600 )?([\d.]+)px (.*)$/) ?? ["", "", "12", "sans-serif"];
    const narrow = this.measureText(text).width > room;
    this.add("text", {
      "x": short(x), "y": short(y), "fill": this.fillStyle, "font-family": family, "font-size": size, "font-weight": weight?.trim() ?? "",
      "text-anchor": ANCHORS[this.textAlign], "dominant-baseline": "central",
      "textLength": narrow ? short(room) : "", "lengthAdjust": narrow ? "spacingAndGlyphs" : "",
    }, text);
  }

  /**
   * Moves what `act` draws.
   * @param {number} x
   * @param {number} y
   * @param {() => void} act
   */
  group(x, y, act) {
    this.elements.push(`<g transform="translate(${list(x, y)})">`);
    act();
    this.elements.push("</g>");
  }

  /**
   * @param {string} name
   * @param {Record<string, string>} attributes an empty one is left out
   * @param {string} [text]
   */
  add(name, attributes, text = "") {
    if (this.globalAlpha < 1) attributes.opacity = short(this.globalAlpha);
    const pairs = Object.entries(attributes).filter(([, value]) => value);
    const written = pairs.map(([key, value]) => ` ${key}="${escaped(value)}"`).join("");
    this.elements.push(text ? `<${name}${written}>${escaped(text)}</${name}>` : `<${name}${written}/>`);
  }

  /**
   * Returns what has been drawn, from `top` on.
   * @param {number} w
   * @param {number} h
   * @param {string} ground the background's colour
   * @param {string} title
   * @param {number} [top]
   */
  svg(w, h, ground, title, top = 0) {
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${short(w)}" height="${short(h)}" viewBox="${list(0, top, w, h)}">`
      + `<title>${escaped(title)}</title><rect y="${short(top)}" width="100%" height="100%" fill="${escaped(ground)}"/>`
      + `${this.elements.join("\n")}</svg>\n`;
  }
}
