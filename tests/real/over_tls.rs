//! HTTPS with Apache, HAProxy and Node: the reported counts are theirs, as without TLS.

use rustix::process::Signal;
use tempfile::TempDir;

use crate::daemon::{LARGE, PAGE};
use crate::harness::{Results, Run};
use crate::load::{flags, scenario, scenario_with};
use crate::script::Script;
use crate::{apache, certificates, haproxy, node};

const WHOLE: &str = "check = { status = 200, body_contains = \"one page\" }";

/// Sixteen users for a second, who trust this authority.
fn run(scenario: &str, host: &str, ca: &str) -> Results {
    Run::start_with_csv(scenario, &[&flags(&secure(host), "16", "1s")[..], &["--ca", ca]].concat())
        .results()
}

fn secure(url: &str) -> String {
    url.replace("http:", "https:")
}

/// Node with this keep-alive timeout, and the directory of its certificates.
fn start_node(keep_alive: &str) -> Option<(Script, TempDir)> {
    let dir = tempfile::tempdir().unwrap();
    certificates::write(dir.path());
    let node = node::start_secure(keep_alive, dir.path().to_str().unwrap())?;
    Some((node, dir))
}

fn authority(dir: &TempDir) -> String {
    dir.path().join("ca.pem").display().to_string()
}

/// The ways in which Node sends a page.
const PATHS: [&str; 5] = ["/", "/close", "/chunked", "/trailers", "/hints"];

/// All that Node is asked for, and a body that it gives back.
fn every_way() -> String {
    let get = |path: &str| format!("get = \"{path}\"\n{WHOLE}");
    let mut tasks = PATHS.map(get).to_vec();
    tasks.push("get = \"/pieces\"".to_owned());
    tasks.push(format!("post = \"/echo\"\nbody = \"one page\"\n{WHOLE}"));
    scenario(&tasks.iter().map(String::as_str).collect::<Vec<_>>())
}

#[track_caller]
fn check_every_way(run: &Results) {
    run.assert_fine();
    for path in PATHS {
        assert_eq!(run.row("GET", path).average_bytes, PAGE.len() as f64, "{path}");
    }
    assert_eq!(run.row("GET", "/pieces").average_bytes, 131_071.0);
    assert_eq!((run.cancelled(), run.retries()), (0, 0), "{}", run.stdout);
}

#[test]
fn every_line_of_apaches_log_is_a_counted_request() {
    let Some(apache) = apache::start_secure() else { return };
    let page = format!("get = \"/page\"\n{WHOLE}");
    let tasks = scenario(&[&page, "get = \"/large\"", "get = \"/words.txt\""]);
    let run = run(&tasks, &apache.url(), &apache.path("ca.pem"));
    run.assert_fine();
    assert_eq!(run.row("GET", "/page").average_bytes, PAGE.len() as f64);
    assert_eq!(run.row("GET", "/large").average_bytes, LARGE as f64);
    assert_eq!((run.cancelled(), run.retries()), (0, 0), "{}", run.stdout);
    assert_eq!(apache.close().len() as u64, run.aggregated().requests);
}

#[test]
fn every_line_of_haproxys_log_is_a_counted_request() {
    let Some(node) = node::start("5000") else { return };
    let Some(haproxy) = haproxy::start_secure(&node.url()) else { return };
    let run = run(&every_way(), &haproxy.url(), &haproxy.path("ca.pem"));
    check_every_way(&run);
    assert_eq!(haproxy.close().len() as u64, run.aggregated().requests);
    assert_eq!(node.requests(), run.aggregated().requests);
}

#[test]
fn what_node_counts_is_what_is_told() {
    let Some((node, dir)) = start_node("5000") else { return };
    let run = run(&every_way(), &node.url(), &authority(&dir));
    check_every_way(&run);
    assert_eq!(node.requests(), run.aggregated().requests);
}

/// Users wait as long as Node keeps a connection, so that requests cross with the close.
#[test]
fn a_get_that_crosses_with_the_close_of_its_connection_is_sent_again() {
    let Some((node, dir)) = start_node("5") else { return };
    let task = scenario_with("wait_time = { between = [\"4ms\", \"8ms\"] }", &["get = \"/\""]);
    let run = run(&task, &node.url(), &authority(&dir));
    run.assert_fine();
    assert_eq!(run.cancelled(), 0, "{}", run.stdout);
    assert!(run.retries() > 0, "{}", run.stdout);
    assert_eq!(node.requests(), run.aggregated().requests);
}

#[test]
fn after_ctrl_c_the_server_has_seen_nothing_that_is_not_told() {
    let Some(apache) = apache::start_secure() else { return };
    let (url, ca) = (secure(&apache.url()), apache.path("ca.pem"));
    let flags = ["-H", &url, "-u", "16", "-r", "1000", "--ca", &ca];
    let run = Run::start_with_csv(&scenario(&["get = \"/large\""]), &flags);
    apache.has_seen(50);
    run.signal(Signal::INT);
    let run = run.results();
    run.assert_fine();
    run.assert_conserved(apache.close().len() as u64);
}
