//! The whole run as one JSON object.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::SCHEMA;
use super::entry::{Entries, distribution, entry, epoch};
use crate::report::broken;
use crate::report::columns::exact;
use crate::report::warnings::{StandstillNote, Warning, standstills, warnings};
use crate::stats::{
    AndersonDarling, CoreHealth, Counts, Example, FailureRow, GeneratorHealth, LimitsHit, OpenLoad,
    Snapshot,
};

/// A run that has ended.
pub(super) struct Run<'s> {
    pub(super) snapshot: &'s Snapshot,
    pub(super) seed: u64,
}

impl Serialize for Run<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Run { snapshot, seed } = self;
        let Counts { cancelled, retries, redirects, challenges, without_expect, .. } =
            snapshot.total.counts;
        let mut run = serializer.serialize_map(None)?;
        run.serialize_entry("schema", &SCHEMA)?;
        run.serialize_entry("version", env!("CARGO_PKG_VERSION"))?;
        run.serialize_entry("seed", seed)?;
        run.serialize_entry("started_at", &epoch(snapshot.started_at))?;
        run.serialize_entry("elapsed_s", &snapshot.elapsed.as_secs_f64())?;
        run.serialize_entry("counted_from_s", &snapshot.since.as_secs_f64())?;
        run.serialize_entry("entries", &Entries(snapshot))?;
        run.serialize_entry("total", &entry(&snapshot.total, snapshot))?;
        run.serialize_entry("failures", &failures(snapshot, usize::MAX))?;
        run.serialize_entry("exceptions", &exceptions(snapshot))?;
        run.serialize_entry("cancelled", &cancelled)?;
        run.serialize_entry("retries", &retries)?;
        run.serialize_entry("redirects", &redirects)?;
        run.serialize_entry("challenges", &challenges)?;
        run.serialize_entry("without_expect", &without_expect)?;
        run.serialize_entry("malformed_lines", &malformed_lines(snapshot))?;
        run.serialize_entry("commands", &commands(snapshot))?;
        run.serialize_entry("broken", &broken::json(snapshot.broken.as_ref()))?;
        run.serialize_entry("open_load", &snapshot.open_load.as_ref().map(open_load))?;
        run.serialize_entry("generator", &generator(snapshot, &warnings(snapshot)))?;
        run.end()
    }
}

/// Returns at most `most` failures, with the names of Locust's web page.
pub(in crate::report) fn failures(snapshot: &Snapshot, most: usize) -> Value {
    let failure = |row: &FailureRow| {
        json!({
            "method": row.key.method,
            "name": row.key.name,
            "error": row.message,
            "occurrences": row.occurrences,
            "first_seen": epoch(snapshot.started_at + row.first_seen),
            "last_seen": epoch(snapshot.started_at + row.last_seen),
            "example": row.example.as_ref().map(example),
        })
    };
    snapshot.failures.iter().take(most).map(failure).collect()
}

fn example(example: &Example) -> Value {
    let Example { core, request, at, status, body } = example;
    json!({
        "core": core,
        "request": request,
        "at_s": at.as_secs_f64(),
        "status": status,
        "body": body,
    })
}

pub(in crate::report) fn exceptions(snapshot: &Snapshot) -> Value {
    let rows = snapshot.exceptions.iter();
    rows.map(|row| json!({ "count": row.count, "msg": row.message, "traceback": row.traceback }))
        .collect()
}

pub(in crate::report) fn malformed_lines(snapshot: &Snapshot) -> Value {
    let lines = snapshot.malformed_lines.iter();
    lines.map(|(name, count)| json!({ "name": name, "count": count })).collect()
}

/// Returns the commands during the run.
pub(in crate::report) fn commands(snapshot: &Snapshot) -> Value {
    let commands = snapshot.commands.iter();
    commands
        .map(|command| json!({ "at_s": command.at.as_secs_f64(), "what": command.what }))
        .collect()
}

pub(in crate::report) fn open_load(load: &OpenLoad) -> Value {
    let test = load.anderson_darling.as_ref().map(|test| {
        json!({
            "statistic": test.statistic,
            "limit": AndersonDarling::LIMIT,
            "sample": test.sample,
            "holds": test.holds(),
        })
    });
    json!({
        "asked": load.asked,
        "due": load.due,
        "started": load.started,
        "delayed": load.delayed,
        "backlog": load.backlog,
        "backlog_peak": load.backlog_peak,
        "lateness": distribution(&load.lateness),
        "gap_errors": distribution(&load.gap_errors),
        "anderson_darling": test,
    })
}

/// Returns a standstill of cores.
fn standstill(told: &StandstillNote) -> Value {
    let time = told.what.time;
    json!({
        "at_s": time.from.as_secs_f64(),
        "lasting_s": time.lasting.as_secs_f64(),
        "cores": told.what.cores,
        "what": told.to_string(),
    })
}

/// Returns the health of the generator, with these reasons to doubt its numbers.
pub(in crate::report) fn generator(snapshot: &Snapshot, warnings: &[Warning]) -> Value {
    let health = &snapshot.health;
    let cost = &health.request_cost;
    json!({
        "cores": health.cores.iter().map(core).collect::<Value>(),
        "backend": health.backend,
        "lateness": distribution(&health.lateness),
        "request_cpu_s": {
            "user": cost.cpu.user.as_secs_f64(),
            "system": cost.cpu.system.as_secs_f64(),
            "requests": cost.requests,
        },
        "limits": limits(health),
        "standstills": standstills(health).map(|told| standstill(&told)).collect::<Value>(),
        "warnings": warnings.iter().map(ToString::to_string).collect::<Value>(),
    })
}

/// Returns how often each limit was hit.
fn limits(health: &GeneratorHealth) -> Value {
    let LimitsHit { ports, files, slow_connects, unchecked_servers, look_ups } = health.limits;
    json!({
        "ports": ports,
        "files": files,
        "slow_connects": slow_connects,
        "unchecked_servers": unchecked_servers,
        "look_ups": look_ups,
        "accept_queue": health.accept_queue_overflows,
    })
}

/// Returns a core's figures, over the whole run and in its latest second.
fn core(core: &CoreHealth) -> Value {
    json!({
        "core": core.core,
        "busy": core.busy,
        "latest_busy": core.latest_busy,
        "busiest_second": core.busiest_second,
        "saturated_seconds": core.saturated_seconds,
        "user_s": core.work.cpu.user.as_secs_f64(),
        "system_s": core.work.cpu.system.as_secs_f64(),
        "turns": core.work.turns,
        "busy_turns": core.work.busy_turns,
        "completions": core.work.completions,
        "kept_waiting_s": core.work.kept_waiting.as_secs_f64(),
        "longest_turn_ms": exact(core.work.longest_turn),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::report::json::{render_list, render_run};
    use crate::report::samples::{core, failure, figures, row, snapshot};
    use crate::stats::{Command, Distribution, ExceptionRow, Standstill, StandstillRow};

    const MS: Duration = Duration::from_millis(1);

    fn read(text: &[u8]) -> Value {
        serde_json::from_slice(text).expect("what is written is JSON")
    }

    #[test]
    fn the_object_has_everything_that_the_tables_tell() {
        let mut run = snapshot(vec![row("GET", "/", 20, 40 * MS), row("GET", "/b", 1, MS)], MS);
        run.since = Duration::from_secs(2);
        let example = Example {
            core: 6,
            request: 17,
            at: 1250 * MS,
            status: Some(500),
            body: Some("oh no\n".to_owned()),
        };
        run.failures.push(FailureRow { example: Some(example), ..failure("status was 500") });
        run.exceptions.push(ExceptionRow {
            count: 2,
            message: "boom \"at\" /".to_owned(),
            traceback: "shopper\nsrc/shop.rs:12".to_owned(),
        });
        run.total.counts = Counts {
            cancelled: 1,
            retries: 2,
            redirects: 3,
            challenges: 4,
            without_expect: 5,
            ..Counts::default()
        };
        run.malformed_lines.push(("x-bad[1]".to_owned(), 6));
        run.commands.push(Command { at: 1500 * MS, what: "stop".to_owned() });
        run.health.cores.push(core(6, 0.95, 2));
        run.health.backend = "io_uring".to_owned();
        run.health.limits.ports = 7;
        let time = Standstill { from: 3149 * MS, lasting: 2010 * MS, in_task: false };
        run.health.standstills.push(StandstillRow { cores: vec![6], time });
        let text = render_run(&run, u64::MAX);
        let mut object = read(&text);
        assert!(text.starts_with(b"{\n    \"schema\": 2,\n") && text.ends_with(b"\n}\n"));
        assert_eq!(object["entries"], read(&render_list(&run)));
        assert_eq!(object["total"]["name"], "Aggregated");
        assert_eq!(object["total"]["num_requests"], 21);
        let warnings = object["generator"]["warnings"].take();
        let warnings = warnings.as_array().expect("a list").iter().map(|one| one.as_str().unwrap());
        assert!(warnings.clone().any(|one| one.starts_with("core 6 was more than 90% busy")));
        assert!(warnings.clone().any(|one| one.starts_with("7 requests failed for want of")));
        let keys = ["entries", "total"];
        keys.into_iter().for_each(|key| drop(object[key].take()));
        let expected = json!({
            "schema": 2,
            "version": env!("CARGO_PKG_VERSION"),
            "seed": u64::MAX,
            "started_at": 1_790_000_000.0,
            "elapsed_s": 10.0,
            "counted_from_s": 2.0,
            "entries": null,
            "total": null,
            "failures": [{
                "method": "GET",
                "name": "/",
                "error": "status was 500",
                "occurrences": 2,
                "first_seen": 1_790_000_001.0,
                "last_seen": 1_790_000_003.0,
                "example": {
                    "core": 6, "request": 17, "at_s": 1.25, "status": 500, "body": "oh no\n",
                },
            }],
            "exceptions": [
                { "count": 2, "msg": "boom \"at\" /", "traceback": "shopper\nsrc/shop.rs:12" },
            ],
            "cancelled": 1,
            "retries": 2,
            "redirects": 3,
            "challenges": 4,
            "without_expect": 5,
            "malformed_lines": [{ "name": "x-bad[1]", "count": 6 }],
            "commands": [{ "at_s": 1.5, "what": "stop" }],
            "broken": null,
            "open_load": null,
            "generator": {
                "cores": [{
                    "core": 6,
                    "busy": 0.475,
                    "latest_busy": 0.475,
                    "busiest_second": 0.95,
                    "saturated_seconds": 2,
                    "user_s": 1.0,
                    "system_s": 3.0,
                    "turns": 900,
                    "busy_turns": 200,
                    "completions": 700,
                    "kept_waiting_s": 0.0,
                    "longest_turn_ms": 1.0,
                }],
                "backend": "io_uring",
                "lateness": null,
                "request_cpu_s": { "user": 0.0, "system": 0.0, "requests": 0 },
                "limits": {
                    "ports": 7, "files": 0, "slow_connects": 0, "unchecked_servers": 0,
                    "look_ups": 0, "accept_queue": 0,
                },
                "standstills": [
                    { "at_s": 3.149, "lasting_s": 2.01, "cores": [6], "what": "core 6 stood still for 2.0 s" },
                ],
                "warnings": null,
            },
        });
        assert_eq!(format!("{object:#}"), format!("{expected:#}"));
    }

    #[test]
    fn an_open_load_is_told_with_its_test() {
        let times = Distribution { count: 9, figures: Some(figures(MS / 20)) };
        let load = OpenLoad {
            asked: 10.5,
            due: 10,
            started: 9,
            delayed: 3,
            backlog: 1,
            backlog_peak: 2,
            lateness: times,
            gap_errors: Distribution::default(),
            anderson_darling: Some(AndersonDarling { statistic: 0.5, sample: 8 }),
        };
        let load = open_load(&load);
        assert_eq!(load["lateness"]["percentiles"]["99%"], 0.05);
        assert_eq!((&load["gap_errors"], &load["backlog"]), (&Value::Null, &json!(1)));
        assert_eq!(load["anderson_darling"]["holds"], true);
        assert_eq!(load["anderson_darling"]["limit"], AndersonDarling::LIMIT);
    }

    #[test]
    fn a_run_without_requests_is_an_empty_list() {
        assert_eq!(render_list(&snapshot(Vec::new(), MS)), b"[]\n");
    }
}
