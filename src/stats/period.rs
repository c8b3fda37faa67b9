//! A stretch of the run, and what is said of it when it breaks a level.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Distribution, EntryKey, Rates, Row, Snapshot};

/// What was measured of a row in a stretch of the run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Period {
    /// From the start of the run to the start of the stretch.
    pub from: Duration,
    /// From the start of the run to its end.
    pub to: Duration,
    /// Latency of the requests that ended in it, failures included.
    pub latency: Distribution,
    /// How many of them ended in a second.
    pub rates: Rates,
}

/// A level that the run broke.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Breach {
    /// The level, as its user wrote it.
    pub level: String,
    /// What was judged: all requests together.
    pub entry: EntryKey,
    /// What was measured of it.
    pub measured: Measured,
    /// The entry that was furthest on the wrong side, where one was.
    pub worst: Option<(EntryKey, Measured)>,
    /// Where the stretch that was judged began, from the start of the run.
    pub from: Duration,
    /// Where it ended.
    pub to: Duration,
    /// It was found when the run was over, and not what stopped it.
    pub at_end: bool,
}

/// What a level is compared with.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Measured {
    /// A latency.
    Time(Duration),
    /// A share of the requests, 0 to 1.
    Share(f64),
    /// So many in a second.
    PerSecond(f64),
}

impl Snapshot {
    /// The last ten complete seconds of a row, fewer where fewer were counted.
    pub(crate) fn recent(&self, row: &Row) -> Period {
        let to = Duration::from_secs(self.elapsed.as_secs());
        Period {
            from: to.saturating_sub(Period::WINDOW).max(self.since).min(to),
            to,
            latency: row.recent_latency.clone(),
            rates: row.recent_rates,
        }
    }

    /// All that was counted of a row.
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
