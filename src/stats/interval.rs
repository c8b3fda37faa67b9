//! What a core ships to the collector once a second.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ArrivalCounts, Delta, EntryId, EntryKey, Example, Health, Journal, Sightings};

/// What one core gathered between two takes, whatever the instants of the samples themselves say:
/// a sample belongs to the interval it was recorded in, and to no other.
///
/// Plain data with durations since the start of the run instead of instants, so that it can leave
/// the process. Ids are the core's own; each is named in the first interval that uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Interval {
    /// The core, counted from 0 within the run.
    pub core: usize,
    /// The second that it ends: second *n* runs from *n* to *n* + 1 seconds after the start. After a
    /// `Recorder::restore` an interval also holds the seconds before.
    pub second: u64,
    /// When it began, from the start of the run.
    pub from: Duration,
    /// When it was taken, from the start of the run.
    pub to: Duration,
    /// Whether this is the last interval of this core.
    pub last: bool,
    /// Names that no interval of this core has carried before: the next ids without a gap, in order.
    pub names: Vec<(EntryId, EntryKey)>,
    /// Entries that counted anything.
    pub entries: Vec<(EntryId, Delta)>,
    /// Failures, in the order of their first occurrence.
    pub(crate) failures: Vec<Failure>,
    /// Failures beyond the cap.
    pub(crate) more_failures: Sightings,
    /// Exceptions, in the order of their first occurrence.
    pub(crate) exceptions: Vec<Exception>,
    /// Exceptions beyond the cap.
    pub more_exceptions: u64,
    /// The number of malformed header lines by name, in the order of their first occurrence.
    pub malformed_lines: Vec<(String, u64)>,
    /// Malformed header lines beyond the cap.
    pub more_malformed_lines: u64,
    /// Users running when the interval was taken, by class index: a level, not a change.
    pub users: Vec<u64>,
    /// Users that the load asked of this core at that moment; `None` if it asks for no number, as an
    /// open load does.
    pub wanted: Option<u64>,
    /// The arrivals of an open load.
    pub(crate) arrivals: Option<Box<ArrivalCounts>>,
    /// How the core itself performed.
    pub(crate) health: Health,
    /// What its users did, if a journal is kept.
    pub journal: Option<Box<Journal>>,
}

impl Interval {
    /// Makes the last interval of a core that can no longer ship one itself.
    pub(crate) fn empty_last(core: usize) -> Self {
        Interval {
            core,
            second: 0,
            from: Duration::ZERO,
            to: Duration::ZERO,
            last: true,
            names: Vec::new(),
            entries: Vec::new(),
            failures: Vec::new(),
            more_failures: Sightings::default(),
            exceptions: Vec::new(),
            more_exceptions: 0,
            malformed_lines: Vec::new(),
            more_malformed_lines: 0,
            users: Vec::new(),
            wanted: None,
            arrivals: None,
            health: Health::default(),
            journal: None,
        }
    }
}

/// Why an interval does not fit into a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntervalError {
    /// The run has no such core.
    #[error("an interval is of core {core}, but the run has only {cores} cores, counted from 0")]
    Core {
        /// The core of the interval.
        core: usize,
        /// The number of cores.
        cores: usize,
    },
    /// A name has an id that is not the next one.
    #[error(
        "core {core} has named entry {entry}, but the next one is {expected}: an interval is missing or repeated"
    )]
    Named {
        /// The core of the interval.
        core: usize,
        /// The id that was named.
        entry: u32,
        /// The id that would be next.
        expected: usize,
    },
    /// Something was counted for an id that has no name.
    #[error(
        "core {core} has counted for entry {entry}, which it never named: an interval is missing"
    )]
    Unnamed {
        /// The core of the interval.
        core: usize,
        /// The id.
        entry: u32,
    },
}

/// One failure message of one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// The entry, by the core's id.
    pub entry: EntryId,
    /// What was wrong.
    pub message: String,
    /// The number of occurrences, and when.
    pub sightings: Sightings,
    /// The first occurrence.
    pub example: Option<Example>,
}

/// One error of user code that is not a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exception {
    /// The text of the error.
    pub message: String,
    /// Where it came from.
    pub traceback: String,
    /// The number of occurrences.
    pub count: u64,
}

#[cfg(test)]
mod tests {
    use std::time::{Instant, SystemTime};

    use super::*;
    use crate::stats::{Clocks, Outcome, Recorder, RowLimits, Sample, Totals};

    #[test]
    fn an_interval_that_does_not_fit_is_refused_whole() {
        let start = Instant::now();
        let limits = RowLimits::default();
        let second = |core: &mut Recorder, second| {
            let (entry, outcome) = (core.entry("GET", "/"), Outcome::Failure("refused"));
            let clocks = Clocks { intended: start, started: start, ended: start };
            core.record(Sample { entry, clocks, body_bytes: 0, status: None, outcome });
            core.take(second, start + Duration::from_secs(second + 1))
        };
        let mut core = Recorder::new(1, start, limits);
        let (first, later) = (second(&mut core, 0), second(&mut core, 1));
        let totals = || Totals::new(SystemTime::UNIX_EPOCH, Vec::new(), limits);
        let mut run = totals().processors(vec![0, 1]);
        run.add(first.clone()).unwrap();
        run.snapshot(Duration::from_secs(1));
        let far = EntryId(u32::MAX);
        let failure = Failure { entry: EntryId(7), ..later.failures[0].clone() };
        let key = EntryKey { method: "GET".to_owned(), name: "/far".to_owned() };
        let misfits = [
            (Interval { core: 2, ..first.clone() }, IntervalError::Core { core: 2, cores: 2 }),
            (
                Interval { core: usize::MAX, ..later.clone() },
                IntervalError::Core { core: usize::MAX, cores: 2 },
            ),
            (first.clone(), IntervalError::Named { core: 1, entry: 0, expected: 1 }),
            (
                Interval { names: vec![(far, key)], ..later.clone() },
                IntervalError::Named { core: 1, entry: u32::MAX, expected: 1 },
            ),
            (
                Interval { entries: vec![(far, Delta::default())], ..later.clone() },
                IntervalError::Unnamed { core: 1, entry: u32::MAX },
            ),
            (
                Interval { failures: vec![failure], ..later.clone() },
                IntervalError::Unnamed { core: 1, entry: 7 },
            ),
            (Interval { core: 0, ..later.clone() }, IntervalError::Unnamed { core: 0, entry: 0 }),
        ];
        let before = run.last_snapshot(Duration::from_secs(1));
        for (interval, error) in misfits {
            assert_eq!(run.add(interval), Err(error));
            assert_eq!(run.last_snapshot(Duration::from_secs(1)), before, "{error}");
        }
        run.add(later).unwrap();
        assert_eq!(run.snapshot(Duration::from_secs(2)).total.requests, 2);
        let unknown = Interval { core: usize::MAX, ..first };
        let error = totals().add(unknown).unwrap_err().to_string();
        assert!(error.ends_with("but the run has only 1024 cores, counted from 0"), "{error}");
    }
}
