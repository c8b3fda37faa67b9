//! nginx is reloaded, stopped or killed during a run.

use rustix::process::Signal;

use crate::daemon::Daemon;
use crate::harness::{Results, Run, Running};
use crate::nginx;

const SCENARIO: &str = "
[[user]]
name = \"Nginx\"
wait_time = \"2ms\"
[[user.task]]
get = \"/page\"
";

/// Requests after which all users are active.
const UNDER_WAY: usize = 200;

fn start(nginx: &Daemon) -> Running {
    let url = nginx.url();
    let flags = ["-H", &url, "-u", "16", "-r", "1000", "-t", "2s", "--stop-timeout", "5s"];
    let run = Run::start_with_csv(SCENARIO, &flags);
    nginx.has_seen(UNDER_WAY);
    run
}

/// Checks that the run went to its end, and reports every request that did not succeed.
fn assert_failed_but_finished(run: &Results) {
    assert_eq!(run.status.code(), Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("--run-time limit reached"), "{}", run.stderr);
    let all = run.aggregated();
    assert!(all.failures > 0 && all.requests - all.failures >= UNDER_WAY as u64, "{}", run.stdout);
    let told: u64 = run.failures.iter().map(|failure| failure.occurrences).sum();
    assert_eq!(told, all.failures);
    assert!(run.failures.len() < 10, "texts that differ: {:?}", run.failures);
    let refused = "connection refused";
    assert!(run.failures.iter().any(|failure| failure.error == refused), "{:?}", run.failures);
}

#[test]
fn a_server_killed_in_the_middle_means_failures_and_not_a_hang() {
    let Some(mut nginx) = nginx::start() else { return };
    let run = start(&nginx);
    nginx.kill();
    let run = run.results();
    assert_failed_but_finished(&run);
    // It may have answered one request per user without logging it.
    let all = run.aggregated();
    let answered = all.requests - all.failures;
    assert!(answered.abs_diff(nginx.log().len() as u64) <= 16, "{}", run.stdout);
}

#[test]
fn a_server_that_ends_in_the_middle_has_logged_every_success() {
    let Some(nginx) = nginx::start() else { return };
    let run = start(&nginx);
    nginx.quit();
    let run = run.results();
    assert_failed_but_finished(&run);
    let all = run.aggregated();
    assert_eq!(nginx.close().len() as u64, all.requests - all.failures, "{}", run.stdout);
}

#[test]
fn a_server_that_reloads_in_the_middle_goes_unnoticed() {
    let Some(nginx) = nginx::start() else { return };
    let run = start(&nginx);
    for round in 2..=4 {
        nginx.signal(Signal::HUP);
        nginx.has_seen(round * UNDER_WAY);
    }
    let run = run.results();
    run.assert_fine();
    assert_eq!(run.cancelled(), 0);
    run.assert_conserved(nginx.close().len() as u64);
}
