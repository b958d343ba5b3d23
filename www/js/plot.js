// @ts-check
// The picture of a chart, drawn by uPlot: lines or bars, with marks that repeat their colours, and 95 % intervals.

/** @typedef {import("uplot")} uPlot */

/*! uPlot: Copyright (c) Leon Sorokin, MIT licence, https://github.com/leeoniya/uPlot */
/**
 * What draws. It is in the same file, but starts with the first chart, because that takes as long as the rest of the page.
 * @type {typeof import("uplot")}
 */
let UPlot;

/** @typedef {"circle" | "triangle" | "square" | "diamond"} Mark */

/**
 * @typedef {object} Line
 * @property {string} label
 * @property {string} colour a custom property of the style sheet
 * @property {Mark} mark
 * @property {"line" | "steps" | "bars" | "points"} kind
 * @property {-1 | 1} [side] of its place, on which bars and their points stand if they share it
 * @property {boolean} dashed
 * @property {(number | null)[]} values
 * @property {(number | null)[]} [low] the lower ends of intervals
 * @property {(number | null)[]} [high]
 * @property {(value: number) => string} format
 */

/**
 * @typedef {object} Figure
 * @property {number[]} x
 * @property {[number, number]} range that x covers
 * @property {(value: number) => string} tick a value of x, on the axis
 * @property {boolean} whole whether only whole numbers have a name
 * @property {[string, (place: number) => string | number]} column the name and the values of x in a file
 * @property {number} [now] a place to mark with a line
 * @property {boolean} share whether the values go from 0 to 1
 * @property {Line[]} lines
 * @property {(place: number) => string} at a place on the axis, in words
 * @property {string} empty says that there is nothing to show yet
 * @property {(place: number) => string} [missing] the reason for a missing number at a place
 */

/** Distance between the marks of a line in CSS pixels. */
const GAP = 56;

/** Sizes in CSS pixels: a mark's radius, half of an interval's end, and the line's width. */
const [RADIUS, END, WIDTH] = [4, 4, 2];

/** @param {string} name */
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

async function start() {
  UPlot = (await import("uplot")).default;
}

export class Plot {
  /**
   * @param {HTMLElement} root
   * @param {object} hooks
   * @param {(place: number | null) => void} hooks.pointed the cursor is at another place
   * @param {(place: number) => void} hooks.picked a place was clicked
   */
  constructor(root, hooks) {
    this.root = root;
    this.hooks = hooks;
    /** @type {uPlot | null} */
    this.plot = null;
    /** @type {Figure | null} */
    this.figure = null;
    /** What the lines are, in order: a new plot is made when that changes. */
    this.kinds = "";
    new ResizeObserver(() => this.fit()).observe(root);
  }

  /** @param {Figure} figure */
  show(figure) {
    this.figure = figure;
    const kinds = figure.lines.map(({ label, kind, colour, dashed }) => [label, kind, colour, dashed].join()).join(";");
    if (kinds !== this.kinds) this.end();
    this.kinds = kinds;
    if (this.plot) this.plot.setData(this.data(figure));
    else this.fit();
  }

  /** @param {Figure} figure */
  data(figure) {
    return /** @type {import("uplot").AlignedData} */ ([figure.x, ...figure.lines.map(({ values }) => values)]);
  }

  /** Draws with the colours of now. */
  renew() {
    this.plot?.redraw(false, true);
  }

  fit() {
    const { clientWidth: width, clientHeight: height } = this.root;
    if (width === 0 || height === 0 || !this.figure) return;
    if (this.plot) {
      if (this.plot.width !== width || this.plot.height !== height) this.plot.setSize({ width, height });
      return;
    }
    if (!UPlot) {
      void start().then(() => this.fit());
      return;
    }
    this.plot = new UPlot(this.options(this.figure, width, height), this.data(this.figure), this.root);
    this.plot.root.querySelector("canvas")?.setAttribute("aria-hidden", "true");
    this.plot.over.addEventListener("click", () => {
      const place = this.plot?.cursor.idx;
      if (typeof place === "number") this.hooks.picked(place);
    });
  }

  end() {
    this.plot?.destroy();
    this.plot = null;
  }

  /** @param {number | null} place */
  turn(place) {
    // A place that keys have chosen stays while the chart has the focus.
    if (place !== null || !this.root.matches(":focus")) this.hooks.pointed(place);
  }

  /**
   * Listens to the pointer. One that stays where it is, while the chart is scrolled below it, does not move a cursor that keys move.
   * @param {HTMLElement} over
   * @param {(event: MouseEvent) => null} handler
   */
  listen(over, handler) {
    return (/** @type {MouseEvent} */ event) => {
      const stays = event.movementX === 0 && event.movementY === 0 && this.root.matches(":focus-visible");
      return event.target === over && !stays ? handler(event) : null;
    };
  }

  /** @param {number} place */
  point(place) {
    const { plot, figure } = this;
    if (!plot || !figure) return;
    plot.setCursor({ left: plot.valToPos(figure.x[place], "x"), top: plot.over.clientHeight / 2 });
  }

  /**
   * @param {Figure} figure
   * @param {number} width
   * @param {number} height
   * @returns {import("uplot").Options}
   */
  options(figure, width, height) {
    const axis = () => ({
      stroke: () => css("--muted"),
      font: `12px ${css("--sans")}`,
      grid: { stroke: () => css("--line"), width: 1 },
      ticks: { stroke: () => css("--line"), width: 1, size: 5 },
    });
    const names = (/** @type {uPlot} */ _, /** @type {number[]} */ at) => at.map((value) => this.figure?.tick(value) ?? "");
    const own = { values: names, ...(figure.whole ? { incrs: [1, 2, 5, 10], space: 44 } : { space: 60 }) };
    const most = (/** @type {number} */ max) => (max > 0 ? UPlot.rangeNum(0, max, 0.1, true)[1] : 1);
    return {
      width,
      height,
      // At the right is half of a label.
      padding: [10, 26, 0, 0],
      legend: { show: false },
      cursor: {
        y: false, drag: { x: false, y: false }, bind: { mousemove: (_, over, handler) => this.listen(over, handler) },
        points: { size: 2 * RADIUS, fill: (_, i) => this.colour(i) },
      },
      scales: {
        x: { time: false, range: () => this.figure?.range ?? [0, 1] },
        y: { range: (_, __, max) => (this.figure?.share ? [0, 1] : [0, most(this.top(max))]) },
      },
      axes: [{ ...axis(), size: 30, ...own }, { ...axis(), size: 46 }],
      series: [{}, ...figure.lines.map((line) => series(line))],
      hooks: {
        draw: [() => this.mark()],
        setCursor: [({ cursor: { idx } }) => this.turn(idx ?? null)],
      },
    };
  }

  /**
   * Returns the largest number, those of intervals included.
   * @param {number | null} max
   */
  top(max) {
    const highs = this.figure?.lines.flatMap(({ high }) => high ?? []) ?? [];
    return highs.reduce((/** @type {number} */ most, high) => Math.max(most, high ?? 0), max ?? 0);
  }

  /** @param {number} i */
  colour(i) {
    return css(this.figure?.lines[i - 1]?.colour ?? "--text");
  }

  /** Draws what uPlot does not: marks, intervals, and the place of now. */
  mark() {
    const { plot, figure } = this;
    if (!plot || !figure) return;
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio || 1;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left - 8 * ratio, bbox.top - 8 * ratio, bbox.width + 16 * ratio, bbox.height + 16 * ratio);
    ctx.clip();
    if (figure.now !== undefined) {
      const x = plot.valToPos(figure.now, "x", true);
      ctx.strokeStyle = css("--select");
      ctx.lineWidth = 2 * ratio;
      ctx.setLineDash([2 * ratio, 3 * ratio]);
      stroke(ctx, [[x, bbox.top], [x, bbox.top + bbox.height]]);
      ctx.setLineDash([]);
    }
    for (const line of figure.lines) this.markLine(plot, figure, line, ratio);
    ctx.restore();
  }

  /**
   * @param {uPlot} plot
   * @param {Figure} figure
   * @param {Line} line
   * @param {number} ratio
   */
  markLine(plot, figure, line, ratio) {
    const { ctx, bbox } = plot;
    const colour = css(line.colour);
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.5 * ratio;
    const bars = line.kind === "bars";
    // In the middle of its half.
    const aside = (0.2 * (line.side ?? 0) * bbox.width) / (figure.range[1] - figure.range[0]);
    let last = -Infinity;
    line.values.forEach((value, i) => {
      if (value === null) return;
      const [x, y] = [plot.valToPos(figure.x[i], "x", true) + aside, plot.valToPos(value, "y", true)];
      const [low, high] = [line.low?.[i], line.high?.[i]];
      if (typeof low === "number" && typeof high === "number") {
        ctx.strokeStyle = bars ? css("--text") : colour;
        whisker(ctx, x, plot.valToPos(low, "y", true), plot.valToPos(high, "y", true), END * ratio);
      }
      if (bars || (line.kind !== "points" && x - last < GAP * ratio)) return;
      last = x;
      ctx.strokeStyle = css("--text");
      ctx.fillStyle = line.dashed ? css("--ground") : colour;
      if (line.dashed) ctx.strokeStyle = colour;
      shape(ctx, line.mark, x, y, RADIUS * ratio);
    });
  }
}

/**
 * @param {Line} line
 * @returns {import("uplot").Series}
 */
function series({ label, kind, side, colour, dashed }) {
  const { bars, stepped, linear } = UPlot.paths;
  const paths = {
    bars: bars?.({ size: [side ? 0.4 : 0.6, 80], align: side ?? 0 }),
    steps: stepped?.({ align: 1 }),
    line: linear?.(),
    points: () => null,
  }[kind];
  return {
    label,
    stroke: () => css(colour),
    fill: kind === "bars" && !dashed ? () => css(colour) : undefined,
    width: kind === "points" ? 0 : WIDTH,
    dash: dashed ? [6, 4] : undefined,
    points: { show: false },
    paths,
  };
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {[number, number][]} points
 */
function stroke(ctx, points) {
  ctx.beginPath();
  for (const [x, y] of points) ctx.lineTo(x, y);
  ctx.stroke();
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x
 * @param {number} low
 * @param {number} high
 * @param {number} end
 */
function whisker(ctx, x, low, high, end) {
  stroke(ctx, [[x, low], [x, high]]);
  for (const y of [low, high]) stroke(ctx, [[x - end, y], [x + end, y]]);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Mark} mark
 * @param {number} x
 * @param {number} y
 * @param {number} r
 */
function shape(ctx, mark, x, y, r) {
  ctx.beginPath();
  if (mark === "circle") {
    ctx.arc(x, y, r, 0, 2 * Math.PI);
  } else {
    const corners = {
      triangle: [[0, -1.2], [1.2, 0.9], [-1.2, 0.9]],
      square: [[-1, -1], [1, -1], [1, 1], [-1, 1]],
      diamond: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
    }[mark];
    for (const [across, down] of corners) ctx.lineTo(x + across * r, y + down * r);
    ctx.closePath();
  }
  ctx.fill();
  ctx.stroke();
}
