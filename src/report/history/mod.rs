//! The run second by second, for charts.
//!
//! Kept thinned, so that neither memory nor a report grows with the length of a run: when there are
//! 600 points, neighbours become one and from then on each stands for twice the time. A
//! rate is then the mean of that time, and a time of the latest two the longer: thinning may widen a
//! peak but never hides one. Users, and what was asked, are those at the end of that time.
//!
//! Rates are those of each second alone, unlike the ten seconds of the tables. Percentiles are of the
//! last ten seconds, because few servers answer often enough for a second to have a tail.

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

/// The most points of the whole run: a second each for ten minutes.
const POINTS_MAX: usize = 600;
/// The most points of an entry, of which there may be a thousand.
const ENTRY_POINTS_MAX: usize = 150;
/// What is shorter says nothing about a second.
const SECOND_MIN: Duration = Duration::from_millis(500);
/// The most marks in a chart; those beyond could not be told apart.
const MARKS_MAX: usize = 100;

/// How many iterations per second an open load was to have this long after its start; nothing of
/// another load.
pub type AskedRate = Box<dyn FnMut(Duration) -> Option<f64> + Send>;

/// A run in its course.
pub struct History {
    asked_rate: AskedRate,
    points: Thinned<Point>,
    entries: EntrySeries,
    marks: Vec<Command>,
    standstills: Vec<StandstillRow>,
    /// Those who ran last, by class.
    users: Vec<UserCount>,
    /// What the latest point counts from.
    before: Before,
    /// A point may stand for more than the latest second.
    latest: Option<Point>,
}

/// What had been counted when the latest point was made.
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
    /// Nothing yet, of a run whose load is to be this rate, if it is one.
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

    /// Adds what has happened since the snapshot before. Ignores one of the same instant.
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
        // The rest of a second at the end of a run: few requests in little time are no rate to show.
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
            // Who was wanted is told by who counted the users, at the same instant.
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

    /// Running users by class when there were some last.
    pub fn latest_users(&self) -> &[UserCount] {
        &self.users
    }

    /// The latest second as a point: `at_s`, `users`, `asked`, `rps`, `fps`, `percentiles`, `cores` (busy shares),
    /// `lateness_ms`, `completions_per_turn`, `stood_still_ms`; nothing before the first second is over.
    pub fn latest(&self) -> Option<Value> {
        let point = self.latest.as_ref()?;
        let mut json = point.json();
        json["stood_still_ms"] = self.stood_still(point);
        Some(json)
    }

    /// For how many milliseconds of a point's time a core stood still. Known when it is over, which
    /// may be after the point was made.
    fn stood_still(&self, point: &Point) -> Value {
        // Those of different cores may overlap, and are in the order of their beginnings.
        let (mut lost, mut reached) = (0.0, point.end - point.lasting);
        for one in &self.standstills {
            let (from, to) = (one.time.from.as_secs_f64(), one.time.to().as_secs_f64());
            let to = to.min(point.end);
            lost += (to - from.max(reached)).max(0.0);
            reached = to.max(reached);
        }
        number(1e3 * lost)
    }

    /// What the rate or the number of users was to be at the latest instant.
    pub fn asked(&self) -> Option<f64> {
        self.latest.as_ref()?.asked
    }

    /// Rates of the latest second.
    pub fn latest_rates(&self) -> Option<Rates> {
        self.latest.as_ref().map(|point| point.rates)
    }

    /// Rates of the latest second of an entry.
    pub fn latest_of(&self, key: &EntryKey) -> Rates {
        self.entries.latest_of(key)
    }

    /// All points, a list for each figure; those of the entries as well where asked for.
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

    /// The points of one entry; `None` where there is none of that name.
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

/// Requests and failures per second of the time that passed since so many were counted.
fn rates(row: &Row, (requests, failures): (u64, u64), passed: Duration) -> Rates {
    let per_second =
        |now: u64, before: u64| now.saturating_sub(before) as f64 / passed.as_secs_f64();
    Rates {
        requests: per_second(row.requests, requests),
        failures: per_second(row.failures, failures),
    }
}

/// Milliseconds as the files have them.
fn time(time: Option<Duration>) -> Value {
    time.map_or(Value::Null, |time| file_ms(time).parse::<f64>().map_or(Value::Null, whole))
}

/// With two decimals: more are noise, and there are thousands of them.
fn number(value: f64) -> Value {
    whole((value * 100.0).round() / 100.0)
}

/// With three, for times since the start.
fn seconds(value: f64) -> Value {
    whole((value * 1000.0).round() / 1000.0)
}

fn share(value: f32) -> Value {
    whole((f64::from(value) * 1000.0).round() / 1000.0)
}

/// A whole number without `.0`, which a reader of JSON takes for the same and which is shorter.
fn whole(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}

#[cfg(test)]
mod tests;
