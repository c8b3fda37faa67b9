//! Every shipped scenario runs, and the tutorial's fifth step shows what it promises.

use std::fs;
use std::path::PathBuf;

use gregaria::executor::allowed_cores;
use gregaria::target::{Options, Server};

use crate::support::{Output, Run, get_root, plain_server, repository};

/// The built-in server on the last core, with these faults.
fn server(error_rate: f64, drop_rate: f64) -> Server {
    let cores = vec![*allowed_cores().last().unwrap()];
    Server::start(Options { cores, error_rate, drop_rate, ..Options::default() }).unwrap()
}

fn shipped() -> Vec<PathBuf> {
    let entries = fs::read_dir(repository("scenarios")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    paths
}

/// Returns a shipped scenario with shorter waits.
fn without_waits(name: &str) -> String {
    let text = fs::read_to_string(repository(&format!("scenarios/{name}.toml"))).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("wait_time"));
    lines.fold(String::new(), |text, line| text + line + "\n")
}

fn run(name: &str, server: &Server) -> Output {
    let run = Run::of(&without_waits(name)).host(server.address()).users(8);
    run.args(["-t", "1s", "--csv", "out"]).go()
}

#[test]
fn every_scenario_is_short_and_says_what_it_teaches() {
    assert!(shipped().len() >= 3);
    for path in shipped() {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# "), "{}", path.display());
        assert!(text.lines().count() <= 40, "{}", path.display());
    }
    let first = fs::read_to_string(repository("scenarios/first.toml")).unwrap();
    assert!(first.lines().count() <= 8, "the first one fits into eight lines");
}

#[test]
fn every_scenario_runs_against_the_built_in_server() {
    let server = server(0.0, 0.0);
    for path in shipped() {
        let run = Run::new([&path]).host(server.address()).users(6).args(["-t", "1s"]);
        let (requests, failures) = run.go().code(0).aggregated();
        assert!(requests > 0 && failures == 0, "{}: {requests}, {failures}", path.display());
    }
}

#[test]
fn endpoints_are_asked_as_often_as_their_weights_say() {
    let server = server(0.0, 0.0);
    let stats = run("weighted", &server).code(0).csv("out_stats.csv");
    let total = stats.count("Aggregated", "Request Count") as f64;
    for (path, weight) in [("/", 3.0), ("/users", 2.0), ("/status", 1.0)] {
        let (share, promised) = (stats.count(path, "Request Count") as f64 / total, weight / 6.0);
        // Four standard deviations of the number of choices, and a little for the start.
        let tolerance = 0.01 + 4.0 * (promised * (1.0 - promised) / total).sqrt();
        assert!((share - promised).abs() < tolerance, "{path}: {share} of {total}");
    }
}

/// Returns the rows of the failures file: name, error, count.
fn failures(output: &Output) -> Vec<(String, String, u64)> {
    let table = output.csv("out_failures.csv");
    let texts = table.column("Name").into_iter().zip(table.column("Error"));
    let mut rows: Vec<_> = texts
        .zip(table.counts("Occurrences"))
        .map(|((name, error), count)| (name.to_owned(), error.to_owned(), count))
        .collect();
    rows.sort();
    rows
}

#[track_caller]
fn check_failures(server: &Server, expected: &[(&str, &str)]) {
    let output = run("checks", server).code(1);
    let rows = failures(&output);
    let texts: Vec<_> = rows.iter().map(|(name, error, _)| (&**name, &**error)).collect();
    assert_eq!(texts, expected);
    for (name, error, count) in &rows {
        let line = format!("{count:<18} GET {name}: {error}");
        assert!(output.stdout.contains(&line), "no '{line}' in:\n{}", output.stdout);
    }
    let (requests, failed) = output.aggregated();
    assert_eq!(rows.iter().map(|(.., count)| count).sum::<u64>(), failed);
    assert!(failed < requests, "not all of them fail");
}

#[test]
fn a_server_that_fails_is_named_with_endpoint_message_and_count() {
    let text = "Got 500 instead of 200";
    check_failures(&server(0.3, 0.0), &[("/", text), ("/status", text), ("/users", text)]);
}

#[test]
fn a_server_that_breaks_its_promise_is_named_too() {
    let text = "Invalid response";
    check_failures(&server(0.0, 0.3), &[("/status", text), ("/users", text)]);
}

#[test]
fn a_placeholder_of_another_tool_is_warned_of_before_the_load() {
    let scenario = get_root("100ms").replace("get = \"/\"", "get = \"/items/{{id}}\"");
    let server = plain_server();
    let stderr = Run::of(&scenario).host(server.address).go().code(0).stderr;
    let warning = "/WARNING/gregaria.scenario: s.toml:6:15: '{{id}}' is sent as it is written. ${id}, with a \
                   [parameter.id], is a value for the whole run";
    assert!(stderr.contains(warning), "{stderr}");
    assert!(stderr.find(warning) < stderr.find("Ramping"), "{stderr}");
    let checked = Run::new(["check", "s.toml"]).file("s.toml", &scenario).go().code(0);
    assert!(checked.stderr.starts_with("Warning: s.toml:6:15: '{{id}}' is sent"));
    let url = format!("http://{}/{{id}}", server.address);
    let stderr = Run::new([&*url, "-t", "1"]).go().code(0).stderr;
    assert!(stderr.contains("/WARNING/gregaria.scenario: '{id}' is sent as it is written"));
}
