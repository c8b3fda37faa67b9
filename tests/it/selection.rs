//! Runs of a part of a scenario: some classes, or tasks with some tags.

use crate::support::{Output, Run, Server, ok};

const SHOP: &str = r#"
[[user]]
name = "Reader"
on_start = { get = "/login" }
[[user.task]]
get = "/list"
tags = ["read", "slow"]
[[user.task]]
get = "/item"
tags = ["read"]
weight = 3

[[user]]
name = "Writer"
[[user.task]]
get = "/buy"
tags = "write"
"#;

fn shop(args: &[&str]) -> Run {
    Run::of(SHOP).args(["--host", "http://127.0.0.1:9"]).args(args)
}

/// Runs against a server. Returns the different requests that it saw, and the output.
#[track_caller]
fn asked(run: impl FnOnce(Run) -> Run) -> (Vec<String>, Output) {
    let server = Server::start(|_| ok());
    let run = run(Run::of(SHOP).host(server.address).users(4)).args(["--requests", "200"]);
    let output = run.go().code(0);
    let mut lines: Vec<String> = server.seen().iter().map(|seen| seen.line.clone()).collect();
    lines.sort();
    lines.dedup();
    (lines, output)
}

#[test]
fn tags_choose_the_tasks_of_a_run() {
    let (lines, output) = asked(|run| run.args(["-T", "read", "-E", "slow"]));
    assert_eq!(lines, ["GET /item", "GET /login"]);
    let told = "Left out, because the tags leave no task of theirs: Writer";
    assert!(output.stderr.contains(told), "{}", output.stderr);
    let (lines, _) = asked(|run| run.env("GREGARIA_TAGS", "slow write"));
    assert_eq!(lines, ["GET /buy", "GET /list", "GET /login"]);
    let (lines, _) = asked(|run| run.args(["--exclude-tags", "slow,write"]));
    assert_eq!(lines, ["GET /item", "GET /login"]);
}

#[test]
fn classes_of_a_run_are_picked() {
    let (lines, _) = asked(|run| run.args(["--user-classes", "Writer"]));
    assert_eq!(lines, ["GET /buy"]);
    let (lines, _) = asked(|run| run.env("GREGARIA_USER_CLASSES", "Writer,Reader"));
    assert_eq!(lines, ["GET /buy", "GET /item", "GET /list", "GET /login"]);
}

#[test]
fn classes_are_picked_with_weights() {
    let picked = shop(&["--show-task-ratio", "-u", "4", "--user-classes", "Writer=3,Reader"]);
    let ratio = picked.go().code(0).stdout;
    let mut writers = ratio.lines().filter(|line| line.contains("Writer"));
    assert!(writers.any(|line| line.contains("75.0")), "{ratio}");
}

#[test]
fn task_ratios_are_of_what_is_left() {
    let ratio = shop(&["--show-task-ratio", "--tags", "slow"]).go().code(0).stdout;
    assert!(ratio.contains("100.0"), "{ratio}");
    assert!(ratio.contains("GET /list"), "{ratio}");
    assert!(!ratio.contains("GET /item") && !ratio.contains("Writer"), "{ratio}");
}

#[test]
fn a_part_that_is_not_there_is_refused() {
    for (args, expected) in [
        (&["-T", "raed"][..], "no task has the tag 'raed', did you mean 'read'?"),
        (&["-E", "x"], "no task has the tag 'x'; there are read, slow, write"),
        (&["-T", "slow", "-E", "read"], "the tags leave no task to run; there are read, slow"),
        (&["--user-classes", "Reader=0"], "NAME=WEIGHT with a weight above 0"),
        (&["--user-classes", "=3"], "NAME=WEIGHT with a weight above 0"),
        (&["--user-classes", "reader"], "named 'reader', did you mean 'Reader'?"),
    ] {
        let output = shop(args).go().code(2);
        assert!(output.stderr.contains(expected), "{args:?}: {}", output.stderr);
        assert_eq!(output.stdout, "");
    }
}
