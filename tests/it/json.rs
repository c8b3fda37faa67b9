//! The JSON of a run agrees with its tables and CSV files.

use serde_json::Value;

use crate::support::{Answer, Output, Run, Server, Table, ok, response, toml};

/// A scenario with two names, one of which fails sometimes.
fn run() -> Output {
    let server = Server::start(|request| match request.number % 7 {
        0 => Answer::Send(response("500 Internal Server Error", "sorry")),
        _ => ok(),
    });
    let tasks = "[[user.task]]\nget = \"/\"\n[[user.task]]\nget = \"/b,c\"\nweight = 2";
    let flags = ["--json", "--json-file", "out/run", "--csv", "out/run", "--only-summary"];
    let scenario = toml("1s", tasks);
    Run::of(&scenario).host(server.address).users(4).args(flags).args(["--seed", "7"]).go().code(1)
}

/// Returns the number under this key of an entry.
#[track_caller]
fn number(entry: &Value, key: &str) -> f64 {
    entry[key].as_f64().unwrap_or_else(|| panic!("no number {key} in {entry:#}"))
}

fn sum(counts: &Value) -> f64 {
    counts.as_object().unwrap().values().map(|count| count.as_f64().unwrap()).sum()
}

/// Compares up to the last binary digit, which serde_json may read wrongly.
#[track_caller]
fn check_same(one: f64, other: f64, what: &str) {
    assert!((one - other).abs() <= 4.0 * f64::EPSILON * other.abs(), "{what}: {one} and {other}");
}

/// Checks that the entry agrees with the row of this name.
#[track_caller]
fn check_row(entry: &Value, stats: &Table) {
    let at = stats.column("Name").iter().position(|name| *name == entry["name"]).unwrap();
    let cell = |column: &str| stats.column(column)[at].parse::<f64>().unwrap();
    for (key, column) in [
        ("num_requests", "Request Count"),
        ("num_failures", "Failure Count"),
        ("median_response_time", "Median Response Time"),
        ("avg_response_time", "Average Response Time"),
        ("min_response_time", "Min Response Time"),
        ("max_response_time", "Max Response Time"),
        ("total_rps", "Requests/s"),
        ("total_fail_per_sec", "Failures/s"),
    ] {
        check_same(number(entry, key), cell(column), &format!("{key} of {}", entry["name"]));
    }
    for column in ["50%", "66%", "90%", "99%", "99.99%", "100%"] {
        check_same(number(&entry["percentiles"], column), cell(column), column);
    }
    let requests = cell("Request Count");
    check_same(number(entry, "body_bytes") / requests, cell("Average Content Size"), "body");
    let mean = number(entry, "total_response_time") / requests;
    assert!((mean - cell("Average Response Time")).abs() < 1e-5, "{mean} of {}", entry["name"]);
    for (counts, of) in [
        ("response_times", "Request Count"),
        ("num_reqs_per_sec", "Request Count"),
        ("num_fail_per_sec", "Failure Count"),
    ] {
        assert_eq!(sum(&entry[counts]), cell(of), "{counts} of {}", entry["name"]);
    }
    let first_bytes = number(&entry["phases"]["first_byte"], "count");
    let least = requests + number(entry, "redirects");
    assert!((least..=least + number(entry, "cancelled")).contains(&first_bytes), "{entry:#}");
    assert!(number(entry, "sent_bytes") > requests * 16.0, "{entry:#}");
    let began = number(entry, "start_time");
    let lasted = number(entry, "last_request_timestamp") - began;
    assert!((0.0..=10.0).contains(&lasted), "{lasted} s");
}

#[test]
fn json_says_what_the_tables_and_the_files_say() {
    let output = run();
    let list: Value = serde_json::from_str(&output.stdout).expect("stdout is JSON alone");
    let file = std::fs::read(output.path("out/run.json")).expect("it was written");
    let file: Value = serde_json::from_slice(&file).expect("it is JSON");
    let stats = output.csv("out/run_stats.csv");

    let entries = list.as_array().unwrap();
    let names: Vec<_> = entries.iter().map(|entry| entry["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["/", "/b,c"]);
    entries.iter().for_each(|entry| check_row(entry, &stats));
    check_row(&file["total"], &stats);
    assert_eq!((&file["entries"], &file["seed"]), (&list, &Value::from(7)));
    let total = &file["total"];
    assert_eq!(
        (&total["connections"], &total["phases"]["connect"]["count"]),
        (&4.into(), &4.into())
    );
    assert_eq!(total["phases"]["tls"], Value::Null);

    // The tables are complete, and on the other stream.
    let line = output.stderr.lines().find(|line| line.trim_start().starts_with("Aggregated"));
    let told: Vec<_> = line.unwrap().split_whitespace().collect();
    let [requests, failures] = ["num_requests", "num_failures"].map(|key| &file["total"][key]);
    assert_eq!(told[1], requests.to_string());
    assert!(told[2].starts_with(&format!("{failures}(")), "{told:?}");
    for name in names {
        let start = format!("GET      {name} ");
        // In statistics, percentiles and status codes.
        assert_eq!(output.stderr.matches(&start).count(), 3, "{name} in\n{}", output.stderr);
    }

    let kinds = file["failures"].as_array().unwrap().iter().map(|row| number(row, "occurrences"));
    assert_eq!(kinds.sum::<f64>(), failures.as_f64().unwrap());
    let cancelled = format!("Requests cancelled at the stop: {} ", file["cancelled"]);
    assert!(file["cancelled"] == 0 || output.stderr.contains(&cancelled), "{}", output.stderr);
    assert!(!file["generator"]["cores"].as_array().unwrap().is_empty());
}

#[test]
fn a_json_file_that_cannot_be_written_is_known_before_the_start() {
    let run =
        Run::of(&toml("1h", "[[user.task]]\nget = \"/\"")).args(["--host", "http://127.0.0.1:9"]);
    let output = run.args(["--json", "--json-file", "s.toml/run"]).go().code(2);
    assert_eq!(output.stdout, "");
    let error = "cannot write s.toml/run.json: Not a directory";
    assert!(output.stderr.contains(error), "{}", output.stderr);
}

#[test]
fn a_json_file_keeps_the_ending_it_has() {
    let run = Run::of(&toml("100ms", "[[user.task]]\nget = \"/\""))
        .args(["--host", "http://127.0.0.1:9"]);
    let output = run.args(["--json-file", "run.js"]).go().code(1);
    assert!(
        output.stdout.contains("Aggregated"),
        "without --json the tables stay: {}",
        output.stdout
    );
    let file = std::fs::read(output.path("run.js")).expect("it was written");
    let file: Value = serde_json::from_slice(&file).expect("it is JSON");
    assert!(file["failures"][0]["error"].as_str().unwrap().contains("refused"), "{file:#}");
}
