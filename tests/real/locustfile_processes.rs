//! The processes of a locustfile's run: whatever ends them, what the server saw is counted, or the loss is said.

use std::time::{Duration, Instant};
use std::{env, fs, thread};

use gregaria::target::{Options, Server};
use rustix::process::{Pid, kill_process};

use crate::harness::{Output, Run, Running, Signal};
use crate::script::python_with;

/// Core processes are children of the fork server, which is one of the host, which is one of the command.
const CORE: u32 = 3;

/// Users who wait, sleep, are in a request, or in a nested task set.
const FILE: &str = r#"
import time
from locust import HttpUser, TaskSet, between, constant, task

class Quick(HttpUser):
    wait_time = constant(0.001)

    @task
    def home(self):
        self.client.get("/")

class Slow(HttpUser):
    wait_time = between(0.01, 0.3)

    def on_start(self):
        self.client.get("/users", name="start")

    def on_stop(self):
        self.client.get("/users", name="stop")

    @task
    def sleeps(self):
        self.client.get("/users")
        time.sleep(0.05)

    @task
    class Nested(TaskSet):
        wait_time = constant(0.01)

        @task(3)
        def users(self):
            self.client.get("/status")

        @task
        def leave(self):
            self.interrupt()
"#;

/// Which never lets go of its core after its first request.
const STUCK: &str = r#"
from locust import HttpUser, task

class Stuck(HttpUser):
    @task
    def stuck(self):
        self.client.get("/")
        while True:
            pass
"#;

/// Starts users of this file against the server; `None` without a Python.
fn start(file: &str, server: &Server, flags: &[&str]) -> Option<Running> {
    // In the standard library since Python 3.11.
    let python = python_with("tomllib")?;
    let words = ["-f", "locustfile.py", "--headless", "--csv", "out", "--only-summary"];
    let run = Run::new(words).file("locustfile.py", file).arg("--python").arg(python.get_program());
    Some(run.args(flags).host(server.address()).users(20).start())
}

fn await_requests(server: &Server, requests: u64) {
    let begin = Instant::now();
    while server.counters().requests < requests {
        assert!(begin.elapsed() < Duration::from_secs(60), "no requests came");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The processes that this one has started, and those that they have, with their depth.
fn descendants(of: u32, depth: u32) -> Vec<(Pid, u32)> {
    let threads = fs::read_dir(format!("/proc/{of}/task")).unwrap();
    let children = threads.map(|thread| thread.unwrap().path().join("children"));
    let children: String = children.map(|of| fs::read_to_string(of).unwrap_or_default()).collect();
    let child = |id: &str| {
        let id: u32 = id.parse().unwrap();
        let own = (Pid::from_raw(id as i32).unwrap(), depth);
        [vec![own], descendants(id, depth + 1)].concat()
    };
    children.split_whitespace().flat_map(child).collect()
}

/// All requests that the server saw were counted. One that was cancelled may not have been sent.
#[track_caller]
fn check_books(output: &Output, server: &Server) {
    let (requests, failures) = output.aggregated();
    assert_eq!(failures, 0, "{}", output.stdout);
    let (seen, cancelled) = (server.counters().requests, output.cancelled());
    assert!(
        (requests..=requests + cancelled).contains(&seen),
        "{seen} of {requests} + {cancelled}\n{}\n{}",
        output.stdout,
        output.stderr
    );
}

/// Ctrl-C goes to all processes of the terminal. The number of stops can be raised by
/// `GREGARIA_TEST_STOPS`.
#[test]
fn stopped_at_any_moment_all_processes_together_count_what_the_server_saw() {
    let stops = env::var("GREGARIA_TEST_STOPS").map_or(6, |stops| stops.parse().unwrap());
    let mut rng = fastrand::Rng::with_seed(7);
    for _ in 0..stops {
        let server = Server::start(Options::default()).unwrap();
        let Some(running) = start(FILE, &server, &[]) else { return };
        await_requests(&server, rng.u64(1..2000));
        for (process, _) in descendants(running.id(), 1) {
            kill_process(process, Signal::INT).unwrap();
        }
        running.signal(Signal::INT);
        check_books(&running.wait().code(0), &server);
    }
}

#[test]
fn the_loss_of_a_core_process_is_said_and_ends_the_run_with_exit_code_1() {
    let server = Server::start(Options::default()).unwrap();
    let Some(running) = start(FILE, &server, &["-t", "10m"]) else { return };
    await_requests(&server, 500);
    let mut descendants = descendants(running.id(), 1).into_iter();
    let core = descendants.find(|(_, depth)| *depth == CORE).unwrap();
    kill_process(core.0, Signal::KILL).unwrap();
    let output = running.wait().code(1);
    let said = "was killed by SIGKILL; what it counted after second ";
    assert!(output.stderr.contains(said), "{}", output.stderr);
    assert!(output.path("out_stats.csv").exists());
}

#[test]
fn the_loss_of_the_host_is_said_and_nothing_that_was_counted_is_lost() {
    let server = Server::start(Options::default()).unwrap();
    let Some(running) = start(FILE, &server, &["-t", "10m"]) else { return };
    await_requests(&server, 500);
    kill_process(descendants(running.id(), 1)[0].0, Signal::KILL).unwrap();
    let output = running.wait().code(1);
    let said = "the Python host process was killed by SIGKILL";
    assert!(output.stderr.contains(said), "{}", output.stderr);
    check_books(&output, &server);
}

/// Its core processes note what they have used.
const BUSY: &str = r#"
import time
from locust import HttpUser, events, task
from locust.runners import WorkerRunner

class Busy(HttpUser):
    @task
    def busy(self):
        self.client.get("/")
        end = time.process_time() + 0.02
        while time.process_time() < end:
            pass

@events.test_stop.add_listener
def note(environment, **_):
    if isinstance(environment.runner, WorkerRunner):
        with open("used", "a") as file:
            file.write(f"{time.process_time()}\n")
"#;

#[test]
fn the_cpu_time_of_core_processes_is_counted_as_that_of_the_command() {
    let server = Server::start(Options::default()).unwrap();
    let Some(python) = python_with("tomllib") else { return };
    let run = Run::by("sh").args(["-c", "\"$@\" >/dev/null && times", "sh"]);
    let run = run.arg(env!("CARGO_BIN_EXE_gregaria")).args(["--headless", "-t", "1s", "--python"]);
    let run = run.arg(python.get_program()).file("locustfile.py", BUSY);
    let output = run.host(server.address()).users(2).go().code(0);
    // Minutes and seconds, user and system, of the shell's children.
    let seconds = |time: &str| {
        let (minutes, seconds) = time.trim_end_matches('s').split_once('m').unwrap();
        60.0 * minutes.parse::<f64>().unwrap() + seconds.parse::<f64>().unwrap()
    };
    let told: f64 = output.stdout.lines().nth(1).unwrap().split(' ').map(seconds).sum();
    let used = fs::read_to_string(output.path("used")).unwrap();
    let used: f64 = used.lines().map(|line| line.parse::<f64>().unwrap()).sum();
    assert!(used > 0.1 && told > used, "{told} of {used} s\n{}", output.stdout);
}

#[test]
fn nothing_outlives_a_command_that_is_killed() {
    for file in [FILE, STUCK] {
        let server = Server::start(Options::default()).unwrap();
        let Some(running) = start(file, &server, &[]) else { return };
        await_requests(&server, 2);
        let processes = descendants(running.id(), 1);
        assert!(processes.len() > 1, "{processes:?}");
        running.signal(Signal::KILL);
        let begin = Instant::now();
        let is_there = |process| rustix::process::test_kill_process(process).is_ok();
        while processes.iter().any(|(process, _)| is_there(*process)) {
            assert!(begin.elapsed() < Duration::from_secs(10), "{processes:?}");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn a_task_that_never_lets_go_of_its_core_does_not_hold_the_end_up() {
    let server = Server::start(Options::default()).unwrap();
    let Some(running) = start(STUCK, &server, &[]) else { return };
    await_requests(&server, 2);
    thread::sleep(Duration::from_secs(2));
    running.signal(Signal::INT);
    let begin = Instant::now();
    let output = running.wait().code(1);
    // A second after the stop, and time to write the reports on a busy machine.
    assert!(begin.elapsed() < Duration::from_secs(6));
    assert!(output.stderr.contains("a task did not let go of its core"), "{}", output.stderr);
}
