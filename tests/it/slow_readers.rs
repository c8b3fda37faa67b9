//! Reports whose reader stops reading for longer than the run lasts: the load ends on time, no second of
//! it is late, and all reports agree in the end.

use std::fmt::Write;
use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Output, Run, plain_server};

const LOAD: Duration = Duration::from_secs(4);

/// What a pipe holds before its writer waits (pipe(7)).
const PIPE: usize = 64 << 10;

/// A scenario with so many long names that no table of them fits into a pipe.
fn long_tables() -> String {
    let mut scenario = "[load]\nrun_time = \"4s\"\n[[user]]\nname = \"u\"\n".to_owned();
    scenario += "[[user.task]]\nname = \"all\"\nsteps = [\n";
    for n in 0..700 {
        writeln!(scenario, "{{ get = \"/\", name = \"{n:0>60}\" }},").unwrap();
    }
    scenario + "]\n"
}

/// Runs the scenario by a script in which the reader of a report sleeps for seven seconds.
#[track_caller]
fn run(script: &str) -> Output {
    let server = plain_server();
    let run = Run::in_shell(script, &long_tables()).host(server.address).users(2);
    let output = run.args(["--csv", "out"]).go().code(0);
    let seen = server.seen();
    let load = seen[seen.len() - 1].at - seen[0].at;
    assert!((LOAD / 2..LOAD + Duration::from_secs(1)).contains(&load), "{load:?}");
    let seconds = output.csv("out_stats_history.csv").counts("Timestamp");
    assert!(seconds.windows(2).all(|pair| pair[1] - pair[0] <= 1), "{seconds:?}");
    let requests = requests(&output);
    let cancelled = 2;
    assert!((requests..=requests + cancelled).contains(&server.total()), "{requests}");
    output
}

fn requests(output: &Output) -> u64 {
    output.csv("out_stats.csv").count("Aggregated", "Request Count")
}

#[track_caller]
fn check_json(output: &Output, json: &str) {
    let json: Value = serde_json::from_str(json).unwrap();
    assert_eq!(json["total"]["num_requests"], requests(output));
}

#[test]
fn a_run_whose_tables_nobody_reads_ends_on_time_and_has_them_whole() {
    let output = run("{ \"$0\" \"$@\" 2>&1; echo $? > code; } | { sleep 7; cat; }");
    assert_eq!(fs::read_to_string(output.path("code")).unwrap(), "0\n");
    assert!(output.stdout.len() > 3 * PIPE, "{} bytes", output.stdout.len());
    assert!(output.stdout.contains("Shutting down (exit code 0)"));
    let (first, last) = (format!("{:0>60}", 0), format!("{:0>60}", 699));
    // The closing tables alone have percentiles.
    let percentiles = output.stdout.rsplit("Response time percentiles").next().unwrap();
    assert!(percentiles.contains(&first) && percentiles.contains(&last), "{percentiles}");
    let table = output.stdout.lines().filter(|line| line.trim_start().starts_with("Aggregated"));
    let counts = table.map(|line| line.split_whitespace().nth(1).unwrap().to_owned());
    assert!(counts.collect::<Vec<_>>().contains(&requests(&output).to_string()));
}

#[test]
fn a_named_pipe_that_nobody_reads_for_a_while_gets_the_whole_run() {
    let output = run(
        "mkfifo pipe; { exec 3< pipe; sleep 7; cat <&3 > got; } & \"$0\" \"$@\" --json-file pipe
         code=$?; wait; exit $code",
    );
    let got = fs::read_to_string(output.path("got")).unwrap();
    assert!(got.len() > PIPE, "{} bytes", got.len());
    check_json(&output, &got);
}

#[test]
fn so_does_stdout() {
    let output =
        run("{ \"$0\" \"$@\" --json-file /dev/stdout; echo $? > code; } | { sleep 7; cat; }");
    assert_eq!(fs::read_to_string(output.path("code")).unwrap(), "0\n");
    let (json, tables) = output.stdout.split_once("\n}\n").unwrap();
    check_json(&output, &format!("{json}\n}}"));
    assert!(tables.starts_with("Type"), "{tables}");
}
