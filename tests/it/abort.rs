//! `--abort-when`: a run whose level breaks ends soon, with everything written and a code of its own.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Answer, Output, Run, Server, ok, plain_server, response, toml};

/// From the first request to the break.
const GOOD: Duration = Duration::from_millis(1500);

/// A server that answers well for a while from its first request on, and then like this.
fn breaks_into(answer: Answer) -> (Server, &'static OnceLock<Instant>) {
    // Known to the test as well, which is over before its process.
    let first: &'static OnceLock<Instant> = Box::leak(Box::default());
    let server = Server::start(move |_| {
        if first.get_or_init(Instant::now).elapsed() < GOOD { ok() } else { answer.clone() }
    });
    (server, first)
}

/// Ten users who ask for `/` every 20 ms, for an hour unless this level breaks.
fn run(server: &Server, level: &str) -> Run {
    let scenario = toml("1h", "wait_time = \"20ms\"\n[[user.task]]\nget = \"/\"");
    let run = Run::of(&scenario).host(server.address).users(10);
    run.env("GREGARIA_ABORT_AFTER", "1s").args(["--csv", "out", "--abort-when", level])
}

/// The run ends within two seconds of the break, says why, and its files agree with its console.
#[track_caller]
fn check_aborts(answer: Answer, level: &str) -> Output {
    let (server, first) = breaks_into(answer);
    let output = run(&server, level).go().code(3);
    let broken = *first.get().expect("a request") + GOOD;
    let after = broken.elapsed();
    assert!(after < Duration::from_secs(2), "{after:?} after the break");
    let said = format!("{level}: stopping, as --abort-when asks");
    let line = output.stderr.lines().find(|line| line.contains(&said));
    assert!(line.is_some_and(|line| line.contains("ERROR")), "{}", output.stderr);
    assert!(output.stderr.contains("Shutting down (exit code 3)"), "{}", output.stderr);

    let (requests, failures) = output.aggregated();
    let stats = output.csv("out_stats.csv");
    assert_eq!(stats.count("Aggregated", "Request Count"), requests);
    assert_eq!(stats.count("Aggregated", "Failure Count"), failures);
    let history = output.csv("out_stats_history.csv");
    assert_eq!(history.counts("Total Request Count").last(), Some(&requests));
    let occurrences = output.csv("out_failures.csv").counts("Occurrences");
    assert_eq!(occurrences.iter().sum::<u64>(), failures);
    assert!((requests..=requests + output.cancelled()).contains(&server.total()));
    output
}

#[test]
fn a_failure_ratio_that_breaks_ends_the_run() {
    let failing = Answer::Send(response("500 Internal Server Error", ""));
    let output = check_aborts(failing, "fail_ratio > 10%");
    assert!(output.aggregated().1 > 0);
}

#[test]
fn a_latency_that_breaks_ends_the_run_though_nothing_failed() {
    let slow = Answer::Late(Duration::from_millis(250), Box::new(ok()));
    let output = check_aborts(slow, "max > 200ms");
    assert_eq!(output.aggregated().1, 0);
}

#[test]
fn of_several_levels_the_one_that_breaks_is_named() {
    let (server, _) = breaks_into(Answer::Send(response("503 Service Unavailable", "")));
    let running = run(&server, "p99.9 > 1m; fail_rate > 5").args(["--abort-when", "rate < 1"]);
    let output = running.go().code(3);
    assert!(output.stderr.contains("fail_rate > 5: stopping"), "{}", output.stderr);
    assert!(!output.stderr.contains("rate < 1: stopping"), "{}", output.stderr);
}

#[test]
fn what_breaks_before_it_is_judged_does_not_count() {
    // The first requests fail, more than a level allows; by the third second they are few.
    let requests = AtomicU64::new(0);
    let server = Server::start(move |_| match requests.fetch_add(1, Ordering::Relaxed) {
        0..5 => Answer::Send(response("500 Internal Server Error", "")),
        _ => ok(),
    });
    let run = run(&server, "fail_rate > 4").args(["-t", "2", "--abort-after", "3"]);
    run.go().code(1);
}

#[test]
fn levels_that_hold_change_nothing() {
    let server = plain_server();
    let output = run(&server, "fail_ratio > 0").args(["-t", "2"]).go().code(0);
    assert!(!output.stderr.contains("--abort-when"), "{}", output.stderr);
}
