use std::time::Duration;

use super::*;
use crate::report::samples::{breach, core, failure, row, snapshot};
use crate::scenario::{Scenario, Step, User};
use crate::session::{json_exists, status};
use crate::stats::{Standstill, StandstillRow};

const MS: Duration = Duration::from_millis(1);

fn workload() -> Workload {
    let step = Step::get("/").check(status(200)).check(json_exists("/a"));
    Scenario::new("http://127.0.0.1:1").user(User::new("shopper").task(step)).workload()
}

fn view(snapshot: Option<&Snapshot>) -> Value {
    let (facts, workload) = (Facts { seed: u64::MAX, ..Facts::default() }, workload());
    let mut history = History::new(Box::new(|_| Some(5.0)));
    snapshot.into_iter().for_each(|snapshot| history.add(snapshot));
    let view = View {
        facts: &facts,
        workload: &workload,
        state: State::Running,
        run: 2,
        snapshot,
        history: Some(&history),
        target: Some(Change::Users { users: 9, spawn_rate: 2.5 }),
    };
    view.json()
}

#[test]
fn before_a_run_the_same_keys_are_there() {
    let keys = |view: &Value| {
        let mut keys: Vec<_> = view.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    let run = snapshot(vec![row("GET", "/", 20, 40 * MS)], 40 * MS);
    let (before, after) = (view(None), view(Some(&run)));
    assert_eq!(keys(&before), keys(&after));
    assert_eq!(before["verdict"]["level"], "none");
    assert_eq!(
        (&before["total"]["name"], &before["total"]["num_requests"]),
        (&json!("Aggregated"), &json!(0))
    );
    assert_eq!(before["facts"]["seed"], u64::MAX.to_string());
}

#[test]
fn rows_checks_and_failures_are_told_with_their_numbers() {
    let mut run = snapshot(vec![row("GET", "/", 20, 40 * MS)], 40 * MS);
    run.failures.push(failure("Got 500 instead of 200"));
    run.failures.push(failure("Invalid JSON"));
    run.failures.push(failure("connection refused"));
    run.quantiles = vec![(0.0, MS), (1.0, 40 * MS)];
    run.malformed_lines.push(("x-bad[1]".to_owned(), 7));
    let view = view(Some(&run));
    assert_eq!(view["malformed_lines"], json!([{ "name": "x-bad[1]", "count": 7 }]));
    let entry = &view["entries"][0];
    assert_eq!(
        (&entry["median_response_time"], &entry["avg_response_time"], &entry["num_requests"]),
        (&json!(40.0), &json!(40.0), &json!(20))
    );
    assert_eq!(
        (&entry["percentiles"]["99.9%"], &entry["current_rps"]),
        (&json!(40.0), &json!(2.0))
    );
    assert_eq!(view["total"]["name"], "Aggregated");
    assert_eq!((&view["asked"], &view["users"]), (&json!({ "users": 5 }), &json!(3)));
    assert_eq!(view["target"], json!({ "users": 9, "spawn_rate": 2.5 }));
    assert_eq!(view["spectrum"], json!([[0.0, 1.0], [1.0, 40.0]]));
    assert_eq!(view["failures"][0]["first_seen"], 1_790_000_001.0);
    let check = |at: usize| {
        let check = &view["checks"][at];
        (check["check"].as_str().unwrap(), check["failed"].as_u64(), check["judged"].as_u64())
    };
    assert_eq!(check(0), ("status is 200", Some(2), Some(20)));
    assert_eq!(check(1), ("JSON has a value at /a", Some(2), Some(20)));
}

#[test]
fn rows_beyond_the_cap_are_counted() {
    let rows: Vec<_> = (0..ROWS_MAX + 7).map(|n| row("GET", &format!("/{n:04}"), 1, MS)).collect();
    let view = view(Some(&snapshot(rows, MS)));
    assert_eq!(view["entries"].as_array().unwrap().len(), ROWS_MAX);
    assert_eq!(view["more_entries"], 7);
}

#[test]
fn the_verdict_says_whether_to_believe_the_numbers() {
    let mut run = snapshot(vec![row("GET", "/", 20, 40 * MS)], 40 * MS);
    assert_eq!(view(Some(&run))["verdict"]["level"], "good");
    run.health.cores.push(core(0, 0.99, 3));
    let doubtful = view(Some(&run));
    assert_eq!(doubtful["verdict"]["text"], "1 reason to doubt these numbers");
    assert_eq!(doubtful["generator"]["warnings"].as_array().unwrap().len(), 1);
    run.broken = Some(breach("p95 > 10ms"));
    let told = "Stopped, because p95 > 10ms was broken: 101 ms of Aggregated from 2.00 s to 12.00 s, \
                worst GET / with 101 ms";
    assert_eq!(view(Some(&run))["verdict"], json!({ "level": "broken", "text": told }));
}

/// As many seconds of an idle machine as it takes: the page is no stricter than the closing tables.
#[test]
fn a_few_late_timers_are_no_reason_to_doubt() {
    let mut run = snapshot(vec![row("GET", "/", 20, 4 * MS)], 4 * MS);
    run.health.lateness = row("", "", 19, 4 * MS).latency;
    assert_eq!(view(Some(&run))["verdict"]["level"], "good");
    run.health.lateness.count = 20;
    assert_eq!(view(Some(&run))["verdict"]["level"], "doubtful");
}

#[test]
fn a_standstill_is_a_warning_and_a_time_that_is_marked() {
    let mut run = snapshot(vec![row("GET", "/", 20, 4 * MS)], 4 * MS);
    run.health.cores = vec![core(3, 0.5, 0)];
    let time = Standstill { from: 3149 * MS, lasting: 2010 * MS, in_task: false };
    run.health.standstills = vec![StandstillRow { cores: vec![3], time }];
    let view = view(Some(&run));
    let what = "core 3 stood still for 2.0 s";
    assert_eq!(
        view["generator"]["standstills"],
        json!([{ "at_s": 3.149, "lasting_s": 2.01, "cores": [3], "what": what }])
    );
    assert!(
        view["generator"]["warnings"][0]
            .as_str()
            .unwrap()
            .starts_with(&format!("{what} from 3.1 s on"))
    );
}
