//! What a run says of itself.

use std::time::{Duration, Instant};

use gregaria::executor::allowed_cores;
use gregaria::plan::Options;
use gregaria::report::warnings::{Warning, warnings};
use gregaria::scenario::{Task, User, WaitTime};
use gregaria::session::Session;

use crate::support::api::{get, go, ms, scenario, users};
use crate::support::{Run, get_root, plain_server};

/// On the first core alone.
fn on_one_core(options: Options) -> Options {
    Options { cores: Some(vec![allowed_cores()[0].id]), ..options }
}

#[test]
fn a_task_that_holds_its_core_up_is_seen_in_turns_and_timers() {
    const HELD: Duration = ms(80);
    let server = plain_server();
    let hog = Task::new("hog", async |session: &mut Session| {
        let begin = Instant::now();
        while begin.elapsed() < HELD {
            std::hint::spin_loop();
        }
        session.get("/").send().await?;
        Ok(())
    });
    let user = User::new("hog").task(hog).wait_time(WaitTime::constant(ms(100)));
    let ran = go(scenario(&server, user), on_one_core(users(1, ms(1300))));
    let health = &ran.summary.snapshot.health;
    assert_eq!((health.cores.len(), health.cores[0].core), (1, allowed_cores()[0].id));
    let work = health.work();
    assert!(work.longest_turn >= HELD, "{work:?}");
    assert!(work.turns > 10 && work.completions > 1, "{work:?}");
    // The pulse comes every 10 ms, and waits for the task that holds the core.
    let lateness = health.lateness.figures.as_ref().expect("a pulse");
    assert!(lateness.p99() >= HELD / 2, "{lateness:?}");
    // A busy loop takes CPU time, however little of the core it gets.
    assert!(work.cpu.total() > ms(50), "{work:?}");
    let late = |warning: &Warning| matches!(warning, Warning::Late { .. });
    assert!(warnings(&ran.summary.snapshot).iter().any(late));
}

#[test]
fn a_run_that_waits_takes_little_of_its_cores_and_says_so_each_second() {
    let server = plain_server();
    let user = User::new("u").task(get("/")).wait_time(WaitTime::constant(ms(300)));
    let ran = go(scenario(&server, user), users(2, ms(2300)));
    let health = &ran.summary.snapshot.health;
    let ids: Vec<usize> = allowed_cores().iter().map(|core| core.id).collect();
    assert_eq!(health.cores.iter().map(|core| core.core).collect::<Vec<_>>(), ids);
    for core in &health.cores {
        assert!(core.busy > 0.0 && core.busy < 0.5, "{core:?}");
        assert!(core.busiest_second >= core.latest_busy && core.saturated_seconds == 0, "{core:?}");
    }
    // Two cores' pulses for two seconds, and the waits of the users.
    assert!(health.lateness.count > 100, "{:?}", health.lateness.count);
    let turns: Vec<u64> = ran.updates.iter().map(|second| second.health.work().turns).collect();
    assert!(turns.is_sorted() && turns[1] > 0, "{turns:?}");
}

#[test]
fn the_closing_tables_end_with_the_generators_own() {
    let server = plain_server();
    let output = Run::of(&get_root("100ms")).host(server.address).args(["-t", "1"]).go().code(0);
    let table = output.stdout.split("\nGenerator ").nth(1).expect("a table of the generator");
    for core in allowed_cores() {
        assert!(table.contains(&format!("\ncore {}", core.id)), "{table}");
    }
    assert!(table.contains("\nTimers late by (ms): "), "{table}");
    assert!(table.contains("\nCPU per request (us): "), "{table}");
}
