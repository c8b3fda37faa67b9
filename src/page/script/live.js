// The live page: receives the state of the run each second, and shows it.

/** When a run has this many points, the page requests the thinned history. */
const POINTS_MAX = 3600;

/** It does so again after this many more points. */
const POINTS_MORE = 600;

class LivePage {
  constructor() {
    this.record = new Record();
    this.draft = new Draft();
    this.pointsMax = POINTS_MAX;
    this.header = new Header({
      edit: () => dialog((close) => editForm(this.state.view, this.form, close)),
      start: () => dialog((close) => startForm(this, this.draft, () => {
        close();
        this.header.note("");
        // The focus returns to New, if the button is still there.
        this.astray = true;
      })),
      explain: () => this.tabs.open("generator"),
      stop: () => this.act("/api/v1/run/stop"),
      reset: () => this.act("/api/v1/run/reset"),
    });
    this.charts = new Charts(this.record, { past: (method, name) => api.past(method, name) });
    this.main = el("main", {});
    this.footer = el("footer", {});
    document.body.replaceChildren(this.header.root, this.main, this.footer);
    this.events = new Events((name, data) => this.hear(name, data), (isLost) => this.lost(isLost));
    this.events.expected = () => this.state && !["ready", "stopped"].includes(this.state.view.state);
    setInterval(() => this.watch(), 1000);
  }

  hear(name, data) {
    if (name === "hello") this.begin(data);
    else this.next(data);
    this.draw();
  }

  begin({ view, history: past, form }) {
    this.form = form;
    this.state = { view, point: null };
    if (view.run > 0) this.record.take(view, past);
    this.charts.follow(this.state);
  }

  /** Requests the start form. Returns whether it has changed. */
  async renew() {
    const before = JSON.stringify(this.form);
    try {
      this.form = await api.get("/api/v1/form");
    } catch {
      // The next `hello` event has it.
    }
    return JSON.stringify(this.form) !== before;
  }

  next({ view, point }) {
    // The scenario's text is long and does not change, so only `hello` events have it.
    view.facts.scenario_text ??= this.state.view.facts.scenario_text;
    if (point) point.coreNames = view.generator?.cores?.map((core) => core.core);
    this.state = { view, point };
    this.record.point(view, point);
    this.charts.follow(this.state);
    if (this.record.ofRun() > this.pointsMax && !this.thinning) this.thin();
  }

  async thin() {
    this.thinning = true;
    try {
      const past = await api.get("/api/v1/history");
      this.record.take(this.state.view, past);
      this.pointsMax = Math.max(POINTS_MAX, this.record.ofRun() + POINTS_MORE);
      if (this.charts.entry) this.charts.choose(this.charts.select.value);
    } catch {
      // The next second tries again.
    }
    this.thinning = false;
  }

  draw() {
    const { view } = this.state;
    const focused = document.activeElement;
    this.header.update(view);
    pictures.of(view);
    setText(this.footer, `gregaria ${view.facts.version}, ${view.facts.scenario ?? ""}`);
    if (view.state === "ready") this.showForm();
    else this.showTabs();
    this.refocus(focused);
  }

  /** Moves the focus from a button that disappears: from Start to the tab, from Stop to New. */
  refocus(focused) {
    const nowhere = (element) => !element || element === document.body || element.getClientRects().length === 0;
    if (focused !== document.body && nowhere(focused)) this.astray = true;
    if (!nowhere(document.activeElement)) this.astray = false;
    const { state } = this.state.view;
    if (!this.astray || state === "ready" || state === "stopping") return;
    this.astray = false;
    (state === "stopped" ? this.header.fresh : this.tabs.current.tab).focus();
  }

  /** Shows the start form before the first run. It is made once, so that it keeps what was typed. */
  showForm() {
    if (this.start?.isConnected) return;
    this.start = startForm(this, this.draft, () => {});
    this.main.replaceChildren(this.start);
    this.start.querySelector("input:not([disabled])")?.focus();
  }

  showTabs() {
    if (this.start?.isConnected && this.draft.typed) {
      this.draft.keep(this.draft.typed);
      this.header.note("Somebody else started this run. What you typed is kept: it is in New, once the run is over.");
    }
    if (!this.tabs) {
      this.tabs = new Tabs("Views of the run", this.pages());
      this.main.replaceChildren(this.tabs.root);
    } else if (!this.tabs.root.isConnected) {
      this.main.replaceChildren(this.tabs.root);
    }
    this.tabs.update(this.state);
  }

  pages() {
    const of = (key, label, part, more = {}) => (
      { key, label, root: part.root, update: ({ view }) => part.update(view), ...more });
    return [
      of("stats", "Statistics", requestTable(true)),
      { key: "charts", label: "Charts", root: this.charts.root, update: (state) => this.charts.update(state) },
      of("statuses", "Status Codes", statusTable()),
      of("failures", "Failures", failureTable(), {
        badge: ({ view }) => view.failures.length + (view.more_failures ?? 0), badgeName: "kinds of failures" }),
      of("exceptions", "Exceptions", exceptionTable(), {
        badge: ({ view }) => view.exceptions.length, badgeName: "kinds of exceptions" }),
      of("checks", "Checks", checkTable(), {
        badge: ({ view }) => view.checks.filter((check) => check.failed > 0).length, badgeName: "failed checks" }),
      of("ratios", "Current Ratio", taskRatios(), {
        name: ({ view }) => (view.state === "stopped" ? "Final ratio" : "Current Ratio") }),
      { key: "reports", label: "Download Data", ...downloadPage(() => this.form) },
      { key: "logViewer", label: "Logs", ...logPage() },
      { key: "generator", label: "Generator", ...generatorPage(this.record),
        badge: ({ view }) => view.generator?.warnings?.length ?? 0, badgeName: "warnings" },
    ];
  }

  async act(path) {
    this.header.refused(await api.post(path));
  }

  lost(isLost) {
    this.isLost = isLost;
    this.watch();
  }

  /** Shows when no events arrive, even if the connection seems to be open. */
  watch() {
    const age = this.events?.age() ?? 0;
    const silent = Boolean(this.events?.expected?.()) && age > 4;
    this.header.connection(Boolean(this.isLost) || silent, age);
    if (silent && age > 10 && Math.floor(age) % 10 === 0) this.events.open();
  }
}
