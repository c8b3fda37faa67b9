//! A version number for data that leaves the process.
//!
//! [`Interval`](super::Interval) and [`Snapshot`](super::Snapshot) are serde types with all that they
//! contain, so any serde format works. Times are the bins of a histogram and exact moments
//! (`SparseTimes`), never percentiles, so intervals that were read back merge exactly as those of this
//! process.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// The format version of intervals and snapshots: it changes with every change of a field. Versions are
/// not compatible: sender and reader must be of the same build.
pub const FORMAT: u32 = 3;

/// Data with its format version, which comes first. Reading another version is an error that names
/// both, before the data is looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Versioned<T> {
    #[serde(deserialize_with = "ours")]
    format: u32,
    /// The data.
    pub data: T,
}

impl<T> Versioned<T> {
    /// Adds the format version of this build.
    pub fn new(data: T) -> Self {
        Versioned { format: FORMAT, data }
    }
}

fn ours<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        FORMAT => Ok(FORMAT),
        other => Err(D::Error::custom(format!(
            "format {other} cannot be read, only {FORMAT}: use the same version of gregaria at both ends"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant, SystemTime};

    use super::*;
    use crate::stats::{
        Clocks, Extra, Interval, Outcome, Phases, Recorder, RowLimits, Sample, Snapshot, Totals,
        WireBytes,
    };

    /// What a core ships in a few seconds, with something of everything.
    fn intervals(core: usize, start: Instant) -> Vec<Interval> {
        let mut rng = fastrand::Rng::with_seed(core as u64);
        let mut recorder = Recorder::new(core, start, RowLimits::default());
        let second = |second: u64| {
            for _ in 0..300 {
                let entry = recorder.entry("GET", ["/", "/a", "/b"][rng.usize(..3)]);
                let latency = Duration::from_nanos(10f64.powf(rng.f64() * 6.0 + 4.0) as u64);
                let ended = start + Duration::from_secs(second + 2);
                let clocks =
                    Clocks { intended: ended - latency, started: ended - latency / 2, ended };
                let phases = Phases { first_byte: Some(latency / 3), ..Phases::default() };
                recorder.exchanged(entry, phases, WireBytes { sent: 40, received: 120 });
                let outcome = if rng.u8(..) < 30 {
                    Outcome::Failure("no \"way\"\n")
                } else {
                    Outcome::Success
                };
                recorder.record(Sample {
                    entry,
                    clocks,
                    body_bytes: 50,
                    status: Some(200),
                    outcome,
                });
                recorder.count(entry, Extra::Redirect);
            }
            recorder.take(second, start + Duration::from_secs(second + 1))
        };
        (0..3).map(second).collect()
    }

    fn total(intervals: impl IntoIterator<Item = Interval>) -> Snapshot {
        let mut totals =
            Totals::new(SystemTime::UNIX_EPOCH, vec!["u".into()], RowLimits::default());
        intervals.into_iter().for_each(|interval| totals.add(interval).unwrap());
        totals.last_snapshot(Duration::from_secs(5))
    }

    fn there_and_back<T: Serialize + for<'de> Deserialize<'de>>(data: T) -> T {
        let text = serde_json::to_string(&Versioned::new(data)).unwrap();
        serde_json::from_str::<Versioned<T>>(&text).unwrap().data
    }

    #[test]
    fn intervals_that_were_away_make_the_same_snapshot() {
        let start = Instant::now();
        let here: Vec<_> = (0..2).flat_map(|core| intervals(core, start)).collect();
        let away: Vec<_> = here.iter().cloned().map(there_and_back).collect();
        assert_eq!(away, here);
        let (away, here) = (total(away), total(here));
        assert!(here.total.failures > 0 && here.total.service_time.is_some());
        assert_eq!(away, here);
    }

    #[test]
    fn a_snapshot_comes_back_as_it_went() {
        let mut run = total(intervals(0, Instant::now()));
        run.broken = Some(crate::report::samples::breach("p95 > 10ms"));
        assert_eq!(there_and_back(run.clone()), run);
    }

    #[test]
    fn another_version_is_refused_before_its_data_is_looked_at() {
        let text = r#"{"format": 1, "data": "nothing that is known"}"#;
        let error = serde_json::from_str::<Versioned<Interval>>(text).unwrap_err().to_string();
        assert!(error.starts_with("format 1 cannot be read, only 3: "), "{error}");
    }
}
