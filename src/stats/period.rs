//! A period of the run, and the breach of a threshold in it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Distribution, EntryKey, Rates, Row, Snapshot};

/// What was measured of a row in a period of the run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Period {
    /// The start of the period, from the start of the run.
    pub from: Duration,
    /// The end of the period, from the start of the run.
    pub to: Duration,
    /// Latencies of the requests that ended in it, including failures.
    pub latency: Distribution,
    /// How many of them ended per second.
    pub rates: Rates,
}

/// A level that the run broke.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Breach {
    /// The level, as written by the user.
    pub level: String,
    /// The entry that was judged: all requests together.
    pub entry: EntryKey,
    /// The measured value.
    pub measured: Measured,
    /// The entry that broke the level most, if one did.
    pub worst: Option<(EntryKey, Measured)>,
    /// The start of the judged period, from the start of the run.
    pub from: Duration,
    /// The end of the judged period.
    pub to: Duration,
    /// Whether it was found at the end of the run, so that it did not stop the run.
    pub at_end: bool,
}

/// A measured value that a level is compared with.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Measured {
    /// A latency.
    Time(Duration),
    /// A share of the requests, 0 to 1.
    Share(f64),
    /// A number per second.
    PerSecond(f64),
}

impl Snapshot {
    /// Returns the last ten complete seconds of a row, or fewer if fewer were counted.
    pub(crate) fn recent(&self, row: &Row) -> Period {
        let to = Duration::from_secs(self.elapsed.as_secs());
        Period {
            from: to.saturating_sub(Period::WINDOW).max(self.since).min(to),
            to,
            latency: row.recent_latency.clone(),
            rates: row.recent_rates,
        }
    }

    /// Returns the whole period that was counted of a row.
    pub(crate) fn whole(&self, row: &Row) -> Period {
        let (from, to) = (self.since, self.elapsed);
        Period { from, to, latency: row.latency.clone(), rates: row.rates }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{row, snapshot};

    #[test]
    fn the_last_ten_seconds_are_fewer_where_fewer_were_counted() {
        let second = Duration::from_secs;
        let recent = |elapsed, since| {
            let run = snapshot(vec![row("GET", "/", 1, second(1))], second(1));
            let run = Snapshot { elapsed, since, ..run };
            let Period { from, to, .. } = run.recent(&run.total);
            (from, to)
        };
        assert_eq!(recent(second(25), second(0)), (second(15), second(25)));
        assert_eq!(recent(second(25), second(22)), (second(22), second(25)));
        assert_eq!(recent(Duration::from_millis(4500), second(0)), (second(0), second(4)));
        assert_eq!(recent(second(0), second(0)), (second(0), second(0)));
    }
}
