//! HAProxy in front of Node: what it answers by itself, and what it makes of a backend's misdeeds.

use rustix::process::Signal;

use crate::access_log::with_status;
use crate::daemon::{Daemon, PAGE};
use crate::harness::Run;
use crate::load::{flags, run, scenario, scenario_with};
use crate::script::Script;
use crate::{haproxy, node};

/// Both of them, or a word that one is missing.
fn start() -> Option<(Daemon, Script)> {
    let node = node::start("5000")?;
    Some((haproxy::start(&node.url())?, node))
}

#[test]
fn every_line_of_the_access_log_is_a_counted_request() {
    let Some((haproxy, node)) = start() else { return };
    let whole = "check = { status = 200, body_contains = \"one page\" }";
    let paths = ["/", "/close", "/chunked", "/trailers", "/hints"];
    let mut tasks: Vec<String> =
        paths.iter().map(|path| format!("get = \"{path}\"\n{whole}")).collect();
    tasks.push(format!("post = \"/echo\"\nbody = \"one page\"\n{whole}"));
    tasks.push("get = \"/pieces\"".into());
    let tasks: Vec<&str> = tasks.iter().map(String::as_str).collect();
    let run = run(&scenario(&tasks), &haproxy.url());
    run.assert_fine();
    for path in paths {
        assert_eq!(run.row("GET", path).average_bytes, PAGE.len() as f64, "{path}");
    }
    assert_eq!((run.cancelled(), run.retries()), (0, 0), "{}", run.stdout);
    assert_eq!(haproxy.close().len() as u64, run.aggregated().requests);
    assert_eq!(node.requests(), run.aggregated().requests);
}

#[test]
fn what_the_proxy_says_in_the_place_of_a_backend_is_told_by_status() {
    let Some((haproxy, node)) = start() else { return };
    let statuses = [
        ("/denied", 403, "403 Forbidden"),
        ("/often", 429, "429 Too Many Requests"),
        ("/tarpit", 408, "408 Request Timeout"),
        ("/gone", 503, "503 Service Unavailable"),
        ("/drop", 502, "502 Bad Gateway"),
        ("/slow", 504, "504 Gateway Timeout"),
    ];
    let mut tasks = statuses.map(|(path, _, _)| format!("get = \"{path}\"")).to_vec();
    tasks.push("get = \"/own\"\ncheck = { status = 200, body_contains = \"one\" }".into());
    let tasks: Vec<&str> = tasks.iter().map(String::as_str).collect();
    let url = haproxy.url();
    let run = Run::start_with_csv(&scenario(&tasks), &flags(&url, "32", "2s")).results();
    assert_eq!(run.status.code(), Some(1), "{}", run.stderr);
    assert_eq!(run.cancelled(), 0, "{}", run.stdout);
    let log = haproxy.close();
    assert_eq!(log.len() as u64, run.aggregated().requests);
    for (path, status, text) in statuses {
        let row = run.row("GET", path);
        assert!(row.requests > 0 && row.requests == row.failures, "{}", run.stdout);
        assert_eq!(with_status(&log, status), row.requests, "{path}");
        let failure = run.failures.iter().find(|failure| failure.name == path).unwrap();
        assert_eq!((failure.error.as_str(), failure.occurrences), (text, row.requests));
    }
    assert_eq!(run.row("GET", "/own").failures, 0);
    // Where a backend fails a request that is not its connection's first, HAProxy closes without a
    // word, and without a line in its log, so that the client tries again.
    let passed_on = ["/drop", "/slow"].map(|path| run.row("GET", path).requests);
    assert!(run.retries() > 0, "{}", run.stdout);
    assert_eq!(node.requests(), passed_on.iter().sum::<u64>() + run.retries());
}

#[test]
fn a_body_that_the_backend_tears_is_torn_for_us_too() {
    let Some((haproxy, _node)) = start() else { return };
    let run = run(&scenario(&["get = \"/torn\"", "get = \"/\""]), &haproxy.url());
    let row = run.row("GET", "/torn");
    assert!(row.requests > 0 && row.requests == row.failures, "{}", run.stdout);
    assert_eq!(run.failures.len(), 1, "{:?}", run.failures);
    assert_eq!(run.failures[0].error, "connection closed while reading the body (4 of 9 bytes)");
    assert_eq!(haproxy.close().len() as u64, run.aggregated().requests);
}

#[test]
fn a_connection_that_went_away_in_the_wait_is_replaced_before_the_request() {
    let Some((haproxy, node)) = start() else { return };
    // HAProxy closes after a second of silence.
    let scenario = scenario_with("wait_time = \"1500ms\"", &["get = \"/\""]);
    let run = Run::start_with_csv(&scenario, &flags(&haproxy.url(), "20", "4s")).results();
    run.assert_fine();
    assert_eq!((run.cancelled(), run.retries()), (0, 0), "{}", run.stdout);
    assert_eq!(node.requests(), run.aggregated().requests);
    assert_eq!(haproxy.close().len() as u64, run.aggregated().requests);
}

#[test]
fn after_ctrl_c_the_proxy_has_seen_nothing_that_is_not_told() {
    let Some((haproxy, node)) = start() else { return };
    let url = haproxy.url();
    let run = Run::start_with_csv(
        &scenario(&["get = \"/hints\""]),
        &["-H", &url, "-u", "16", "-r", "1000"],
    );
    node.has_seen(300);
    run.signal(Signal::INT);
    let run = run.results();
    run.assert_fine();
    run.assert_conserved(haproxy.close().len() as u64);
}
