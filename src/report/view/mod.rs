//! A run at an instant, as JSON with everything that the web page and the HTML report show.
//!
//! The page gets one each second, the HTML report contains the last one. What is also in the [JSON
//! file](super::json) has the same key and follows the rules there. Times are not rounded here, because
//! they must be rounded only once, where they are shown.
//!
//! | key | what |
//! |---|---|
//! | `schema` | [`SCHEMA`] |
//! | `facts` | what the run is; see [`Facts`] |
//! | `state`, `run` | see [`State`]; the number of the run in this process, from 1 |
//! | `started_at` | as in the JSON file; `null` before the first run |
//! | `elapsed_s`, `counted_from_s` | as there, so far |
//! | `ending` | why the run is over, as a part of a sentence; `null` before its end, and where no user was left |
//! | `users`, `asked`, `classes` | running users; `{"users": n}` that the load was to have when they were counted, `{"rate": n}` now, or `null`; `name` and `running` of each class |
//! | `target` | what the load goes to: `{"users": n, "spawn_rate": n}` by an order or a plain ramp, `{"rate": n}` by an order, or `null`, as of a shape |
//! | `entries`, `total`, `more_entries` | rows, at most 500, and how many were left out; a row is described in [`mod@self::row`] |
//! | `failures`, `more_failures` | as in the JSON file, at most 500, and how many were left out |
//! | `exceptions`, `malformed_lines`, `commands`, `open_load` | as in the JSON file |
//! | `checks` | `method`, `name`, `check`, `failed`, `judged` of every declared check |
//! | `tasks` | the shares of classes and tasks, in Locust's shape |
//! | `generator` | as in the JSON file; `null` before the first run |
//! | `verdict` | `level` and `text`, `good`, `doubtful`, `broken` or `none` |
//! | `spectrum` | pairs of a share of all requests and the milliseconds that they took at most |

mod checks;
mod facts;
pub mod row;
mod tasks;

use serde_json::{Value, json};

pub use facts::Facts;
pub use tasks::tasks;

use super::broken;
use super::columns::exact;
use super::history::History;
use super::json::SCHEMA;
use super::json::entry::epoch;
use super::json::run::{commands, exceptions, failures, generator, malformed_lines, open_load};
use super::warnings::{Warning, warnings};
use crate::stats::{Breach, Change, Snapshot, UserCount};
pub use crate::workload::Workload;

/// The most rows of statistics, and of failures, as on Locust's page.
pub(crate) const ROWS_MAX: usize = 500;

/// The state of a run, in Locust's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum State {
    /// No run has started.
    #[default]
    Ready,
    /// Users are still starting.
    Spawning,
    /// All users that were asked for are running.
    Running,
    /// The run was stopped, and users finish their tasks.
    Stopping,
    /// The run has ended.
    Stopped,
}

impl State {
    /// Returns Locust's word for it.
    pub fn word(self) -> &'static str {
        match self {
            State::Ready => "ready",
            State::Spawning => "spawning",
            State::Running => "running",
            State::Stopping => "stopping",
            State::Stopped => "stopped",
        }
    }

    /// Returns whether there is a run that has not ended.
    pub fn is_active(self) -> bool {
        matches!(self, State::Spawning | State::Running | State::Stopping)
    }
}

/// A run at an instant.
#[derive(Debug, Clone, Copy)]
pub struct View<'v> {
    /// The facts of the run.
    pub facts: &'v Facts,
    /// Its classes, tasks and checks.
    pub workload: &'v Workload,
    /// Its state.
    pub state: State,
    /// The number of the run in this process, from 1; 0 before the first.
    pub run: u64,
    /// Its statistics; `None` before its start.
    pub snapshot: Option<&'v Snapshot>,
    /// Its history.
    pub history: Option<&'v History>,
    /// The target of its load, while it lasts.
    pub target: Option<Change>,
}

impl View<'_> {
    /// Returns the object described above.
    pub fn json(&self) -> Value {
        let reasons = self.snapshot.map(warnings).unwrap_or_default();
        let requests = self.snapshot.map_or(0, |snapshot| snapshot.total.requests);
        let broken = self.snapshot.and_then(|snapshot| snapshot.broken.as_ref());
        let (level, text) = verdict(reasons.len(), requests, broken);
        let mut view = json!({
            "schema": SCHEMA,
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
            "elapsed_s": snapshot.elapsed.as_secs_f64(),
            "counted_from_s": snapshot.since.as_secs_f64(),
            "ending": snapshot.ending.map(|ending| ending.to_string()),
            "users": snapshot.user_count(),
            "asked": self.asked(snapshot),
            "target": self.target.map(target),
            "classes": classes.map(|class| json!({ "name": class.class, "running": class.running })).collect::<Value>(),
            "entries": rows.collect::<Value>(),
            "total": row::row(&snapshot.total, self.history.and_then(History::latest_rates)),
            "more_entries": snapshot.entries.len().saturating_sub(ROWS_MAX),
            "failures": failures(snapshot, ROWS_MAX),
            "more_failures": snapshot.failures.len().saturating_sub(ROWS_MAX),
            "exceptions": exceptions(snapshot),
            "malformed_lines": malformed_lines(snapshot),
            "checks": checks::checks(self.workload, snapshot),
            "tasks": tasks(self.workload, self.users(snapshot)),
            "generator": generator(snapshot, reasons),
            "commands": commands(snapshot),
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

    /// Returns the users by class or, when they have ended, the last ones.
    fn users<'s>(&'s self, snapshot: &'s Snapshot) -> &'s [UserCount] {
        match self.history {
            Some(history) if snapshot.user_count() == 0 => history.latest_users(),
            _ => &snapshot.users,
        }
    }

    /// Returns the same keys without data, so that readers need not treat this case differently.
    fn before_the_run(&self) -> Value {
        let classes = self.workload.classes.iter().map(|class| class.name.clone()).collect();
        let mut view = self.of_snapshot(&Snapshot::before_the_run(classes), &[]);
        view["started_at"] = Value::Null;
        view["generator"] = Value::Null;
        view["checks"] = json!([]);
        view
    }
}

/// Returns whether a run's numbers are to be trusted: `broken` if a threshold was broken, `doubtful` if
/// there is a reason to doubt them, `none` without a request, else `good`; with a text.
pub(crate) fn verdict(
    reasons: usize,
    requests: u64,
    broken: Option<&Breach>,
) -> (&'static str, String) {
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

#[cfg(test)]
mod tests;
