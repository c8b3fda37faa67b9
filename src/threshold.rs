//! A level that a run must not break: `fail_ratio > 5%`, `p95 > 2s`, `rate < 100`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::stats::{EntryKey, Measured, PERCENTILES, Period, Snapshot};
use crate::units;

/// A condition under which a level is broken, as written by the user. It is judged over the last ten
/// complete seconds of all requests together; at the end of a shorter run, over the whole run.
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
    /// The latency at this index of [`PERCENTILES`].
    Percentile(usize, Duration),
    /// The mean latency.
    Mean(Duration),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Above,
    Below,
}

/// A text that is not a [`Threshold`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}; expected a level such as 'fail_ratio > 5%', 'p95 > 2s', 'avg > 300ms', 'rate < 100' or \
     'fail_rate > 1'"
)]
pub struct InvalidThreshold(String);

impl Threshold {
    /// Returns whether the last ten seconds of the run break the level. Without a measured value it is
    /// not broken, but a rate may be too low without requests.
    pub fn is_broken(&self, snapshot: &Snapshot) -> bool {
        let measured = self.measure(&snapshot.recent(&snapshot.total));
        measured.is_some_and(|measured| self.is_past(measured))
    }

    /// Returns the measured value that the level is compared with; `None` without one. A rate needs a
    /// period, but no request.
    pub(crate) fn measure(&self, period: &Period) -> Option<Measured> {
        let (rates, figures) = (period.rates, period.latency.figures.as_ref());
        let rate = |rate| (period.to > period.from).then_some(Measured::PerSecond(rate));
        match self.level {
            Level::FailRatio(_) => {
                (rates.requests > 0.0).then(|| Measured::Share(rates.failures / rates.requests))
            }
            Level::Rate(_) => rate(rates.requests),
            Level::FailRate(_) => rate(rates.failures),
            Level::Percentile(at, _) => Some(Measured::Time(figures?.percentiles[at])),
            Level::Mean(_) => Some(Measured::Time(figures?.mean)),
        }
    }

    /// Returns whether the measured value breaks the level.
    pub(crate) fn is_past(&self, measured: Measured) -> bool {
        match self.side {
            Side::Above => measured > self.limit(),
            Side::Below => measured < self.limit(),
        }
    }

    /// Returns the entry with the measured value that breaks the level most. Returns `None` if the
    /// total rate is too low, because the rate of an entry is only a part of it.
    pub(crate) fn worst(
        &self,
        entries: impl Iterator<Item = (EntryKey, Measured)>,
    ) -> Option<(EntryKey, Measured)> {
        if self.side == Side::Below && self.is_of_rates() {
            return None;
        }
        entries.filter(|&(_, measured)| self.is_past(measured)).reduce(|worst, entry| {
            let is_worse = match self.side {
                Side::Above => entry.1 > worst.1,
                Side::Below => entry.1 < worst.1,
            };
            if is_worse { entry } else { worst }
        })
    }

    /// Returns whether it is about the number of requests, not about their results.
    pub(crate) fn is_of_rates(&self) -> bool {
        matches!(self.level, Level::Rate(_) | Level::FailRate(_))
    }

    fn limit(&self) -> Measured {
        match self.level {
            Level::FailRatio(share) => Measured::Share(share),
            Level::Rate(rate) | Level::FailRate(rate) => Measured::PerSecond(rate),
            Level::Percentile(_, time) | Level::Mean(time) => Measured::Time(time),
        }
    }

    /// Returns whether no run can break it: nothing is below zero, and no share above one.
    fn is_unbreakable(&self) -> bool {
        match (self.side, self.limit()) {
            (Side::Below, Measured::Time(limit)) => limit.is_zero(),
            (Side::Below, Measured::Share(limit) | Measured::PerSecond(limit)) => limit == 0.0,
            (Side::Above, Measured::Share(limit)) => limit >= 1.0,
            (Side::Above, Measured::Time(_) | Measured::PerSecond(_)) => false,
        }
    }
}

impl FromStr for Threshold {
    type Err = InvalidThreshold;

    fn from_str(text: &str) -> Result<Self, InvalidThreshold> {
        let wrong = |what: String| InvalidThreshold(what);
        let Some(at) = text.find(['<', '>']) else {
            return Err(wrong(format!("'{text}' compares nothing")));
        };
        if text[at + 1..].starts_with('=') {
            let sign = &text[at..=at];
            return Err(wrong(format!("'{sign}=' is not known, write '{sign}'")));
        }
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
        let threshold = Threshold { text: text.trim().to_owned(), level, side };
        if threshold.is_unbreakable() {
            return Err(wrong(format!("'{threshold}' can never be broken")));
        }
        Ok(threshold)
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns the index of `p95` in [`PERCENTILES`]; `p100` and `max` are the last.
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

/// Parses `5%` or `0.05`.
fn share(text: &str) -> Result<f64, String> {
    let share = match text.strip_suffix('%') {
        Some(percent) => number(percent.trim())? / 100.0,
        None => number(text)?,
    };
    if share <= 1.0 { Ok(share) } else { Err(format!("'{text}' is more than all of them")) }
}

/// Parses a time with its unit. Tables are in milliseconds and run times in seconds, so a number alone
/// would be ambiguous.
fn time(text: &str) -> Result<Duration, String> {
    match units::parse_duration(text) {
        Ok(_) if text.parse::<f64>().is_ok() => {
            Err(format!("'{text}' has no unit, write {text}ms or {text}s"))
        }
        time => time.map_err(|error| error.to_string()),
    }
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
        check("avg > 0.2s", false);
        check("avg > 100ms", true);
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
            ("fail_ratio > 100%", "'fail_ratio > 100%' can never be broken"),
            ("fail_ratio > 1", "can never be broken"),
            ("fail_ratio < 0%", "can never be broken"),
            ("rate < 0", "can never be broken"),
            ("fail_rate < 0.0", "can never be broken"),
            ("p95 < 0s", "can never be broken"),
            ("avg < 0ms", "can never be broken"),
            ("p95 >", "duration"),
            ("p95 >= 2s", "'>=' is not known, write '>'"),
            ("rate <= 5", "'<=' is not known, write '<'"),
            ("p95 > 500", "'500' has no unit, write 500ms or 500s"),
            ("avg > 0.2", "write 0.2ms or 0.2s"),
        ] {
            let error = text.parse::<Threshold>().unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("'p95 > 2s'"), "{text}: {error}");
        }
    }
}
