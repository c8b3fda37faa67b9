//! Every case once, each with its own user and server, all at the same time.

use std::collections::HashMap;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use gregaria::control::Control;
use gregaria::plan::{Options, Plan};
use gregaria::run;
use gregaria::scenario::{Scenario, Task};
use gregaria::session::Session;
use gregaria::stats::Snapshot;

use super::case::{Ask, Case, Door, Group};
use super::cases;
use super::client::{self, Outcome, WAYS, Way};
use super::server::{Counts, Server};

/// The time limit, which is far longer than a table takes.
const DEADLINE: Duration = Duration::from_secs(60);

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Held by tests that measure the process or use all CPU time.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The outcomes of each case.
type Outcomes = HashMap<&'static str, Vec<Outcome>>;

/// Runs these cases until the last user has finished.
fn run_all(cases: &[(&'static Case, Server)], way: Way) -> (Outcomes, Snapshot) {
    let (tell, told) = channel();
    let mut scenario = Scenario::new("http://127.0.0.1:1");
    for (case, server) in cases {
        let (case, tell) = (*case, tell.clone());
        let task = Task::new(case.name, async move |session: &mut Session| {
            let outcomes = client::run(session, case, way).await;
            tell.send((case.name, outcomes)).unwrap();
            session.sleep(Duration::from_secs(3600)).await;
            Ok(())
        });
        let host = format!("http://{}", server.address);
        scenario = scenario.user(case.user(way.kept).host(host).task(task));
    }
    let users = Some(cases.len() as u32);
    let options = Options { users, spawn_rate: Some(1e6), ..Options::default() };
    let plan = Arc::new(Plan::new(scenario, options).unwrap());
    let control = Arc::<Control>::default();
    let running = {
        let (plan, control) = (plan.clone(), control.clone());
        thread::spawn(move || run::run(&plan, &control, Vec::new(), |error| panic!("{error}")))
    };
    let (mut outcomes, end) = (Outcomes::new(), Instant::now() + DEADLINE);
    while outcomes.len() < cases.len() {
        let left = end.saturating_duration_since(Instant::now());
        let Ok((name, came)) = told.recv_timeout(left) else { break };
        outcomes.insert(name, came);
    }
    control.stop();
    (outcomes, running.join().unwrap().unwrap().snapshot)
}

/// Returns what is wrong with a case, if anything.
fn mistakes(
    case: &Case,
    way: Way,
    server: &Server,
    came: &Outcomes,
    books: &Snapshot,
) -> Vec<String> {
    let expected = case.expected(way.kept);
    let Some(outcomes) = came.get(case.name) else { return vec!["it hangs".into()] };
    let mut mistakes = Vec::new();
    let mut check = |right: bool, what: String| {
        if !right {
            mistakes.push(what);
        }
    };
    let as_expected = outcomes.len() == expected.len()
        && outcomes.iter().zip(expected).all(|(outcome, expected)| expected.is_met_by(outcome));
    check(as_expected, format!("{outcomes:?} in place of {expected:?}"));

    // Each request is one sample with the text that the task saw.
    let rows = || books.entries.iter().filter(|row| row.key.name == case.name);
    let requests: u64 = rows().map(|row| row.requests).sum();
    let asked = case.asks.iter().filter(|ask| matches!(ask, Ask::Request(..))).count() as u64;
    check(requests == asked, format!("{requests} samples of {asked} requests"));
    let pairs = expected.iter().zip(outcomes);
    let mut texts: Vec<_> = pairs.filter_map(|(expected, came)| expected.failure(came)).collect();
    let rows_of_failures = books.failures.iter().filter(|row| row.key.name == case.name);
    let mut counted: Vec<_> = rows_of_failures
        .flat_map(|row| std::iter::repeat_n(row.message.clone(), row.occurrences as usize))
        .collect();
    texts.sort();
    counted.sort();
    check(texts == counted, format!("the failures are counted as {counted:?}, not {texts:?}"));
    if as_expected {
        let bytes: u64 = expected.iter().map(|expected| expected.body_bytes()).sum();
        let counted: u64 = rows().map(|row| row.counts.body_bytes).sum();
        check(bytes == counted, format!("{counted} bytes of bodies are counted, not {bytes}"));
    }

    let retries: u64 = rows().map(|row| row.counts.retries).sum();
    check(retries == case.retries, format!("{retries} requests were sent again"));
    let cancelled: u64 = rows().map(|row| row.counts.cancelled).sum();
    check(cancelled == 0, format!("{cancelled} requests were cancelled"));
    let made: u64 = rows().map(|row| row.counts.connections).sum();
    let is_made = made == case.connections() || case.is_by_chance() || case.door != Door::Open;
    check(is_made, format!("{made} connections were made"));

    let expected = Counts { connections: case.connections(), requests: case.requests() };
    let seen = server.settled(expected);
    check(seen == expected, format!("the server saw {seen:?} and not {expected:?}"));
    mistakes
}

/// Checks that every case has its expected outcome.
fn check(way: Way) {
    let _alone = alone();
    let mut wrong = String::new();
    for group in [Group::Quick, Group::Waits, Group::Floods] {
        let cases = cases::all().iter().filter(|case| case.group(way.kept) == group);
        let cases: Vec<_> = cases.map(|case| (case, Server::start(case))).collect();
        if cases.is_empty() {
            continue;
        }
        let begin = Instant::now();
        let (outcomes, books) = run_all(&cases, way);
        println!("{group:?}: {} cases in {:?}", cases.len(), begin.elapsed());
        for (case, server) in &cases {
            for mistake in mistakes(case, way, server, &outcomes, &books) {
                wrong += &format!("{}: {mistake}\n", case.name);
            }
        }
        let exceptions = books.exceptions;
        assert!(exceptions.is_empty(), "{exceptions:?}");
    }
    assert!(wrong.is_empty(), "{way:?}\n{wrong}");
}

#[test]
fn prepared_requests_whose_bodies_are_kept() {
    check(WAYS[0]);
}

#[test]
fn prepared_requests_whose_bodies_are_counted() {
    check(WAYS[1]);
}

#[test]
fn rendered_requests_whose_bodies_are_kept() {
    check(WAYS[2]);
}

#[test]
fn rendered_requests_whose_bodies_are_counted() {
    check(WAYS[3]);
}
