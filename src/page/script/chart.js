// One chart: uPlot's canvas, a legend that follows the pointer, a summary in words, and on request a table
// of its figures.

/** Charts that share the x axis: a zoom or the pointer in one applies to all. */
class Zoom {
  constructor() {
    this.charts = [];
    this.range = null;
    this.extent = null;
    this.key = freshId("zoom");
    this.listeners = [];
  }

  /** `null` is everything; else `{ min, max }`, or the `{ last }` seconds. */
  set(range) {
    this.range = range;
    for (const chart of this.charts) chart.fit();
    for (const listener of this.listeners) listener(range);
  }

  /** The drawn range, within `extent` or else the chart's own x. */
  limits(x) {
    const [first, last] = this.extent ?? (x.length > 0 ? [x[0], x[x.length - 1]] : [0, 1]);
    if (this.range?.last) return [Math.max(first, last - this.range.last), Math.max(last, first + 1)];
    if (this.range) return [this.range.min, this.range.max];
    return [first, Math.max(last, first + 1)];
  }
}

/** All charts, which are redrawn for the width of paper. */
const allCharts = [];

class Chart {
  /** `axis`: how x is drawn and printed, see `clockAxis`; `text(value)` prints a figure of y;
   *  `summary(chart)`: the summary, if it is not the lowest and highest figures. */
  constructor({ title, text, axis, zoom, summary, height = 220 }) {
    Object.assign(this, { title, text, axis, zoom, height });
    this.summary = summary ?? extremes;
    this.plot = null;
    this.shape = "";
    this.at = el("span", { class: "at" });
    this.legend = el("ul", { class: "legend" });
    this.canvas = el("div", { class: "canvas", "aria-hidden": "true" });
    this.caption = el("figcaption");
    this.table = el("details", { class: "figures", ontoggle: () => this.tabulate() },
      el("summary", {}, "Figures as a table"));
    this.save = el("button", { type: "button", class: "quiet save", "aria-label": `Save as PNG: ${title}`,
      onclick: () => pictures.save(this) }, "PNG");
    this.root = el("figure", {}, el("div", { class: "over" }, el("h3", {}, title), this.at, this.save),
      this.legend, this.canvas, this.caption, this.table);
    zoom.charts.push(this);
    allCharts.push(this);
    theme.listeners.push(() => this.plot?.redraw());
    new ResizeObserver(() => this.resize()).observe(this.canvas);
  }

  /** `lines`: `[{ label, colour, values, dash }]`, as long as `x`. */
  draw(x, lines, { marks = [], logarithmic = false } = {}) {
    Object.assign(this, { x, lines, marks });
    const shape = JSON.stringify([lines.map((line) => [line.label, line.colour]), logarithmic]);
    const data = [x, ...lines.map((line) => line.values)];
    if (shape !== this.shape) {
      this.shape = shape;
      this.build(data, logarithmic);
    } else {
      this.plot?.setData(data);
    }
    this.tell();
    setText(this.caption, this.summary(this));
  }

  build(data, logarithmic) {
    this.plot?.destroy();
    this.plot = null;
    this.values = this.lines.map(() => el("span", { class: "value" }));
    this.legend.replaceChildren(...this.lines.map((line, i) => {
      const key = el("span", { class: line.dash ? "key dashed" : "key" });
      key.style.borderColor = `var(${line.colour})`;
      return el("li", {}, key, line.label, this.values[i]);
    }));
    const width = this.canvas.clientWidth;
    if (width === 0) {
      // It is not visible yet, and is made when it is.
      this.shape = "";
      return;
    }
    this.plot = new uPlot(this.options(width, logarithmic), data, this.canvas);
  }

  options(width, logarithmic) {
    const ink = () => colour("--muted");
    const grid = { stroke: () => colour("--grid"), width: 1 };
    const axis = { stroke: ink, grid, ticks: grid, font: "12px system-ui, sans-serif" };
    return {
      width,
      height: this.height,
      padding: [8, 26, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: this.zoom.key, setSeries: false, scales: ["x", null] },
        drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => () => this.zoom.set(null) },
        // Other charts have other y axes.
        y: false,
        points: { size: 6 },
      },
      scales: {
        x: { ...this.axis.scale, range: (plot) => this.zoom.limits(plot.data[0]) },
        y: logarithmic ? { distr: 3, range: decades } : { range: (_, __, max) => [0, max > 0 ? max * 1.15 : 1] },
      },
      axes: [
        { ...axis, size: 34, ...this.axis.options },
        { ...axis, size: 62, values: (_, splits) => splits.map((v) => (v === null ? "" : this.tick(v))) },
      ],
      series: [{}, ...this.lines.map((line) => ({
        stroke: () => colour(line.colour),
        width: 1.75,
        dash: line.dash,
        points: this.axis.points ?? { size: 5 },
      }))],
      hooks: {
        setCursor: [() => this.tell()],
        setSelect: [(plot) => this.select(plot)],
        draw: [(plot) => this.drawMarks(plot)],
      },
    };
  }

  tick(value) {
    return value >= 10_000 ? `${value / 1000}k` : String(Number(value.toPrecision(6)));
  }

  select(plot) {
    const { left, width } = plot.select;
    if (width < 4) return;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.zoom.set({ min: plot.posToVal(left, "x"), max: plot.posToVal(left + width, "x") });
  }

  /** Draws the changed zoom. */
  fit() {
    if (this.plot) this.plot.setData(this.plot.data);
  }

  resize() {
    const width = this.canvas.clientWidth;
    if (width === 0 || !this.lines) return;
    if (!this.plot) this.draw(this.x, this.lines, { marks: this.marks });
    else if (this.plot.width !== width) this.plot.setSize({ width, height: this.height });
  }

  /** Draws vertical lines at commands, and a background where cores stood still. Names are in three rows; those
   *  without room are left out. */
  drawMarks(plot) {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    const free = [bbox.left, bbox.left, bbox.left];
    ctx.save();
    const [ink, ground] = [colour("--mark"), colour("--ground")];
    ctx.strokeStyle = ink;
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    for (const { x, until, what } of this.marks) {
      const right = bbox.left + bbox.width;
      const end = Math.round(plot.valToPos(until ?? x, "x", true));
      const at = Math.max(Math.round(plot.valToPos(x, "x", true)), until === undefined ? -Infinity : bbox.left);
      if (end < bbox.left || at < bbox.left || at > right) continue;
      if (until !== undefined) {
        ctx.globalAlpha = 0.2;
        ctx.fillStyle = ink;
        ctx.fillRect(at, bbox.top, Math.max(Math.min(end, right) - at, ratio), bbox.height);
        ctx.globalAlpha = 1;
      }
      ctx.beginPath();
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
      const text = what.length > 32 ? `${what.slice(0, 31)}…` : what;
      const wide = ctx.measureText(text).width + 6 * ratio;
      const left = Math.max(bbox.left, Math.min(at + 3 * ratio, bbox.left + bbox.width - wide));
      const row = free.findIndex((end) => end <= left);
      if (row < 0) continue;
      const top = bbox.top + (2 + 13 * row) * ratio;
      ctx.globalAlpha = 0.8;
      ctx.fillStyle = ground;
      ctx.fillRect(left - 2 * ratio, top - ratio, wide - 2 * ratio, 13 * ratio);
      ctx.globalAlpha = 1;
      ctx.fillStyle = ink;
      ctx.fillText(text, left, top);
      free[row] = left + wide;
    }
    ctx.restore();
  }

  /** Shows the figures at the pointer in the legend, or else the last ones. */
  tell() {
    if (!this.lines || this.values?.length !== this.lines.length) return;
    const at = this.plot?.cursor?.idx ?? null;
    this.lines.forEach((line, i) => {
      const value = at === null ? lastOf(line.values) : line.values[at];
      setText(this.values[i], this.text(value ?? null));
    });
    setText(this.at, at === null || this.x[at] === undefined ? "" : this.axis.tell(this.x[at]));
  }

  /** Returns at most 200 of the shown points, evenly chosen. */
  tabulate() {
    this.table.querySelector(".scroll")?.remove();
    if (!this.table.open || !this.lines) return;
    const [min, max] = this.zoom.limits(this.x);
    const inside = this.x.map((_, i) => i).filter((i) => this.x[i] >= min && this.x[i] <= max);
    const every = Math.max(1, Math.ceil(inside.length / 200));
    const rows = inside.filter((_, n) => n % every === 0 || n === inside.length - 1);
    const head = el("tr", {}, [this.axis.name, ...this.lines.map((line) => line.label)]
      .map((label) => el("th", { scope: "col" }, label)));
    const body = rows.map((i) => el("tr", {}, el("th", { scope: "row" }, this.axis.tell(this.x[i])),
      this.lines.map((line) => el("td", { class: "number" }, this.text(line.values[i] ?? null)))));
    this.table.append(el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": this.title },
      el("table", {}, el("caption", { class: "unseen" }, this.title), el("thead", {}, head),
        el("tbody", {}, body))));
  }
}

/** Returns the lowest and highest figure of each line. */
function extremes({ lines, text }) {
  const parts = lines.map(({ label, values }) => {
    const figures = values.filter(isFigure);
    if (figures.length === 0) return `${label}: no figures`;
    const lowest = figures.reduce((a, b) => Math.min(a, b));
    const highest = figures.reduce((a, b) => Math.max(a, b));
    return lowest === highest ? `${label} always ${text(lowest)}` : `${label} from ${text(lowest)} to ${text(highest)}`;
  });
  return parts.length > 0 ? `${parts.join("; ")}.` : "";
}

function lastOf(values) {
  for (let i = values.length - 1; i >= 0; i -= 1) if (values[i] !== null) return values[i];
  return null;
}

/** Returns a range of whole decades around the figures. */
function decades(_, min, max) {
  if (!(min > 0) || !(max > 0)) return [0.1, 10];
  const low = 10 ** Math.floor(Math.log10(min));
  return [low, Math.max(low * 10, 10 ** Math.ceil(Math.log10(max)))];
}

/** Seconds between ticks. */
const TICKS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400];

/** Pixels between ticks, by the width of half a minute: labels of whole minutes have no seconds and need less
 *  room. */
function room(halfMinute) {
  return halfMinute >= 76 ? 76 : Math.max(46, halfMinute + 1);
}

/** The x axis of times: the time of day, and the time since the start of the run. */
function clockAxis(startedAt) {
  return {
    name: "Time",
    scale: { time: true },
    options: {
      incrs: TICKS,
      space: (_, __, min, max, width) => room((30 * width) / (max - min)),
      values: (_, splits, __, ___, step) => splits.map((x) => (
        x === null ? "" : clock(x).slice(0, step % 60 === 0 ? 5 : 8))),
    },
    tell: (x) => {
      const start = startedAt();
      return start !== null && x >= start ? `${clock(x)} (${span(x - start)} in)` : clock(x);
    },
  };
}
