//! A run at one instant, immutable. Every report is rendered from it.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::{
    Breach, Counts, Detail, EntryKey, Example, GeneratorHealth, Journal, OpenLoad, Phases,
    RowLimits, Statuses, Totals,
};

/// The percentiles of every table and file, as fractions, in Locust's order.
pub const PERCENTILES: [f64; 11] =
    [0.50, 0.66, 0.75, 0.80, 0.90, 0.95, 0.98, 0.99, 0.999, 0.9999, 1.0];

/// A run at one instant. All reports are rendered from the same value, so they cannot disagree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Wall-clock time of the run's start. Every other wall-clock time is this plus a monotonic
    /// duration, so a change of the clock does not distort the history.
    pub started_at: SystemTime,
    /// From the start of the run to the instant this snapshot describes.
    pub elapsed: Duration,
    /// From the start of the run to the first counted instant: zero, or the latest reset.
    pub since: Duration,
    /// Running users by class, in the scenario's order.
    pub users: Vec<UserCount>,
    /// The number of users that the load asked for when each core counted its users. There are fewer
    /// while users are starting, and more while stopped users finish their tasks. `None` if the load is
    /// not a number of users, or is over.
    pub users_wanted: Option<u64>,
    /// One row per (method, name) with at least one sample, sorted by name, then method.
    pub entries: Vec<Row>,
    /// All rows together; its key is (empty, `Aggregated`). Its counts beside requests include those of
    /// entries without a row, all of whose requests were cancelled.
    pub total: Row,
    /// Pairs of a share of all requests and the longest time of that share, from the shortest to the
    /// longest and ever finer towards the end, for a chart. A few hundred pairs; empty without
    /// requests.
    pub quantiles: Vec<(f64, Duration)>,
    /// One row per (method, name, message), in the order of their first occurrence.
    pub failures: Vec<FailureRow>,
    /// Errors of user code that are not requests (a task's own error, a panic).
    pub exceptions: Vec<ExceptionRow>,
    /// What ended the run; `None` before its end, and if no user was left.
    pub ending: Option<Ending>,
    /// The number of malformed header lines by name; responses were read without them.
    pub malformed_lines: Vec<(String, u64)>,
    /// The commands during the run, in order: at most the first thousand.
    pub commands: Vec<Command>,
    /// The threshold that was broken.
    pub broken: Option<Breach>,
    /// Thresholds that had nothing to be compared with, as written by the user. Known at the end.
    pub unjudged: Vec<String>,
    /// The arrivals of an open load; `None` for a closed one.
    pub open_load: Option<OpenLoad>,
    /// How the generator itself performed, which says whether these numbers are to be trusted.
    pub health: GeneratorHealth,
    /// What users did since the previous snapshot, if a journal is kept.
    pub journal: Journal,
}

impl Snapshot {
    /// Makes the snapshot of a run with these user classes that has not started.
    pub fn before_the_run(classes: Vec<String>) -> Self {
        Totals::new(SystemTime::UNIX_EPOCH, classes, RowLimits::default()).snapshot(Duration::ZERO)
    }

    /// Returns this snapshot with statistics that begin anew at its instant. What the run is and how
    /// its generator performed stay.
    pub fn anew(&self) -> Self {
        let classes = self.users.iter().map(|class| class.class.clone()).collect();
        let mut commands = self.commands.clone();
        commands.push(Command { at: self.elapsed, what: "statistics reset".into() });
        Snapshot {
            started_at: self.started_at,
            elapsed: self.elapsed,
            since: self.elapsed,
            ending: self.ending,
            commands,
            open_load: self.open_load.clone(),
            health: self.health.clone(),
            ..Snapshot::before_the_run(classes)
        }
    }

    /// Returns the wall-clock time of the instant that this snapshot describes.
    pub fn at(&self) -> SystemTime {
        self.started_at + self.elapsed
    }

    /// Returns the number of running users of all classes.
    pub fn user_count(&self) -> u64 {
        self.users.iter().map(|class| class.running).sum()
    }
}

/// What ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Ending {
    /// A user, or a report that watches the run, stopped it.
    Stop,
    /// The run time was over.
    RunTime,
    /// The shape of the load, or the last stage of its rate, was over.
    Load,
    /// The number of requests to make was reached.
    Requests,
    /// The number of iterations to do was reached.
    Iterations,
}

/// Writes it as a part of a sentence.
impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ending::Stop => "it was stopped",
            Ending::RunTime => "the run time is over",
            Ending::Load => "the load shape is over",
            Ending::Requests => "all requests are done",
            Ending::Iterations => "all iterations are done",
        })
    }
}

/// A command during a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The time from the start of the run.
    pub at: Duration,
    /// The command in words.
    pub what: String,
}

/// How many users of one class are running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserCount {
    /// The class's name.
    pub class: String,
    /// Users started and not yet ended.
    pub running: u64,
}

/// A row of the statistics table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The method and name.
    pub key: EntryKey,
    /// Finished requests, failures included.
    pub requests: u64,
    /// Failed requests.
    pub failures: u64,
    /// Plain counters.
    pub counts: Counts,
    /// The statuses that the requests ended with.
    pub statuses: Statuses,
    /// Latency of all requests since the start, failures included, as Locust shows it.
    pub latency: Distribution,
    /// Service time of all requests: measured from their start instead of from the time that a schedule
    /// intended. `None` if the two never differed.
    pub service_time: Option<Distribution>,
    /// How long each phase of the requests took, if it happened. Two significant digits; otherwise as
    /// the other times.
    pub phases: Phases<Distribution>,
    /// From the start of the run to the end of the latest request.
    pub latest: Duration,
    /// Details that only the last snapshot of a run has.
    pub detail: Option<Box<Detail>>,
    /// Latency of the requests of the last ten seconds.
    pub recent_latency: Distribution,
    /// Rates since the start of the run.
    pub rates: Rates,
    /// Rates of the last ten seconds.
    pub recent_rates: Rates,
}

impl Row {
    /// Returns the mean body size of responses in bytes; 0 if nothing was received.
    pub fn mean_body_bytes(&self) -> f64 {
        if self.requests == 0 { 0.0 } else { self.counts.body_bytes as f64 / self.requests as f64 }
    }

    /// Returns the number of requests that ended without a complete response, and so without a status.
    pub fn without_response(&self) -> u64 {
        self.requests.saturating_sub(self.statuses.sum())
    }

    /// Returns the share of failed requests, 0 to 1.
    pub fn failure_ratio(&self) -> f64 {
        if self.requests == 0 { 0.0 } else { self.failures as f64 / self.requests as f64 }
    }
}

/// Requests per second.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Rates {
    /// Finished requests per second, failures included.
    pub requests: f64,
    /// Failed requests per second.
    pub failures: f64,
}

/// A distribution of times. Minimum, maximum and mean are exact; percentiles come from a histogram of
/// three significant digits.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Distribution {
    /// Number of samples.
    pub count: u64,
    /// The figures, if there is at least one sample.
    pub figures: Option<Figures>,
}

/// The figures of a [`Distribution`] that has samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Shortest time.
    pub min: Duration,
    /// Longest time.
    pub max: Duration,
    /// Arithmetic mean.
    pub mean: Duration,
    /// Times at [`PERCENTILES`], none above `max` and none below `min`; the last is `max`.
    pub percentiles: [Duration; PERCENTILES.len()],
}

impl Figures {
    /// Returns the 50th percentile.
    pub fn median(&self) -> Duration {
        self.percentiles[0]
    }

    /// Returns the 95th percentile.
    pub fn p95(&self) -> Duration {
        self.percentiles[5]
    }

    /// Returns the 99th percentile.
    pub fn p99(&self) -> Duration {
        self.percentiles[7]
    }

    /// Returns the 99.9th percentile.
    pub fn p999(&self) -> Duration {
        self.percentiles[8]
    }
}

/// A row of the failures table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureRow {
    /// The method and name of the requests.
    pub key: EntryKey,
    /// The message, as recorded.
    pub message: String,
    /// The number of occurrences.
    pub occurrences: u64,
    /// From the start of the run to the first occurrence.
    pub first_seen: Duration,
    /// From the start of the run to the latest occurrence.
    pub last_seen: Duration,
    /// The first occurrence; `None` for failures that share a row because there are too many.
    pub example: Option<Example>,
}

/// A row of the exceptions table: an error of user code that is not a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionRow {
    /// The number of occurrences.
    pub count: u64,
    /// The text of the error.
    pub message: String,
    /// Where it came from: the user class and task.
    pub traceback: String,
}
