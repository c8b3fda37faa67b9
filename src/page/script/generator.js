// The state of the load generator, and whether its figures can be trusted.

const VERDICTS = { good: "Good", doubtful: "Doubtful", broken: "Broken", none: "No verdict yet" };

/** Returns the present busy share of the busiest core, or null. */
function worstBusy(view) {
  const cores = view.generator?.cores ?? [];
  return cores.length > 0 ? Math.max(...cores.map((core) => core.busy ?? 0)) : null;
}

function verdictLine() {
  const word = el("strong");
  const text = el("span");
  const root = el("p", { class: "verdict" }, word, " ", text);
  const update = (view) => {
    const { level, text: why } = view.verdict ?? { level: "none", text: "" };
    root.dataset.level = Object.hasOwn(VERDICTS, level) ? level : "none";
    setText(word, VERDICTS[root.dataset.level]);
    setText(text, why ?? "");
  };
  return { root, update };
}

function warningList() {
  const list = el("ul", { class: "warnings" });
  let drawn = "";
  const update = (view) => {
    const texts = view.generator?.warnings ?? [];
    if (JSON.stringify(texts) === drawn) return;
    drawn = JSON.stringify(texts);
    list.replaceChildren(...texts.map((text) => el("li", {}, text)));
    show(list, texts.length > 0);
  };
  return { root: list, update };
}

function coreTable() {
  const table = new Table({
    name: "cores",
    caption: "The generator's cores",
    sortable: false,
    columns: [
      { key: "core", label: "Core", value: (row) => row.core, names: true },
      figure("busy", "Busy", (row) => row.busy, percent),
      figure("busiest", "Busiest second", (row) => row.busiest_second, percent),
      figure("saturated", "Saturated seconds", (row) => row.saturated_seconds, whole),
      figure("user", "User (s)", (row) => row.user_s, rate),
      figure("system", "System (s)", (row) => row.system_s, rate),
      figure("waiting", "Kept waiting (s)", (row) => row.kept_waiting_s, rate),
      figure("turns", "Turns", (row) => row.turns, whole),
      figure("completions", "Completions", (row) => row.completions, whole),
      figure("per_turn", "Completions per turn", (row) => (row.busy_turns ? row.completions / row.busy_turns : null), rate),
      time("longest", "Longest turn (ms)", (row) => row.longest_turn_ms),
    ],
    rowKey: (row) => String(row.core),
    empty: "No core has worked yet.",
  });
  return { root: table.root, update: (view) => table.update(view.generator?.cores ?? []) };
}

const LIMITS = { ports: "No local port left", files: "No file descriptor left",
  slow_connects: "Connections of a second or more", unchecked_servers: "Servers not checked",
  look_ups: "Look-ups failed", accept_queue: "Accept queues of this host full, all processes" };

function limitFacts() {
  const root = el("div");
  const values = new Map();
  const update = (view) => {
    const { backend, limits, lateness, request_cpu_s: cpu } = view.generator ?? {};
    const each = (seconds) => rate(1e6 * seconds / cpu.requests);
    const texts = new Map([
      ["Sockets over", backend || NONE],
      ["Timers late by", timesText(lateness)],
      ["CPU per request", cpu?.requests > 0 ? `${each(cpu.user)} µs user, ${each(cpu.system)} µs system` : NONE],
      ...openLoadTexts(view),
      ...Object.entries(limits ?? {}).map(([key, times]) => [LIMITS[key] ?? capital(key), whole(times)]),
    ]);
    if ([...texts.keys()].join() !== [...values.keys()].join()) {
      values.clear();
      for (const name of texts.keys()) values.set(name, el("span"));
      root.replaceChildren(facts(values));
    }
    for (const [name, text] of texts) setText(values.get(name), text);
  };
  return { root, update };
}

function timesText(times) {
  if (!times?.percentiles) return NONE;
  return `${ms(times.percentiles["50%"])} ms median, ${ms(times.percentiles["99%"])} ms 99%ile, ${ms(times.max)} ms max`;
}

/** Returns the mean rate that an open load was asked for so far. */
function askedRate({ open_load: load, elapsed_s: elapsed, counted_from_s: since }) {
  return elapsed > since ? load.asked / (elapsed - since) : null;
}

/** The arrivals of an open load: due, started, delayed. */
function openLoadTexts(view) {
  const load = view.open_load;
  if (!load) return [];
  return [
    ["Iterations", `${rate(askedRate(view))} per second asked, ${load.started} of ${load.due} due started`],
    ["Iterations that waited for a user", `${load.delayed}, at most ${load.backlog_peak} at once; ${load.backlog} have not started`],
    ["Iterations late by", timesText(load.lateness)],
  ];
}

const CORES = ["--p50", "--p95", "--p75", "--p99", "--p90", "--p999", "--p66", "--p100"];

/** Charts over time: the busy share of each core, the lateness of timers, completions per turn. */
class GeneratorCharts {
  constructor(record) {
    this.record = record;
    const zoom = new Zoom();
    const axis = clockAxis(() => record.startedAt);
    const chart = (title, text) => new Chart({ title, text, axis, zoom, height: 180 });
    this.busy = chart("Busy Share per Core (%)", (value) => (isFigure(value) ? value.toFixed(1) : NONE));
    this.lateness = chart("Lateness of Timers, 99%ile (ms)", ms);
    this.turns = chart("Completions per Turn", rate);
    this.root = el("div", {}, this.busy.root, this.lateness.root, this.turns.root);
  }

  update() {
    const { record } = this;
    const marks = { marks: record.marks };
    this.busy.draw(record.x, record.keys("core ").map((key, i) => ({
      label: capital(key),
      colour: CORES[i % CORES.length],
      dash: i < CORES.length ? undefined : [5, 3],
      values: record.column(key).map((busy) => (busy === null ? null : 100 * busy)),
    })), marks);
    this.lateness.draw(record.x, [{ label: "Lateness", colour: "--p95", values: record.column("lateness") }], marks);
    this.turns.draw(record.x, [{ label: "Completions", colour: "--p50", values: record.column("turns") }], marks);
  }
}

function generatorPage(record) {
  const parts = [verdictLine(), warningList(), coreTable(), limitFacts(), new GeneratorCharts(record)];
  return {
    root: el("div", {}, parts.map((part) => part.root)),
    update: ({ view }) => parts.forEach((part) => part.update(view)),
  };
}
