//! Compares the responses of our routes with those of Locust's page. A real Locust has written
//! `tests/golden/web.json` in `scripts/locust_golden.py`. Its run is rebuilt here as a snapshot.

use std::time::{Duration, UNIX_EPOCH};

use form_urlencoded::Serializer;
use gregaria::report::view::tasks;
use gregaria::scenario::{Scenario, Task, User};
use gregaria::stats::{Snapshot, UserCount};
use gregaria::web::locust::{
    self, CSV, Download, NO_HISTORY, exceptions, has_numbers, logs, refused, started,
    stats_requests, stopped, worker_count,
};
use serde_json::{Value, json};

use crate::csv::{self, SECONDS, golden, steady};

/// The key that our `/stats/requests` has besides Locust's, for clients of older versions of Locust.
const OLDER: &str = "total_avg_response_time";

/// Returns the requests to Locust and its responses, in order.
fn exchanges() -> Vec<Value> {
    serde_json::from_str(&golden("web.json")).unwrap()
}

/// Returns the responses to one request: before the run, and during it if there is a second one.
fn answers(path: &str) -> Vec<Value> {
    let of_path = exchanges().into_iter().filter(|exchange| exchange["path"] == path);
    let answers: Vec<Value> = of_path.collect();
    assert!(!answers.is_empty(), "Locust was not asked for {path}");
    answers
}

fn body(path: &str, at: usize) -> Value {
    answers(path)[at]["body"].clone()
}

fn steady_run() -> Snapshot {
    csv::snapshot(&steady(), SECONDS, &csv::exceptions())
}

/// Compares two responses: the same keys in the same order, the same texts, and equal numbers.
#[track_caller]
fn check_same(ours: &Value, locusts: &Value, at: &str) {
    match (ours, locusts) {
        (Value::Object(ours), Value::Object(locusts)) => {
            let keys = |object: &serde_json::Map<String, Value>| object.keys().cloned().collect();
            let (our_keys, locust_keys): (Vec<_>, Vec<_>) = (keys(ours), keys(locusts));
            assert_eq!(our_keys, locust_keys, "at {at}");
            for (key, value) in ours {
                check_same(value, &locusts[key], &format!("{at}.{key}"));
            }
        }
        (Value::Array(ours), Value::Array(locusts)) => {
            assert_eq!(ours.len(), locusts.len(), "at {at}");
            for (n, (ours, locusts)) in ours.iter().zip(locusts).enumerate() {
                check_same(ours, locusts, &format!("{at}[{n}]"));
            }
        }
        (Value::Number(ours), Value::Number(locusts)) => {
            // As exactly as the file is read.
            let off = ours.as_f64().unwrap() - locusts.as_f64().unwrap();
            assert!(off.abs() < 1e-9, "{ours} is not {locusts} at {at}");
            // Locust's counts are always integers, and clients may expect the type.
            let counts = ["num_", "occurrences", "user_count", "count", "percentile", "median"];
            let counted = counts.iter().any(|word| at.rsplit('.').next().unwrap().contains(word));
            assert!(!counted || locusts.is_f64() || ours.is_u64(), "{ours} at {at}");
        }
        _ => assert_eq!(ours, locusts, "at {at}"),
    }
}

#[test]
fn stats_are_locusts_key_by_key() {
    let run = steady_run();
    for (at, snapshot, state, mean) in [(0, None, "ready", 0.0), (1, Some(&run), "running", 100.0)]
    {
        let mut ours = stats_requests(snapshot, state);
        let older = ours.as_object_mut().unwrap().shift_remove(OLDER).unwrap();
        assert_eq!(older.as_f64(), Some(mean));
        check_same(&ours, &body("/stats/requests", at), state);
    }
}

#[test]
fn exceptions_are_locusts() {
    check_same(&exceptions(None), &body("/exceptions", 0), "before");
    check_same(&exceptions(Some(&steady_run())), &body("/exceptions", 1), "running");
}

#[test]
fn tasks_are_locusts() {
    let task = |name: &str, weight| Task::steps(name, Vec::new()).weight(weight);
    let scenario = Scenario::default()
        .user(User::new("reader").task(task("home", 3)).task(task("list", 1)))
        .user(User::new("writer").task(task("save", 1)));
    let running: [&[UserCount]; 2] = [&[], &steady_run().users];
    for (at, users) in running.into_iter().enumerate() {
        check_same(&tasks(&scenario.workload(), users), &body("/tasks", at), "tasks");
    }
}

#[test]
fn what_says_little_is_locusts_too() {
    let lines = ["[2026-09-21 14:13:20,000] host/INFO/locust.main: Starting Locust"];
    assert_eq!(logs(&lines), body("/logs", 0));
    assert_eq!(worker_count(), body("/worker-count", 0));
    assert_eq!(stopped(), body("/stop", 0));
    let history = &answers("/stats/requests_full_history/csv")[0];
    assert_eq!((&history["status"], &history["body"]), (&json!(404), &json!(NO_HISTORY)));
    assert_eq!(body("/stats/reset", 0), "ok");
}

/// Returns our response to a form, and the host after it.
fn swarm(form: &Value, host: &mut String) -> Value {
    let fields = form.as_object().unwrap().iter();
    let fields = fields.map(|(key, value)| (key, value.as_str().unwrap()));
    let form = Serializer::new(String::new()).extend_pairs(fields).finish();
    let start = locust::swarm(form.as_bytes(), &[], &[]);
    match start.and_then(|start| has_numbers(&start).map(|()| start)) {
        Ok(start) => {
            if let Some(other) = &start.host {
                host.clone_from(other);
            }
            started(&start, Some(host), None)
        }
        Err(refusal) => refused(&refusal.to_string(), Some(host)),
    }
}

#[test]
fn forms_are_followed_and_refused_in_locusts_words() {
    let mut host = "http://127.0.0.1:1".to_owned();
    let asked = answers("/swarm");
    for exchange in &asked {
        let ours = swarm(&exchange["form"], &mut host);
        assert_eq!(ours.to_string(), exchange["body"].to_string(), "{}", exchange["form"]);
        assert_eq!(exchange["status"], 200);
    }
    let followed = asked.iter().filter(|exchange| exchange["body"]["success"] == true);
    assert_eq!((asked.len(), followed.count()), (13, 1));
}

#[test]
fn classes_and_shapes_are_told_in_the_answer() {
    let form = "user_count=1&spawn_rate=1&user_classes=writer&user_classes=reader&run_time=1m30s";
    let start = locust::swarm(form.as_bytes(), &[], &[]).unwrap();
    assert_eq!(
        started(&start, None, None).to_string(),
        r#"{"host":null,"message":"Swarming started","run_time":90,"success":true,"user_classes":["reader","writer"]}"#
    );
    assert_eq!(
        started(&start, None, Some("spike")).to_string(),
        r#"{"host":null,"message":"Swarming started using shape class 'spike'","success":true}"#
    );
}

#[test]
fn downloads_are_called_as_locusts_are() {
    let download = Download {
        started_at: UNIX_EPOCH + Duration::from_secs(1_790_000_000),
        scenario: "scenarios/first.toml",
        host: Some("http://127.0.0.1:5000b"),
    };
    // Ours has the time in this host's time zone, the golden one in UTC.
    let start = "attachment;filename=Locust_";
    let without_time = |disposition: &str| -> String {
        let rest = disposition.strip_prefix(start).expect("Locust's pattern");
        assert_eq!(rest.as_bytes()[16], b'_', "2026-09-21-14h13_: {rest}");
        rest[16..].to_owned()
    };
    let check = |path: &str, ours: String| {
        let answer = &answers(path)[0];
        let locusts = answer["content-disposition"].as_str().unwrap();
        assert_eq!(without_time(&ours), without_time(locusts), "{path}");
        answer["content-type"].clone()
    };
    assert_eq!(check("/stats/requests/csv", download.table("requests")), CSV);
    assert_eq!(check("/stats/failures/csv", download.table("failures")), CSV);
    assert_eq!(check("/exceptions/csv", download.table("exceptions")), CSV);
    assert_eq!(check("/stats/report?download=1", download.report()), "text/html; charset=utf-8");
}
