//! Ends of a run besides its time: an exact number of iterations or requests, or a signal.

use std::time::{Duration, Instant};

use gregaria::executor::allowed_cores;
use gregaria::plan::Options;
use gregaria::scenario::{Task, User, WaitTime};
use gregaria::session::Session;

use crate::support::api::{Ran, get, go, ms, scenario, users};
use crate::support::{Answer, Run, Server, Signal, get_root, ok, plain_server};

/// What ends the run.
#[derive(Debug, Clone, Copy)]
enum End {
    Iterations(u32),
    Requests(u32),
}

impl End {
    fn of(self, options: Options) -> Options {
        match self {
            End::Iterations(n) => Options { iterations: Some(n), run_time: None, ..options },
            End::Requests(n) => Options { requests: Some(n), run_time: None, ..options },
        }
    }
}

/// Runs tasks of one request each on this number of cores.
fn run(server: &Server, cores: usize, options: Options) -> Ran {
    let cores = allowed_cores().iter().take(cores).map(|core| core.id).collect();
    let user = User::new("u").task(get("/"));
    go(scenario(server, user), Options { cores: Some(cores), ..options })
}

/// Checks that the run ends after the exact number on one core and on two.
#[track_caller]
fn check_exact(end: End, load: &Options) {
    let (End::Iterations(expected) | End::Requests(expected)) = end;
    for cores in [1, 2] {
        let server = plain_server();
        let ran = run(&server, cores, end.of(load.clone()));
        let told = (
            ran.total().requests,
            ran.total().failures,
            ran.summary.snapshot.total.counts.cancelled,
        );
        assert_eq!(told, (u64::from(expected), 0, 0), "{end:?} on {cores} cores");
        assert_eq!(server.total(), u64::from(expected));
        assert!(ran.took < ms(4000), "{end:?} on {cores} cores took {:?}", ran.took);
    }
}

#[test]
fn a_run_of_so_many_is_of_exactly_so_many() {
    for n in [1, 7, 100] {
        check_exact(End::Iterations(n), &users(4, ms(0)));
        check_exact(End::Requests(n), &users(4, ms(0)));
    }
}

#[test]
fn one_user_does_them_all_however_many_cores_there_are() {
    check_exact(End::Iterations(5), &users(1, ms(0)));
    check_exact(End::Requests(5), &users(1, ms(0)));
}

#[test]
fn an_open_load_ends_with_them_too() {
    let open = |rate, max_users| Options {
        rate: Some(rate),
        max_users: Some(max_users),
        ..Options::default()
    };
    for n in [1, 21] {
        check_exact(End::Iterations(n), &open(200.0, 8));
        check_exact(End::Requests(n), &open(200.0, 8));
        check_exact(End::Iterations(n), &open(200.0, 1));
    }
    // The last is not waited for longer than it takes: the release after it would be a minute away.
    check_exact(End::Iterations(2), &Options { rate: Some(1e3), ..open(1e3, 8) });
}

#[test]
fn the_last_iteration_is_the_end_whatever_waits_and_ramps_are_to_come() {
    let server = plain_server();
    let user = User::new("u").task(get("/")).wait_time(WaitTime::constant(Duration::from_secs(60)));
    let options = Options { spawn_rate: Some(20.0), ..users(1000, ms(0)) };
    let ran = go(scenario(&server, user), End::Iterations(6).of(options));
    assert_eq!((ran.total().requests, server.total()), (6, 6));
    assert!(ran.took < ms(4000), "{:?}", ran.took);
}

#[test]
fn a_release_that_would_come_after_the_last_is_not_waited_for() {
    let server = plain_server();
    let options = Options { rate: Some(0.1), ..Options::default() };
    let ran = run(&server, 1, End::Iterations(1).of(options));
    assert_eq!(ran.total().requests, 1);
    assert!(ran.took < ms(4000), "{:?}", ran.took);
}

#[test]
fn the_stop_timeout_is_not_waited_for_where_all_is_done() {
    let stop_timeout = Some(Duration::from_secs(15));
    check_exact(End::Iterations(9), &Options { stop_timeout, ..users(4, ms(0)) });
    // No user can make another request.
    check_exact(End::Requests(9), &Options { stop_timeout, ..users(4, ms(0)) });
}

#[test]
fn requests_end_in_the_middle_of_an_iteration() {
    let server = plain_server();
    let task = Task::new("many", async |session: &mut Session| {
        for _ in 0..1000 {
            session.get("/").send().await?;
        }
        Ok(())
    });
    let ran =
        go(scenario(&server, User::new("u").task(task)), End::Requests(50).of(users(3, ms(0))));
    assert_eq!((ran.total().requests, server.total()), (50, 50));
}

#[test]
fn whatever_comes_first_is_the_end() {
    let server = Server::start(|_| Answer::Late(ms(50), Box::new(ok())));
    let options = Options { iterations: Some(100_000), ..users(2, ms(400)) };
    let ran = run(&server, 2, options.clone());
    assert!((ms(400)..ms(4000)).contains(&ran.took), "{:?}", ran.took);
    let told = ran.total().requests + ran.summary.snapshot.total.counts.cancelled;
    assert!((2..100).contains(&told), "{told}");
    let ran = run(&server, 2, Options { iterations: Some(4), ..users(2, ms(60_000)) });
    assert_eq!((ran.total().requests, ran.summary.snapshot.total.counts.cancelled), (4, 0));
    let ran = run(&server, 2, Options { requests: Some(3), ..options });
    assert_eq!((ran.total().requests, ran.summary.snapshot.total.counts.cancelled), (3, 0));
}

#[test]
fn the_flags_say_the_same() {
    for flags in [["--iterations", "30"], ["--requests", "30"], ["-i", "30"]] {
        let server = plain_server();
        let run = Run::of(&get_root("1h")).host(server.address).users(4).args(flags);
        let output = run.args(["--csv", "out", "--stop-timeout", "15"]).go().code(0);
        assert_eq!((output.aggregated(), server.total()), ((30, 0), 30));
        assert_eq!(output.csv("out_stats.csv").count("Aggregated", "Request Count"), 30);
    }
}

#[test]
fn a_signal_ends_any_load_before_its_time() {
    let shape = "stage = [{ duration = \"1h\", users = 4, spawn_rate = 1000 }]";
    let loads = [
        (shape, &["--iterations", "1000000000"][..]),
        ("rate = 500", &["--requests", "1000000000"]),
        ("rate = 500\narrivals = \"poisson\"", &["--iterations", "1000000000", "-t", "1h"]),
    ];
    for (load, flags) in loads {
        let server = plain_server();
        let scenario =
            format!("[load]\n{load}\n[[user]]\nname = \"u\"\n[[user.task]]\nget = \"/\"\n");
        let running = Run::of(&scenario).host(server.address).args(flags).start();
        server.await_requests(50);
        let stopped = Instant::now();
        running.signal(Signal::INT);
        let output = running.wait().code(0);
        assert!(stopped.elapsed() < ms(5000), "{load}");
        let (requests, told) = (output.aggregated().0, output.cancelled());
        let seen = server.total();
        assert!((requests..=requests + told).contains(&seen), "{load}: {seen} seen, {requests}");
    }
}
