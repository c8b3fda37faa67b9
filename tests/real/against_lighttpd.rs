//! Connections and lengths with lighttpd.

use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::access_log::with_status;
use crate::daemon::{LARGE, PAGE};
use crate::harness::Run;
use crate::lighttpd;
use crate::load::{flags, run, scenario, scenario_with};

#[test]
fn every_line_of_the_access_log_is_a_counted_request() {
    let Some(lighttpd) = lighttpd::start() else { return };
    let run = run(
        &scenario(&[
            "get = \"/page\"\ncheck = { status = 200, body_contains = \"one page\" }",
            "get = \"/large\"",
            "get = \"/empty\"",
            "head = \"/large\"",
            "get = \"/page\"\nname = \"part\"\nheaders = { range = \"bytes=4-7\" }\n\
             check = { status = 206, body_contains = \"page\" }",
            "get = \"/moved\"\nredirects = false\ncheck = { status = 301, header = \"location\" }",
            "post = \"/page\"\nbody = \"one\"\ncheck = { status = [200, 405] }",
            "get = \"/missing\"\ncheck = { status = 404 }",
        ]),
        &lighttpd.url(),
    );
    run.assert_fine();
    assert_eq!((run.cancelled(), run.retries()), (0, 0), "{}", run.stdout);
    assert_eq!(run.row("GET", "/page").average_bytes, PAGE.len() as f64);
    assert_eq!(run.row("GET", "part").average_bytes, 4.0);
    assert_eq!(run.row("GET", "/large").average_bytes, LARGE as f64);
    assert_eq!(run.row("GET", "/empty").average_bytes, 0.0);
    let log = lighttpd.close();
    assert_eq!(log.len() as u64, run.aggregated().requests);
    assert_eq!(with_status(&log, 404), run.row("GET", "/missing").requests);
}

#[test]
fn connections_that_went_away_in_the_wait_are_replaced_before_the_request() {
    let Some(lighttpd) = lighttpd::start() else { return };
    // It closes after an idle second, which it checks once a second.
    let scenario = scenario_with("wait_time = \"2500ms\"", &["get = \"/page\""]);
    let run = Run::start_with_csv(&scenario, &flags(&lighttpd.url(), "20", "4s")).results();
    run.assert_fine();
    assert_eq!((run.cancelled(), run.retries()), (0, 0), "{}", run.stdout);
    assert_eq!(lighttpd.close().len() as u64, run.aggregated().requests);
}

#[test]
fn after_ctrl_c_the_server_has_seen_nothing_that_is_not_told() {
    let Some(lighttpd) = lighttpd::start() else { return };
    let url = lighttpd.url();
    let run = Run::start_with_csv(
        &scenario(&["get = \"/large\""]),
        &["-H", &url, "-u", "16", "-r", "1000"],
    );
    // It writes its log late, so that there is nothing to look at.
    thread::sleep(Duration::from_millis(700));
    run.signal(Signal::INT);
    let run = run.results();
    run.assert_fine();
    assert!(run.aggregated().requests > 0, "{}", run.stdout);
    run.assert_conserved(lighttpd.close().len() as u64);
}
