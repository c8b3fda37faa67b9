//! The description of the web interface has every path, and all that is sent conforms to it.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use gregaria::control::Change;
use gregaria::report::history::History;
use gregaria::report::json::render_run;
use gregaria::report::view::{Facts, State, View};
use gregaria::scenario::{Scenario, Step, User};
use gregaria::session::status;
use gregaria::stats::{
    AndersonDarling, Breach, Command, CoreHealth, CpuTime, Distribution, Example, FullSecond,
    Measured, OpenLoad, RequestCost, Snapshot, Standstill, StandstillRow, Work,
};
use gregaria::web::{StartForm, openapi, paths};
use serde_json::{Map, Value, json};

use crate::csv::{self, SECONDS, steady};

static DESCRIPTION: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(openapi()).expect("the description is JSON"));

/// Checks that a value conforms to the schema of this name, with no other keys.
#[track_caller]
pub(crate) fn check(schema: &str, value: &Value) {
    let schema = &DESCRIPTION["components"]["schemas"][schema];
    assert!(schema.is_object(), "there is no such schema");
    let mut faults = Vec::new();
    compare(schema, value, "", &mut faults);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Compares a value with a schema. It knows the parts of JSON Schema that the description uses.
fn compare(schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = DESCRIPTION.pointer(&reference[1..]);
        return compare(target.expect("a reference leads somewhere"), value, at, faults);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let tried: Vec<Vec<String>> =
            choices.iter().map(|choice| tried(choice, value, at)).collect();
        if tried.iter().filter(|faults| faults.is_empty()).count() != 1 {
            faults.extend(tried.concat());
        }
        return;
    }
    if !has_type(&schema["type"], value) {
        faults.push(format!("{at}: {value} is not {}", schema["type"]));
        return;
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        faults.push(format!("{at}: {value} is not one of {}", schema["enum"]));
    }
    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
        compare(&schema["items"], item, &format!("{at}[{n}]"), faults);
    }
    if let Some(object) = value.as_object() {
        compare_keys(schema, object, at, faults);
    }
}

fn tried(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut faults = Vec::new();
    compare(schema, value, at, &mut faults);
    faults
}

fn compare_keys(schema: &Value, object: &Map<String, Value>, at: &str, faults: &mut Vec<String>) {
    for key in schema["required"].as_array().into_iter().flatten() {
        if !object.contains_key(key.as_str().unwrap()) {
            faults.push(format!("{at}: {key} is missing"));
        }
    }
    for (key, value) in object {
        let known = schema["properties"].get(key).or_else(|| schema.get("additionalProperties"));
        match known.filter(|schema| schema.is_object()) {
            Some(schema) => compare(schema, value, &format!("{at}.{key}"), faults),
            None => faults.push(format!("{at}: {key} is not described")),
        }
    }
}

fn has_type(types: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap_or_default() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    types.as_array().map_or_else(|| types.is_null() || is(types), |types| types.iter().any(is))
}

/// Makes a snapshot with something in every field.
fn full_run() -> Snapshot {
    let mut run = csv::snapshot(&steady(), SECONDS, &csv::exceptions());
    let (second, times) = (Duration::from_secs(1), run.total.latency.clone());
    let cpu = CpuTime { user: second, system: second };
    let work = Work {
        cpu,
        turns: 2,
        busy_turns: 1,
        completions: 3,
        longest_turn: second,
        kept_waiting: second,
    };
    let (busy, saturated_seconds) = (0.5, 1);
    for row in run.entries.iter_mut().chain([&mut run.total]) {
        row.statuses = [(200, 1), (404, 2)].into_iter().collect();
    }
    let example = Example {
        core: 0,
        request: 3,
        at: second,
        status: Some(404),
        body: Some("not here".to_owned()),
    };
    run.failures[0].example = Some(example);
    run.health.cores = vec![CoreHealth {
        core: 0,
        busy,
        latest_busy: busy,
        busiest_second: 1.0,
        saturated_seconds,
        fullest: FullSecond::default(),
        work,
    }];
    run.health.request_cost = RequestCost { cpu, requests: 3 };
    let time = Standstill { from: second, lasting: second, in_task: false };
    run.health.standstills = vec![StandstillRow { cores: vec![0], time }];
    run.health.lateness = times.clone();
    run.health.latest_lateness = times.clone();
    run.commands = vec![Command { at: second, what: "stop".to_owned() }];
    let entry = run.entries[0].key.clone();
    run.broken = Some(Breach {
        level: "p95 > 1ms".to_owned(),
        entry: run.total.key.clone(),
        measured: Measured::Time(second),
        worst: Some((entry, Measured::Time(second))),
        from: second,
        to: second,
        at_end: false,
    });
    run.quantiles = vec![(0.0, second), (1.0, second)];
    run.open_load = Some(OpenLoad {
        asked: 10.5,
        due: 10,
        started: 9,
        delayed: 1,
        backlog: 1,
        backlog_peak: 2,
        lateness: times.clone(),
        gap_errors: times,
        anderson_darling: Some(AndersonDarling { statistic: 1.0, sample: 9 }),
    });
    run
}

fn view(snapshot: Option<&Snapshot>, history: Option<&History>) -> Value {
    let step = Step::get("/hello").check(status(200));
    let user = User::new("reader").task(step);
    let workload = Scenario::new("http://127.0.0.1:1").user(user).workload();
    let facts = Facts { run_time: Some(Duration::from_secs(1)), ..Facts::default() };
    let (state, run) = (snapshot.map_or(State::Ready, |_| State::Running), 1);
    let target = history.map(|_| Change::Users { users: 5, spawn_rate: 1.0 });
    View { facts: &facts, workload: &workload, state, run, snapshot, history, target }.json()
}

#[test]
fn what_is_not_as_described_is_found() {
    let faults = |value: Value| {
        let schema = &DESCRIPTION["components"]["schemas"]["Command"];
        tried(schema, &value, "").join("; ")
    };
    assert_eq!(faults(json!({ "at_s": 1, "what": "stop" })), "");
    assert_eq!(faults(json!({ "at_s": 1 })), ": \"what\" is missing");
    assert_eq!(faults(json!({ "at_s": "1", "what": "" })), ".at_s: \"1\" is not \"number\"");
    assert_eq!(faults(json!({ "at_s": 1, "what": "", "who": 0 })), ": who is not described");
    assert_eq!(tried(&DESCRIPTION["components"]["schemas"]["State"], &json!("x"), "").len(), 1);
    let list = tried(&DESCRIPTION["components"]["schemas"]["Errors"], &json!({"errors": [{}]}), "");
    assert_eq!(list.len(), 2, "{list:?}");
}

#[test]
fn every_path_is_described_and_no_other() {
    let described = DESCRIPTION["paths"].as_object().unwrap();
    let mut described: Vec<(&str, &str)> = described
        .iter()
        .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(|m| (&**m, &**path)))
        .collect();
    described.sort_unstable();
    // Routes with GET have HEAD as well (RFC 9110 section 9.3.2).
    let own = paths().into_iter().filter_map(|(path, methods)| {
        let path = path.strip_prefix("/api/v1")?;
        Some((methods[0].as_str().to_lowercase(), path))
    });
    let own: BTreeSet<(String, &str)> = own.collect();
    let own: Vec<(&str, &str)> = own.iter().map(|(method, path)| (&**method, *path)).collect();
    assert!(own.len() >= 10);
    assert_eq!(described, own);
}

#[test]
fn a_view_is_as_described_before_and_in_a_run() {
    let run = full_run();
    let mut idle = run.clone();
    idle.total.latency = Distribution::default();
    idle.health.lateness = Distribution::default();
    idle.open_load = None;
    let mut history = History::new(Box::new(|_| Some(1.0)));
    history.add(&run);
    for (snapshot, history) in [(None, None), (Some(&idle), None), (Some(&run), Some(&history))] {
        check("View", &view(snapshot, history));
    }
}

#[test]
fn a_history_is_as_described_with_and_without_entries() {
    let mut history = History::new(Box::new(|_| None));
    check("History", &history.json(true));
    let run = full_run();
    history.add(&run);
    check("History", &history.json(true));
    check("History", &history.json(false));
    check("Point", &history.latest().unwrap());
    check("EntryHistory", &history.entry_json(&run.entries[0].key).unwrap());
}

#[test]
fn the_whole_run_is_as_described() {
    check("RunFile", &serde_json::from_slice(&render_run(&full_run(), u64::MAX)).unwrap());
}

#[test]
fn a_form_of_all_that_is_described_is_read() {
    let form = json!({
        "users": 1, "spawn_rate": "1.5", "host": "http://h", "run_time": "1m", "rate": null,
        "classes": [{"name": "A", "weight": null}], "tags": "a b", "exclude_tags": "c",
        "cores": "0-1", "profile": "p", "shape_class": "Steps",
        "parameters": {"text": "x", "number": 1, "switch": true},
    });
    check("NewRun", &form);
    let described = DESCRIPTION["components"]["schemas"]["NewRun"]["properties"].as_object();
    let described: BTreeSet<&String> = described.unwrap().keys().collect();
    assert_eq!(described, form.as_object().unwrap().keys().collect());
    assert!(StartForm::from_json(&form).is_ok());
}
