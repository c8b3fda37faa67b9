// The report: the parts of the live page below each other, from the data in the file.

class ReportPage {
  constructor({ view, history: past }) {
    this.view = view;
    this.past = past;
    this.record = new Record();
    pictures.of(view);
    if (past) this.record.take(view, past);
    document.body.append(this.header(), el("main", {}, this.sections()),
      el("footer", {}, `gregaria ${view.facts.version}`));
    this.parts.forEach((part) => part.update(view));
    this.charts.update({ view, point: null });
    addEventListener("beforeprint", () => this.print(true));
    addEventListener("afterprint", () => this.print(false));
  }

  header() {
    const { view } = this;
    const ended = view.started_at ? view.started_at + view.elapsed_s : null;
    const during = view.started_at ? `${instant(view.started_at)} to ${instant(ended)} (${span(view.elapsed_s)})` : "";
    return el("header", { class: "report" },
      el("div", { class: "bar" }, el("h1", {}, "gregaria report"), el("div", { class: "buttons" }, theme.button())),
      el("p", {}, [view.facts.scenario, view.facts.host].filter(Boolean).join(" against ")),
      el("p", { class: "note" }, [during, view.ending && capital(view.ending)].filter(Boolean).join(". ")));
  }

  /** Updates the parts once, because the data do not change. */
  sections() {
    const { view } = this;
    const [verdict, warnings, cores, limits] = [verdictLine(), warningList(), coreTable(), limitFacts()];
    const tables = [requestTable(false), percentileTable(), statusTable(), failureTable(), exceptionTable(),
      checkTable(), taskRatios()];
    const [requests, percentiles, statuses, failures, exceptions, checks, ratios] = tables;
    this.charts = new Charts(this.record, this.entries());
    const generator = new GeneratorCharts(this.record);
    this.parts = [verdict, warnings, cores, limits, ...tables, generator];
    return [
      section("summary", "Summary", summaryFigures(view), verdict.root, warnings.root),
      section("origin", "What was run", originFacts(view)),
      section("requests", "Request Statistics", requests.root),
      section("percentiles", "Response Time Statistics", percentiles.root),
      section("statuses", "Status Codes", statuses.root),
      section("failures", "Failures Statistics", failures.root),
      view.exceptions.length > 0 ? section("exceptions", "Exceptions Statistics", exceptions.root) : null,
      view.checks.length > 0 ? section("checks", "Checks", checks.root) : null,
      section("charts", "Charts", this.charts.root),
      section("generator", "Generator", cores.root, limits.root, generator.root),
      section("ratios", "Final ratio", ratios.root),
      view.facts.scenario_text ? section("scenario", "Scenario", scenarioText(view)) : null,
    ];
  }

  entries() {
    const all = this.past?.entries ?? [];
    return {
      all: () => all,
      past: async (method, name) => {
        const entry = all.find((each) => each.method === method && each.name === name);
        return { ...entry, at_s: this.past.entry_at_s };
      },
    };
  }

  /** Prints with the light theme, and with charts as wide as the paper. */
  print(now) {
    const root = document.documentElement;
    if (now) this.before = root.dataset.theme ?? "";
    root.classList.toggle("printing", now);
    if (now) root.dataset.theme = "light";
    else if (this.before) root.dataset.theme = this.before;
    else delete root.dataset.theme;
    theme.changed();
    for (const folded of document.querySelectorAll("details.folded")) folded.open = now;
    for (const chart of allCharts) chart.resize();
  }
}

function summaryFigures(view) {
  const { total } = view;
  const failed = total.num_requests ? total.num_failures / total.num_requests : 0;
  const late = view.generator?.lateness?.percentiles?.["99%"] ?? null;
  const cores = view.generator?.cores ?? [];
  const busiest = cores.length > 0 ? Math.max(...cores.map((core) => core.busiest_second ?? 0)) : null;
  const figures = [
    ["Requests", whole(total.num_requests)],
    ["RPS", rate(total.total_rps)],
    ["Failures", percent(failed), failed > 0],
    ["Median (ms)", ms(total.median_response_time)],
    ["95%ile (ms)", ms(total.percentiles?.["95%"] ?? null)],
    ["99%ile (ms)", ms(total.percentiles?.["99%"] ?? null)],
    ["Max (ms)", ms(total.max_response_time)],
    ["Busiest core", percent(busiest), busiest > 0.9],
    ["Late by (ms)", ms(late)],
  ];
  return el("dl", { class: "metrics" }, figures.map(([label, text, alarming]) => {
    const { root, value } = metric(label);
    setText(value, text);
    root.classList.toggle("alarming", Boolean(alarming));
    return root;
  }));
}
