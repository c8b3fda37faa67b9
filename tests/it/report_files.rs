//! Report files when something goes wrong: a killed process, a closed terminal, a full disk, a removed folder,
//! and paths that are no regular files.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Answer, Output, Run, Server, Signal, get_root, ok, plain_server, toml};

/// A run that asks for `/` every 20 ms until it is ended, with all files below `results`.
fn run(server: &Server, run: fn(&str) -> Run) -> Run {
    let scenario = toml("1h", "wait_time = \"20ms\"\n[[user.task]]\nget = \"/\"");
    with_files(run(&scenario).host(server.address).users(2))
}

fn with_files(run: Run) -> Run {
    let files = ["--csv", "results/out", "--json-file", "results/out", "--html"];
    run.args(files).arg("results/out.html")
}

const CSV: [&str; 5] = ["stats", "stats_history", "failures", "exceptions", "status_codes"];
/// With JSON and HTML.
const FILES: usize = CSV.len() + 2;

/// Checks that all files are complete and of this run, and that there are no others.
#[track_caller]
fn check_whole(output: &Output) {
    let (requests, _) = output.aggregated();
    assert!(requests > 0);
    let stats = output.csv("results/out_stats.csv");
    assert_eq!(stats.count("Aggregated", "Request Count"), requests);
    let history = output.csv("results/out_stats_history.csv");
    assert_eq!(history.counts("Total Request Count").last(), Some(&requests));
    let json: Value =
        serde_json::from_slice(&fs::read(output.path("results/out.json")).unwrap()).unwrap();
    assert_eq!(json["total"]["num_requests"], requests);
    assert!(fs::read_to_string(output.path("results/out.html")).unwrap().ends_with("</html>\n"));
    assert_eq!(fs::read_dir(output.path("results")).unwrap().count(), FILES);
}

/// A shell and the kernel both send SIGHUP when a terminal is closed.
#[test]
fn a_hangup_ends_a_run_as_sigterm_does_however_often_it_comes() {
    let server = Server::start(|_| Answer::Late(Duration::from_millis(300), Box::new(ok())));
    for (signal, name) in [(Signal::TERM, "SIGTERM"), (Signal::HUP, "SIGHUP")] {
        let seen = server.count();
        let mut running = run(&server, Run::of).args(["-s", "5"]).start();
        server.await_requests(seen + 6);
        running.signal(signal);
        running.stderr_line(&format!("Got {name}, stopping"));
        running.signal(Signal::HUP);
        let output = running.wait().code(0);
        check_whole(&output);
        assert_eq!(output.cancelled(), 0, "{}", output.stdout);
    }
}

/// A run whose report cannot be written ends with 1, and the log says why.
#[test]
fn a_log_file_on_a_full_disk_has_its_lines_on_stderr() {
    let server = plain_server();
    let run = Run::of(&get_root("1s")).host(server.address);
    let full = ["--logfile", "/dev/full", "--html", "/dev/full"];
    let output = run.args(full).start().wait().code(1);
    let error =
        "ERROR/gregaria.report: html failed: cannot write /dev/full: No space left on device";
    assert!(output.stderr.contains(error), "{}", output.stderr);
}

#[test]
fn nohup_keeps_a_hangup_away() {
    let server = plain_server();
    let running =
        run(&server, |scenario| Run::in_shell("exec nohup \"$0\" \"$@\"", scenario)).start();
    server.await_requests(10);
    running.signal(Signal::HUP);
    let seen = server.count();
    server.await_requests(seen + 50);
    running.signal(Signal::TERM);
    let output = running.wait().code(0);
    assert!(!output.stderr.contains("SIGHUP"), "{}", output.stderr);
    check_whole(&output);
}

#[test]
fn what_an_earlier_run_left_is_there_until_there_is_more() {
    let server = plain_server();
    let results = tempfile::tempdir().unwrap();
    let path = |name: &str| results.path().join(name);
    let earlier = |name: &str| fs::read_to_string(path(name)).unwrap();
    let names = CSV.map(|kind| format!("out_{kind}.csv"));
    let names = names.iter().map(|name| &**name).chain(["out.json", "out.html"]);
    names.clone().for_each(|name| fs::write(path(name), "earlier").unwrap());
    let run = |scenario: &str| {
        let run = Run::of(scenario).host(server.address).users(2);
        run.arg("--csv").arg(path("out")).arg("--json-file").arg(path("out")).arg("--html")
    };

    // The run cannot start.
    let refused = run(&get_root("1s")).arg("/dev/null/out.html").go().code(2);
    assert!(refused.stderr.contains("cannot write /dev/null/out.html"), "{}", refused.stderr);
    names.clone().for_each(|name| assert_eq!(earlier(name), "earlier", "{name}"));

    // It is killed during the run, before the files that are written at the end.
    for signal in [Signal::KILL, Signal::QUIT] {
        let seen = server.count();
        let running = run(&get_root("1h")).arg(path("out.html")).start();
        server.await_requests(seen + 500);
        running.signal(signal);
        let output = running.wait();
        assert_eq!(output.status.code(), None, "{}", output.stderr);
        assert_eq!([earlier("out.json"), earlier("out.html")], ["earlier", "earlier"]);
        for kind in CSV {
            let text = earlier(&format!("out_{kind}.csv"));
            assert!(text.ends_with("\r\n"), "{kind}: {text}");
        }
    }
    // A process that is killed while it writes leaves this.
    fs::write(path("out.json.part"), "{\"half\": ").unwrap();
    run(&get_root("1s")).arg(path("out.html")).go().code(0);
    names.clone().for_each(|name| assert_ne!(earlier(name), "earlier", "{name}"));
    assert_eq!(fs::read_dir(results.path()).unwrap().count(), FILES);
}

#[test]
fn a_folder_that_is_deleted_on_the_way_is_told_and_is_no_success() {
    let server = plain_server();
    let mut running = run(&server, Run::of).start();
    running.await_file("results/out_stats_history.csv");
    fs::remove_dir_all(running.path("results")).unwrap();
    running
        .stderr_line("csv failed: cannot write results/out_stats.csv: No such file or directory");
    running.signal(Signal::INT);
    let output = running.wait().code(1);
    for told in ["json file failed: cannot write results/out", "html failed: cannot write results/"]
    {
        assert!(output.stderr.contains(told), "{}", output.stderr);
    }
    assert!(!output.path("results").exists());
}

/// The history is the only file that stays open.
#[test]
fn a_history_that_is_deleted_on_the_way_is_told_at_the_end_at_the_latest() {
    let server = plain_server();
    let running = run(&server, Run::of).start();
    running.await_file("results/out_stats_history.csv");
    fs::remove_file(running.path("results/out_stats_history.csv")).unwrap();
    running.signal(Signal::INT);
    let output = running.wait().code(1);
    let told = "csv failed: cannot write results/out_stats_history.csv: No such file or directory";
    assert!(output.stderr.contains(told), "{}", output.stderr);
}

/// Checks that every file has complete rows that add up, or its old content.
#[track_caller]
fn check_full(output: Output, told: &str) {
    assert!(output.stderr.contains(told), "{}", output.stderr);
    for kind in CSV {
        let path = output.path(&format!("results/out_{kind}.csv"));
        let Ok(text) = fs::read_to_string(path) else { continue };
        assert!(text.ends_with("\r\n"), "{kind} ends in the middle of a row: {text}");
        let columns = |line: &str| line.matches(',').count();
        let mut lines = text.lines();
        let header = columns(lines.next().unwrap());
        lines.for_each(|line| assert_eq!(columns(line), header, "{kind}: {line}"));
    }
    let left = fs::read_dir(output.path("results")).unwrap();
    let parts = left.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".part")
    });
    assert_eq!(parts.count(), 0);
}

/// Python ignores SIGXFSZ, so Locust survives it.
#[test]
fn a_file_that_may_not_grow_has_whole_rows() {
    let server = plain_server();
    let limited = |scenario: &str| Run::in_shell("ulimit -f 2 && exec \"$0\" \"$@\"", scenario);
    let run = run(&server, limited).args(["-t", "11"]);
    check_full(run.go().code(1), "cannot write results/out_stats_history.csv: File too large");
}

#[test]
fn a_disk_that_is_full_has_whole_rows() {
    let script = "mkdir results && mount -t tmpfs -o size=16k none results && \"$0\" \"$@\"; code=$?
                  cp -r results kept && umount results && rmdir results && mv kept results; exit $code";
    let server = plain_server();
    let scenario = toml("12s", "wait_time = \"20ms\"\n[[user.task]]\nget = \"/\"");
    let Some(run) = mounting(script, &scenario) else { return };
    let run = with_files(run.host(server.address).users(2));
    check_full(run.go().code(1), ": No space left on device");
}

/// Containers have such files from their host.
#[test]
fn a_file_that_something_is_mounted_on_is_overwritten() {
    let script = "mkdir results host && cd results && touch out.json out_stats.csv && cd .. &&
                  head -c 99999 /dev/zero > host/out.json && echo > host/out_stats.csv &&
                  mount --bind host/out.json results/out.json &&
                  mount --bind host/out_stats.csv results/out_stats.csv && \"$0\" \"$@\"; code=$?
                  cp -r results kept && umount results/* 2> /dev/null
                  rm -r results && mv kept results; exit $code";
    let Some(run) = mounting(script, &get_root("2s")) else { return };
    let server = plain_server();
    check_whole(&with_files(run.host(server.address).users(2)).go().code(0));
}

/// Makes a run by a script that may mount. `None` if mounting is not possible.
fn mounting(script: &str, scenario: &str) -> Option<Run> {
    let may = std::process::Command::new("unshare").args(["-rm", "true"]).status();
    let script = format!("exec unshare -rm sh -c '{script}' \"$0\" \"$@\"");
    may.is_ok_and(|status| status.success()).then(|| Run::in_shell(&script, scenario))
}

#[test]
fn what_is_no_regular_file_is_written_through() {
    let server = plain_server();
    let run = |target: &str| {
        let run = Run::of(&get_root("1s")).host(server.address).users(2);
        run.args(["--json-file", target, "--html", "/dev/null", "--csv", "out"])
    };
    let output = run("/dev/stdout").go().code(0);
    let (json, tables) = output.stdout.split_once("\n}\n").unwrap();
    let json: Value = serde_json::from_str(&format!("{json}\n}}")).unwrap();
    assert_eq!(json["total"]["num_requests"], output.aggregated().0);
    assert!(tables.starts_with("Type"), "{tables}");
    assert!(!Path::new("/dev/stdout.json").exists() && !Path::new("/dev/null.part").exists());

    // Both go into one file, and neither overwrites the other.
    let both = Run::in_shell("exec \"$0\" \"$@\" > both", &get_root("1s")).host(server.address);
    let output = both.args(["--json-file", "/dev/stdout"]).go().code(0);
    let both = fs::read_to_string(output.path("both")).unwrap();
    assert!(both.starts_with("{\n") && both.contains("\n}\nType"), "{both}");
    assert!(both.contains("Aggregated"), "{both}");

    // A pipe, such as a shell's `>(…)`.
    let piped =
        "mkfifo pipe; cat pipe > got & \"$0\" \"$@\" --json-file pipe; code=$?; wait; exit $code";
    let output = Run::in_shell(piped, &get_root("1s")).host(server.address).go().code(0);
    let got: Value = serde_json::from_slice(&fs::read(output.path("got")).unwrap()).unwrap();
    assert_eq!(got["total"]["num_requests"], output.aggregated().0);
}

#[test]
fn a_pipe_that_nobody_reads_keeps_no_run_waiting_for_ever() {
    let piped = "mkfifo pipe; exec \"$0\" \"$@\" --json-file pipe";
    let run = Run::in_shell(piped, &get_root("1s")).host(plain_server().address);
    let output = run.go().code(2);
    let told = "cannot write pipe: a pipe that nobody reads";
    assert!(output.stderr.contains(told), "{}", output.stderr);
}

#[test]
fn a_link_leads_to_the_new_report() {
    let server = plain_server();
    let folder = tempfile::tempdir().unwrap();
    symlink("real.json", folder.path().join("latest.json")).unwrap();
    let run = Run::of(&get_root("1s")).host(server.address).arg("--json-file");
    run.arg(folder.path().join("latest.json")).go().code(0);
    assert!(folder.path().join("latest.json").symlink_metadata().unwrap().is_symlink());
    assert!(fs::read_to_string(folder.path().join("real.json")).unwrap().ends_with("\n}\n"));
}
