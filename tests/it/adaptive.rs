//! Adaptive loads, through the Rust API.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use gregaria::plan::{Options, Plan};
use gregaria::report::Report;
use gregaria::report::csv::{CsvFiles, History};
use gregaria::run;
use gregaria::scenario::{Adaptation, Scenario, User, WaitTime};
use gregaria::stats::Snapshot;
use gregaria::threshold::Threshold;

use crate::support::api::{get, go, ms, scenario};
use crate::support::{Answer as Says, Server, Table, ok, plain_server};

/// The time limit, which is far longer than any run here.
const DEADLINE: Duration = Duration::from_secs(20);

/// Users with a wait, so that the test is not about how fast the machine is.
fn paced() -> User {
    User::new("u").task(get("/")).wait_time(WaitTime::constant(ms(20)))
}

/// The number of users above which the server is slow.
fn server_for(users: usize) -> Server {
    let overloaded = AtomicBool::new(false);
    Server::start(move |request| {
        overloaded.fetch_or(request.connection >= users, Ordering::SeqCst);
        match overloaded.load(Ordering::SeqCst) {
            true => Says::Late(ms(200), Box::new(ok())),
            false => ok(),
        }
    })
}

#[test]
fn a_climb_ends_when_a_level_breaks_and_everything_is_counted() {
    let server = server_for(8);
    let level: Threshold = "p95 > 100ms".parse().unwrap();
    let climb = move |snapshot: &Snapshot| match level.is_broken(snapshot) {
        true => Adaptation::Stop,
        false => {
            let steps = 1 + snapshot.elapsed.as_secs() as u32;
            Adaptation::Users { users: 3 * steps, spawn_rate: 1000.0 }
        }
    };
    let ran = go(scenario(&server, paced()).adapt(climb), Options::default());

    let snapshot = &ran.summary.snapshot;
    let commands: Vec<_> = snapshot.commands.iter().map(|command| &*command.what).collect();
    let steps =
        ["3 users", "6 users", "9 users"].map(|users| format!("{users} at 1000 per second"));
    assert_eq!(commands[..3], steps);
    assert_eq!(commands.last(), Some(&"stop"));
    let running: Vec<u64> = ran.updates.iter().map(Snapshot::user_count).collect();
    assert!(running.is_sorted() && running.contains(&3) && running.contains(&6), "{running:?}");

    // The server does not know users who had not sent a request yet.
    let users = 3 * (commands.len() as u64 - 1);
    let absent = users - server.users();
    assert_eq!((ran.total().failures, snapshot.total.counts.retries), (0, 0));
    assert_eq!(server.total(), ran.total().requests + snapshot.total.counts.cancelled - absent);
}

#[test]
fn an_open_load_adapts_its_rate_and_goes_down_too() {
    let server = plain_server();
    let function = |snapshot: &Snapshot| match snapshot.elapsed.as_secs() {
        0 => Adaptation::Continue,
        1 => Adaptation::Rate(60.0),
        2 => Adaptation::Rate(0.0),
        3 => Adaptation::Continue,
        _ => Adaptation::Stop,
    };
    let options = Options { rate: Some(20.0), ..Options::default() };
    let ran = go(scenario(&server, User::new("u").task(get("/"))).adapt(function), options);
    let load = ran.summary.snapshot.open_load.as_ref().unwrap();
    let requests: Vec<u64> = ran.updates.iter().map(|update| update.total.requests).collect();
    assert!(requests[2] - requests[1] > 40, "{requests:?}");
    assert_eq!(requests[3], requests[4], "{requests:?}");
    assert_eq!((load.backlog, ran.total().requests), (0, load.due));
}

#[test]
fn the_same_answer_again_is_no_command_and_a_run_without_users_goes_on() {
    let server = plain_server();
    let function = |snapshot: &Snapshot| match snapshot.elapsed.as_secs() {
        0 | 1 => Adaptation::Users { users: 0, spawn_rate: 1000.0 },
        2 | 3 => Adaptation::Users { users: 4, spawn_rate: 1000.0 },
        _ => Adaptation::Stop,
    };
    let ran = go(scenario(&server, paced()).adapt(function), Options::default());
    assert_eq!(ran.summary.snapshot.commands.len(), 3);
    assert!(ran.updates.iter().any(|snapshot| snapshot.user_count() == 4));
}

/// Runs until the error. Returns it with the number of requests in the files.
#[track_caller]
fn broken(scenario: Scenario) -> (String, u64) {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("out");
    let files = CsvFiles::create(&prefix, History::Aggregated).unwrap();
    let reports = vec![("csv".to_owned(), Box::new(files) as Box<dyn Report + Send>)];
    let plan = Arc::new(Plan::new(scenario, Options::default()).unwrap());
    let (sender, done) = channel();
    thread::spawn(move || {
        let ended = run::run(&plan, &Arc::default(), reports, |error| panic!("{error}"));
        sender.send(ended.unwrap_err().to_string()).unwrap();
    });
    let error = done.recv_timeout(DEADLINE).expect("the run ends");
    let stats = Table::read(&folder.path().join("out_stats.csv"));
    (error, stats.count("Aggregated", "Request Count"))
}

#[test]
fn a_function_that_panics_ends_the_run_with_an_error_and_all_reports() {
    let server = plain_server();
    let told = Arc::new(Mutex::new(0));
    let seen = told.clone();
    let (error, requests) = broken(scenario(&server, paced()).adapt(move |snapshot: &Snapshot| {
        *seen.lock().unwrap() = snapshot.total.requests;
        assert!(snapshot.elapsed < Duration::from_secs(1), "beyond me");
        Adaptation::Continue
    }));
    assert_eq!(error, "the adaptive load cannot be followed: panic: beyond me");
    assert!(requests > 0 && requests >= *told.lock().unwrap(), "{requests}");
}

#[test]
fn an_answer_for_another_kind_of_load_ends_the_run_with_an_error() {
    let server = plain_server();
    let (error, _) = broken(scenario(&server, paced()).adapt(|_: &Snapshot| Adaptation::Rate(5.0)));
    assert!(error.ends_with("change the users instead"), "{error}");
}
