//! Runs whose cores are processes: what they count, and what is said when one of them is lost.

mod fake;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::*;
use crate::control::Control;
use crate::cores::allowed_cores;
use crate::plan::{Options, Plan};
use crate::run::Error;
use crate::scenario::Adaptive;
use crate::stats::{Ending, Snapshot};
use crate::target;

/// Longer than any of these runs takes on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// A server and a host that has loaded this file.
struct Setup {
    server: target::Server,
    host: Arc<HostProcess>,
    description: Description,
    control: Arc<Control>,
}

impl Setup {
    fn new(file: &str) -> Self {
        let server = target::Server::start(target::Options::default()).unwrap();
        let host = HostProcess::start(fake::command()).unwrap();
        let mut load = Load { files: vec![file.to_owned()], ..Load::default() };
        host.load(load.clone()).unwrap();
        load.arguments = json!({"words": []});
        let description = host.load(load).unwrap();
        Setup { server, host, description, control: Arc::default() }
    }

    fn options(&self) -> Options {
        Options {
            host: Some(format!("http://{}", self.server.address())),
            users: Some(20),
            spawn_rate: Some(1000.0),
            ..Options::default()
        }
    }

    fn run(
        &self,
        options: &Options,
        adaptive: Option<Adaptive>,
    ) -> (Result<Snapshot, String>, Arc<Plan>) {
        let mut scenario = self.description.scenario(&Described).unwrap();
        scenario.load.adaptive = adaptive;
        let plan = Arc::new(Plan::new(scenario, options.clone()).unwrap());
        let crew = Crew::new(self.host.clone(), self.description.clone(), options.clone());
        let test_start = || {
            self.host.fire("test_start", json!(null)).unwrap();
            json!(7)
        };
        let on_error = |error: &crate::collector::ReportError| panic!("{error}");
        let ran = crew.run(&plan, &self.control, test_start, Vec::new(), on_error);
        let ran = ran.map(|summary| summary.snapshot).map_err(|error| match error {
            Error::LostProcess(text) => format!("lost: {text}"),
            error => error.to_string(),
        });
        (ran, plan)
    }

    /// Runs without an end, and has something done when the server has seen some requests.
    fn run_until(&self, act: impl FnOnce() + Send) -> Result<Snapshot, String> {
        /// A test that has failed ends its run, too.
        struct Failed<'c>(&'c Control);
        impl Drop for Failed<'_> {
            fn drop(&mut self) {
                if thread::panicking() {
                    self.0.stop();
                }
            }
        }
        thread::scope(|scope| {
            scope.spawn(|| {
                let _failed = Failed(&self.control);
                self.await_requests(50);
                act();
            });
            self.run(&self.options(), None).0
        })
    }

    fn await_requests(&self, requests: u64) {
        let begin = Instant::now();
        while self.server.counters().requests < requests {
            assert!(begin.elapsed() < LONG, "no requests came");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The core processes of the run, which are children of the fork server, the host's only child.
    fn core_processes(&self) -> Vec<Pid> {
        let fork_servers = children(Pid::from_raw(self.host.id as i32).unwrap());
        assert_eq!(fork_servers.len(), 1);
        children(fork_servers[0])
    }

    /// What the server saw is what was counted: as samples, or as cancelled.
    #[track_caller]
    fn check_books(&self, snapshot: &Snapshot) {
        let (requests, cancelled) = (snapshot.total.requests, snapshot.total.counts.cancelled);
        assert_eq!(snapshot.total.failures, 0, "{:?}", snapshot.failures);
        let seen = self.server.counters().requests;
        // A request that was cancelled while it connected was never sent.
        assert!(
            (requests..=requests + cancelled).contains(&seen),
            "{seen} of {requests}+{cancelled}"
        );
        assert!(requests > 50);
    }
}

fn children(of: Pid) -> Vec<Pid> {
    let threads = std::fs::read_dir(format!("/proc/{of}/task")).unwrap();
    let children = threads.map(|thread| thread.unwrap().path().join("children"));
    let children: String = children.map(|of| std::fs::read_to_string(of).unwrap()).collect();
    children.split_whitespace().map(|id| Pid::from_raw(id.parse().unwrap()).unwrap()).collect()
}

#[test]
fn two_processes_count_together_what_the_server_saw() {
    let setup = Setup::new("get");
    let options = Options { run_time: Some(Duration::from_millis(1300)), ..setup.options() };
    let (ran, plan) = setup.run(&options, None);
    let snapshot = ran.unwrap();
    setup.check_books(&snapshot);
    assert_eq!(snapshot.ending, Some(Ending::RunTime));
    assert_eq!(snapshot.health.cores.len(), plan.cores.len());
    assert_eq!(snapshot.user_count(), 0);
    assert_eq!(setup.core_processes(), [], "all were waited for");
}

#[test]
fn users_are_divided_among_the_cores_as_those_of_one_process_are() {
    let setup = Setup::new("get");
    let snapshot = setup.run_until(|| {
        let begin = Instant::now();
        loop {
            let stats = setup.host.fire("stats", json!({})).unwrap();
            if stats["user_count"] == 20 && stats["state"] == "running" {
                let classes = json!({"A": 10, "B": 10});
                assert_eq!(stats["user_classes_count"], classes);
                assert!(stats["total"]["num_requests"].as_u64().unwrap() > 0, "{stats}");
                break;
            }
            assert!(begin.elapsed() < LONG, "{stats}");
            thread::sleep(Duration::from_millis(50));
        }
        setup.control.stop();
    });
    let snapshot = snapshot.unwrap();
    setup.check_books(&snapshot);
    assert_eq!(snapshot.ending, Some(Ending::Stop));
    assert_eq!(setup.host.fire("stats", json!({})).unwrap()["state"], "stopped");
}

#[test]
fn changes_of_the_load_reach_every_process() {
    let setup = Setup::new("get");
    setup.control.expect_changes();
    let snapshot = setup.run_until(|| {
        setup.control.set_users(7, 1000.0).unwrap();
        let begin = Instant::now();
        while setup.host.fire("stats", json!({})).unwrap()["user_count"] != 7 {
            assert!(begin.elapsed() < LONG);
            thread::sleep(Duration::from_millis(50));
        }
        // The host itself stops the run.
        setup.host.fire("stop", json!({})).unwrap();
    });
    setup.check_books(&snapshot.unwrap());
}

#[test]
fn all_iterations_are_done_once_on_all_cores_together() {
    let setup = Setup::new("get");
    let options = Options { iterations: Some(333), ..setup.options() };
    let snapshot = setup.run(&options, None).0.unwrap();
    assert_eq!((snapshot.total.requests, snapshot.total.counts.cancelled), (333, 0));
    assert_eq!(snapshot.ending, Some(Ending::Iterations));
    assert_eq!(setup.server.counters().requests, 333);
}

/// Locust's `tick` with a third element changes which classes are started.
#[test]
fn a_shape_is_followed_with_its_classes() {
    let setup = Setup::new("get");
    setup.host.choose_shape(None).unwrap();
    let (ran, _) = setup.run(&setup.options(), Some(setup.host.shape()));
    let snapshot = ran.unwrap();
    setup.check_books(&snapshot);
    let said: Vec<_> = snapshot.commands.iter().map(|command| &*command.what).collect();
    let first = "4 users at 100 per second, only A are started";
    assert_eq!(said, [first, "10 users at 100 per second, only B are started", "stop"]);
}

#[test]
fn a_shape_that_raises_or_names_no_class_ends_the_run_with_its_error() {
    let check = |file, expected: &str| {
        let setup = Setup::new(file);
        let (ran, _) = setup.run(&setup.options(), Some(setup.host.shape()));
        assert_eq!(ran.unwrap_err(), format!("the adaptive load cannot be followed: {expected}"));
    };
    check("failing shape", "Traceback: no");
    check("unknown shape", "there is no class of users named 'C'; a shape may ask for A, B");
}

#[test]
fn a_core_process_that_is_killed_ends_the_run_and_its_loss_is_said() {
    let setup = Setup::new("get");
    let ran = setup.run_until(|| {
        let victim = setup.core_processes()[0];
        kill_process(victim, Signal::KILL).unwrap();
    });
    let said = ran.unwrap_err();
    let core = "lost: core 0: its process ";
    assert!(said.starts_with(core), "{said}");
    assert!(said.contains(" was killed by SIGKILL; what it counted after second "), "{said}");
    assert!(!said.contains("core 1"), "{said}");
    assert!(setup.control.is_stopping());
}

#[test]
fn a_host_that_is_killed_ends_the_run_with_all_that_was_counted() {
    let setup = Setup::new("get");
    let ran = setup.run_until(|| {
        let host = Pid::from_raw(setup.host.id as i32).unwrap();
        kill_process(host, Signal::KILL).unwrap();
    });
    assert_eq!(ran.unwrap_err(), "lost: the Python host process was killed by SIGKILL");
    let asked = setup.host.fire("test_stop", json!({})).unwrap_err();
    assert_eq!(asked, HostError::Ended("was killed by SIGKILL".to_owned()));
}

#[test]
fn a_core_that_is_stuck_is_killed_after_the_stop_timeout_and_a_second() {
    let setup = Setup::new("stuck");
    let options = Options { run_time: Some(Duration::from_millis(500)), ..setup.options() };
    let begin = Instant::now();
    let said = setup.run(&options, None).0.unwrap_err();
    let reason = "a task did not let go of its core, and was killed; what it counted after second ";
    assert!(said.contains(reason), "{said}");
    assert!(begin.elapsed() < LONG);
}

/// As `tick` of a Locust shape may.
#[test]
fn a_shape_that_does_not_answer_does_not_hold_the_end_up() {
    let check = |run_time| {
        let setup = Setup::new("slow shape");
        let options = Options { run_time, ..setup.options() };
        thread::scope(|scope| {
            scope.spawn(|| {
                setup.await_requests(50);
                if run_time.is_none() {
                    setup.control.stop();
                }
            });
            let said = setup.run(&options, Some(setup.host.shape())).0.unwrap_err();
            assert_eq!(said, "lost: the Python host process was killed by SIGKILL");
        });
    };
    check(None);
    check(Some(Duration::from_millis(500)));
}

#[test]
fn a_run_that_is_stopped_before_its_cores_are_ready_ends() {
    let setup = Setup::new("slow start");
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(300));
            setup.control.stop();
        });
        let said = setup.run(&setup.options(), None).0.unwrap_err();
        assert_eq!(said, "the run was stopped before it began");
    });
    assert_eq!(setup.core_processes(), []);
}

#[test]
fn a_host_serves_one_run_after_the_other() {
    let mut setup = Setup::new("get");
    for _ in 0..2 {
        setup.server = target::Server::start(target::Options::default()).unwrap();
        setup.control = Arc::default();
        let stop = || setup.control.stop();
        setup.check_books(&setup.run_until(stop).unwrap());
    }
}

#[test]
fn a_core_that_cannot_begin_is_said_before_there_is_any_load() {
    let setup = Setup::new("no actions");
    assert_eq!(setup.run(&setup.options(), None).0.unwrap_err(), "Traceback: no actions");
    assert_eq!(setup.server.counters().requests, 0);
    assert_eq!(setup.core_processes(), []);
}

#[test]
fn files_that_cannot_be_loaded_are_an_error_with_an_exit_code() {
    let host = HostProcess::start(fake::command()).unwrap();
    let load = Load { files: vec!["broken".to_owned()], ..Load::default() };
    let error = LoadError { text: "broken:1: no".to_owned(), exit: 1 };
    assert_eq!(host.load(load), Err(HostError::Load(error)));
}

/// Ctrl-C goes to all processes of a terminal.
#[test]
fn signals_of_the_terminal_are_the_commands_alone() {
    let setup = Setup::new("get");
    let snapshot = setup.run_until(|| {
        let host = Pid::from_raw(setup.host.id as i32).unwrap();
        for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
            kill_process(host, signal).unwrap();
        }
        thread::sleep(Duration::from_millis(100));
        setup.control.stop();
    });
    setup.check_books(&snapshot.unwrap());
}

#[test]
fn messages_go_from_the_host_to_all_cores_and_back() {
    let setup = Setup::new("get");
    let snapshot = setup.run_until(|| {
        setup.host.fire("greet", json!({})).unwrap();
        setup.host.fire("await a message", json!({})).unwrap();
        let begin = Instant::now();
        loop {
            let mut told = setup.host.fire("messages", json!({})).unwrap();
            let told = told.as_array_mut().unwrap();
            if told.len() == allowed_cores().len() {
                assert!(told.contains(&json!("core-0: answer")), "{told:?}");
                break;
            }
            assert!(begin.elapsed() < LONG, "{told:?}");
            thread::sleep(Duration::from_millis(50));
        }
        setup.control.stop();
    });
    setup.check_books(&snapshot.unwrap());
}

/// As Locust's example `custom_messages` has it: `test_start` of the master deals out what users begin with.
#[test]
fn what_the_host_sends_at_test_start_comes_before_that_of_the_cores() {
    let setup = Setup::new("greeting");
    setup.run_until(|| setup.control.stop()).unwrap();
    let told = setup.host.fire("messages", json!({})).unwrap();
    for core in 0..allowed_cores().len() {
        let started = json!(format!("core-{core}: start 7 after 1"));
        assert!(told.as_array().unwrap().contains(&started), "{told}");
    }
}

/// As the kernel does where memory is short. What runs goes on; the next run cannot begin.
#[test]
fn without_the_fork_server_there_is_no_other_run_and_none_is_lost() {
    let mut setup = Setup::new("get");
    let snapshot = setup.run_until(|| {
        let host = Pid::from_raw(setup.host.id as i32).unwrap();
        kill_process(children(host)[0], Signal::KILL).unwrap();
        thread::sleep(Duration::from_millis(100));
        setup.control.stop();
    });
    setup.check_books(&snapshot.unwrap());
    setup.control = Arc::default();
    let said = setup.run(&setup.options(), None).0.unwrap_err();
    let expected = "the process of core 0 cannot be started: the Python process that starts those of the \
                    cores has ended";
    assert_eq!(said, expected);
}

#[test]
fn a_host_that_is_busy_for_ever_is_killed_with_its_command() {
    let host = HostProcess::start(fake::command()).unwrap();
    let id = Pid::from_raw(host.id as i32).unwrap();
    let asking = host.clone();
    let asked = thread::spawn(move || asking.fire("hang", json!({})));
    thread::sleep(Duration::from_millis(200));
    host.stop();
    assert!(matches!(asked.join().unwrap(), Err(HostError::Ended(_))));
    drop(host);
    assert!(rustix::process::test_kill_process(id).is_err());
}
