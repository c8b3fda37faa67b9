//! The tutorial's scenarios against the tutorial's server, which closes every connection.

use crate::flask;
use crate::harness::{Failure, Run, shipped};

/// Ten users make a hundred requests a second, which a development server can handle.
const WAIT: &str = r#"["50ms", "150ms"]"#;
const FLAGS: [&str; 8] = ["-u", "10", "-r", "20", "-t", "2s", "--stop-timeout", "5s"];

fn flags(host: &str) -> Vec<&str> {
    FLAGS.into_iter().chain(["--host", host]).collect()
}

#[test]
fn a_server_that_closes_every_connection_sees_each_request_once() {
    let Some(flask) = flask::start("fine") else { return };
    let run = Run::start_with_csv(&shipped("weighted.toml", WAIT), &flags(&flask.url())).results();
    run.assert_fine();
    assert_eq!((run.cancelled(), run.retries()), (0, 0), "{}", run.stdout);
    assert_eq!(run.aggregated().requests, flask.requests());
    let [.., last] = &run.history[..] else { panic!("{}", run.stdout) };
    assert_eq!((last.requests, last.failures), (run.aggregated().requests, 0));
}

#[test]
fn weights_are_seen_in_the_counts() {
    let Some(flask) = flask::start("fine") else { return };
    let run = Run::start_with_csv(&shipped("weighted.toml", WAIT), &flags(&flask.url())).results();
    run.assert_fine();
    let all = run.aggregated().requests as f64;
    let parts = [("/", 3.0), ("/users", 2.0), ("/status", 1.0)];
    let chi_square = parts.map(|(name, weight)| {
        let expected = all * weight / 6.0;
        (run.row("GET", name).requests as f64 - expected).powi(2) / expected
    });
    // Two degrees of freedom: chance alone exceeds this once in 270,000 runs.
    assert!(chi_square.iter().sum::<f64>() < 25.0, "{}", run.stdout);
}

#[test]
fn the_tutorials_bodies_have_the_sizes_that_flask_gives_them() {
    let Some(flask) = flask::start("fine") else { return };
    let run = Run::start_with_csv(&shipped("checks.toml", WAIT), &flags(&flask.url())).results();
    run.assert_fine();
    assert_eq!(run.row("GET", "/").average_bytes, 34.0);
    assert_eq!(run.row("GET", "/users").average_bytes, 36.0);
    assert_eq!(run.row("GET", "/status").average_bytes, 21.0);
}

#[test]
fn a_server_that_breaks_its_promise_is_told_by_name_and_count() {
    let Some(flask) = flask::start("broken") else { return };
    let run = Run::start_with_csv(&shipped("checks.toml", WAIT), &flags(&flask.url())).results();
    assert_eq!(run.status.code(), Some(1), "{}", run.stderr);
    let expected = [("/", "Got 500 instead of 200"), ("/users", "Invalid response")];
    for (name, error) in expected {
        let row = run.row("GET", name);
        assert!(row.requests > 0 && row.requests == row.failures, "{}", run.stdout);
        let told = Failure {
            method: "GET".to_owned(),
            name: name.to_owned(),
            error: error.to_owned(),
            occurrences: row.requests,
        };
        assert!(run.failures.contains(&told), "{:?}", run.failures);
        let line = format!("{:<18} GET {name}: {error}", row.requests);
        assert!(run.stdout.lines().any(|printed| printed.trim_end() == line), "{}", run.stdout);
    }
    assert_eq!(run.failures.len(), 2);
    assert_eq!(run.row("GET", "/status").failures, 0);
    assert_eq!(run.aggregated().requests, flask.requests());
}

#[test]
fn requests_cut_off_by_the_stop_are_told_apart() {
    let Some(flask) = flask::start("fine") else { return };
    let url = flask.url();
    // No waits and no time to finish: every user is in a request when the stop comes.
    let scenario = shipped("first.toml", r#"["0s", "0s"]"#);
    let run = Run::start_with_csv(&scenario, &["-u", "10", "-r", "100", "-t", "2s", "-H", &url])
        .results();
    run.assert_fine();
    assert!(run.cancelled() > 0, "{}", run.stdout);
    // The server still counts after the run.
    run.assert_conserved(flask.settled_requests());
}
