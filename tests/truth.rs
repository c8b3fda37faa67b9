//! Compares the latencies that an open load reports with true ones, which are computed from the server's script. A
//! closed loop hides them.
//!
//! It is its own test binary, with one run at a time, because it measures time.

// Tests are allowed to unwrap and print; clippy does not know that their helpers are tests too.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gregaria::executor::allowed_cores;
use gregaria::plan::{Options, Plan};
use gregaria::run;
use gregaria::scenario::{Scenario, Step, User};
use gregaria::stats::{PERCENTILES, Snapshot};
use gregaria::target::{
    self, Bimodal, ExpectedLatencies, Pathology, Server, SlowStart, Stall, Stop, uniform,
};

/// Iterations per second.
const RATE: f64 = 400.0;
const RUN_TIME: Duration = ms(3000);
/// The tolerance: this share of the true value, or this time.
const SHARE: u32 = 50;
const LEAST: Duration = Duration::from_micros(200);
/// The most attempts, because the machine may be busy.
const ATTEMPTS: usize = 3;
/// The lateness of the server, in addition to that of the run.
const BUSY: Duration = ms(25);
/// The percentiles that are judged, by their places.
const JUDGED: [usize; 5] = [0, 4, 7, 8, 10];

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn measure(pathology: Pathology, options: Options) -> Snapshot {
    let cores = allowed_cores();
    let (first, last) = (cores[0], *cores.last().unwrap());
    let server = target::Options { cores: vec![last], pathology, ..target::Options::default() };
    let server = Server::start(server).unwrap();
    let scenario = Scenario::new(format!("http://{}", server.address()));
    let scenario = scenario.user(User::new("u").task(Step::get("/")));
    let options = Options {
        run_time: Some(RUN_TIME),
        // Responses that a stall delays at the end of the run count as well.
        stop_timeout: Some(ms(5000)),
        cores: Some(vec![first.id]),
        ..options
    };
    let plan = Arc::new(Plan::new(scenario, options).unwrap());
    let summary = run::run(&plan, &Arc::default(), Vec::new(), |error| panic!("{error}")).unwrap();
    let snapshot = summary.snapshot;
    assert_eq!((snapshot.total.failures, snapshot.total.counts.cancelled), (0, 0));
    assert_eq!(server.counters().requests, snapshot.total.requests);
    snapshot
}

fn open_load(pathology: Pathology) -> Snapshot {
    let (rate, max_users) = (Some(RATE), Some(2000));
    measure(pathology, Options { rate, max_users, ..Options::default() })
}

/// Returns by how much each judged percentile exceeds the tolerance: (above, below) the true value.
fn excess(truth: &ExpectedLatencies, run: &Snapshot) -> (Duration, Duration) {
    let figures = run.total.latency.figures.as_ref().unwrap();
    let (mut above, mut below) = (Duration::ZERO, Duration::ZERO);
    for at in JUDGED {
        let (is, ought) = (figures.percentiles[at], truth.percentile(PERCENTILES[at]).unwrap());
        let may = LEAST.max(ought / SHARE);
        println!("{:6.2} %: {is:?}, truth {ought:?}", 100.0 * PERCENTILES[at]);
        above = above.max(is.saturating_sub(ought + may));
        below = below.max(ought.saturating_sub(is + may));
    }
    (above, below)
}

/// Checks that one of a few runs is right, or that a run reports how late it was itself.
#[track_caller]
fn check(pathology: Pathology) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let truth = ExpectedLatencies::new(&pathology, uniform(RATE, RUN_TIME));
    let mut unknown = Duration::MAX;
    for attempt in 1..=ATTEMPTS {
        let run = open_load(pathology);
        let load = run.open_load.as_ref().unwrap();
        assert_eq!((load.due, load.started), (1200, 1200));
        assert_eq!(run.total.requests, 1200);
        let (above, below) = excess(&truth, &run);
        assert_eq!(below, Duration::ZERO, "a latency cannot be below the truth");
        if above.is_zero() {
            return;
        }
        let late = |times: &gregaria::stats::Distribution| times.figures.as_ref().unwrap().max;
        let own = late(&load.lateness) + late(&run.health.lateness);
        println!("attempt {attempt}: {above:?} too much, of it known as our own {own:?}");
        unknown = unknown.min(above.saturating_sub(own));
    }
    assert!(unknown <= BUSY, "{unknown:?} beyond the truth, of which no run knows");
}

#[test]
fn a_stall_of_every_second() {
    let stall = Some(Stall::new(ms(130), ms(1000)).unwrap());
    check(Pathology { delay: ms(1), stall, ..Pathology::default() });
}

#[test]
fn a_slow_start() {
    let slow_start = Some(SlowStart::new(ms(200), ms(1500)).unwrap());
    check(Pathology { delay: ms(2), slow_start, ..Pathology::default() });
}

#[test]
fn answers_of_two_kinds() {
    let bimodal = Some(Bimodal::new(0.05, ms(60)).unwrap().seed(3));
    check(Pathology { delay: ms(3), bimodal, ..Pathology::default() });
}

#[test]
fn a_full_stop() {
    let stop = Some(Stop::new(ms(800), ms(1500)).unwrap());
    check(Pathology { delay: ms(1), stop, ..Pathology::default() });
}

#[test]
fn a_server_that_is_just_slow() {
    check(Pathology { delay: ms(20), ..Pathology::default() });
}

/// Four users who wait for their responses meet each stall only four times.
#[test]
fn a_closed_loop_hides_the_stall() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let stall = Some(Stall::new(ms(130), ms(1000)).unwrap());
    let pathology = Pathology { delay: ms(1), stall, ..Pathology::default() };
    let truth = ExpectedLatencies::new(&pathology, uniform(RATE, RUN_TIME));
    let options = Options { users: Some(4), spawn_rate: Some(1e6), ..Options::default() };
    let run = measure(pathology, options);
    let at_90 = run.total.latency.figures.as_ref().unwrap().percentiles[4];
    let ought = truth.percentile(0.9).unwrap();
    println!("90 %: {at_90:?}, truth {ought:?}");
    assert!(ought > ms(25) && at_90 < ought / 2, "{at_90:?} of {ought:?}");
    assert_eq!(run.total.service_time, None);
}
