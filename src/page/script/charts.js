// The charts of a run over time: rate, response times, users; of all requests or of one entry.

const LINES = { "50%": "--p50", "66%": "--p66", "75%": "--p75", "80%": "--p80", "90%": "--p90", "95%": "--p95",
  "98%": "--p98", "99%": "--p99", "99.9%": "--p999", "99.99%": "--p9999", "100%": "--p100" };

/** The figures that are recorded for single entries. */
const OF_ENTRIES = ["50%", "95%", "99%"];
const AGGREGATED = "";

/** `entries.past(method, name)` resolves to the entry's history: `{ at_s, rps, fps, "50%", ... }`. */
class Charts {
  constructor(record, entries) {
    Object.assign(this, { record, entries });
    this.zoom = new Zoom();
    this.percentiles = new Set(choice("percentiles", ["50%", "95%"]));
    this.logarithmic = choice("logarithmic", false);
    this.entry = null;
    const axis = clockAxis(() => record.startedAt);
    const chart = (title, text) => new Chart({ title, text, axis, zoom: this.zoom });
    this.rates = chart("Total Requests per Second", rate);
    this.times = chart("Response Times (ms)", ms);
    this.users = chart("Number of Users", whole);
    this.times.legend.before(this.percentileBoxes());
    this.marks = el("ol", { class: "marks" });
    this.marksShown = el("details", { class: "folded" }, el("summary", {}, "Marks in the charts"), this.marks);
    this.spectrum = spectrumChart();
    this.root = el("div", {}, this.controls(), this.rates.root, this.times.root, this.users.root,
      this.marksShown, this.spectrum.root);
  }

  controls() {
    this.select = el("select", { id: freshId("entry"), onchange: () => this.choose(this.select.value) });
    this.select.append(el("option", { value: AGGREGATED }, "Aggregated"));
    const spans = [["", "Whole run"], ["600", "Last 10 minutes"], ["60", "Last minute"], ["own", "Zoomed"]];
    const range = el("select", { id: freshId("range") },
      spans.map(([value, label]) => el("option", { value, disabled: value === "own" }, label)));
    range.addEventListener("change", () => this.zoom.set(range.value ? { last: Number(range.value) } : null));
    const reset = el("button", { type: "button", class: "quiet", hidden: true, onclick: () => this.zoom.set(null) },
      "Reset zoom");
    const hint = el("span", { class: "hint" }, "Drag in a chart to zoom, double-click to see everything.");
    this.zoom.listeners.push((zoomed) => {
      show(hint, zoomed === null);
      range.value = zoomed?.last ? String(zoomed.last) : zoomed ? "own" : "";
      show(reset, zoomed !== null);
    });
    return el("div", { class: "tools" },
      el("span", { class: "pair" }, el("label", { for: this.select.id }, "Requests"), this.select),
      el("span", { class: "pair" }, el("label", { for: range.id }, "Time"), range), reset,
      hint);
  }

  percentileBoxes() {
    this.boxes = new Map(PERCENTILES.map((label) => [label, el("input", {
      type: "checkbox",
      checked: this.percentiles.has(label),
      onchange: (event) => {
        if (event.target.checked) this.percentiles.add(label);
        else this.percentiles.delete(label);
        choose("percentiles", [...this.percentiles]);
        this.redraw();
      },
    })]));
    const logarithmic = el("input", {
      type: "checkbox",
      checked: this.logarithmic,
      onchange: (event) => {
        this.logarithmic = event.target.checked;
        choose("logarithmic", this.logarithmic);
        this.redraw();
      },
    });
    return el("fieldset", { class: "boxes" }, el("legend", { class: "unseen" }, "Percentiles shown"),
      [...this.boxes].map(([label, box]) => el("label", {}, box, label)),
      el("label", { class: "apart" }, logarithmic, "Logarithmic"));
  }

  /** Chooses an entry: requests its history, and adds each second from the views. */
  async choose(value) {
    this.entry = null;
    if (value !== AGGREGATED) {
      const [method, name] = JSON.parse(value);
      const { run } = this.record;
      const past = await this.entries.past(method, name).catch(() => null);
      if (this.select.value !== value) return;
      if (!past) {
        this.select.value = AGGREGATED;
        this.redraw();
        return;
      }
      this.entry = { method, name, run, ...past };
    }
    this.redraw();
  }

  redraw() {
    if (this.state) this.update(this.state);
  }

  /** Adds the latest second of `{ view, point }` to the chosen entry, even if the charts are not visible. */
  follow({ view, point }) {
    const entry = this.entry;
    if (!entry) return;
    if (entry.run !== view.run) {
      this.choose(this.select.value);
      return;
    }
    if (!point) return;
    const row = view.entries.find((each) => each.method === entry.method && each.name === entry.name);
    if (!row || (entry.at_s.length > 0 && point.at_s <= entry.at_s[entry.at_s.length - 1])) return;
    entry.at_s.push(point.at_s);
    entry.rps.push(row.second?.rps ?? null);
    entry.fps.push(row.second?.fps ?? null);
    for (const label of OF_ENTRIES) entry[label].push(row.current_percentiles?.[label] ?? null);
  }

  update(state) {
    this.state = state;
    this.offer(state.view);
    const { record, entry } = this;
    const marks = { marks: record.marks };
    this.zoom.extent = record.x.length > 0 ? [record.x[0], record.x[record.x.length - 1]] : null;
    const own = entry && { x: entry.at_s.map((t) => record.startedAt + t), column: (key) => entry[key] };
    const source = own ?? { x: record.x, column: (key) => record.column(key) };
    const labels = PERCENTILES.filter((label) => this.percentiles.has(label) && (!entry || OF_ENTRIES.includes(label)));
    for (const [label, box] of this.boxes) box.disabled = Boolean(entry) && !OF_ENTRIES.includes(label);
    const byRate = isOpen(state.view);
    const asked = { label: "Asked", colour: "--asked", dash: [6, 4], values: record.column("asked") };
    const hasAsked = asked.values.some((value) => value !== null);
    this.rates.draw(source.x, [
      { label: "RPS", colour: "--rps", values: source.column("rps") },
      { label: "Failures/s", colour: "--fps", values: source.column("fps") },
      ...(byRate && hasAsked && !entry ? [asked] : []),
    ], marks);
    this.times.draw(source.x, labels.map((label) => ({
      label, colour: LINES[label], values: source.column(label),
    })), { ...marks, logarithmic: this.logarithmic });
    this.users.draw(record.x, [
      { label: "Users", colour: "--users", values: record.column("users") },
      ...(!byRate && hasAsked ? [asked] : []),
    ], marks);
    this.list(record.marks);
    this.spectrum.update(state.view, this.logarithmic);
  }

  /** Updates the entries to choose from. */
  offer(view) {
    const rows = this.entries.all ? this.entries.all() : view.entries;
    const known = rows.map(rowKey).join("\n");
    if (known === this.offered) return;
    this.offered = known;
    const chosen = this.select.value;
    this.select.replaceChildren(el("option", { value: AGGREGATED }, "Aggregated"),
      ...rows.map((row) => el("option", { value: rowKey(row) }, `${row.method} ${row.name}`)));
    this.select.value = chosen;
    if (this.select.selectedIndex < 0) {
      this.select.value = AGGREGATED;
      this.entry = null;
    }
  }

  list(marks) {
    show(this.marksShown, marks.length > 0);
    const texts = marks.map(({ x, what }) => `${clock(x)}: ${what}`);
    if (texts.join("\n") === this.listed) return;
    this.listed = texts.join("\n");
    this.marks.replaceChildren(...texts.map((text) => el("li", {}, text)));
  }
}

/** Returns whether the load is a rate: then the wanted load is iterations per second and not users. */
function isOpen(view) {
  return Boolean(view.open_load) || view.asked?.rate !== undefined;
}
