//! The points of every entry, at times that they share.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::point::{longer, mean};
use super::thinned::{Merge, Thinned};
use super::{number, rates, seconds, time};
use crate::stats::{EntryKey, Rates, Row, Snapshot};

/// The percentiles that charts of an entry show, as indexes into
/// [`PERCENTILES`](crate::stats::PERCENTILES), with their names.
const SHOWN: [(usize, &str); 3] = [(0, "50%"), (5, "95%"), (7, "99%")];

/// All entries in the order in which they came.
#[derive(Debug)]
pub(super) struct EntrySeries {
    known: HashMap<EntryKey, Known>,
    points: Thinned<EntriesPoint>,
}

/// An entry and its previous counts.
#[derive(Debug)]
struct Known {
    at: usize,
    requests: u64,
    failures: u64,
    latest: Rates,
}

/// A period of all entries.
#[derive(Debug)]
struct EntriesPoint {
    end: f64,
    lasting: f64,
    /// In the order in which entries came. Shorter if some came later.
    entries: Vec<EntryPoint>,
}

#[derive(Debug, Clone, Copy, Default)]
struct EntryPoint {
    rates: Rates,
    percentiles: Option<[Duration; SHOWN.len()]>,
}

impl EntrySeries {
    pub(super) fn new(points_max: usize) -> Self {
        EntrySeries { known: HashMap::new(), points: Thinned::new(points_max) }
    }

    /// Adds what has happened in the `passed` time before `end`. `is_anew` says whether the statistics
    /// were reset in it.
    pub(super) fn add(&mut self, snapshot: &Snapshot, is_anew: bool, end: f64, passed: Duration) {
        let mut entries = vec![EntryPoint::default(); self.known.len()];
        for known in self.known.values_mut() {
            known.latest = Rates::default();
            if is_anew {
                (known.requests, known.failures) = (0, 0);
            }
        }
        for row in &snapshot.entries {
            let point = self.point(row, passed);
            match entries.get_mut(point.0) {
                Some(entry) => *entry = point.1,
                None => entries.push(point.1),
            }
        }
        self.points.push(EntriesPoint { end, lasting: passed.as_secs_f64(), entries });
    }

    fn point(&mut self, row: &Row, passed: Duration) -> (usize, EntryPoint) {
        let at = self.known.len();
        // `entry` would copy the name every second.
        if !self.known.contains_key(&row.key) {
            let known = Known { at, requests: 0, failures: 0, latest: Rates::default() };
            self.known.insert(row.key.clone(), known);
        }
        let known = self.known.get_mut(&row.key).expect("it was just put there");
        known.latest = rates(row, (known.requests, known.failures), passed);
        (known.requests, known.failures) = (row.requests, row.failures);
        let percentiles = row.recent_latency.figures.as_ref();
        let percentiles = percentiles.map(|figures| SHOWN.map(|(at, _)| figures.percentiles[at]));
        (known.at, EntryPoint { rates: known.latest, percentiles })
    }

    /// Returns the rates of an entry in the latest second.
    pub(super) fn latest_of(&self, key: &EntryKey) -> Rates {
        self.known.get(key).map(|known| known.latest).unwrap_or_default()
    }

    /// Returns the ends of the periods.
    pub(super) fn times(&self) -> Value {
        self.points.iter().map(|point| seconds(point.end)).collect()
    }

    /// Returns all entries, sorted by name and method.
    pub(super) fn json(&self) -> Value {
        let mut known: Vec<_> = self.known.iter().collect();
        known.sort_by(|(a, _), (b, _)| (&a.name, &a.method).cmp(&(&b.name, &b.method)));
        known.into_iter().map(|(key, known)| self.series(key, known.at)).collect()
    }

    /// Returns one entry.
    pub(super) fn entry(&self, key: &EntryKey) -> Option<Value> {
        self.known.get(key).map(|known| self.series(key, known.at))
    }

    fn series(&self, key: &EntryKey, at: usize) -> Value {
        let points =
            self.points.iter().map(|point| point.entries.get(at).copied().unwrap_or_default());
        let rate = |of: fn(Rates) -> f64| -> Value {
            points.clone().map(|point| number(of(point.rates))).collect()
        };
        let mut series = json!({
            "method": key.method,
            "name": key.name,
            "rps": rate(|rates| rates.requests),
            "fps": rate(|rates| rates.failures),
        });
        let times: Map<String, Value> = SHOWN
            .iter()
            .enumerate()
            .map(|(column, &(_, name))| {
                let times = points.clone().map(|point| time(point.percentiles.map(|t| t[column])));
                (name.to_owned(), times.collect())
            })
            .collect();
        series.as_object_mut().expect("it was made as one").extend(times);
        series
    }
}

impl Merge for EntriesPoint {
    fn merge(&mut self, later: EntriesPoint) {
        let (own, others) = (self.lasting, later.lasting);
        self.entries.resize(later.entries.len().max(self.entries.len()), EntryPoint::default());
        for (entry, later) in self.entries.iter_mut().zip(later.entries) {
            entry.rates = mean(entry.rates, own, later.rates, others);
            entry.percentiles = longer(entry.percentiles, later.percentiles);
        }
        (self.end, self.lasting) = (later.end, own + others);
    }

    fn lasting(&self) -> f64 {
        self.lasting
    }
}
