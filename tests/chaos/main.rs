//! The `gregaria` command against a server that misbehaves for a while ("rages"): all requests are counted, every
//! user recovers, and no memory or descriptors are leaked.
//!
//! `GREGARIA_TEST_CHAOS=long` makes it a minute with 2,000 users. It is its own test binary, so that it does not
//! disturb the times of other tests.

#![allow(clippy::unwrap_used)]

mod books;
#[path = "../harness/mod.rs"]
mod harness;
mod process;
mod server;

use std::env;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

use books::Books;
use harness::{Results, Run, Running};
use process::Holdings;
use server::Server;

/// More than the kernel buffers for a server that does not read.
const UPLOAD: usize = 256 * 1024;

const SCENARIO: &str = "
[[user]]
name = \"Survivor\"
timeout = \"2s\"
wait_time = { between = [\"200ms\", \"400ms\"] }
[[user.task]]
get = \"/\"
weight = 15
[[user.task]]
post = \"/\"
weight = 4
body = \"what may not be sent twice\"
[[user.task]]
put = \"/upload\"
body = \"UPLOAD\"
";

/// The time before the rage, in which all users start, and after it, which is longer than their timeout.
const BEFORE: Duration = Duration::from_secs(2);
const AFTER: Duration = Duration::from_secs(6);

/// How long the server rages, and with how many users.
fn size() -> (Duration, u64) {
    match env::var("GREGARIA_TEST_CHAOS") {
        Ok(value) if value == "long" => (Duration::from_secs(52), 2000),
        _ => (Duration::from_secs(5), 300),
    }
}

/// Starts a run of this many users for this time.
fn start(server: &Server, users: u64, run_time: Duration, stop_timeout: &str) -> Running {
    let scenario = SCENARIO.replace("UPLOAD", &"x".repeat(UPLOAD));
    let url = format!("http://{}", server.address);
    let run_time = format!("{}s", run_time.as_secs());
    let flags = ["-H", &url, "-u", &users.to_string(), "-r", "2000", "-t", &run_time];
    Run::start_with_csv(&scenario, &[&flags[..], &["--stop-timeout", stop_timeout]].concat())
}

#[test]
fn a_run_that_is_interrupted_under_a_server_that_rages_tells_of_every_request() {
    let server = Server::start(fastrand::u64(..));
    let run = start(&server, 300, BEFORE + AFTER, "0");
    thread::sleep(BEFORE);
    server.rage();
    thread::sleep(Duration::from_millis(1500));
    run.signal(Signal::INT);
    let asked = Instant::now();
    let run = run.results();
    assert!(asked.elapsed() < Duration::from_secs(4), "{}", run.stderr);
    let counts = server.end();
    println!("{counts:?}\n{}", run.stdout);
    Books::of(&run).check(&counts);
}

#[test]
fn a_server_that_rages_takes_nothing_from_the_books_and_leaves_nothing_behind() {
    let (rage, users) = size();
    // The server's sockets are in this process.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let server = Server::start(seed);
    let run = start(&server, users, BEFORE + rage + AFTER, "5s");
    thread::sleep(BEFORE);
    assert_eq!(server.content(), users, "all are there before it begins");
    let before = Holdings::of(run.id());
    server.rage();
    thread::sleep(rage);
    server.calm();
    thread::sleep(AFTER - Duration::from_millis(500));
    let after = Holdings::of(run.id());
    let content = server.content();
    let run = run.results();
    let counts = server.end();
    println!("{counts:?}\n{before:?}\n{after:?}\n{}", run.stdout);
    assert_eq!(run.cancelled(), 0, "all had the time to finish");
    Books::of(&run).check(&counts);
    assert_eq!(content, users, "every user has its connection, and an answer over it");
    check_recovered(&run);
    before.check_same(&after);
}

/// Checks that there are requests and no failures in the last seconds.
fn check_recovered(run: &Results) {
    let [.., then, _, last] = &run.history[..] else { panic!("{:?}", run.history) };
    assert_eq!(last.failures, then.failures, "{:?}", run.history);
    assert!(last.requests > then.requests, "{:?}", run.history);
}
