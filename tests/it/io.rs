//! What sockets go through: chosen by what the kernel allows, asked for by a flag, named in every report.

use std::fs;

use serde_json::Value;

use crate::harness::{Output, Refused, Run, Signal};

const CURE: &str = "docker run --security-opt seccomp=";

fn demo() -> Run {
    Run::new(["demo", "-t", "1s"])
}

#[track_caller]
fn check_over_epoll(output: &Output) {
    let (requests, failures) = output.aggregated();
    assert!(requests > 100 && failures == 0);
    assert!(output.stdout.contains("\nSockets over: epoll\n"), "{}", output.stdout);
}

#[test]
fn a_run_that_may_not_use_io_uring_goes_over_epoll_and_is_told_the_cure_in_one_line() {
    let output = demo().refused(Refused::io_uring()).go().code(0);
    check_over_epoll(&output);
    let lines = output.stderr.lines();
    let told: Vec<_> = lines.filter(|line| line.contains("Sockets go over epoll")).collect();
    assert!(told.len() == 1 && told[0].contains(CURE), "{}", output.stderr);
}

#[test]
fn io_uring_that_is_asked_for_and_refused_is_an_error_with_the_cure() {
    let asked = |run: Run| {
        let output = run.refused(Refused::io_uring()).go().code(2);
        assert!(output.stderr.contains(CURE), "{}", output.stderr);
        assert_eq!(output.stdout, "");
    };
    asked(demo().args(["--io", "io_uring"]));
    asked(demo().env("GREGARIA_IO", "io_uring"));
    asked(demo().file("gregaria.toml", "io = \"io_uring\""));
    asked(Run::new(["serve", "--port", "0", "--io", "io_uring"]));
    asked(Run::new(["overhead", "--io", "io_uring"]));
}

/// By the list of calls that Docker's default profile refuses.
#[test]
#[cfg(target_arch = "x86_64")]
fn the_demo_runs_to_its_end_under_dockers_default_profile() {
    check_over_epoll(&demo().refused(Refused::docker()).go().code(0));
}

#[test]
fn every_report_names_what_the_sockets_went_through() {
    let run = demo().args(["--io", "epoll", "--json-file", "r.json", "--html", "r.html"]);
    let output = run.go().code(0);
    check_over_epoll(&output);
    assert!(!output.stderr.contains(CURE), "nobody is told what to do: {}", output.stderr);
    let read = |file| fs::read_to_string(output.path(file)).unwrap();
    let json: Value = serde_json::from_str(&read("r.json")).unwrap();
    assert_eq!(json["generator"]["backend"], "epoll");
    assert!(read("r.html").contains(r#""backend":"epoll""#));
    let overhead = ["overhead", "--seconds", "1", "--users", "3", "--io", "epoll", "--json"];
    let json: Value = serde_json::from_str(&Run::new(overhead).go().code(0).stdout).unwrap();
    assert_eq!(json["backend"], "epoll");
}

#[test]
fn no_ring_is_made_where_epoll_is_asked_for() {
    let mut server = Run::new(["serve", "--port", "0", "--io", "epoll"]).start();
    server.serving_at();
    let files = fs::read_dir(format!("/proc/{}/fd", server.id())).unwrap();
    let files = files.filter_map(|file| fs::read_link(file.unwrap().path()).ok());
    let files: Vec<_> = files.map(|file| file.display().to_string()).collect();
    assert!(files.iter().any(|file| file == "anon_inode:[eventpoll]"), "{files:?}");
    assert!(!files.iter().any(|file| file == "anon_inode:[io_uring]"), "{files:?}");
    server.signal(Signal::TERM);
    server.wait().code(0);
}
