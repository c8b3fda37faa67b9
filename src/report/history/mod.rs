//! The history of a run, second by second, for charts.
//!
//! It is thinned, so that neither memory nor reports grow with the length of the run: when there are
//! 600 points, pairs of neighbours are merged, and each point covers twice the time from then on. A
//! merged rate is the mean of that time, and a merged time the longer of the two: thinning may widen a
//! peak but never hides it. Users and targets are those at the end of that time.
//!
//! Rates are those of each second alone, unlike the ten seconds of the tables. Percentiles cover the
//! last ten seconds, because most servers answer too few requests in one second for high percentiles.

mod entries;
mod point;
mod thinned;

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::report::digits::file_ms;
use crate::report::percentiles;
use crate::stats::{
    Command, EntryKey, PERCENTILES, Rates, Row, Snapshot, StandstillRow, UserCount,
};
use entries::EntrySeries;
use point::{CorePoint, Point};
use thinned::Thinned;

/// The most points of the whole run: one per second for ten minutes.
const POINTS_MAX: usize = 600;
/// The most points of an entry; there may be a thousand entries.
const ENTRY_POINTS_MAX: usize = 150;
/// A shorter time has no meaningful rate.
const SECOND_MIN: Duration = Duration::from_millis(500);
/// The most marks in a chart; more could not be told apart.
const MARKS_MAX: usize = 100;

/// Returns the rate of iterations that an open load should have at this time after its start; `None`
/// for a closed load.
pub type AskedRate = Box<dyn FnMut(Duration) -> Option<f64> + Send>;

/// The history of a run.
pub struct History {
    asked_rate: AskedRate,
    points: Thinned<Point>,
    entries: EntrySeries,
    marks: Vec<Command>,
    standstills: Vec<StandstillRow>,
    /// The last running users, by class.
    users: Vec<UserCount>,
    /// The counts up to the latest point.
    before: Before,
    /// The latest second, because a point may cover more.
    latest: Option<Point>,
}

/// The counts when the latest point was made.
#[derive(Debug, Default)]
struct Before {
    elapsed: Duration,
    since: Duration,
    requests: u64,
    failures: u64,
    busy_turns: u64,
    completions: u64,
}

impl History {
    /// Makes an empty history; `asked_rate` returns the rate that an open load should have.
    pub fn new(asked_rate: AskedRate) -> Self {
        History {
            asked_rate,
            points: Thinned::new(POINTS_MAX),
            entries: EntrySeries::new(ENTRY_POINTS_MAX),
            marks: Vec::new(),
            standstills: Vec::new(),
            users: Vec::new(),
            before: Before::default(),
            latest: None,
        }
    }

    /// Adds what has happened since the previous snapshot. Ignores a second snapshot of the same
    /// instant.
    pub fn add(&mut self, snapshot: &Snapshot) {
        self.marks.clear();
        self.marks.extend(snapshot.commands.iter().take(MARKS_MAX).cloned());
        self.standstills.clone_from(&snapshot.health.standstills);
        if snapshot.user_count() > 0 {
            self.users.clone_from(&snapshot.users);
        }
        let passed = snapshot.elapsed.saturating_sub(self.before.elapsed);
        if passed.is_zero() {
            return;
        }
        let point = self.point_of(snapshot, passed);
        let is_anew = snapshot.since != self.before.since;
        self.entries.add(snapshot, is_anew, point.end, passed);
        // The last part of a second at the end of a run: too short for a meaningful rate.
        if passed >= SECOND_MIN || self.latest.is_none() {
            self.latest = Some(point.clone());
        }
        self.points.push(point);
        let work = snapshot.health.work();
        self.before = Before {
            elapsed: snapshot.elapsed,
            since: snapshot.since,
            requests: snapshot.total.requests,
            failures: snapshot.total.failures,
            busy_turns: work.busy_turns,
            completions: work.completions,
        };
    }

    fn point_of(&mut self, snapshot: &Snapshot, passed: Duration) -> Point {
        let Before { since, requests, failures, busy_turns, completions, .. } = self.before;
        // After a reset they count from zero again.
        let counted = if snapshot.since == since { (requests, failures) } else { (0, 0) };
        let (total, health) = (&snapshot.total, &snapshot.health);
        let work = health.work();
        let busy_turns = work.busy_turns.saturating_sub(busy_turns);
        let completions = work.completions.saturating_sub(completions);
        Point {
            end: snapshot.elapsed.as_secs_f64(),
            lasting: passed.as_secs_f64(),
            users: snapshot.user_count(),
            // The cores count users and their target at the same instant.
            asked: match snapshot.users_wanted {
                Some(users) => Some(users as f64),
                None => (self.asked_rate)(snapshot.elapsed),
            },
            rates: rates(total, counted, passed),
            percentiles: total.recent_latency.figures.as_ref().map(|figures| figures.percentiles),
            cores: health
                .cores
                .iter()
                .map(|core| CorePoint { core: core.core, busy: core.latest_busy as f32 })
                .collect(),
            lateness: health.latest_lateness.figures.as_ref().map(|figures| figures.p99()),
            completions_per_turn: completions as f32 / busy_turns.max(1) as f32,
        }
    }

    /// Returns the last running users by class.
    pub fn latest_users(&self) -> &[UserCount] {
        &self.users
    }

    /// Returns the latest second as a point: `at_s`, `users`, `asked`, `rps`, `fps`, `percentiles`,
    /// `cores` (busy shares), `lateness_ms`, `completions_per_turn`, `stood_still_ms`; `None` before
    /// the first second is over.
    pub fn latest(&self) -> Option<Value> {
        let point = self.latest.as_ref()?;
        let mut json = point.json();
        json["stood_still_ms"] = self.stood_still(point);
        Some(json)
    }

    /// Returns how many milliseconds of a point's time a core stood still. A standstill is known when
    /// it is over, which may be after the point was made.
    fn stood_still(&self, point: &Point) -> Value {
        // Those of different cores may overlap. They are in the order of their beginnings.
        let (mut lost, mut reached) = (0.0, point.end - point.lasting);
        for one in &self.standstills {
            let (from, to) = (one.time.from.as_secs_f64(), one.time.to().as_secs_f64());
            let to = to.min(point.end);
            lost += (to - from.max(reached)).max(0.0);
            reached = to.max(reached);
        }
        number(1e3 * lost)
    }

    /// Returns the target rate or number of users at the latest instant.
    pub fn asked(&self) -> Option<f64> {
        self.latest.as_ref()?.asked
    }

    /// Returns the rates of the latest second.
    pub fn latest_rates(&self) -> Option<Rates> {
        self.latest.as_ref().map(|point| point.rates)
    }

    /// Returns the rates of an entry in the latest second.
    pub fn latest_of(&self, key: &EntryKey) -> Rates {
        self.entries.latest_of(key)
    }

    /// Returns all points as a list for each figure, and those of the entries if asked for.
    pub fn json(&self, with_entries: bool) -> Value {
        let points = self.points.iter();
        let column = |of: fn(&Point) -> Value| points.clone().map(of).collect::<Value>();
        let percentile = |at: usize| {
            points.clone().map(|point| time(point.percentiles.map(|times| times[at]))).collect()
        };
        let percentiles: Map<String, Value> =
            percentiles::headers().zip((0..PERCENTILES.len()).map(percentile)).collect();
        let marks = self.marks.iter();
        let mut json = json!({
            "step_s": self.points.step(),
            "at_s": column(|point| seconds(point.end)),
            "users": column(|point| point.users.into()),
            "asked": column(|point| point.asked.map_or(Value::Null, number)),
            "rps": column(|point| number(point.rates.requests)),
            "fps": column(|point| number(point.rates.failures)),
            "percentiles": percentiles,
            "cores": self.cores(),
            "lateness_ms": column(|point| time(point.lateness)),
            "completions_per_turn": column(|point| number(point.completions_per_turn.into())),
            "stood_still_ms": points.clone().map(|point| self.stood_still(point)).collect::<Value>(),
            "marks": marks.map(|mark| json!({ "at_s": seconds(mark.at.as_secs_f64()), "what": mark.what })).collect::<Value>(),
        });
        if with_entries {
            json["entry_at_s"] = self.entries.times();
            json["entries"] = self.entries.json();
        }
        json
    }

    /// Returns the points of one entry, if it exists.
    pub fn entry_json(&self, key: &EntryKey) -> Option<Value> {
        let mut json = self.entries.entry(key)?;
        json["at_s"] = self.entries.times();
        Some(json)
    }

    fn cores(&self) -> Value {
        let numbers = self.points.latest().map(|point| &point.cores[..]).unwrap_or_default();
        let busy = |at: usize| {
            let shares = self.points.iter().map(|point| point.cores.get(at));
            shares.map(|core| core.map_or(Value::Null, |core| share(core.busy))).collect::<Value>()
        };
        let cores = numbers.iter().enumerate();
        cores.map(|(at, core)| json!({ "core": core.core, "busy": busy(at) })).collect()
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").field("step", &self.points.step()).finish_non_exhaustive()
    }
}

/// Returns requests and failures per second since these counts.
fn rates(row: &Row, (requests, failures): (u64, u64), passed: Duration) -> Rates {
    let per_second =
        |now: u64, before: u64| now.saturating_sub(before) as f64 / passed.as_secs_f64();
    Rates {
        requests: per_second(row.requests, requests),
        failures: per_second(row.failures, failures),
    }
}

/// Returns milliseconds with the digits of files.
fn time(time: Option<Duration>) -> Value {
    time.map_or(Value::Null, |time| file_ms(time).parse::<f64>().map_or(Value::Null, whole))
}

/// Rounds to two decimals: more would be noise, and there are thousands of numbers.
fn number(value: f64) -> Value {
    whole((value * 100.0).round() / 100.0)
}

/// Rounds times since the start to three decimals.
fn seconds(value: f64) -> Value {
    whole((value * 1000.0).round() / 1000.0)
}

fn share(value: f32) -> Value {
    whole((f64::from(value) * 1000.0).round() / 1000.0)
}

/// Writes a whole number without `.0`, which is shorter and the same in JSON.
fn whole(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}

#[cfg(test)]
mod tests;
