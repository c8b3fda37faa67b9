//! Where the kernel refuses io_uring to the process.

use std::fs;

use serde_json::Value;

use crate::harness::{Refused, Run};

#[test]
fn a_run_that_may_not_use_io_uring_is_told_the_cure() {
    let output = Run::new(["demo", "-t", "1s"]).refused(Refused::io_uring()).go().code(2);
    assert!(output.stderr.contains("docker run --security-opt seccomp="), "{}", output.stderr);
}

#[test]
fn every_report_names_what_the_sockets_went_through() {
    let run = Run::new(["demo", "-t", "1s", "--json-file", "r.json", "--html", "r.html"]);
    let output = run.go().code(0);
    assert!(output.stdout.contains("\nSockets over: io_uring\n"), "{}", output.stdout);
    let read = |file| fs::read_to_string(output.path(file)).unwrap();
    let json: Value = serde_json::from_str(&read("r.json")).unwrap();
    assert_eq!(json["generator"]["backend"], "io_uring");
    assert!(read("r.html").contains(r#""backend":"io_uring""#));
}
