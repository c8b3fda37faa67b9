//! The responses of Locust's web routes, so that scrapers, dashboards and scripts written for Locust
//! work here too.
//!
//! | route | response |
//! |---|---|
//! | `POST /swarm` | [`swarm()`], then [`started`] or [`refused`]: 200 in both cases, as Locust has it |
//! | `/stop` | [`stopped`] |
//! | `/stats/reset` | the text `ok`; before a run, and while one stops, nothing is changed |
//! | `GET /stats/requests` | [`stats_requests`] |
//! | `GET /stats/requests/csv`, `/stats/failures/csv`, `/exceptions/csv` | the tables of [`report::csv`](crate::report::csv), named by [`Download`] |
//! | `GET /stats/requests_full_history/csv` | the history file, or [`NO_HISTORY`] with 404 |
//! | `GET /stats/report?theme=dark\|light&download=1` | the HTML report |
//! | `GET /exceptions` | [`exceptions`] |
//! | `GET /tasks` | [`tasks`](crate::report::view::tasks()) |
//! | `GET /logs` | [`logs`] |
//! | `GET /worker-count` | [`worker_count`]: there are no workers |
//! | `POST /user` | `{}` with 201; the change of the class holds from the next run on |
//!
//! Up to Locust 2.46 `/stop` and `/stats/reset` are GET, from 2.47 on they are POST.
//!
//! These are pure functions. Keys are sorted by name, as Locust's framework sends them.
//! `tests/golden/web.json` has the responses of a real Locust.

mod download;
mod requests;
mod swarm;

use serde_json::{Value, json};

pub use download::Download;
pub use requests::stats_requests;
pub use swarm::{Refusal, has_numbers, refused, started, swarm};

use crate::stats::{ExceptionRow, Snapshot};

/// The content type of the CSV routes, without a charset, as Locust sends it.
pub const CSV: &str = "text/csv";

/// The response of `/stats/requests_full_history/csv` without a history file, with status 404.
pub const NO_HISTORY: &str = "Error: Server was not started with option to generate full history.";

/// The most lines that `/logs` shows, as in Locust.
pub const LOG_LINES_MAX: usize = 500;

/// Makes the response of `/exceptions`. There is one node, `local`.
pub fn exceptions(snapshot: Option<&Snapshot>) -> Value {
    let exception = |row: &ExceptionRow| {
        json!({
            "count": row.count,
            "msg": row.message,
            "nodes": "local",
            "traceback": row.traceback,
        })
    };
    let rows = snapshot.map_or(&[][..], |snapshot| &snapshot.exceptions);
    json!({ "exceptions": rows.iter().map(exception).collect::<Value>() })
}

/// Makes the response of `/logs`: the latest of these lines, oldest first.
pub fn logs<L: AsRef<str>>(lines: &[L]) -> Value {
    let latest = &lines[lines.len().saturating_sub(LOG_LINES_MAX)..];
    json!({ "master": latest.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), "workers": {} })
}

/// Makes the response of `/stop`, which is sent when the run has ended.
pub fn stopped() -> Value {
    json!({ "message": "Test stopped", "success": true })
}

/// Makes the response of `/worker-count`.
pub fn worker_count() -> Value {
    json!({ "worker_count": 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_the_latest_lines() {
        let lines: Vec<String> = (0..LOG_LINES_MAX + 2).map(|n| n.to_string()).collect();
        let logs = logs(&lines);
        let shown = logs["master"].as_array().unwrap();
        assert_eq!((shown.len(), &shown[0]), (LOG_LINES_MAX, &json!("2")));
        assert_eq!(shown.last().unwrap(), &json!((LOG_LINES_MAX + 1).to_string()));
    }

    #[test]
    fn without_a_run_there_is_no_exception() {
        assert_eq!(exceptions(None), json!({ "exceptions": [] }));
    }
}
