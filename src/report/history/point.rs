//! A point in the history of the whole run.

use std::time::Duration;

use serde_json::{Value, json};

use super::thinned::Merge;
use super::{number, seconds, share, time};
use crate::report::percentiles;
use crate::stats::{PERCENTILES, Rates};

/// What happened in a period, usually a second.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    /// The end of the period, in seconds since the start of the run.
    pub(super) end: f64,
    /// The length of the period in seconds.
    pub(super) lasting: f64,
    /// Running users at its end.
    pub(super) users: u64,
    /// The target of the load at its end.
    pub(super) asked: Option<f64>,
    /// The rates in the period.
    pub(super) rates: Rates,
    /// The percentiles of the ten seconds before its end.
    pub(super) percentiles: Option<[Duration; PERCENTILES.len()]>,
    pub(super) cores: Vec<CorePoint>,
    /// The delay that one timer in a hundred exceeded.
    pub(super) lateness: Option<Duration>,
    pub(super) completions_per_turn: f32,
}

/// The busy share of a core.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CorePoint {
    /// The number of the processor.
    pub(super) core: usize,
    /// From 0 to 1.
    pub(super) busy: f32,
}

impl Point {
    pub(super) fn json(&self) -> Value {
        let percentiles = self.percentiles.map(|times| {
            let times = times.map(|one| time(Some(one)));
            Value::Object(percentiles::headers().zip(times).collect())
        });
        json!({
            "at_s": seconds(self.end),
            "users": self.users,
            "asked": self.asked.map(number),
            "rps": number(self.rates.requests),
            "fps": number(self.rates.failures),
            "percentiles": percentiles,
            "cores": self.cores.iter().map(|core| share(core.busy)).collect::<Value>(),
            "lateness_ms": time(self.lateness),
            "completions_per_turn": number(self.completions_per_turn.into()),
        })
    }
}

impl Merge for Point {
    fn merge(&mut self, later: Point) {
        let (own, others) = (self.lasting, later.lasting);
        self.rates = mean(self.rates, own, later.rates, others);
        self.percentiles = longer(self.percentiles, later.percentiles);
        self.lateness = self.lateness.max(later.lateness);
        for (core, later) in self.cores.iter_mut().zip(&later.cores) {
            core.busy = core.busy.max(later.busy);
        }
        self.cores.extend(later.cores.iter().skip(self.cores.len()).copied());
        let (first, second) =
            (f64::from(self.completions_per_turn), f64::from(later.completions_per_turn));
        self.completions_per_turn = ((first * own + second * others) / (own + others)) as f32;
        (self.users, self.asked) = (later.users, later.asked);
        (self.end, self.lasting) = (later.end, own + others);
    }

    fn lasting(&self) -> f64 {
        self.lasting
    }
}

/// Returns the mean of two rates, weighted by the lengths of their periods.
pub(super) fn mean(first: Rates, own: f64, second: Rates, others: f64) -> Rates {
    let of = |a: f64, b: f64| (a * own + b * others) / (own + others);
    Rates {
        requests: of(first.requests, second.requests),
        failures: of(first.failures, second.failures),
    }
}

/// Returns the longer one of each two times.
pub(super) fn longer<const N: usize>(
    first: Option<[Duration; N]>,
    second: Option<[Duration; N]>,
) -> Option<[Duration; N]> {
    match (first, second) {
        (Some(first), Some(second)) => Some(std::array::from_fn(|at| first[at].max(second[at]))),
        (first, second) => first.or(second),
    }
}
