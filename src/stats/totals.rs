//! The merged statistics of all cores since the start of the run.
//!
//! # What the figures mean
//!
//! * A percentile is the smallest time with at least that share of all times at or below it
//!   (nearest rank, HdrHistogram's rule), at most 0.1 % too high, never outside the exact minimum
//!   and maximum. Failures are included, as in Locust.
//! * Rates since the start divide by the time from the start of the run to the instant of the
//!   snapshot; in the final snapshot that instant is the end of the run. (Locust divides by the
//!   time to the latest response, so its rate freezes when the server does.)
//! * Recent figures cover the last ten complete seconds, fewer at the beginning, and are divided
//!   by as many. The second that runs is not in them.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use super::arrivals::ArrivalTotals;
use super::blocking_call::BlockingCalls;
use super::entry_totals::EntryTotals;
use super::failure::{Seen, Table};
use super::health::CoreSum;
use super::standstill::{self, Standstills};
use super::times::Times;
use super::{
    Delta, EntryId, EntryKey, Exception, ExceptionRow, Failure, FailureRow, GeneratorHealth,
    Interval, IntervalError, Journal, LimitsHit, RequestCost, Row, RowLimits, Sightings, Snapshot,
    UserCount,
};

/// The name of the aggregated row, as in Locust.
const AGGREGATED: &str = "Aggregated";
/// The most cores if their number is unknown: the size of a CPU set of Linux (`CPU_SETSIZE`).
const CORES_MAX: usize = 1024;

/// The sum of all intervals.
#[derive(Debug)]
pub struct Totals {
    started_at: SystemTime,
    classes: Vec<String>,
    limits: RowLimits,
    cores: Vec<Core>,
    /// The numbers of the cores' processors; if empty, each core's own number.
    processors: Vec<usize>,
    backend: String,
    /// Indexes of `lines` by key.
    index: HashMap<EntryKey, usize>,
    /// In the order of their first interval, which never changes.
    lines: Vec<EntryTotals>,
    /// Indexes of `lines`, sorted by name, then method.
    sorted: Vec<usize>,
    /// The sum of all lines: it gets the same deltas.
    total: EntryTotals,
    failures: Table<usize, Seen>,
    exceptions: Table<String, u64>,
    malformed_lines: Table<(), u64>,
    open_load: Option<ArrivalTotals>,
    lateness: Times<u64>,
    blocking_calls: BlockingCalls,
    /// The same since the previous snapshot.
    latest_lateness: Times<u64>,
    limits_hit: LimitsHit,
    /// What users did since the previous snapshot.
    journal: Journal,
    end: Duration,
    /// When the statistics began: at the start, or at the latest reset.
    since: Duration,
    /// The CPU time of requests since then.
    cost: RequestCost,
    /// A buffer that is kept between snapshots because its histogram is large.
    scratch: Times<u64>,
}

/// The state of one core.
#[derive(Debug, Default)]
struct Core {
    /// Indexes of `lines` by the core's entry id.
    lines: Vec<usize>,
    /// Its running users by class, as of its latest interval.
    users: Vec<u64>,
    /// The number of users that the load asked of it then.
    wanted: Option<u64>,
    sum: CoreSum,
}

impl Totals {
    /// Makes empty totals of a run that started at `started_at` with these user classes.
    pub fn new(started_at: SystemTime, classes: Vec<String>, limits: RowLimits) -> Self {
        let total = EntryKey { method: String::new(), name: AGGREGATED.to_owned() };
        Totals {
            started_at,
            classes,
            limits,
            cores: Vec::new(),
            processors: Vec::new(),
            backend: String::new(),
            index: HashMap::new(),
            lines: Vec::new(),
            sorted: Vec::new(),
            total: EntryTotals::new(total),
            failures: Table::new(limits.failures),
            exceptions: Table::new(limits.exceptions),
            malformed_lines: Table::new(limits.malformed_lines),
            open_load: None,
            blocking_calls: BlockingCalls::default(),
            lateness: Times::default(),
            latest_lateness: Times::default(),
            limits_hit: LimitsHit::default(),
            journal: Journal::default(),
            end: Duration::ZERO,
            since: Duration::ZERO,
            cost: RequestCost::default(),
            scratch: Times::default(),
        }
    }

    /// Sets the numbers of the processors that the cores run on, in the run's order.
    pub fn processors(mut self, processors: Vec<usize>) -> Self {
        self.processors = processors;
        self
    }

    /// Sets the name of the I/O backend of the cores' sockets.
    pub fn backend(mut self, name: impl Into<String>) -> Self {
        self.backend = name.into();
        self
    }

    /// Adds an interval of a core. Intervals of one core must come in the order in which they were
    /// taken; different cores in any order.
    ///
    /// # Errors
    ///
    /// Returns an error if the interval is of a core that the run does not have, or if its entries do
    /// not follow the rules of [`Interval::names`]. Nothing of it is added then.
    pub fn add(&mut self, interval: Interval) -> Result<(), IntervalError> {
        self.check(&interval)?;
        let Interval {
            core,
            second,
            from,
            to,
            last: _,
            names,
            entries,
            failures,
            more_failures,
            exceptions,
            more_exceptions,
            malformed_lines,
            more_malformed_lines,
            users,
            wanted,
            arrivals,
            health,
            journal,
        } = interval;
        journal.into_iter().for_each(|journal| self.journal.add(*journal));
        self.end = self.end.max(to);
        if self.cores.len() <= core {
            self.cores.resize_with(core + 1, Core::default);
        }
        self.cores[core].users = users;
        self.cores[core].wanted = wanted;
        let (wall, sum) = (to.saturating_sub(from), &mut self.cores[core].sum);
        sum.add(wall, health.work);
        sum.standstills += &health.standstills;
        self.blocking_calls += &health.blocking_calls;
        if let Some(arrivals) = arrivals {
            self.open_load.get_or_insert_default().add(core, &arrivals);
        }
        self.lateness += &health.lateness;
        self.latest_lateness += &health.lateness;
        self.limits_hit += health.limits;
        for (_, key) in names {
            let line = self.line(key);
            self.cores[core].lines.push(line);
        }
        let mut requests = 0;
        for (id, delta) in &entries {
            requests += self.add_delta(core, *id, second, delta);
        }
        self.cost.add(wall, requests, health.work.cpu);
        for Failure { entry, message, sightings, example } in failures {
            let line = self.line_of(core, entry);
            self.failures.note(&line, &message, Seen { sightings, example });
        }
        self.failures.note_more(Seen::without_example(more_failures));
        for Exception { message, traceback, count } in exceptions {
            self.exceptions.note(message.as_str(), &traceback, count);
        }
        self.exceptions.note_more(more_exceptions);
        for (name, count) in malformed_lines {
            self.malformed_lines.note(&(), &name, count);
        }
        self.malformed_lines.note_more(more_malformed_lines);
        Ok(())
    }

    /// Checks the ids of an interval, which index memory here: it may come from another process.
    fn check(&self, interval: &Interval) -> Result<(), IntervalError> {
        let Interval { core, names, entries, failures, .. } = interval;
        let cores = if self.processors.is_empty() { CORES_MAX } else { self.processors.len() };
        let core = *core;
        if core >= cores {
            return Err(IntervalError::Core { core, cores });
        }
        let mut named = self.cores.get(core).map_or(0, |core| core.lines.len());
        for &(entry, _) in names {
            if entry.0 as usize != named {
                return Err(IntervalError::Named { core, entry: entry.0, expected: named });
            }
            named += 1;
        }
        let entries = entries.iter().map(|(entry, _)| entry);
        let mut used = entries.chain(failures.iter().map(|failure| &failure.entry));
        match used.find(|entry| entry.0 as usize >= named) {
            Some(&EntryId(entry)) => Err(IntervalError::Unnamed { core, entry }),
            None => Ok(()),
        }
    }

    /// Returns the end of the latest interval, from the start of the run. When all cores have ended,
    /// this is the end of the run.
    pub fn end(&self) -> Duration {
        self.end
    }

    /// Returns the snapshot at this time after the start of the run.
    pub fn snapshot(&mut self, elapsed: Duration) -> Snapshot {
        let health = self.health();
        self.latest_lateness.clear();
        Snapshot {
            started_at: self.started_at,
            elapsed,
            since: self.since,
            users: self.users(),
            users_wanted: self
                .cores
                .iter()
                .filter_map(|core| core.wanted)
                .reduce(u64::saturating_add),
            entries: self.rows(elapsed),
            total: self.total.row(self.since, elapsed, &mut self.scratch),
            quantiles: self.total.quantiles(&mut self.scratch),
            failures: self.failure_rows(),
            exceptions: self.exception_rows(),
            malformed_lines: self.malformed_lines(),
            // The collector adds these.
            ending: None,
            commands: Vec::new(),
            broken: None,
            unjudged: Vec::new(),
            open_load: self.open_load.as_ref().map(ArrivalTotals::report),
            health,
            journal: self.journal.take(),
        }
    }

    /// Returns the last snapshot of a run, whose rows have all details.
    pub fn last_snapshot(&mut self, elapsed: Duration) -> Snapshot {
        let mut snapshot = self.snapshot(elapsed);
        let lines = self.sorted.iter().map(|&line| &self.lines[line]);
        let with_samples = lines.filter(|line| line.sum().requests() > 0);
        for (row, line) in snapshot.entries.iter_mut().zip(with_samples) {
            row.detail = Some(line.detail(self.since, elapsed, &mut self.scratch));
        }
        snapshot.total.detail = Some(self.total.detail(self.since, elapsed, &mut self.scratch));
        snapshot
    }

    /// Begins all rows anew at this time after the start of the run. The health of the generator still
    /// covers the whole run, and the names stay known.
    pub fn reset(&mut self, elapsed: Duration) {
        self.since = elapsed;
        self.cost = RequestCost::default();
        self.lines.iter_mut().chain([&mut self.total]).for_each(EntryTotals::reset);
        self.failures = Table::new(self.limits.failures);
        self.exceptions = Table::new(self.limits.exceptions);
        self.malformed_lines = Table::new(self.limits.malformed_lines);
    }

    /// Adds what an entry has more. Returns how many requests that are: what a group of requests has is no part
    /// of the total, because its requests are.
    fn add_delta(&mut self, core: usize, id: EntryId, second: u64, delta: &Delta) -> u64 {
        let line = self.line_of(core, id);
        let line = &mut self.lines[line];
        line.add(second, delta);
        if line.key().is_group() {
            return 0;
        }
        self.total.add(second, delta);
        delta.requests()
    }

    /// Returns the line of a core's entry id, which [`check`](Self::check) has checked.
    fn line_of(&self, core: usize, id: EntryId) -> usize {
        self.cores[core].lines[id.0 as usize]
    }

    /// Returns the line of a key: its own, or beyond the cap the shared one.
    fn line(&mut self, key: EntryKey) -> usize {
        if let Some(&line) = self.index.get(&key) {
            return line;
        }
        let overflow = self.limits.overflow_key();
        let own = self.lines.len() - usize::from(self.index.contains_key(&overflow));
        let key = if own < self.limits.names { key } else { overflow };
        *self.index.entry(key).or_insert_with_key(|key| {
            let before = |&line: &usize| by_name(self.lines[line].key()) < by_name(key);
            let at = self.sorted.partition_point(before);
            self.sorted.insert(at, self.lines.len());
            self.lines.push(EntryTotals::new(key.clone()));
            self.lines.len() - 1
        })
    }

    fn users(&self) -> Vec<UserCount> {
        let running =
            |class| -> u64 { self.cores.iter().filter_map(|core| core.users.get(class)).sum() };
        let classes = self.classes.iter().enumerate();
        classes.map(|(n, class)| UserCount { class: class.clone(), running: running(n) }).collect()
    }

    fn rows(&mut self, elapsed: Duration) -> Vec<Row> {
        let lines = self.sorted.iter().map(|&line| &self.lines[line]);
        let with_samples = lines.filter(|line| line.sum().requests() > 0);
        with_samples.map(|line| line.row(self.since, elapsed, &mut self.scratch)).collect()
    }

    fn health(&self) -> GeneratorHealth {
        let sums = self.cores.iter().enumerate();
        let sums = sums.map(|(number, core)| (self.processor(number), &core.sum));
        let standstills = sums.clone().map(|(number, sum)| (number, &sum.standstills));
        let more = standstills.clone().fold(
            (0, Duration::ZERO),
            |(more, lasting), (_, Standstills { more: own, more_lasting, .. })| {
                (more + own, lasting + *more_lasting)
            },
        );
        GeneratorHealth {
            cores: sums.map(|(number, sum)| sum.health(number)).collect(),
            backend: self.backend.clone(),
            request_cost: self.cost,
            lateness: self.lateness.distribution(),
            latest_lateness: self.latest_lateness.distribution(),
            limits: self.limits_hit,
            // The collector reads this from the kernel and adds it.
            accept_queue_overflows: 0,
            standstills: standstill::together(standstills),
            more_standstills: more,
            blocking_calls: self.blocking_calls.0.clone(),
        }
    }

    fn processor(&self, core: usize) -> usize {
        self.processors.get(core).copied().unwrap_or(core)
    }

    /// In the order of their first occurrence on any core; the overflow row last.
    fn failure_rows(&self) -> Vec<FailureRow> {
        let own = self.failures.rows().into_iter();
        let mut rows: Vec<_> = own
            .map(|(&line, message, seen)| {
                let mut row = failure_row(self.lines[line].key().clone(), message.to_owned(), seen);
                if let Some(example) = &mut row.example {
                    example.core = self.processor(example.core);
                }
                row
            })
            .collect();
        rows.sort_by_key(|row| row.first_seen);
        let more = self.failures.more();
        if more.sightings.occurrences > 0 {
            let (key, message) = self.limits.overflow_failure();
            rows.push(FailureRow { example: None, ..failure_row(key, message, more) });
        }
        rows
    }

    /// In the order in which they came; the overflow row last.
    fn exception_rows(&self) -> Vec<ExceptionRow> {
        let own = self.exceptions.rows().into_iter();
        let mut rows: Vec<_> = own
            .map(|(message, traceback, &count)| ExceptionRow {
                count,
                message: message.clone(),
                traceback: traceback.to_owned(),
            })
            .collect();
        let count = *self.exceptions.more();
        if count > 0 {
            let message = self.limits.overflow_exception();
            rows.push(ExceptionRow { count, message, traceback: String::new() });
        }
        rows
    }

    /// In the order in which they came; the sum of those beyond the cap last.
    fn malformed_lines(&self) -> Vec<(String, u64)> {
        let own = self.malformed_lines.rows().into_iter();
        let mut lines: Vec<_> = own.map(|(_, name, &count)| (name.to_owned(), count)).collect();
        let more = *self.malformed_lines.more();
        if more > 0 {
            lines.push((self.limits.overflow_malformed_line(), more));
        }
        lines
    }
}

/// Locust's sort order of rows.
fn by_name(key: &EntryKey) -> (&str, &str) {
    (&key.name, &key.method)
}

fn failure_row(key: EntryKey, message: String, seen: &Seen) -> FailureRow {
    let Seen { sightings: Sightings { occurrences, first, last }, example } = seen.clone();
    FailureRow { key, message, occurrences, first_seen: first, last_seen: last, example }
}
