// The tables of requests, status codes, failures, exceptions and checks, with the columns Locust users know.
// `TABLES` has the labels and units of the columns of requests. The server puts it before the scripts.

const PERCENTILES = TABLES.percentiles;

const PHASES = [["dns", "DNS"], ["connect", "Connect"], ["tls", "TLS"], ["first_byte", "First byte"],
  ["transfer", "Transfer"]];

const rowKey = (row) => JSON.stringify([row.method, row.name]);
const METHOD = { key: "method", label: "Type", value: (row) => row.method };
const NAME = { key: "name", label: "Name", value: (row) => row.name, names: true, wide: true };

function time(key, label, value, more = {}) {
  return { key, label, value, text: ms, title: (v) => exactly(v, "ms"), number: true, ...more };
}

function figure(key, label, value, text, more = {}) {
  return { key, label, value, text, number: true, ...more };
}

function percentile(label, more) {
  return time(`p${label}`, `${label}ile (ms)`, (row) => row.percentiles?.[label] ?? null, more);
}

/** During a run, current rates are shown in place of those of the whole run, as in Locust. */
const WHEN_OVER = { current_rps: "total_rps", current_fail_per_sec: "total_fail_per_sec" };

function requestColumns(live) {
  const isHidden = ({ key, usual, recent }) => !usual || (live ? Object.values(WHEN_OVER).includes(key) : recent);
  const columns = TABLES.columns.map((column) => requestColumn(column, isHidden(column)));
  const often = ["95%", "99%"];
  const after = 1 + columns.findIndex((column) => column.key === "median_response_time");
  columns.splice(after, 0, ...often.map((label) => percentile(label)));
  const more = PERCENTILES.filter((label) => !["50%", ...often].includes(label))
    .map((label) => percentile(label, { hidden: true }));
  const phases = PHASES.map(([key, label]) => time(`phase_${key}`, `${label} 95%ile (ms)`,
    (row) => row.phases?.[key]?.percentiles?.["95%"] ?? null, { hidden: true }));
  return [METHOD, NAME, ...columns, ...more, ...phases];
}

function requestColumn({ key, label, unit }, hidden) {
  const value = (row) => row[key];
  switch (unit) {
    case "ms": return time(key, `${label} (ms)`, value, { hidden });
    case "bytes": return figure(key, `${label} (bytes)`, value, whole, { hidden });
    case "per second": return figure(key, label, value, rate, { hidden });
    default: return figure(key, label, value, whole, { hidden });
  }
}

function capital(key) {
  const words = key.replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
}

function requestTable(live) {
  const table = new Table({
    name: live ? "requests" : "report.requests",
    caption: "Requests, by type and name; the last row is all of them",
    columns: requestColumns(live),
    rowKey,
    pickable: true,
  });
  table.mark = (row) => (row.num_failures > 0 ? "failing" : "");
  const filter = el("input", { type: "search", placeholder: "Filter by name", "aria-label": "Filter by name" });
  const left = el("p", { class: "note", hidden: true });
  const none = el("p", { class: "note", hidden: true });
  let last = null;
  const update = (view) => {
    last = view;
    const wanted = filter.value.toLowerCase();
    const rows = view.entries.filter((row) => row.name.toLowerCase().includes(wanted));
    table.replace(live && view.state === "stopped" ? WHEN_OVER : {});
    table.update(rows, view.total);
    show(filter, view.entries.length > 10 || wanted !== "");
    show(none, rows.length === 0 && wanted !== "");
    setText(none, `No name contains “${filter.value}”.`);
    leftOut(left, view.more_entries, "row", "rows");
  };
  filter.addEventListener("input", () => last && update(last));
  table.tools.prepend(filter);
  table.root.append(none, left);
  return { root: table.root, update };
}

function leftOut(note, n, one, many) {
  show(note, n > 0);
  setText(note, `${count(n ?? 0, one, many)} more in the CSV files.`);
}

function percentileTable() {
  const table = new Table({
    name: "report.percentiles",
    caption: "Response time percentiles in milliseconds",
    columns: [METHOD, NAME, ...PERCENTILES.map((label) => percentile(label))],
    rowKey,
  });
  return { root: table.root, update: (view) => table.update(view.entries, view.total) };
}

/** A row for each status of each entry. Requests without a complete response have no status. */
function statusTable() {
  const table = new Table({
    name: "statuses",
    caption: "Status codes, by request",
    columns: [
      METHOD, NAME,
      { key: "status", label: "Status", value: (row) => row.status ?? "none" },
      figure("requests", "# Requests", (row) => row.requests, whole),
      figure("share", "Share", (row) => row.requests / row.of, percent),
    ],
    rowKey: (row) => JSON.stringify([row.method, row.name, row.status]),
    empty: "No responses.",
  });
  const rows = ({ method, name, num_requests: requests, statuses, no_response: none }) => {
    const of = Object.entries(statuses).map(([code, n]) => [Number(code), n]);
    return [...of, ...(none > 0 ? [[null, none]] : [])]
      .map(([status, n]) => ({ method, name, status, requests: n, of: requests }));
  };
  table.mark = (row) => (row.status === null || row.status >= 400 ? "failing" : "");
  const malformed = el("p", { class: "note", hidden: true });
  table.root.append(malformed);
  return {
    root: table.root,
    update: (view) => {
      const total = view.entries.length > 1 || view.more_entries > 0 ? [view.total] : [];
      table.update([...view.entries, ...total].flatMap(rows));
      const lines = view.malformed_lines;
      malformed.hidden = lines.length === 0;
      malformed.textContent = "Malformed header lines, which responses were read without: "
        + lines.map(({ name, count }) => `${whole(count)} ${name}`).join(", ");
    },
  };
}

/** The first failure of a kind, with the beginning of its response body. */
function exampleOf({ example }) {
  if (!example) return "";
  const { status, body, request, core, at_s: at } = example;
  const which = `${status ?? "no response"}: request ${whole(request)} of core ${core}, after ${at.toFixed(3)} s`;
  if (!body) return which;
  return el("details", { class: "folded" }, el("summary", {}, which), el("pre", {}, body));
}

function failureTable() {
  const seen = (key, label) => ({ key, label, value: (row) => row[key], text: instant, title: utc });
  const table = new Table({
    name: "failures",
    caption: "Failures, by request and message",
    columns: [
      figure("occurrences", "# Failures", (row) => row.occurrences, whole),
      { ...METHOD, label: "Method" }, NAME,
      { key: "error", label: "Message", value: (row) => row.error, wide: true },
      { key: "example", label: "First of them", value: (row) => row.example?.at_s, wide: true, node: exampleOf },
      seen("first_seen", "First Seen"), seen("last_seen", "Last Seen"),
    ],
    rowKey: (row) => JSON.stringify([row.method, row.name, row.error, row.example?.at_s]),
    empty: "No failures.",
  });
  const left = el("p", { class: "note", hidden: true });
  table.root.append(left);
  return {
    root: table.root,
    update: (view) => {
      table.update(view.failures);
      leftOut(left, view.more_failures, "failure", "failures");
    },
  };
}

function exceptionTable() {
  const table = new Table({
    name: "exceptions",
    caption: "Exceptions that tasks ended with",
    columns: [
      figure("count", "# occurrences", (row) => row.count, whole),
      { key: "msg", label: "Message", value: (row) => row.msg, names: true, wide: true },
      { key: "traceback", label: "Traceback", value: (row) => row.traceback, wide: true,
        node: (row) => el("pre", {}, row.traceback) },
    ],
    rowKey: (row) => JSON.stringify([row.msg, row.traceback]),
    empty: "No exceptions.",
  });
  return { root: table.root, update: (view) => table.update(view.exceptions) };
}

function checkTable() {
  const table = new Table({
    name: "checks",
    caption: "Checks, by request",
    columns: [
      { ...METHOD, label: "Method" }, NAME,
      { key: "check", label: "Check", value: (row) => row.check, wide: true },
      figure("judged", "# Judged", (row) => row.judged, whole),
      figure("failed", "# Failed", (row) => row.failed, whole),
      figure("share", "Failed", (row) => (row.judged ? row.failed / row.judged : 0), percent),
    ],
    rowKey: (row) => JSON.stringify([row.method, row.name, row.check]),
    empty: "The scenario declares no checks.",
  });
  table.mark = (row) => (row.failed > 0 ? "failing" : "");
  return { root: table.root, update: (view) => table.update(view.checks) };
}
