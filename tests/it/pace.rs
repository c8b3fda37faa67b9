//! Runs through the Rust API: when and on which core users act, and when they stop.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gregaria::control::Control;
use gregaria::executor::allowed_cores;
use gregaria::plan::Options;
use gregaria::scenario::{Task, User, WaitTime};
use gregaria::session::Session;

use crate::support::api::{get, go, go_until, go_with, ms, scenario, users};
use crate::support::{Answer, Server, ok, plain_server};

#[test]
fn each_user_starts_at_its_number_over_the_rate() {
    const RATE: f64 = 20.0;
    let server = plain_server();
    let user = User::new("u").task(get("/")).wait_time(WaitTime::constant(ms(60_000)));
    let options = Options { spawn_rate: Some(RATE), ..users(12, ms(1200)) };
    go(scenario(&server, user), options);
    let mut arrivals: Vec<Instant> = server.seen().iter().map(|request| request.at).collect();
    arrivals.sort();
    assert_eq!(arrivals.len(), 12);
    for (number, at) in arrivals.iter().enumerate() {
        let late = (*at - arrivals[0]).as_secs_f64() - number as f64 / RATE;
        assert!((-0.4..0.4).contains(&late), "user {number} was late by {late} s");
    }
}

#[test]
fn every_core_has_one_of_as_many_users_as_there_are_cores() {
    let mut cores: Vec<usize> = allowed_cores().iter().map(|core| core.id).collect();
    cores.sort_unstable();
    let server = plain_server();
    let places: Arc<Mutex<BTreeMap<u64, usize>>> = Arc::default();
    let seen = places.clone();
    let task = Task::new("where", async move |session: &mut Session| {
        session.get("/").send().await?;
        seen.lock().unwrap().insert(session.user(), rustix::thread::sched_getcpu());
        Ok(())
    });
    let user = User::new("u").task(task).wait_time(WaitTime::constant(ms(20)));
    let count = 3 * cores.len();
    go(scenario(&server, user), users(count as u32, ms(600)));
    let places: Vec<usize> = places.lock().unwrap().values().copied().collect();
    assert_eq!(places.len(), count);
    for round in places.chunks(cores.len()) {
        let mut round = round.to_vec();
        round.sort_unstable();
        assert_eq!(round, cores, "{places:?}");
    }
}

/// The times between the requests of the only user.
fn gaps(server: &Server) -> Vec<Duration> {
    let seen = server.seen();
    seen.windows(2).map(|pair| pair[1].at - pair[0].at).collect()
}

#[test]
fn a_constant_wait_begins_when_the_task_ends() {
    let server = Server::start(|_| Answer::Late(ms(40), Box::new(ok())));
    let user = User::new("u").task(get("/")).wait_time(WaitTime::constant(ms(60)));
    go_until(scenario(&server, user), 1, &server, 6);
    let gaps = gaps(&server);
    assert!(gaps.iter().all(|gap| *gap >= ms(98)), "{gaps:?}");
}

#[test]
fn a_pace_is_kept_whatever_a_task_takes() {
    let server = Server::start(|_| Answer::Late(ms(40), Box::new(ok())));
    let user = User::new("u").task(get("/")).wait_time(WaitTime::constant_pacing(ms(100)));
    go_until(scenario(&server, user), 1, &server, 8);
    // Without a pace each would be at least 140 ms.
    let gaps = gaps(&server);
    assert!(gaps.iter().any(|gap| *gap < ms(138)), "{gaps:?}");
    let early = ms(100) * gaps.len() as u32 - ms(60);
    assert!(gaps.iter().sum::<Duration>() > early, "{gaps:?}");
}

#[test]
fn a_stall_is_charged_once_to_the_request_that_it_held_up() {
    const STALL: Duration = ms(500);
    let server = Server::start(|request| match request.number {
        5 => Answer::Late(STALL, Box::new(ok())),
        _ => ok(),
    });
    let user = User::new("u").task(get("/")).wait_time(WaitTime::constant_pacing(ms(50)));
    let options = Options { run_time: None, requests: Some(20), ..users(1, ms(0)) };
    let ran = go(scenario(&server, user), options);
    let row = ran.row("/");
    let service = row.service_time.as_ref().expect("one was behind its schedule");
    assert_eq!((row.requests, row.latency.count, service.count), (20, 20, 20));
    let (latency, service) =
        (row.latency.figures.as_ref().unwrap(), service.figures.as_ref().unwrap());
    assert!(service.max >= STALL && latency.max >= STALL, "{row:?}");
    // The request after the stall started 450 ms late, and the later ones were on time.
    let charged = (latency.mean - service.mean) * 20;
    assert!((ms(440)..ms(850)).contains(&charged), "{charged:?}");
    // By the server's clock it was late, and was answered at once.
    let gaps = gaps(&server);
    assert!(gaps[5] >= STALL && service.median() < ms(25), "{gaps:?} {service:?}");
}

#[test]
fn without_a_schedule_service_times_are_the_latencies() {
    let server = Server::start(|_| Answer::Late(ms(20), Box::new(ok())));
    let user = User::new("u").task(get("/")).wait_time(WaitTime::constant(ms(5)));
    let ran = go(scenario(&server, user), users(2, ms(300)));
    assert!(ran.total().requests > 2);
    assert_eq!(ran.row("/").service_time, None);
}

#[test]
fn the_stop_ends_waits_at_once_and_tasks_within_the_stop_timeout() {
    let server = plain_server();
    let sleeps = || {
        Task::new("sleeps", async |session: &mut Session| {
            session.sleep(Duration::from_secs(3600)).await;
            Ok(())
        })
    };
    let waits = User::new("u").task(get("/")).wait_time(WaitTime::constant(ms(3_600_000)));
    let stop_timeout = Some(Duration::from_secs(15));
    let ran = go(scenario(&server, waits), Options { stop_timeout, ..users(2, ms(200)) });
    assert!(ran.took < ms(5000), "a wait is no task: {:?}", ran.took);
    let ran = go(scenario(&server, User::new("u").task(sleeps())), users(2, ms(200)));
    assert!(ran.took < ms(5000), "without a timeout tasks end at once: {:?}", ran.took);
    let options = Options { stop_timeout: Some(ms(600)), ..users(2, ms(200)) };
    let ran = go(scenario(&server, User::new("u").task(sleeps())), options);
    assert!((ms(800)..ms(5000)).contains(&ran.took), "{:?}", ran.took);
}

#[test]
fn an_on_stop_that_hangs_does_not_hang_the_run() {
    let server = Server::start(|_| Answer::Never);
    let user = User::new("u").task(get("/")).on_stop(async |session: &mut Session| {
        session.get("/logout").send().await?;
        Ok(())
    });
    let ran = go_until(scenario(&server, user), 2, &server, 2);
    assert!(ran.took < ms(10_000), "{:?}", ran.took);
    assert_eq!(ran.summary.snapshot.total.counts.cancelled, 4);
}

#[test]
fn a_task_that_awaits_nothing_hangs_neither_the_run_nor_the_other_users() {
    let server = plain_server();
    // A wait of a nanosecond is over before it begins, so it waits for nothing either.
    for wait in [Duration::ZERO, Duration::from_nanos(1)] {
        let idle = User::new("idle").task(Task::new("idle", async |_: &mut Session| Ok(())));
        let idle = idle.wait_time(WaitTime::constant(wait));
        let scenario = scenario(&server, idle).user(User::new("works").task(get("/")));
        let cores = Some(vec![allowed_cores()[0].id]);
        let ran = go(scenario, Options { cores, ..users(4, ms(300)) });
        assert!(ran.took < ms(5000), "{:?}", ran.took);
        assert!(ran.total().requests > 0);
    }
}

#[test]
fn a_run_that_was_stopped_before_it_started_ends() {
    let server = plain_server();
    let control = Arc::new(Control::default());
    control.stop();
    let options = Options { run_time: None, ..users(4, ms(0)) };
    let ran = go_with(scenario(&server, User::new("u").task(get("/"))), options, &control);
    assert!(ran.took < ms(5000), "{:?}", ran.took);
}

#[test]
fn reports_are_told_of_the_start_and_of_every_second() {
    let server = plain_server();
    let user = User::new("u").task(get("/")).wait_time(WaitTime::constant(ms(50)));
    let ran = go(scenario(&server, user), users(2, ms(2200)));
    let seconds: Vec<u64> = ran.updates.iter().map(|snapshot| snapshot.elapsed.as_secs()).collect();
    // On a busy machine, two seconds may be reported as one.
    assert!(matches!(*seconds, [0, 1, 2] | [0, 2]), "{seconds:?}");
    let requests: Vec<u64> = ran.updates.iter().map(|snapshot| snapshot.total.requests).collect();
    assert!(
        requests.is_sorted()
            && requests[0] == 0
            && requests[seconds.len() - 1] <= ran.total().requests
    );
    let elapsed = ran.summary.snapshot.elapsed;
    assert!((ms(2200)..ms(4000)).contains(&elapsed), "{elapsed:?}");
}
