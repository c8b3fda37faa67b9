//! Bodies, statuses and kept-alive connections as nginx makes them.

use std::collections::HashMap;

use crate::command::Run;
use crate::nginx::{KEEPALIVE_REQUESTS, LARGE, Nginx, PAGE};

/// Users that ask for these in turn, without a pause.
fn scenario(tasks: &[&str]) -> String {
    let tasks: Vec<String> = tasks.iter().map(|task| format!("[[user.task]]\n{task}\n")).collect();
    format!("[[user]]\nname = \"Nginx\"\nwait_time = \"1ms\"\n{}", tasks.concat())
}

fn flags(host: &str) -> [&str; 10] {
    ["--host", host, "-u", "16", "-r", "1000", "-t", "2s", "--stop-timeout", "5s"]
}

#[test]
fn every_line_of_the_access_log_is_a_counted_request() {
    let Some(nginx) = Nginx::start() else { return };
    let run = Run::start(&scenario(&["get = \"/page\""]), &flags(&nginx.url())).finish();
    run.assert_fine();
    assert_eq!(run.row("GET", "/page").average_bytes, PAGE.len() as f64);
    assert_eq!((run.cancelled(), run.retries()), (0, 0), "{}", run.stdout);
    assert_eq!(nginx.close().len() as u64, run.aggregated().requests);
}

#[test]
fn connections_are_used_until_the_server_closes_them() {
    let Some(nginx) = Nginx::start() else { return };
    let run = Run::start(&scenario(&["get = \"/page\""]), &flags(&nginx.url())).finish();
    run.assert_fine();
    let mut connections: HashMap<u64, u64> = HashMap::new();
    for line in nginx.close() {
        *connections.entry(line.connection).or_default() += 1;
    }
    let full = connections.values().filter(|&&requests| requests == KEEPALIVE_REQUESTS).count();
    // All but each user's last one.
    assert!(connections.len() - full <= 16, "{full} of {}", connections.len());
    assert!(connections.values().all(|&requests| requests <= KEEPALIVE_REQUESTS));
}

#[test]
fn a_connection_that_went_away_in_the_wait_is_replaced_before_the_request() {
    let Some(nginx) = Nginx::start() else { return };
    let url = nginx.url();
    // nginx closes after a second of silence.
    let scenario = scenario(&["get = \"/page\""]).replace("1ms", "1500ms");
    let flags = ["-H", &url, "-u", "20", "-r", "100", "-t", "5s", "--stop-timeout", "5s"];
    let run = Run::start(&scenario, &flags).finish();
    run.assert_fine();
    assert_eq!(run.retries(), 0, "{}", run.stdout);
    assert_eq!(nginx.close().len() as u64, run.aggregated().requests);
}

#[test]
fn large_bodies_are_received_whole() {
    let Some(nginx) = Nginx::start() else { return };
    let run = Run::start(&scenario(&["get = \"/large\""]), &flags(&nginx.url())).finish();
    run.assert_fine();
    assert_eq!(run.row("GET", "/large").average_bytes, LARGE as f64);
    assert_eq!(nginx.close().len() as u64, run.aggregated().requests);
}

#[test]
fn bodies_end_where_their_framing_says() {
    let Some(nginx) = Nginx::start() else { return };
    let whole = "check = { status = 200, body_contains = \"one page\" }";
    let run = Run::start(
        &scenario(&[
            "get = \"/empty\"\ncheck = { status = 200 }",
            &format!("get = \"/page\"\n{whole}"),
            "get = \"/chunked\"\nchecks = [ { header_equals = { transfer-encoding = \"chunked\" } }, \
             { body_contains = \"one page\" } ]",
            &format!("get = \"/closed\"\n{whole}"),
        ]),
        &flags(&nginx.url()),
    )
    .finish();
    run.assert_fine();
    assert_eq!(run.row("GET", "/empty").average_bytes, 0.0);
    for name in ["/page", "/chunked", "/closed"] {
        assert_eq!(run.row("GET", name).average_bytes, PAGE.len() as f64, "{name}");
    }
    assert_eq!(nginx.close().len() as u64, run.aggregated().requests);
}

#[test]
fn answers_without_a_body_leave_the_connection_usable() {
    let Some(nginx) = Nginx::start() else { return };
    let run = Run::start(
        &scenario(&[
            "head = \"/large\"\ncheck = { status = 200 }",
            "get = \"/nothing\"\ncheck = { status = 204 }",
            "get = \"/moved\"\ncheck = { status = 301, header = \"location\" }",
        ]),
        &flags(&nginx.url()),
    )
    .finish();
    run.assert_fine();
    assert_eq!(run.row("HEAD", "/large").average_bytes, 0.0);
    assert_eq!(run.row("GET", "/nothing").average_bytes, 0.0);
    let log = nginx.close();
    assert_eq!(log.len() as u64, run.aggregated().requests);
    let heads = log.iter().filter(|line| line.method == "HEAD" && line.path == "/large");
    assert_eq!(heads.count() as u64, run.row("HEAD", "/large").requests);
}

#[test]
fn error_statuses_fail_without_being_asked_about() {
    let Some(nginx) = Nginx::start() else { return };
    let tasks = ["get = \"/missing\"", "get = \"/broken\"", "get = \"/page\""];
    let run = Run::start(&scenario(&tasks), &flags(&nginx.url())).finish();
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let log = nginx.close();
    for (name, status) in [("/missing", 404), ("/broken", 500)] {
        let row = run.row("GET", name);
        assert_eq!(row.failures, row.requests);
        let failure = run.failures.iter().find(|failure| failure.name == name).unwrap();
        assert_eq!(failure.occurrences, row.requests);
        assert!(failure.error.contains(&status.to_string()), "{failure:?}");
        let answered = log.iter().filter(|line| line.status == status).count();
        assert_eq!(answered as u64, row.requests);
    }
    assert_eq!(run.failures.len(), 2);
    assert_eq!(run.row("GET", "/page").failures, 0);
    assert_eq!(log.len() as u64, run.aggregated().requests);
}
