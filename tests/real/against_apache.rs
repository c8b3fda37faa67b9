//! Connections, lengths and compression with Apache.

use rustix::process::Signal;

use crate::access_log::with_status;
use crate::apache::{self, KEEPALIVE_REQUESTS};
use crate::daemon::{LARGE, PAGE, WORDS};
use crate::harness::Run;
use crate::load::{flags, run, scenario, scenario_with};

#[test]
fn every_line_of_the_access_log_is_a_counted_request() {
    let Some(apache) = apache::start("5") else { return };
    let run = run(
        &scenario(&[
            "get = \"/page\"\ncheck = { status = 200, body_contains = \"one page\" }",
            "get = \"/large\"",
            "get = \"/empty\"",
            "head = \"/large\"",
            "get = \"/moved\"\nredirects = false\ncheck = { status = 301, header = \"location\" }",
            "get = \"/missing\"\ncheck = { status = 404 }",
        ]),
        &apache.url(),
    );
    run.assert_fine();
    assert_eq!((run.cancelled(), run.retries()), (0, 0), "{}", run.stdout);
    assert_eq!(run.row("GET", "/page").average_bytes, PAGE.len() as f64);
    assert_eq!(run.row("GET", "/large").average_bytes, LARGE as f64);
    assert_eq!(run.row("GET", "/empty").average_bytes, 0.0);
    assert_eq!(run.row("HEAD", "/large").average_bytes, 0.0);
    let log = apache.close();
    assert_eq!(log.len() as u64, run.aggregated().requests);
    assert_eq!(with_status(&log, 404), run.row("GET", "/missing").requests);
    // Connections were used for as many requests as allowed. Apache allows one more than configured.
    let last = log.iter().map(|line| line.number).max();
    assert_eq!(last, Some(KEEPALIVE_REQUESTS));
}

#[test]
fn connections_that_are_closed_under_requests_are_replaced_and_told() {
    let Some(apache) = apache::start("20ms") else { return };
    let pace = "wait_time = { between = [\"18ms\", \"22ms\"] }";
    let scenario = scenario_with(pace, &["get = \"/page\""]);
    let run = Run::start_with_csv(&scenario, &flags(&apache.url(), "30", "2s")).results();
    run.assert_fine();
    assert_eq!(run.cancelled(), 0, "{}", run.stdout);
    let log = apache.close();
    assert!(log.iter().filter(|line| line.number == 0).count() > 60);
    run.assert_conserved(log.len() as u64);
}

#[test]
fn compressed_bodies_are_chunked_and_counted_as_they_come() {
    let Some(apache) = apache::start("5") else { return };
    let headers = "headers = { accept-encoding = \"gzip\" }";
    let zipped =
        "get = \"/words.txt\"\ncheck = { header_equals = { content-encoding = \"gzip\" } }";
    let run = run(&scenario_with(headers, &[zipped]), &apache.url());
    run.assert_fine();
    let size = run.row("GET", "/words.txt").average_bytes;
    assert!(size > 20.0 && size < WORDS as f64 / 10.0, "{size} bytes");
    assert_eq!(apache.close().len() as u64, run.aggregated().requests);
}

#[test]
fn after_ctrl_c_the_server_has_seen_nothing_that_is_not_told() {
    let Some(apache) = apache::start("5") else { return };
    let url = apache.url();
    let run = Run::start_with_csv(
        &scenario(&["get = \"/large\""]),
        &["-H", &url, "-u", "16", "-r", "1000"],
    );
    apache.has_seen(200);
    run.signal(Signal::INT);
    let run = run.results();
    run.assert_fine();
    run.assert_conserved(apache.close().len() as u64);
}

#[test]
fn a_graceful_restart_in_the_middle_goes_unnoticed() {
    let Some(apache) = apache::start("5") else { return };
    let url = apache.url();
    let run = Run::start_with_csv(&scenario(&["get = \"/page\""]), &flags(&url, "16", "2s"));
    apache.has_seen(200);
    apache.signal(Signal::USR1);
    let run = run.results();
    run.assert_fine();
    assert_eq!(run.cancelled(), 0, "{}", run.stdout);
    run.assert_conserved(apache.close().len() as u64);
}
