// The record that charts draw: figures for each point in time, of all runs that this page has seen. Times are
// seconds since 1970, so that runs are side by side.

class Record {
  constructor() {
    this.x = [];
    this.columns = new Map();
    this.marks = [];
    this.run = 0;
    // The start of the latest run; null until the server knows it.
    this.startedAt = null;
    this.begins = { points: 0, marks: 0 };
    this.last = { t: 0, step: 1 };
  }

  /** Sets the whole history of a run. Replaces earlier points of this run. An earlier run stays before it, with a
   *  gap and a mark between them. */
  take(view, past) {
    this.begin(view);
    if (this.startedAt === null) return;
    this.startedAt = view.started_at ?? this.startedAt;
    this.cut(this.begins.points);
    this.last = { t: 0, step: 1 };
    past.at_s.forEach((t, i) => this.append(t, past.step_s ?? 1, pastLine(past, i)));
    this.mark([...(past.marks ?? []), ...(view.commands ?? [])], view.generator?.standstills, true);
  }

  /** Adds the point of the latest second. */
  point(view, point) {
    this.begin(view);
    if (this.startedAt === null) return;
    this.mark(view.commands ?? [], view.generator?.standstills, false);
    if (point && (this.ofRun() === 0 || point.at_s > this.last.t)) this.append(point.at_s, 1, pointLine(point));
  }

  /** Begins a new run at the end of the record, when its start is known. */
  begin({ run, started_at: startedAt }) {
    if (run !== this.run) {
      this.earlier = this.x.length > 0;
      this.run = run;
      this.startedAt = null;
      this.begins = { points: this.x.length, marks: this.marks.length };
    }
    if (this.startedAt !== null || !startedAt) return;
    this.startedAt = startedAt;
    if (this.earlier) {
      this.add(startedAt - 0.001, {});
      this.marks.push({ x: startedAt, what: `Run #${run}` });
    }
    this.begins = { points: this.x.length, marks: this.marks.length };
  }

  /** Adds a point of the run, `step` seconds after the last one. Missed points leave a gap. */
  append(t, step, line) {
    const { last } = this;
    const usual = Math.max(step, last.step);
    if (this.ofRun() > 0 && t - last.t > 2 * usual) this.add(this.startedAt + last.t + usual, {});
    this.add(this.startedAt + t, line);
    this.last = { t, step };
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

  /** Sets the marks of this run. A command is marked once. The list of standstills is complete, and replaces the
   *  one before. */
  mark(commands, standstills, anew) {
    const own = anew ? [] : this.marks.slice(this.begins.marks).filter((mark) => mark.until === undefined);
    for (const { at_s: at, what } of commands) {
      const x = this.startedAt + at;
      const known = own.some((mark) => mark.what === what && Math.abs(mark.x - x) < 0.5);
      if (known) continue;
      own.push({ x, what });
    }
    const still = (standstills ?? []).map(({ at_s: at, lasting_s: lasting, what }) => (
      { x: this.startedAt + at, until: this.startedAt + at + lasting, what }));
    this.marks.length = this.begins.marks;
    this.marks.push(...own, ...still);
  }

  /** Returns the number of points of the latest run. */
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
    lateness: past.lateness_ms?.[i],
    turns: past.completions_per_turn?.[i],
  };
  for (const [label, values] of Object.entries(past.percentiles ?? {})) line[label] = values[i];
  for (const { core, busy } of past.cores ?? []) line[`core ${core}`] = busy[i];
  return line;
}

/** `cores` has the busy share of each core; the view has their numbers. */
function pointLine(point) {
  const line = {
    users: point.users,
    asked: point.asked,
    rps: point.rps,
    fps: point.fps,
    lateness: point.lateness_ms,
    turns: point.completions_per_turn,
    ...point.percentiles,
  };
  (point.cores ?? []).forEach((busy, i) => {
    line[`core ${point.coreNames?.[i] ?? i}`] = busy;
  });
  return line;
}
