//! `--abort-when`: a run ends soon after a level is broken, with all reports and exit code 3.

use std::fs;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Answer, Output, Run, Server, ok, plain_server, response, toml};

/// The time from the first request until the server breaks the level.
const GOOD: Duration = Duration::from_millis(1500);

/// A server that answers well for a while from its first request on, and then like this.
fn breaks_into(answer: Answer) -> (Server, &'static OnceLock<Instant>) {
    // The test knows this as well, and ends before its process.
    let first: &'static OnceLock<Instant> = Box::leak(Box::default());
    let server = Server::start(move |_| {
        if first.get_or_init(Instant::now).elapsed() < GOOD { ok() } else { answer.clone() }
    });
    (server, first)
}

/// Makes a run of ten users who ask for `/` every 20 ms, for an hour unless this level is broken.
fn run(server: &Server, level: &str) -> Run {
    let scenario = toml("1h", "wait_time = \"20ms\"\n[[user.task]]\nget = \"/\"");
    let run = Run::of(&scenario).host(server.address).users(10);
    let run = run.args(["--json-file", "out.json", "--html", "out.html", "--csv", "out"]);
    run.env("GREGARIA_ABORT_AFTER", "1s").args(["--abort-when", level])
}

/// Checks that the run ends within two seconds of the break, says why, and has files that agree with its
/// console.
#[track_caller]
fn check_aborts(answer: Answer, level: &str) -> Output {
    let (server, first) = breaks_into(answer);
    let output = run(&server, level).go().code(3);
    let broken = *first.get().expect("a request") + GOOD;
    let after = broken.elapsed();
    assert!(after < Duration::from_secs(2), "{after:?} after the break");
    let said = format!("{level} was broken: ");
    let line = output.stderr.lines().find(|line| line.contains(&said)).unwrap_or_default();
    assert!(line.contains("ERROR") && line.contains(" of Aggregated from "), "{}", output.stderr);
    assert!(line.contains(", worst GET / with "), "{line}");
    let sentence = line.split_once("gregaria.main: ").unwrap().1;
    let sentence = sentence.strip_suffix(": stopping, as --abort-when asks").unwrap();
    check_told(&output, level, sentence);
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

/// Tables, JSON and HTML have the sentence of the log. Locust's CSV files have no place for it.
#[track_caller]
fn check_told(output: &Output, level: &str, sentence: &str) {
    let told = format!("Stopped, because {sentence}\n");
    assert!(output.stdout.contains(&told), "{}", output.stdout);
    let broken = &json(output)["broken"];
    assert_eq!((&broken["level"], &broken["text"]), (&level.into(), &sentence.into()));
    assert_eq!((&broken["name"], &broken["worst"]["name"]), (&"Aggregated".into(), &"/".into()));
    assert!(broken["measured"].as_f64() > Some(0.0), "{broken}");
    let html = fs::read_to_string(output.path("out.html")).unwrap();
    assert!(html.contains(&format!("Stopped, because {sentence}")));
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&fs::read(output.path("out.json")).unwrap()).unwrap()
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
    assert!(output.stderr.contains("fail_rate > 5 was broken: "), "{}", output.stderr);
    assert!(!output.stderr.contains("rate < 1 was broken"), "{}", output.stderr);
}

#[test]
fn what_breaks_before_it_is_judged_does_not_count() {
    // The first requests fail, more than a level allows; by the third second they are few.
    let requests = AtomicU64::new(0);
    let server = Server::start(move |_| match requests.fetch_add(1, Ordering::Relaxed) {
        0..5 => Answer::Send(response("500 Internal Server Error", "")),
        _ => ok(),
    });
    // It was more than 4 in the first second, and is less than 2 over three.
    let run = run(&server, "fail_rate > 2").args(["-t", "4", "--abort-after", "3"]);
    run.go().code(1);
}

/// Users on a server that answers each request after so long.
fn slow(delay: u64) -> Server {
    Server::start(move |_| Answer::Late(Duration::from_millis(delay), Box::new(ok())))
}

/// The run ends by its time, by its number of requests, or by a signal, before ten seconds have passed.
#[test]
fn a_run_that_is_over_before_it_was_judged_is_judged_at_its_end() {
    let server = slow(100);
    let scenario = toml("2s", "wait_time = \"20ms\"\n[[user.task]]\nget = \"/\"");
    let run = |scenario: &str| {
        let run = Run::of(scenario).host(server.address).users(2);
        run.args(["--json-file", "out.json", "--abort-when", "p95 > 10ms; rate < 1"])
    };
    let unlimited = scenario.replace("2s", "1h");
    let outputs = [
        run(&scenario).go(),
        run(&unlimited).args(["--requests", "5"]).go(),
        run(&unlimited).go_until(&server, server.total() + 5),
    ];
    for output in outputs.map(|output| output.code(3)) {
        let told = "p95 > 10ms was broken: 1";
        assert!(output.stderr.contains(told), "{}", output.stderr);
        assert!(output.stderr.contains(": judged at the end, as --abort-when asks"));
        assert!(output.stdout.contains(&format!("At the end {told}")), "{}", output.stdout);
        assert_eq!(json(&output)["broken"]["at_end"], true);
        assert_eq!(json(&output)["broken"]["from_s"], 0.0);
    }
    // The level may hold at the end.
    let kept = Run::of(&scenario).host(server.address).users(2);
    let kept = kept.args(["--json-file", "out.json", "--abort-when", "p95 > 1m"]).go().code(0);
    assert_eq!(json(&kept)["broken"], Value::Null);
}

/// The last part of the run is less than a second.
#[test]
fn the_last_moment_of_a_run_is_judged_too() {
    let started = OnceLock::new();
    let server = Server::start(move |_| {
        let since = started.get_or_init(Instant::now).elapsed();
        if since < Duration::from_millis(2100) {
            return ok();
        }
        Answer::Late(Duration::from_millis(300), Box::new(ok()))
    });
    let scenario = toml("2800ms", "wait_time = \"20ms\"\n[[user.task]]\nget = \"/\"");
    let run = Run::of(&scenario).host(server.address).users(10);
    let output = run.args(["--abort-when", "max > 200ms", "--abort-after", "1s"]).go().code(3);
    assert!(output.stderr.contains("judged at the end"), "{}", output.stderr);
}

#[test]
fn users_who_finish_do_not_break_a_rate() {
    let server = slow(1500);
    let run = run(&server, "rate < 3").args(["-t", "2", "-s", "20"]);
    // Ten requests in the first 1.5 s, the others long after the end.
    let output = run.env("GREGARIA_ABORT_AFTER", "1.9").go();
    assert!(!output.stderr.contains("was broken"), "{}", output.stderr);
    output.code(0);
}

#[test]
fn what_is_never_judged_is_refused_before_the_start() {
    let server = plain_server();
    let shape = "[load]\nstage = [{ duration = \"2s\", users = 1, spawn_rate = 1 }]\n";
    let open = "[load]\nstage = [{ duration = \"2s\", rate = 5 }]\n";
    let user = "[[user]]\nname = \"u\"\n[[user.task]]\nget = \"/\"\n";
    let timed = toml("2s", "[[user.task]]\nget = \"/\"");
    for scenario in [timed.clone(), format!("{shape}{user}"), format!("{open}{user}")] {
        for after in ["2s", "10s"] {
            let run = Run::of(&scenario).host(server.address).args(["--csv", "out"]);
            let run = run.args(["--abort-when", "p95 > 10ms", "--abort-after", after]);
            let output = run.go().code(2);
            let told = format!(
                "--abort-when is to be judged from {after} on (--abort-after), and the \
                                load ends at 2s: give --abort-after less time, or leave it out"
            );
            assert!(output.stderr.contains(&told), "{}", output.stderr);
            assert!(!output.path("out_stats.csv").exists());
        }
    }
    let alone = Run::of(&timed).host(server.address).args(["--abort-after", "1s"]).go().code(2);
    let cure = "--abort-after is of use with levels only: add one, such as --abort-when 'p95 > 2s'";
    assert!(alone.stderr.contains(cure), "{}", alone.stderr);
    let load = "[load]\nrun_time = \"2s\"\nabort_after = \"2s\"\nabort_when = \"p95 > 10ms\"\n";
    let checked = format!("host = \"http://127.0.0.1:9\"\n{load}{user}");
    let checked = Run::new(["check", "s.toml"]).file("s.toml", &checked).go().code(2);
    assert!(checked.stderr.contains("is to be judged from 2s on"), "{}", checked.stderr);
    let never = Run::of(&timed).host(server.address).args(["--abort-when", "rate < 0"]);
    let output = never.go().code(2);
    assert!(output.stderr.contains("'rate < 0' can never be broken"), "{}", output.stderr);
}

/// Requests without a response have no latency.
#[test]
fn a_level_that_nothing_could_be_compared_with_is_told_and_is_no_success() {
    let (server, _) = breaks_into(Answer::Never);
    let output = run(&server, "p95 > 10s").args(["-t", "13"]).go().code(1);
    let told = "p95 > 10s could not be judged to the end: nobody had an answer any more";
    assert!(output.stderr.contains(told), "{}", output.stderr);
    assert!(output.stdout.contains(told), "{}", output.stdout);
}

#[test]
fn levels_that_hold_change_nothing() {
    let server = plain_server();
    let output = run(&server, "fail_ratio > 0").args(["-t", "2"]).go().code(0);
    assert!(!output.stderr.contains("--abort-when"), "{}", output.stderr);
}
