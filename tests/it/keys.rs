//! Keys during a run, through a pseudo terminal.

use std::fs;
use std::os::unix::process::ExitStatusExt;

use crate::support::{
    Answer, Run, Running, Server, Signal, Terminal, get_root, plain_server, toml,
};

/// Users who GET `/` and then wait for 20 ms.
const PACED: &str = "wait_time = \"20ms\"\n[[user.task]]\nget = \"/\"";

/// A run that begins with two users, with CSV files.
fn start(terminal: &Terminal, server: &Server) -> Running {
    let run = Run::on(terminal, &toml("1h", PACED)).host(server.address).users(2);
    let mut running = run.args(["--csv", "out"]).start();
    terminal.await_keys();
    running.stderr_line("(2 total users)");
    running
}

#[test]
fn keys_change_the_users_and_everything_is_counted() {
    let (terminal, server) = (Terminal::new(), plain_server());
    let before = terminal.settings();
    let mut running = start(&terminal, &server);
    terminal.press("www");
    running.stderr_line("Ramping to 5 users at a rate of 100.00 per second");
    running.stderr_line("All users spawned: {\"u\": 5} (5 total users)");
    terminal.press("W");
    running.stderr_line("(15 total users)");
    assert_eq!(server.users(), 15, "users keep their connections");
    terminal.press("S");
    running.stderr_line("(5 total users)");
    terminal.press("\u{3}");
    let output = running.wait().code(0);
    assert_eq!(terminal.settings(), before);

    let told: Vec<&str> =
        output.stdout.lines().filter_map(|line| line.strip_prefix("Command after ")).collect();
    let told: Vec<&str> = told.iter().filter_map(|line| Some(line.split_once(": ")?.1)).collect();
    let ramps = [3, 4, 5, 15, 5].map(|users| format!("{users} users at 100 per second"));
    assert_eq!(told, [&ramps[..], &["stop".to_owned()]].concat());
    let history = output.csv("out_stats_history.csv").counts("User Count");
    let steps = history.into_iter().filter(|users| [2, 5, 15].contains(users));
    let mut course: Vec<u64> = steps.collect();
    course.dedup();
    assert_eq!(course[..3], [2, 5, 15]);
    let (requests, failures) = output.aggregated();
    let absent = output.cancelled() + requests - server.total();
    assert_eq!((failures, output.retries(), absent), (0, 0, 0));
    let told = output.csv("out_stats.csv").count("Aggregated", "Request Count");
    assert_eq!(told, requests);
}

/// The run once ended on every core that had no users at the moment.
#[test]
fn a_run_without_users_goes_on_and_takes_new_ones() {
    let (terminal, server) = (Terminal::new(), plain_server());
    let mut running = start(&terminal, &server);
    terminal.press("S");
    running.stderr_line("(0 total users)");
    let seen = server.count();
    terminal.press("wwww");
    running.stderr_line("(4 total users)");
    server.await_requests(seen + 20);
    running.signal(Signal::INT);
    let output = running.wait().code(0);
    assert_eq!(server.users(), 2 + 4, "{}", output.stderr);
}

#[test]
fn keys_change_the_rate_of_an_open_load() {
    let (terminal, server) = (Terminal::new(), plain_server());
    let run = Run::on(&terminal, &get_root("1h")).host(server.address).args(["--rate", "5"]);
    let mut running = run.start();
    terminal.await_keys();
    server.await_requests(1);
    terminal.press("WWs");
    running.stderr_line("Releasing 15.00 iterations per second");
    running.stderr_line("Releasing 25.00 iterations per second");
    running.stderr_line("Releasing 24.00 iterations per second");
    let seen = server.count();
    server.await_requests(seen + 24);
    running.signal(Signal::TERM);
    running.wait().code(0);
}

#[test]
fn a_second_ctrl_c_gives_the_terminal_back_too() {
    let (terminal, server) = (Terminal::new(), Server::start(|_| Answer::Never));
    let before = terminal.settings();
    let run = Run::on(&terminal, &get_root("1h")).host(server.address).users(2);
    let mut running = run.args(["--stop-timeout", "1h"]).start();
    terminal.await_keys();
    server.await_requests(2);
    terminal.press("\u{3}");
    running.stderr_line("Got SIGINT, stopping; once more exits at once");
    terminal.press("\u{3}");
    running.wait().code(130);
    assert_eq!(terminal.settings(), before);
}

/// In the background a process must neither read from the terminal nor change it.
#[test]
fn a_terminal_that_the_process_is_not_in_the_foreground_of_is_left_alone() {
    let (terminal, server) = (Terminal::new(), plain_server());
    let before = terminal.settings();
    let run = Run::of(&get_root("1h")).stdin(&terminal).host(server.address).users(2);
    let running = run.start();
    server.await_requests(20);
    terminal.press("W");
    assert_eq!(terminal.settings(), before);
    server.await_requests(40);
    running.signal(Signal::INT);
    let output = running.wait().code(0);
    assert!(!output.stderr.contains("Ramping to 12"), "{}", output.stderr);
    assert_eq!(terminal.settings(), before);
}

/// Ctrl-\ and all other signals that end a process by default.
#[test]
fn a_signal_that_kills_gives_the_terminal_back() {
    for signal in [
        Signal::QUIT,
        Signal::USR1,
        Signal::ALARM,
        Signal::XCPU,
        Signal::ABORT,
        Signal::SYS,
        Signal::TRAP,
    ] {
        let (terminal, server) = (Terminal::new(), plain_server());
        let before = terminal.settings();
        let running = start(&terminal, &server);
        if signal == Signal::QUIT {
            terminal.press("\u{1c}")
        } else {
            running.signal(signal)
        }
        let output = running.wait();
        assert_eq!(output.status.signal(), Some(signal.as_raw()), "{}", output.stderr);
        assert_eq!(terminal.settings(), before, "{signal:?}");
    }
}

#[test]
fn signals_that_end_a_run_give_the_terminal_back() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (terminal, server) = (Terminal::new(), plain_server());
        let before = terminal.settings();
        let running = start(&terminal, &server);
        running.signal(signal);
        running.wait().code(0);
        assert_eq!(terminal.settings(), before, "{signal:?}");
    }
}

/// The tables have no reader any more, and the files are complete.
#[test]
fn a_terminal_that_is_closed_ends_the_run_with_all_its_files() {
    for run in [Run::on, Run::shown_on] {
        let (terminal, server) = (Terminal::new(), plain_server());
        let run = run(&terminal, &toml("1h", PACED)).host(server.address).users(2);
        let running = run.args(["--csv", "out", "--json-file", "out"]).start();
        // Each of the two users may wait for a response at the end.
        server.await_requests(22);
        terminal.await_keys();
        terminal.hang_up();
        let output = running.wait().code(0);
        assert!(output.stderr.contains("Got SIGHUP, stopping"), "{}", output.stderr);
        let told = output.csv("out_stats.csv").count("Aggregated", "Request Count");
        let json = fs::read(output.path("out.json")).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["total"]["num_requests"], told);
        assert!(told >= 20);
    }
}

#[test]
fn a_stopped_run_has_given_the_terminal_back_and_takes_it_when_it_goes_on() {
    for by_key in [true, false] {
        let (terminal, server) = (Terminal::new(), plain_server());
        let before = terminal.settings();
        let run = Run::job_on(&terminal, &toml("1h", PACED)).host(server.address).users(2);
        let mut running = run.start();
        terminal.await_keys();
        running.stderr_line("(2 total users)");
        if by_key {
            terminal.press("\u{1a}")
        } else {
            running.signal_job(Signal::TSTP)
        }
        running.await_file("stopped");
        assert_eq!(terminal.settings(), before);
        let seen = server.count();
        std::thread::sleep(std::time::Duration::from_millis(200));
        assert_eq!(server.count(), seen, "it is stopped");
        fs::write(running.path("go"), "").unwrap();
        terminal.await_keys();
        server.await_requests(seen + 10);
        terminal.press("w");
        running.stderr_line("Ramping to 3 users");
        terminal.press("\u{3}");
        running.wait().code(0);
        assert_eq!(terminal.settings(), before);
    }
}

/// In a container no parent process could continue it.
#[test]
fn a_run_without_a_shell_above_it_does_not_stop() {
    let (terminal, server) = (Terminal::new(), plain_server());
    let running = start(&terminal, &server);
    terminal.press("\u{1a}");
    let seen = server.count();
    server.await_requests(seen + 100);
    terminal.await_keys();
    terminal.press("\u{3}");
    running.wait().code(0);
}

/// Its group and its session are those of a process outside the container, so their numbers are 0 in it.
#[test]
fn a_container_of_another_session_is_stopped_as_usual() {
    let may = std::process::Command::new("unshare").args(["-rpf", "true"]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        return;
    }
    let (terminal, server) = (Terminal::new(), plain_server());
    let script = "exec setsid --ctty unshare -rpf \"$0\" \"$@\"";
    let run = Run::in_shell(script, &toml("1h", PACED)).stdin(&terminal);
    let running = run.host(server.address).users(2).start();
    server.await_requests(20);
    terminal.press("\u{1a}");
    server.await_requests(server.count() + 50);
    terminal.press("\u{3}");
    let output = running.wait().code(0);
    assert!(output.stderr.contains("Got SIGINT, stopping"), "{}", output.stderr);
}
