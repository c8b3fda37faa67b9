// The bar at the top of the live page: the run, its figures, and its buttons.

const OF_OPEN_LOAD = ["Asked", "Backlog"];

class Header {
  /** `acts`: `{ edit, stop, reset, start, explain }`. */
  constructor(acts) {
    const button = (label, act, kind) => el("button", { type: "button", class: kind, hidden: true, onclick: act }, label);
    this.edit = button("Edit", acts.edit, "quiet");
    this.stop = button("Stop", acts.stop, "danger");
    this.fresh = button("New", acts.start, "primary");
    this.reset = button("Reset", acts.reset, "quiet");
    this.state = el("span", { class: "state", role: "status", "aria-live": "polite" });
    this.ending = el("span", { class: "ending" });
    this.host = el("span", { class: "host" });
    this.lost = el("p", { class: "lost", role: "alert", hidden: true });
    this.refusal = el("p", { class: "lost", role: "alert", hidden: true });
    this.verdict = verdictLine();
    show(this.verdict.root, false);
    this.reason = button("", acts.explain, "reason");
    this.notice = el("p", { class: "notice", role: "alert", hidden: true });
    this.metrics = new Map([
      ["Users", metric("Users")],
      ["Asked", metric("Asked")],
      ["Backlog", metric("Backlog")],
      ["RPS", metric("RPS")],
      ["Failures", metric("Failures")],
      ["Median", metric("Median")],
      ["95%ile", metric("95%ile")],
      ["Max", metric("Max")],
      ["Worst core", metric("Worst core")],
      ["Late by", metric("Late by")],
      ["Elapsed", metric("Elapsed")],
    ]);
    this.figures = el("dl", { class: "metrics", hidden: true }, [...this.metrics.values()].map((each) => each.root));
    this.root = el("header", {},
      el("div", { class: "bar" }, el("h1", {}, "gregaria"), this.host, this.state, this.ending,
        el("div", { class: "buttons" }, this.edit, this.stop, this.fresh, this.reset, theme.button())),
      this.figures, el("div", { class: "doubt" }, this.verdict.root, this.reason), this.notice, this.lost, this.refusal);
  }

  update(view) {
    const { state, total } = view;
    const going = ["spawning", "running", "stopping"].includes(state);
    document.title = going ? `${state}: ${view.facts.host ?? "gregaria"}` : "gregaria";
    setText(this.state, capital(state));
    this.state.dataset.state = state;
    // The user has pressed Stop.
    const isTold = state === "stopped" && view.ending && view.ending !== "it was stopped";
    setText(this.ending, isTold ? capital(view.ending) : "");
    setText(this.host, view.facts.host ?? "");
    show(this.edit, state === "spawning" || state === "running");
    show(this.stop, state === "spawning" || state === "running");
    show(this.reset, ["spawning", "running", "stopped"].includes(state));
    show(this.fresh, state === "stopped");
    show(this.figures, state !== "ready");
    show(this.verdict.root, state !== "ready");
    this.verdict.update(view);
    // Shows the first reason and not only a number; the tab shows all.
    show(this.reason, state !== "ready" && view.generator?.warnings?.length > 0);
    setText(this.reason, view.generator?.warnings?.[0] ?? "");
    setTitle(this.reason, view.generator?.warnings?.[0] ?? "");
    // An error is about the state before.
    if (this.told !== `${view.run} ${state}`) this.refused([]);
    this.told = `${view.run} ${state}`;
    const busy = worstBusy(view);
    const late = view.generator?.lateness?.percentiles?.["99%"] ?? null;
    const failed = total.num_requests ? total.num_failures / total.num_requests : 0;
    this.tell("Users", usersText(view), "Users running, and how many were asked for");
    this.tell("Failures", percent(failed), `${total.num_failures} of ${total.num_requests} requests failed`, failed > 0);
    this.tell("Worst core", percent(busy), "Busy share of the generator's busiest core", busy > 0.9);
    this.tell("Late by", withUnit(late), "One timer in a hundred was late by as much");
    this.tell("Elapsed", span(view.elapsed_s), view.started_at ? `Since ${instant(view.started_at)}` : "");
    this.pace(total, state === "stopped");
    this.open(view);
  }

  /** Figures that only an open load has. */
  open(view) {
    const { open_load: load, asked } = view;
    for (const name of OF_OPEN_LOAD) show(this.metrics.get(name).root, Boolean(load));
    if (!load) return;
    this.tell("Asked", `${rate(asked?.rate ?? askedRate(view))}/s`, `Iterations asked for; ${load.started} of ${load.due} due have started`);
    this.tell("Backlog", whole(load.backlog), `Iterations that wait for a user; ${load.backlog_peak} at most`, load.backlog > 0);
  }

  /** Figures of the last ten seconds during the run, and of the whole run after it, as in the console's tables. */
  pace(total, ended) {
    const [rps, percentiles, of, scope] = ended
      ? [total.total_rps, total.percentiles, "the whole run", ""]
      : [total.current_rps, total.current_percentiles, "the last ten seconds", " (10 s)"];
    this.tell("RPS", rate(rps), `Requests per second, over ${of}`, false, scope);
    for (const [name, label] of [["Median", "50%"], ["95%ile", "95%"], ["Max", "100%"]]) {
      const time = percentiles?.[label] ?? null;
      this.tell(name, withUnit(time), `Of ${of}: ${exactly(time, "ms") || "nothing"}`, false, scope);
    }
  }

  tell(name, text, title, alarming = false, scope = "") {
    const { root, label, value } = this.metrics.get(name);
    setText(label, name + scope);
    setText(value, text);
    setTitle(root, title);
    root.classList.toggle("alarming", alarming);
  }

  /** Shows that the connection is lost, and the age of what is shown. Screen readers announce it once. */
  connection(isLost, age) {
    show(this.lost, isLost);
    if (isLost) setText(this.lost, `Connection lost, trying again. These figures are ${span(age)} old.`);
    this.root.classList.toggle("stale", isLost);
  }

  note(text) {
    show(this.notice, text !== "");
    setText(this.notice, text);
  }

  refused(errors) {
    show(this.refusal, errors.length > 0);
    setText(this.refusal, errors.map((error) => error.message).join(" "));
  }
}

function metric(name) {
  const [label, value] = [el("dt", {}, name), el("dd")];
  return { root: el("div", {}, label, value), label, value };
}

function withUnit(value) {
  return isFigure(value) ? `${ms(value)} ms` : NONE;
}

function usersText({ users, asked, state }) {
  const wanted = state === "stopped" ? users : asked?.users ?? users;
  // Users above the target finish their tasks and leave.
  return users > wanted ? `${wanted} + ${users - wanted} leaving` : users < wanted ? `${users} of ${wanted}` : String(users);
}
