//! The immutable view of a run at one instant that every report is rendered from.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::{
    Breach, Counts, Detail, EntryKey, Example, GeneratorHealth, Journal, OpenLoad, Phases,
    RowLimits, Statuses, Totals,
};

/// The percentiles every table and file shows, as fractions, in Locust's order.
pub const PERCENTILES: [f64; 11] =
    [0.50, 0.66, 0.75, 0.80, 0.90, 0.95, 0.98, 0.99, 0.999, 0.9999, 1.0];

/// A run at one instant. Console, CSV and every later report are rendered from the same value, so
/// they cannot disagree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Wall-clock time of the run's start. Every other wall-clock time is this plus a monotonic
    /// duration, so a stepping clock cannot bend the history.
    pub started_at: SystemTime,
    /// From the start of the run to the instant this snapshot describes.
    pub elapsed: Duration,
    /// From the start of the run to where the rows begin: zero, or the latest reset.
    pub since: Duration,
    /// Running users by class, in the scenario's order.
    pub users: Vec<UserCount>,
    /// How many there were to be in all, when each core counted them: fewer are there while they come,
    /// more while some of those who go finish what they do. `None` where the load is no number of
    /// users, or is over.
    pub users_wanted: Option<u64>,
    /// One row per (method, name) with at least one sample, sorted by name, then method.
    pub entries: Vec<Row>,
    /// All rows together; its key is (empty, `Aggregated`). What it counts beside requests includes
    /// that of entries which have no row, because all of their requests were cancelled.
    pub total: Row,
    /// Which share of all requests took at most which time, from the shortest to the longest, ever
    /// finer towards the end: a line to draw. Some hundred points; empty where there are no requests.
    pub quantiles: Vec<(f64, Duration)>,
    /// One row per (method, name, message), in the order of first sight.
    pub failures: Vec<FailureRow>,
    /// Errors of user code that are not requests (a task's own error, a panic).
    pub exceptions: Vec<ExceptionRow>,
    /// What ended the run; nothing before its end, and where no user was left.
    pub ending: Option<Ending>,
    /// How many malformed header lines of which names responses were read without.
    pub malformed_lines: Vec<(String, u64)>,
    /// What was asked of the run in its course, in order: at most the first thousand commands.
    pub commands: Vec<Command>,
    /// The level that the run was not to break and broke.
    pub broken: Option<Breach>,
    /// Levels that nothing could be compared with, in the words of their user. Known at the end.
    pub unjudged: Vec<String>,
    /// How the releases of an open load went; `None` where the load is closed.
    pub open_load: Option<OpenLoad>,
    /// How the generator itself fared: whether these numbers are to be trusted.
    pub health: GeneratorHealth,
    /// What users did since the snapshot before, where somebody wants to know.
    pub journal: Journal,
}

impl Snapshot {
    /// A run with these classes of users in which nothing has happened yet, and which has no start.
    pub fn before_the_run(classes: Vec<String>) -> Self {
        Totals::new(SystemTime::UNIX_EPOCH, classes, RowLimits::default()).snapshot(Duration::ZERO)
    }

    /// The same with statistics that begin anew at its instant: what was counted is gone, and what the
    /// run is and how its generator fared stays.
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

    /// Wall-clock time of the instant this snapshot describes.
    pub fn at(&self) -> SystemTime {
        self.started_at + self.elapsed
    }

    /// Running users of all classes.
    pub fn user_count(&self) -> u64 {
        self.users.iter().map(|class| class.running).sum()
    }
}

/// What ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Ending {
    /// Somebody, or something that looked at the run, stopped it.
    Stop,
    /// Its time was over.
    RunTime,
    /// The shape of its load, or the last stage of its rate, was over.
    Load,
    /// All requests that were to be made were made.
    Requests,
    /// All iterations that were to be done were done.
    Iterations,
}

/// As a part of a sentence.
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

/// Something that was asked of a run in its course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// When, from the start of the run.
    pub at: Duration,
    /// What, in words.
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

/// One line of the statistics table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What the row is about.
    pub key: EntryKey,
    /// Finished requests, failures included.
    pub requests: u64,
    /// Failed requests.
    pub failures: u64,
    /// What is counted beside them.
    pub counts: Counts,
    /// With which statuses they ended.
    pub statuses: Statuses,
    /// Latency of all requests since the start, failures included, as Locust shows it.
    pub latency: Distribution,
    /// Service time of all requests: from their start instead of from the time that a schedule
    /// intended for them. `None` where the two were never different.
    pub service_time: Option<Distribution>,
    /// How long each part of the requests took, of those in which it happened. Two significant
    /// digits, otherwise as the other times.
    pub phases: Phases<Distribution>,
    /// From the start of the run to the end of the latest request.
    pub latest: Duration,
    /// What only the last snapshot of a run has.
    pub detail: Option<Box<Detail>>,
    /// Latency of the requests of the last ten seconds.
    pub recent_latency: Distribution,
    /// Rates since the start of the run.
    pub rates: Rates,
    /// Rates of the last ten seconds.
    pub recent_rates: Rates,
}

impl Row {
    /// Mean response body size in bytes; 0 where nothing was received.
    pub fn mean_body_bytes(&self) -> f64 {
        if self.requests == 0 { 0.0 } else { self.counts.body_bytes as f64 / self.requests as f64 }
    }

    /// Requests that ended without a whole response, and so without a status.
    pub fn without_response(&self) -> u64 {
        self.requests.saturating_sub(self.statuses.sum())
    }

    /// Failed share of the requests, 0 to 1.
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

/// A distribution of times. Minimum, maximum and mean are exact; percentiles come from a histogram
/// of three significant digits. `None` everywhere it has no samples.
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
    /// The 50th percentile.
    pub fn median(&self) -> Duration {
        self.percentiles[0]
    }

    /// The 95th percentile.
    pub fn p95(&self) -> Duration {
        self.percentiles[5]
    }

    /// The 99th percentile.
    pub fn p99(&self) -> Duration {
        self.percentiles[7]
    }

    /// The 99.9th percentile.
    pub fn p999(&self) -> Duration {
        self.percentiles[8]
    }
}

/// One line of the failures table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureRow {
    /// The request it happened to.
    pub key: EntryKey,
    /// What was wrong, as recorded.
    pub message: String,
    /// How often.
    pub occurrences: u64,
    /// From the start of the run to the first occurrence.
    pub first_seen: Duration,
    /// From the start of the run to the latest occurrence.
    pub last_seen: Duration,
    /// The first occurrence; none of failures that share a row because there are too many.
    pub example: Option<Example>,
}

/// One line of the exceptions table: an error of user code, not of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionRow {
    /// How often.
    pub count: u64,
    /// The error's text.
    pub message: String,
    /// Where it came from: the user class and task.
    pub traceback: String,
}
