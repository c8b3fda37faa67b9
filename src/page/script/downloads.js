// All downloads, and how to reproduce the run.

/** `form()` returns the start form as the server sent it. */
function downloadPage(form) {
  const link = (path, label, about) => el("li", {}, el("a", { href: api.address(path), download: "" }, label), ` ${about}`);
  const report = el("a", { download: "" }, "Download Report");
  const past = link("/stats/requests_full_history/csv", "Download full request statistics history CSV", "second by second");
  const list = el("ul", { class: "downloads" },
    link("/stats/requests/csv", "Download requests CSV", "one line per request name, and the total"),
    past,
    link("/stats/failures/csv", "Download failures CSV", "one line per request and message"),
    link("/api/v1/status_codes.csv", "Download status codes CSV", "one line per request name and status"),
    link("/exceptions/csv", "Download exceptions CSV", "what tasks ended with"),
    el("li", {}, report, " one HTML file with tables and charts"),
    link("/api/v1/run.json", "Download JSON", "all figures, with what reproduces them"));
  const about = el("div");
  const lasted = el("span");
  let drawn = "";
  const aim = () => report.setAttribute("href",
    api.address(`/stats/report?download=1&theme=${theme.isDark() ? "dark" : "light"}`));
  theme.listeners.push(aim);
  aim();
  const update = ({ view }) => {
    setText(lasted, span(view.elapsed_s));
    show(past, Boolean(form()?.full_history));
    const now = JSON.stringify([view.facts, view.started_at, view.commands?.length]);
    if (now === drawn) return;
    const open = about.querySelector("details")?.open;
    drawn = now;
    about.replaceChildren(el("h3", {}, "About this run"), originFacts(view, lasted), scenarioText(view) ?? "");
    if (open) about.querySelector("details").open = true;
  };
  return { root: el("div", {}, list, about), update };
}
