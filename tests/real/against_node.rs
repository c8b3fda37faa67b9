//! Node's http: interim responses, trailers, and the race for a connection that is about to close.

use rustix::process::Signal;

use crate::daemon::PAGE;
use crate::harness::{Results, Run};
use crate::load::{flags, run, scenario, scenario_with};
use crate::node;
use crate::script::Script;

/// The texts of all failures, each once.
fn texts(run: &Results) -> Vec<&str> {
    let mut texts: Vec<&str> = run.failures.iter().map(|row| row.error.as_str()).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

#[test]
fn every_way_to_send_a_body_is_one_counted_request() {
    let Some(node) = node::start("5000") else { return };
    let whole = "check = { status = 200, body_contains = \"one page\" }";
    let paths = ["/", "/close", "/chunked", "/trailers", "/hints"];
    let mut tasks: Vec<String> =
        paths.iter().map(|path| format!("get = \"{path}\"\n{whole}")).collect();
    tasks.push("get = \"/pieces\"".into());
    tasks.push(format!("post = \"/echo\"\nbody = \"one page\"\n{whole}"));
    tasks.push("head = \"/chunked\"".into());
    let tasks: Vec<&str> = tasks.iter().map(String::as_str).collect();
    let run = run(&scenario(&tasks), &node.url());
    run.assert_fine();
    for path in paths {
        assert_eq!(run.row("GET", path).average_bytes, PAGE.len() as f64, "{path}");
    }
    assert_eq!(run.row("GET", "/pieces").average_bytes, 131_071.0);
    assert_eq!(run.row("HEAD", "/chunked").average_bytes, 0.0);
    assert_eq!((run.cancelled(), run.retries()), (0, 0), "{}", run.stdout);
    let log = node.log();
    assert_eq!(log.len() as u64, run.aggregated().requests);
    // Connections are kept until `/close`, and not beyond it.
    assert!(log.iter().any(|line| line.number > 5));
}

/// Users wait as long as Node keeps a connection, so that requests cross with the close.
fn race(task: &str) -> Option<(Script, Results)> {
    let node = node::start("5")?;
    let pace = "wait_time = { between = [\"4ms\", \"8ms\"] }";
    let url = node.url();
    let run =
        Run::start_with_csv(&scenario_with(pace, &[task]), &flags(&url, "30", "3s")).results();
    assert_eq!(run.cancelled(), 0, "{}", run.stdout);
    let log = node.log();
    let connections = log.iter().filter(|line| line.number == 1).count();
    assert!(connections > 60 && connections < log.len(), "{connections} of {}", log.len());
    Some((node, run))
}

#[test]
fn a_get_that_crosses_with_the_close_of_its_connection_is_sent_again() {
    let Some((node, run)) = race("get = \"/\"") else { return };
    run.assert_fine();
    assert!(run.retries() > 0, "{}", run.stdout);
    // Node closed before it read what is then sent again.
    assert_eq!(node.requests(), run.aggregated().requests);
}

#[test]
fn a_post_that_crosses_with_the_close_of_its_connection_is_a_failure() {
    let Some((node, run)) = race("post = \"/\"") else { return };
    assert_eq!(run.retries(), 0, "{}", run.stdout);
    let crossed = ["connection closed before the response", "connection reset before the response"];
    assert!(texts(&run).iter().all(|text| crossed.contains(text)), "{:?}", run.failures);
    let all = run.aggregated();
    assert!(all.failures > 0, "{}", run.stdout);
    assert_eq!(node.requests(), all.requests - all.failures);
}

#[test]
fn a_server_that_fails_in_the_middle_has_seen_every_failure() {
    let Some(node) = node::start("5000") else { return };
    let tasks = ["post = \"/drop\"", "post = \"/torn\"", "get = \"/missing\"", "get = \"/\""];
    let run = run(&scenario(&tasks), &node.url());
    assert_eq!(run.status.code(), Some(1), "{}", run.stderr);
    let expected = [
        "404 Not Found",
        "connection closed before the response",
        "connection closed while reading the body (4 of 9 bytes)",
    ];
    assert_eq!(texts(&run), expected);
    assert_eq!(run.aggregated().requests, node.requests());
    assert_eq!(run.row("GET", "/").failures, 0);
}

#[test]
fn each_timeout_says_what_it_waited_for() {
    let Some(node) = node::start("5000") else { return };
    let timeout = "timeout = { first_byte = \"1s\", total = \"5s\" }";
    let run = run(&scenario_with(timeout, &["get = \"/slow\"", "get = \"/\""]), &node.url());
    assert_eq!(texts(&run), ["timed out waiting for the first byte after 1 s"]);
    assert_eq!(run.row("GET", "/slow").failures, run.row("GET", "/slow").requests);
    assert_eq!(run.row("GET", "/").failures, 0);
    assert_eq!(run.aggregated().requests, node.requests());
}

#[test]
fn after_ctrl_c_the_server_has_seen_nothing_that_is_not_told() {
    let Some(node) = node::start("5000") else { return };
    let url = node.url();
    let run = Run::start_with_csv(
        &scenario(&["get = \"/hints\""]),
        &["-H", &url, "-u", "16", "-r", "1000"],
    );
    node.has_seen(500);
    run.signal(Signal::INT);
    let run = run.results();
    run.assert_fine();
    run.assert_conserved(node.settled_requests());
}
