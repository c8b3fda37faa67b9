// The record that charts draw: one line of figures per point in time, over all runs that this page
// saw. Times are seconds since 1970, so that runs stand beside each other.

class Record {
  constructor() {
    this.x = [];
    this.columns = new Map();
    this.marks = [];
    this.run = 0;
    this.startedAt = 0;
    this.begins = { points: 0, marks: 0 };
  }

  /** The whole history of a run: what was known of this very run is replaced, an earlier run stays
   *  before it, with a gap and a mark between. */
  take(view, past) {
    if (view.run !== this.run) {
      if (this.x.length > 0) this.add((view.started_at ?? 0) - 0.001, {});
      this.begins = { points: this.x.length, marks: this.marks.length };
      if (this.run > 0 && this.x.length > 0) {
        this.marks.push({ x: view.started_at ?? 0, what: `Run #${view.run}` });
        this.begins.marks += 1;
      }
      this.run = view.run;
    }
    this.startedAt = view.started_at ?? 0;
    this.cut(this.begins.points);
    past.t.forEach((t, i) => this.add(this.startedAt + t, pastLine(past, i)));
    this.mark([...(past.marks ?? []), ...(view.commands ?? [])], true);
  }

  /** The point of the latest second. */
  point(view, point) {
    this.mark(view.commands ?? [], false);
    if (!point) return;
    const x = this.startedAt + point.t;
    if (this.x.length > 0 && x <= this.x[this.x.length - 1]) return;
    this.add(x, pointLine(point));
  }

  add(x, line) {
    if (this.x.length > 0) x = Math.max(x, this.x[this.x.length - 1] + 1e-3);
    this.x.push(x);
    for (const [key, value] of Object.entries(line)) {
      if (!this.columns.has(key)) this.columns.set(key, new Array(this.x.length - 1).fill(null));
      this.columns.get(key).push(value ?? null);
    }
    for (const column of this.columns.values()) {
      if (column.length < this.x.length) column.push(null);
    }
  }

  cut(length) {
    this.x.length = Math.min(this.x.length, length);
    for (const column of this.columns.values()) column.length = this.x.length;
  }

  /** Marks of this run; one that is there already is not made again. */
  mark(commands, anew) {
    if (anew) this.marks.length = this.begins.marks;
    const own = this.marks.slice(this.begins.marks);
    for (const { at, what } of commands) {
      const x = this.startedAt + at;
      const known = own.some((mark) => mark.what === what && Math.abs(mark.x - x) < 0.5);
      if (known) continue;
      own.push({ x, what });
      this.marks.push({ x, what });
    }
  }

  /** How many points the latest run has. */
  ofRun() {
    return this.x.length - this.begins.points;
  }

  column(key) {
    return this.columns.get(key) ?? new Array(this.x.length).fill(null);
  }

  keys(prefix) {
    return [...this.columns.keys()].filter((key) => key.startsWith(prefix));
  }
}

function pastLine(past, i) {
  const line = {
    users: past.users[i],
    asked: past.asked[i],
    rps: past.rps[i],
    fps: past.fps[i],
    lateness: past.lateness?.[i],
    turns: past.completions_per_turn?.[i],
  };
  for (const [label, values] of Object.entries(past.percentiles ?? {})) line[label] = values[i];
  for (const { core, busy } of past.cores ?? []) line[`core ${core}`] = busy[i];
  return line;
}

/** `cores` holds each core's busy share; which cores these are the view says. */
function pointLine(point) {
  const line = {
    users: point.users,
    asked: point.asked,
    rps: point.rps,
    fps: point.fps,
    lateness: point.lateness,
    turns: point.completions_per_turn,
    ...point.percentiles,
  };
  (point.cores ?? []).forEach((busy, i) => {
    line[`core ${point.coreNames?.[i] ?? i}`] = busy;
  });
  return line;
}
