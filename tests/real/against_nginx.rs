//! Bodies, statuses and kept-alive connections with nginx.

use std::collections::HashMap;

use crate::access_log::{Line, with_status};
use crate::daemon::{LARGE, PAGE};
use crate::harness::Run;
use crate::load::{flags, run, scenario, scenario_with};
use crate::nginx::{self, KEEPALIVE_REQUESTS};

#[test]
fn every_line_of_the_access_log_is_a_counted_request() {
    let Some(nginx) = nginx::start() else { return };
    let run = run(&scenario(&["get = \"/page\""]), &nginx.url());
    run.assert_fine();
    assert_eq!(run.row("GET", "/page").average_bytes, PAGE.len() as f64);
    assert_eq!((run.cancelled(), run.retries()), (0, 0), "{}", run.stdout);
    assert_eq!(nginx.close().len() as u64, run.aggregated().requests);
}

#[test]
fn connections_are_used_until_the_server_closes_them() {
    let Some(nginx) = nginx::start() else { return };
    let run = run(&scenario(&["get = \"/page\""]), &nginx.url());
    run.assert_fine();
    let connections = per_connection(&nginx.close());
    let full = connections.iter().filter(|&&requests| requests == KEEPALIVE_REQUESTS).count();
    // All but each user's last one.
    assert!(connections.len() - full <= 16, "{full} of {}", connections.len());
    assert!(connections.iter().all(|&requests| requests <= KEEPALIVE_REQUESTS));
}

#[test]
fn a_connection_that_went_away_in_the_wait_is_replaced_before_the_request() {
    let Some(nginx) = nginx::start() else { return };
    let url = nginx.url();
    // nginx closes after an idle second.
    let scenario = scenario(&["get = \"/page\""]).replace("1ms", "1500ms");
    let flags = ["-H", &url, "-u", "20", "-r", "100", "-t", "4s", "--stop-timeout", "5s"];
    let run = Run::start_with_csv(&scenario, &flags).results();
    run.assert_fine();
    assert_eq!(run.retries(), 0, "{}", run.stdout);
    assert_eq!(nginx.close().len() as u64, run.aggregated().requests);
}

#[test]
fn large_bodies_are_received_whole() {
    let Some(nginx) = nginx::start() else { return };
    let run = run(&scenario(&["get = \"/large\""]), &nginx.url());
    run.assert_fine();
    assert_eq!(run.row("GET", "/large").average_bytes, LARGE as f64);
    assert_eq!(nginx.close().len() as u64, run.aggregated().requests);
}

#[test]
fn a_compressed_body_is_decoded_for_who_looks_at_it() {
    let Some(nginx) = nginx::start() else { return };
    let run = run(
        &scenario(&[
            "get = \"/gzip\"\nname = \"looked at\"\ncheck = { body_contains = \"xxxx\" }",
            "get = \"/gzip\"\ncheck = { header_equals = { content-encoding = \"gzip\" } }",
        ]),
        &nginx.url(),
    );
    run.assert_fine();
    assert_eq!(run.row("GET", "looked at").average_bytes, LARGE as f64);
    assert!(run.row("GET", "/gzip").average_bytes < LARGE as f64 / 100.0, "as transferred");
    assert_eq!(nginx.close().len() as u64, run.aggregated().requests);
}

#[test]
fn bodies_end_where_their_framing_says() {
    let Some(nginx) = nginx::start() else { return };
    let whole = "check = { status = 200, body_contains = \"one page\" }";
    let run = run(
        &scenario(&[
            "get = \"/empty\"\ncheck = { status = 200 }",
            &format!("get = \"/page\"\n{whole}"),
            "get = \"/chunked\"\nchecks = [ { header_equals = { transfer-encoding = \"chunked\" } }, \
             { body_contains = \"one page\" } ]",
            &format!("get = \"/closed\"\n{whole}"),
        ]),
        &nginx.url(),
    );
    run.assert_fine();
    assert_eq!(run.row("GET", "/empty").average_bytes, 0.0);
    for name in ["/page", "/chunked", "/closed"] {
        assert_eq!(run.row("GET", name).average_bytes, PAGE.len() as f64, "{name}");
    }
    assert_eq!(nginx.close().len() as u64, run.aggregated().requests);
}

#[test]
fn answers_without_a_body_leave_the_connection_usable() {
    let Some(nginx) = nginx::start() else { return };
    let run = run(
        &scenario(&[
            "head = \"/large\"\ncheck = { status = 200 }",
            "get = \"/nothing\"\ncheck = { status = 204 }",
            "get = \"/moved\"\nredirects = false\ncheck = { status = 301, header = \"location\" }",
        ]),
        &nginx.url(),
    );
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
    let Some(nginx) = nginx::start() else { return };
    let tasks = ["get = \"/missing\"", "get = \"/broken\"", "get = \"/page\""];
    let run = run(&scenario(&tasks), &nginx.url());
    assert_eq!(run.status.code(), Some(1), "{}", run.stderr);
    let log = nginx.close();
    for (name, status) in [("/missing", 404), ("/broken", 500)] {
        let row = run.row("GET", name);
        assert_eq!(row.failures, row.requests);
        let failure = run.failures.iter().find(|failure| failure.name == name).unwrap();
        assert_eq!(failure.occurrences, row.requests);
        assert!(failure.error.contains(&status.to_string()), "{failure:?}");
        assert_eq!(with_status(&log, status), row.requests);
    }
    assert_eq!(run.failures.len(), 2);
    assert_eq!(run.row("GET", "/page").failures, 0);
    assert_eq!(log.len() as u64, run.aggregated().requests);
}

/// Requests per connection, in no order.
fn per_connection(log: &[Line]) -> Vec<u64> {
    let mut connections: HashMap<u64, u64> = HashMap::new();
    for line in log {
        *connections.entry(line.number).or_default() += 1;
    }
    connections.into_values().collect()
}

#[test]
fn a_server_that_allows_ten_requests_per_connection_costs_no_failure() {
    let Some(nginx) = nginx::start_with("keepalive_requests 10;") else { return };
    let run = run(&scenario(&["get = \"/page\"", "post = \"/nothing\""]), &nginx.url());
    run.assert_fine();
    assert_eq!((run.cancelled(), run.retries()), (0, 0), "{}", run.stdout);
    let log = nginx.close();
    assert_eq!(log.len() as u64, run.aggregated().requests);
    assert!(per_connection(&log).into_iter().all(|requests| requests <= 10));
}

/// nginx closes connections after a time that is also the time between two requests. Some are closed while a request
/// is on its way, and every such request is reported.
#[test]
fn connections_that_are_closed_under_requests_are_replaced_and_told() {
    let Some(nginx) = nginx::start_with("keepalive_timeout 20ms;") else { return };
    let pace = "wait_time = { between = [\"18ms\", \"22ms\"] }";
    let scenario = scenario_with(pace, &["get = \"/page\""]);
    let run = Run::start_with_csv(&scenario, &flags(&nginx.url(), "50", "2s")).results();
    run.assert_fine();
    assert_eq!(run.cancelled(), 0, "{}", run.stdout);
    let log = nginx.close();
    let connections = per_connection(&log);
    assert!(connections.len() > 100, "{}", connections.len());
    // A request that is sent again was not seen the first time, because nginx had closed.
    assert_eq!(log.len() as u64, run.aggregated().requests);
}

#[test]
fn a_server_that_limits_connections_and_rates_says_503() {
    let limits = "
        location = /page { limit_req zone=requests burst=10 nodelay; }
        location = /large { limit_rate 800k; limit_conn connections 4; }";
    let Some(nginx) = nginx::start_with(limits) else { return };
    let run = run(&scenario(&["get = \"/page\"", "get = \"/large\""]), &nginx.url());
    assert_eq!(run.status.code(), Some(1), "{}", run.stderr);
    let log = nginx.close();
    assert_eq!(log.len() as u64, run.aggregated().requests);
    for name in ["/page", "/large"] {
        let refused = log.iter().filter(|line| line.path == name && line.status == 503).count();
        let row = run.row("GET", name);
        assert!(refused > 0 && row.failures < row.requests, "{}", run.stdout);
        assert_eq!(row.failures, refused as u64, "{}", run.stdout);
    }
    assert!(run.failures.iter().all(|failure| failure.error == "503 Service Unavailable"));
}
