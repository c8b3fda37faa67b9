//! Resets of the statistics during a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gregaria::plan::Options;
use gregaria::scenario::{User, WaitTime};

use crate::support::api::{begin, get, ms, scenario, users};
use crate::support::{Answer, Run, Server, ok, response, toml};

/// Starts a server that fails until it is repaired.
fn broken_server() -> (Server, Arc<AtomicBool>) {
    let mended = Arc::new(AtomicBool::new(false));
    let is_mended = mended.clone();
    let server = Server::start(move |_| match is_mended.load(Ordering::SeqCst) {
        true => ok(),
        false => Answer::Send(response("500 Internal Server Error", "")),
    });
    (server, mended)
}

#[test]
fn after_a_reset_rows_and_rates_begin_at_its_second() {
    let (server, mended) = broken_server();
    let user = User::new("u").task(get("/")).wait_time(WaitTime::constant(ms(10)));
    let options = Options { run_time: None, ..users(4, ms(0)) };
    let (run, control) = begin(scenario(&server, user), options);
    server.await_requests(100);
    mended.store(true, Ordering::SeqCst);
    // Wait until no response of the broken server can come.
    server.await_requests(server.count() + 50);
    control.reset();
    server.await_requests(server.count() + 1000);
    control.stop();
    let ran = run.recv_timeout(ms(20_000)).expect("the run ends");

    let before = ran.updates.iter().rfind(|update| update.total.failures > 0);
    let before = before.expect("a second had passed before the reset");
    assert_eq!(before.failures[0].occurrences, before.total.failures);
    let snapshot = &ran.summary.snapshot;
    assert_eq!((snapshot.total.failures, snapshot.failures.len()), (0, 0));
    let requests = ran.row("/").requests;
    assert_eq!(requests, ran.total().requests);
    let span = (snapshot.elapsed - before.elapsed).as_secs_f64();
    assert!((ran.total().rates.requests - requests as f64 / span).abs() < 1e-6);
    // A core that was ahead of the other one had its next second before the reset.
    assert!(before.total.requests + requests + snapshot.total.counts.cancelled <= server.total());
    assert_eq!(snapshot.commands[0].what, "statistics reset");
    assert_eq!(snapshot.user_count(), 0);
}

/// The first request of each user fails, and all of them are made while users are spawned.
#[test]
fn reset_stats_begins_when_all_users_are_there_and_files_and_tables_agree() {
    let server = Server::start(|request| match request.number {
        0 => Answer::Send(response("500 Internal Server Error", "")),
        _ => ok(),
    });
    let scenario = toml("4s", "wait_time = \"20ms\"\n[[user.task]]\nget = \"/\"");
    let run = Run::of(&scenario).host(server.address).users(4).args(["--csv", "out"]);
    let output = run.arg("--reset-stats").go().code(0);
    assert!(output.stderr.contains("Resetting stats"), "{}", output.stderr);
    let (requests, failures) = output.aggregated();
    assert_eq!((failures, output.csv("out_failures.csv").len()), (0, 0));
    assert!(!output.stdout.contains("Error report"), "{}", output.stdout);
    assert!(output.stdout.contains("s: statistics reset\n"), "{}", output.stdout);

    let stats = output.csv("out_stats.csv");
    assert_eq!(stats.count("Aggregated", "Request Count"), requests);
    assert_eq!(stats.count("/", "Request Count"), requests);
    let history = output.csv("out_stats_history.csv").counts("Total Request Count");
    assert_eq!(history.last(), Some(&requests));
    assert!(server.total() > requests + output.cancelled(), "{requests} of {}", server.total());
    let rate: f64 = stats.column("Requests/s").last().unwrap().parse().unwrap();
    let span = requests as f64 / rate;
    assert!((1.9..3.1).contains(&span), "{span} s from the reset to the end");
}
