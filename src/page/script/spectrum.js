// The distribution of response times by percentile, as in HdrHistogram's plots: each further nine is a decade
// of the x axis.

const NINES = [[1, "0%"], [2, "50%"], [10, "90%"], [100, "99%"], [1e3, "99.9%"], [1e4, "99.99%"],
  [1e5, "99.999%"], [1e6, "99.9999%"], [1e7, "99.99999%"]];

function spectrumChart() {
  const axis = {
    name: "Percentile",
    scale: { time: false, distr: 3 },
    options: {
      splits: () => NINES.map(([x]) => x),
      filter: (_, splits) => splits,
      values: nines,
    },
    points: { show: false },
    tell: share,
  };
  const zoom = new Zoom();
  const title = "Response Times by Percentile (ms), all requests";
  const chart = new Chart({ title, text: ms, axis, zoom, summary: someNines });
  const nothing = el("p", { class: "empty" }, "No response times so far.");
  chart.root.append(nothing);
  const update = (view, logarithmic) => {
    const points = spectrumPoints(view);
    show(nothing, points.length < 2);
    // That of an earlier run could be mistaken for this one.
    for (const part of [chart.legend, chart.canvas, chart.caption, chart.table, chart.save]) show(part, points.length >= 2);
    if (points.length < 2) return;
    chart.draw(points.map(([x]) => x),
      [{ label: "Response time", colour: "--spectrum", values: points.map(([, y]) => y) }], { logarithmic });
  };
  return { root: chart.root, update };
}

/** The usual percentiles as text. */
function someNines({ x, lines: [{ values }], text }) {
  const parts = [[2, "50%"], [10, "90%"], [100, "99%"], [1e3, "99.9%"]].map(([at, label]) => {
    const i = x.findIndex((each) => each >= at);
    return i < 0 ? null : `${label} within ${text(values[i])}`;
  });
  return `${parts.filter(Boolean).join("; ")}.`;
}

/** The labels of decades that have room beside each other. */
function nines(plot, splits) {
  const shown = splits.map(() => "");
  let free = plot.bbox.width / devicePixelRatio + 26;
  // From the right, where the nines are.
  for (let i = splits.length - 1; i >= 0; i -= 1) {
    const label = NINES[i]?.[1] ?? "";
    const half = 4 * label.length + 3;
    const at = plot.valToPos(splits[i], "x");
    if (at + half > free || at < -1) continue;
    shown[i] = label;
    free = at - half;
  }
  return shown;
}

/** Points `[1 / (1 - share), ms]`, ascending. The longest of n requests is at n, because it would be at
 *  infinity. */
function spectrumPoints(view) {
  const points = [];
  for (const [part, value] of view.spectrum ?? []) {
    const last = points.length > 0 ? points[points.length - 1][0] : 0;
    const x = part < 1 ? 1 / (1 - part) : Math.max(view.total?.num_requests ?? 1, last * 1.001, 1.001);
    if (x > last) points.push([x, value]);
  }
  return points;
}

/** Prints a position on the axis: `99.9%`. */
function share(x) {
  return `${Number((100 * (1 - 1 / x)).toPrecision(7))}%`;
}
