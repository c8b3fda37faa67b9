//! A level that a run must not break: `fail_ratio > 5%`, `p95 > 2s`, `rate < 100`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::stats::{PERCENTILES, Snapshot};
use crate::units;

/// What breaks a level, as its user wrote it. Judged over the last ten complete seconds, of all
/// requests together.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    text: String,
    level: Level,
    side: Side,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Level {
    /// Failed share of the requests, 0 to 1.
    FailRatio(f64),
    /// Requests per second.
    Rate(f64),
    /// Failed requests per second.
    FailRate(f64),
    /// The latency at this place in [`PERCENTILES`].
    Percentile(usize, Duration),
    /// The mean latency.
    Mean(Duration),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Above,
    Below,
}

/// A text that is no [`Threshold`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}; expected a level such as 'fail_ratio > 5%', 'p95 > 2s', 'avg > 300ms', 'rate < 100' or \
     'fail_rate > 1'"
)]
pub struct InvalidThreshold(String);

impl Threshold {
    /// Whether the run breaks the level. Nothing is broken where nothing was measured, except that
    /// a rate may be too low.
    pub fn is_broken(&self, snapshot: &Snapshot) -> bool {
        let (rates, latency) = (snapshot.total.recent_rates, &snapshot.total.recent_latency);
        let figures = latency.figures.as_ref();
        let is_past = |value: f64, limit: f64| match self.side {
            Side::Above => value > limit,
            Side::Below => value < limit,
        };
        let is_time_past = |time: Option<Duration>, limit: Duration| {
            time.is_some_and(|time| is_past(time.as_secs_f64(), limit.as_secs_f64()))
        };
        match self.level {
            Level::FailRatio(limit) => {
                rates.requests > 0.0 && is_past(rates.failures / rates.requests, limit)
            }
            // Before a second is complete there is no rate.
            Level::Rate(limit) => snapshot.elapsed >= SECOND && is_past(rates.requests, limit),
            Level::FailRate(limit) => snapshot.elapsed >= SECOND && is_past(rates.failures, limit),
            Level::Percentile(at, limit) => {
                is_time_past(figures.map(|figures| figures.percentiles[at]), limit)
            }
            Level::Mean(limit) => is_time_past(figures.map(|figures| figures.mean), limit),
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);

impl FromStr for Threshold {
    type Err = InvalidThreshold;

    fn from_str(text: &str) -> Result<Self, InvalidThreshold> {
        let wrong = |what: String| InvalidThreshold(what);
        let Some(at) = text.find(['<', '>']) else {
            return Err(wrong(format!("'{text}' compares nothing")));
        };
        let side = if text[at..].starts_with('>') { Side::Above } else { Side::Below };
        let (name, value) = (text[..at].trim(), text[at + 1..].trim());
        let level = match name {
            "fail_ratio" => Level::FailRatio(share(value).map_err(wrong)?),
            "rate" => Level::Rate(number(value).map_err(wrong)?),
            "fail_rate" => Level::FailRate(number(value).map_err(wrong)?),
            "avg" => Level::Mean(time(value).map_err(wrong)?),
            _ => match percentile(name) {
                Some(at) => Level::Percentile(at, time(value).map_err(wrong)?),
                None => return Err(wrong(format!("'{name}' is nothing that is measured"))),
            },
        };
        Ok(Threshold { text: text.trim().to_owned(), level, side })
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The place of `p95` in [`PERCENTILES`]; `p100` and `max` are the last.
fn percentile(name: &str) -> Option<usize> {
    if name == "max" {
        return Some(PERCENTILES.len() - 1);
    }
    let percent: f64 = name.strip_prefix('p')?.parse().ok()?;
    PERCENTILES.iter().position(|share| (share * 100.0 - percent).abs() < 1e-9)
}

fn number(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| format!("'{text}' is not a number of 0 or more"))
}

/// `5%` or `0.05`.
fn share(text: &str) -> Result<f64, String> {
    let share = match text.strip_suffix('%') {
        Some(percent) => number(percent.trim())? / 100.0,
        None => number(text)?,
    };
    if share <= 1.0 { Ok(share) } else { Err(format!("'{text}' is more than all of them")) }
}

fn time(text: &str) -> Result<Duration, String> {
    units::parse_duration(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{row, snapshot};

    const MS: Duration = Duration::from_millis(1);

    /// Ten seconds of 100 requests per second of 200 ms, seven of them failed.
    fn run() -> Snapshot {
        let mut run = snapshot(vec![row("GET", "/", 1000, 200 * MS)], 200 * MS);
        run.total.recent_rates.requests = 100.0;
        run.total.recent_rates.failures = 7.0;
        run
    }

    #[track_caller]
    fn check(text: &str, is_broken: bool) {
        let threshold: Threshold = text.parse().unwrap();
        assert_eq!(threshold.is_broken(&run()), is_broken, "{text}");
        assert_eq!(threshold.to_string(), text.trim());
    }

    #[test]
    fn levels_are_broken_beyond_and_not_at_their_limit() {
        check("fail_ratio > 5%", true);
        check("fail_ratio>0.05", true);
        check("fail_ratio > 7%", false);
        check(" fail_ratio < 8% ", true);
        check("p95 > 199ms", true);
        check("p95 > 200ms", false);
        check("p99.9 > 0.1s", true);
        check("max > 1m", false);
        check("avg > 0.2", false);
        check("avg > 0.1", true);
        check("rate < 100", false);
        check("rate < 100.5", true);
        check("fail_rate > 6.9", true);
    }

    #[test]
    fn where_nothing_was_measured_only_a_rate_can_be_too_low() {
        let mut nothing = snapshot(Vec::new(), MS);
        nothing.total = row("", "Aggregated", 0, MS);
        nothing.total.recent_rates = Default::default();
        let is_broken = |text: &str| text.parse::<Threshold>().unwrap().is_broken(&nothing);
        assert!(!is_broken("fail_ratio > 0"));
        assert!(!is_broken("p50 < 1s"));
        assert!(is_broken("rate < 1"));
        let start = Snapshot { elapsed: Duration::ZERO, ..nothing.clone() };
        assert!(!"rate < 1".parse::<Threshold>().unwrap().is_broken(&start));
    }

    #[test]
    fn what_is_no_level_says_what_is_wrong() {
        for (text, reason) in [
            ("", "'' compares nothing"),
            ("p95 = 2s", "compares nothing"),
            ("p94 > 2s", "'p94' is nothing that is measured"),
            ("latency > 2s", "'latency' is nothing"),
            ("rate < x", "'x' is not a number"),
            ("rate < -1", "'-1' is not a number"),
            ("fail_ratio > 101%", "'101%' is more than all"),
            ("p95 >", "duration"),
            ("p95 >= 2s", "duration"),
        ] {
            let error = text.parse::<Threshold>().unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("'p95 > 2s'"), "{text}: {error}");
        }
    }
}
