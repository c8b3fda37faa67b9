//! A run at an instant, with all that the web page and the HTML report show of it, as JSON.
//!
//! The page is sent one each second, the report has the last one in it. Names of keys are Locust's
//! words where it has them. All times are milliseconds, not rounded: whoever shows one rounds it, once.
//! Instants are seconds since the start of the run, but for those of failures.
//!
//! | key | what |
//! |---|---|
//! | `schema` | 1; another number where a key changes its meaning |
//! | `facts` | what the run is; see [`Facts`] |
//! | `state`, `run` | see [`State`]; the number of the run in this process, from 1 |
//! | `started_at` | seconds since 1970; `null` before the first run |
//! | `elapsed`, `since` | length so far; where the counting began |
//! | `ending` | why the run is over, as a part of a sentence; `null` before its end, and where no user was left |
//! | `users`, `asked`, `classes` | running users; `{"users": n}` that the load was to have when they were counted, `{"rate": n}` now, or `null`; `name` and `running` of each class |
//! | `target` | what the load goes to: `{"users": n, "spawn_rate": n}` by an order or a plain ramp, `{"rate": n}` by an order, or `null`, as of a shape |
//! | `stats`, `total`, `more_stats` | rows, at most [`ROWS_MAX`], and how many were left out; a row is described in [`mod@self::row`] |
//! | `failures`, `more_failures` | `method`, `name`, `error`, `occurrences`, `first_seen`, `last_seen` in seconds since 1970, and `example` as in the [JSON file](super::json) |
//! | `exceptions` | `count`, `msg`, `traceback` |
//! | `malformed_lines` | `name` and `count` of header lines that responses were read without |
//! | `checks` | `method`, `name`, `check`, `failed`, `judged` of every declared check |
//! | `tasks` | the shares of classes and tasks, in Locust's shape |
//! | `generator` | `cores`, `lateness`, `request_cpu_us` of one request (`null` where no core made 1,000 in a second), `limits` |
//! | `warnings`, `verdict` | reasons to doubt the numbers; `level` and `text`, see [`verdict`] |
//! | `commands` | `at`, `what` |
//! | `standstills` | when cores did nothing of what was due: `at`, `lasting`, `cores`, `what`; the longest |
//! | `open_load` | as in the [JSON file](super::json) |
//! | `spectrum` | pairs of a share of all requests and the time that they took at most |

mod checks;
mod facts;
pub mod row;
mod tasks;

use std::time::Duration;

use serde_json::{Value, json};

pub use facts::Facts;
pub use tasks::tasks;

use super::broken;
use super::history::History;
use super::json::entry::{distribution, epoch, exact};
use super::json::run::{self, exceptions, failures, limits, malformed_lines, open_load};
use super::warnings::{Told, Warning, standstills, warnings};
use crate::control::Change;
use crate::scenario::Scenario;
use crate::stats::{Breach, CoreHealth, Snapshot, UserCount};

/// The most rows of statistics, and of failures, as on Locust's page.
pub const ROWS_MAX: usize = 500;

/// How far a run has come, in Locust's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// None has been started yet.
    #[default]
    Ready,
    /// Users are still coming.
    Spawning,
    /// All that were asked for are there.
    Running,
    /// It was stopped, and users finish.
    Stopping,
    /// It is over.
    Stopped,
}

impl State {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            State::Ready => "ready",
            State::Spawning => "spawning",
            State::Running => "running",
            State::Stopping => "stopping",
            State::Stopped => "stopped",
        }
    }

    /// Whether there is a run that is not over.
    pub fn is_active(self) -> bool {
        matches!(self, State::Spawning | State::Running | State::Stopping)
    }
}

/// A run, and how it stands.
#[derive(Debug, Clone, Copy)]
pub struct View<'v> {
    /// What the run is.
    pub facts: &'v Facts,
    /// What its users do.
    pub scenario: &'v Scenario,
    /// How far it has come.
    pub state: State,
    /// The number of the run in this process, from 1; 0 before the first.
    pub run: u64,
    /// How it stands; `None` before its first instant.
    pub snapshot: Option<&'v Snapshot>,
    /// Its course.
    pub history: Option<&'v History>,
    /// What its load goes to, while it lasts.
    pub target: Option<Change>,
}

impl View<'_> {
    /// The object described above.
    pub fn json(&self) -> Value {
        let reasons = self.snapshot.map(warnings).unwrap_or_default();
        let requests = self.snapshot.map_or(0, |snapshot| snapshot.total.requests);
        let broken = self.snapshot.and_then(|snapshot| snapshot.broken.as_ref());
        let (level, text) = verdict(reasons.len(), requests, broken);
        let mut view = json!({
            "schema": 1,
            "facts": self.facts.json(),
            "state": self.state.word(),
            "run": self.run,
            "verdict": { "level": level, "text": text },
        });
        let object = view.as_object_mut().expect("it was made as one");
        let shown = match self.snapshot {
            Some(snapshot) => self.of_snapshot(snapshot, &reasons),
            None => self.before_the_run(),
        };
        if let Value::Object(mut shown) = shown {
            object.append(&mut shown);
        }
        view
    }

    fn of_snapshot(&self, snapshot: &Snapshot, reasons: &[Warning]) -> Value {
        let rows = snapshot.entries.iter().take(ROWS_MAX);
        let rows = rows.map(|one| row::row(one, self.history.map(|h| h.latest_of(&one.key))));
        let classes = snapshot.users.iter();
        let spectrum = snapshot.quantiles.iter();
        json!({
            "started_at": epoch(snapshot.started_at),
            "elapsed": seconds(snapshot.elapsed),
            "since": seconds(snapshot.since),
            "ending": snapshot.ending.map(|ending| ending.to_string()),
            "users": snapshot.user_count(),
            "asked": self.asked(snapshot),
            "target": self.target.map(target),
            "classes": classes.map(|class| json!({ "name": class.class, "running": class.running })).collect::<Value>(),
            "stats": rows.collect::<Value>(),
            "total": row::row(&snapshot.total, self.history.and_then(History::latest_rates)),
            "more_stats": snapshot.entries.len().saturating_sub(ROWS_MAX),
            "failures": failures(snapshot, ROWS_MAX),
            "more_failures": snapshot.failures.len().saturating_sub(ROWS_MAX),
            "exceptions": exceptions(snapshot),
            "malformed_lines": malformed_lines(snapshot),
            "checks": checks::checks(self.scenario, snapshot),
            "tasks": tasks(self.scenario, self.users(snapshot)),
            "generator": generator(snapshot),
            "warnings": reasons.iter().map(ToString::to_string).collect::<Value>(),
            "commands": snapshot.commands.iter().map(|command| json!({ "at": seconds(command.at), "what": command.what })).collect::<Value>(),
            "standstills": standstills(&snapshot.health).map(|told| standstill(&told)).collect::<Value>(),
            "open_load": snapshot.open_load.as_ref().map(open_load),
            "spectrum": spectrum.map(|&(share, time)| json!([share, exact(time)])).collect::<Value>(),
        })
    }

    fn asked(&self, snapshot: &Snapshot) -> Value {
        match snapshot.users_wanted {
            Some(users) => json!({ "users": users }),
            None if snapshot.open_load.is_some() => self
                .history
                .and_then(History::asked)
                .map_or(Value::Null, |rate| json!({ "rate": rate })),
            None => Value::Null,
        }
    }

    /// Users by class, and when they are gone, those that there were last.
    fn users<'s>(&'s self, snapshot: &'s Snapshot) -> &'s [UserCount] {
        match self.history {
            Some(history) if snapshot.user_count() == 0 => history.latest_users(),
            _ => &snapshot.users,
        }
    }

    /// The same keys with nothing in them, so that a reader needs no second way.
    fn before_the_run(&self) -> Value {
        let classes = self.scenario.users.iter().map(|user| user.name.clone()).collect();
        let mut view = self.of_snapshot(&Snapshot::before_the_run(classes), &[]);
        view["started_at"] = Value::Null;
        view["generator"] = Value::Null;
        view["checks"] = json!([]);
        view
    }
}

/// Whether a run's numbers are to be believed: `broken` where it broke a level that it was not to, `doubtful` with a reason to doubt them, `none` without a request, else `good`.
pub fn verdict(reasons: usize, requests: u64, broken: Option<&Breach>) -> (&'static str, String) {
    match (broken, reasons, requests) {
        (Some(breach), ..) => ("broken", broken::verdict(breach)),
        (None, 0, 0) => ("none", "No requests yet".to_owned()),
        (None, 0, _) => ("good", "No reason to doubt these numbers".to_owned()),
        (None, 1, _) => ("doubtful", "1 reason to doubt these numbers".to_owned()),
        (None, reasons, _) => ("doubtful", format!("{reasons} reasons to doubt these numbers")),
    }
}

fn target(change: Change) -> Value {
    match change {
        Change::Users { users, spawn_rate } => json!({ "users": users, "spawn_rate": spawn_rate }),
        Change::Rate(rate) => json!({ "rate": rate }),
    }
}

fn generator(snapshot: &Snapshot) -> Value {
    let health = &snapshot.health;
    let micros = |value: f64| (value * 1e3).round() / 1e3;
    let cpu = health.request_cost.each_us();
    let cpu = cpu.map(|(user, system)| json!({ "user": micros(user), "system": micros(system) }));
    json!({
        "cores": health.cores.iter().map(core_now).collect::<Value>(),
        "lateness": distribution(&health.lateness),
        "request_cpu_us": cpu,
        "limits": limits(health),
    })
}

/// A mark in the charts that lasts.
pub(super) fn standstill(told: &Told) -> Value {
    let time = told.what.time;
    json!({
        "at": seconds(time.from),
        "lasting": seconds(time.lasting),
        "cores": told.what.cores,
        "what": told.to_string(),
    })
}

/// A core in the whole run, and in its latest second.
fn core_now(core: &CoreHealth) -> Value {
    let mut now = run::core(core);
    now["latest_busy"] = core.latest_busy.into();
    now
}

/// With three decimals.
fn seconds(time: Duration) -> f64 {
    time.as_millis() as f64 / 1e3
}

#[cfg(test)]
mod tests;
