//! The health of the generator, as runs report it.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use gregaria::executor::allowed_cores;
use gregaria::plan::Options;
use gregaria::report::warnings::{Warning, warnings};
use gregaria::scenario::{Task, User, WaitTime};
use gregaria::session::Session;
use serde_json::{Value, json};

use crate::support::api::{get, go, ms, scenario, users};
use crate::support::{Run, Running, Signal, get_root, plain_server, toml};

/// Runs on the first core only.
fn on_one_core(options: Options) -> Options {
    Options { cores: Some(vec![allowed_cores()[0].id]), ..options }
}

#[test]
fn a_task_that_holds_its_core_up_is_seen_in_turns_and_timers() {
    const HELD: Duration = ms(150);
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
    // The pulse comes every 10 ms, and is delayed by the task that blocks the core.
    let lateness = health.lateness.figures.as_ref().expect("a pulse");
    assert!(lateness.p99() >= HELD / 2, "{lateness:?}");
    // A busy loop takes CPU time, even if it gets only a part of the core.
    assert!(work.cpu.total() > ms(50), "{work:?}");
    let still = &health.standstills[0];
    assert!(still.time.in_task && still.time.lasting >= HELD, "{still:?}");
    let told: Vec<_> = warnings(&ran.summary.snapshot).iter().map(Warning::to_string).collect();
    let core = format!("core {} stood still for 0.", allowed_cores()[0].id);
    assert!(told[0].starts_with(&core) && told[0].contains("a task did not let go"), "{told:?}");
}

/// A few requests on idle cores: most CPU time is not that of requests, and a few late timers do not show in
/// a percentile.
#[test]
fn a_short_run_of_few_requests_on_idle_cores_says_nothing_that_it_cannot_know() {
    let server = plain_server();
    let scenario = toml("1s", "wait_time = \"200ms\"\n[[user.task]]\nget = \"/\"");
    let output = Run::of(&scenario).host(server.address).users(4).go().code(0);
    for part in ["CPU per request", "one timer in", "0.0  "] {
        assert!(!output.stdout.contains(part), "'{part}' in\n{}", output.stdout);
    }
}

/// Stops a process while its thread of this name waits in its reactor. A task that runs at that moment would
/// be named as a possible cause, too.
fn stop_while_it_waits(running: &Running, name: &str) {
    let threads = std::fs::read_dir(format!("/proc/{}/task", running.id())).unwrap();
    let mut threads = threads.map(|thread| thread.unwrap().path());
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let thread = threads.find(|thread| read(&thread.join("comm")).trim_end() == name).unwrap();
    // The state and the number of the system call, by proc_pid_stat(5) and proc_pid_syscall(5).
    let is = |state: &str| read(&thread.join("stat")).contains(&format!(") {state} "));
    let waits = [libc::SYS_io_uring_enter, libc::SYS_epoll_pwait2, libc::SYS_epoll_pwait];
    let waits = waits.map(|call| format!("{call} "));
    let begin = Instant::now();
    let waits_on = |what: &str| assert!(begin.elapsed() < ms(30_000), "no {what} in 30 s");
    loop {
        waits_on("wait of the thread");
        running.signal(Signal::STOP);
        while !is("T") {
            waits_on("stop of the thread");
        }
        let call = read(&thread.join("syscall"));
        if waits.iter().any(|wait| call.starts_with(wait)) {
            return;
        }
        running.signal(Signal::CONT);
        std::thread::sleep(ms(1));
    }
}

/// A stopped process stands for a paused machine and a container without CPU time.
#[test]
fn a_process_that_was_stopped_says_from_when_on_and_for_how_long() {
    let server = plain_server();
    let scenario = toml("3s", "wait_time = \"20ms\"\n[[user.task]]\nget = \"/\"");
    let core = allowed_cores()[0].id.to_string();
    let files = ["--json-file", "run.json", "--html", "run.html", "--csv", "run"];
    let run = Run::of(&scenario).host(server.address).users(2).args(["--cores", &core]).args(files);
    let running = run.start();
    server.await_requests(20);
    stop_while_it_waits(&running, &format!("gregaria-{core}"));
    std::thread::sleep(ms(1200));
    running.signal(Signal::CONT);
    let output = running.wait().code(0);
    let line = output.stdout.lines().find(|line| line.contains("stood still")).unwrap();
    let line = line.strip_prefix("Warning: ").expect("every warning begins so");
    assert!(line.starts_with(&format!("core {core} stood still for 1.")), "{line}");
    let report = |name: &str| std::fs::read_to_string(output.path(name)).unwrap();
    let run: Value = serde_json::from_str(&report("run.json")).unwrap();
    let still = &run["generator"]["standstills"][0];
    let (at, lasting) = (still["at_s"].as_f64().unwrap(), still["lasting_s"].as_f64().unwrap());
    assert!((1.1..2.0).contains(&lasting) && at + lasting < 3.0, "{still}");
    assert!(line.contains(&format!("s from {at:.1} s on: the process was stopped")), "{line}");
    assert!(run["generator"]["warnings"].as_array().unwrap().contains(&json!(line)), "{run}");
    // The seconds are marked, and the page shows what the terminal shows.
    let html = report("run.html");
    let begin = html.find("{\"history\"").or_else(|| html.find("{\"view\"")).expect("the data");
    let data: Value = serde_json::Deserializer::from_str(&html[begin..])
        .into_iter::<Value>()
        .next()
        .expect("the data")
        .unwrap();
    assert_eq!(data["view"]["generator"]["standstills"][0]["what"], still["what"]);
    assert_eq!(data["view"]["verdict"]["level"], "doubtful");
    let marked = data["history"]["stood_still_ms"].as_array().unwrap();
    let marked: f64 = marked.iter().map(|ms| ms.as_f64().unwrap()).sum();
    assert!((marked - 1e3 * lasting).abs() < 1.0, "{marked} ms of {still}");
}

/// The kernel counts all sockets of the host.
#[test]
fn an_accept_queue_that_somebody_else_filled_is_no_warning_of_ours() {
    let server = plain_server();
    let full = TcpListener::bind("127.0.0.1:0").unwrap();
    rustix::net::listen(&full, 0).unwrap();
    let run = Run::of(&get_root("1s")).host(server.address).args(["--json-file", "run.json"]);
    let running = run.start();
    server.await_requests(1);
    let address = full.local_addr().unwrap();
    let connect = || TcpStream::connect_timeout(&address, ms(200)).ok();
    let _queued: Vec<_> = std::iter::from_fn(connect).collect();
    let output = running.wait().code(0);
    let run = std::fs::read_to_string(output.path("run.json")).unwrap();
    let run: Value = serde_json::from_str(&run).unwrap();
    assert!(run["generator"]["limits"]["accept_queue"].as_u64().unwrap() > 0, "{run}");
    let warnings = run["generator"]["warnings"].to_string();
    assert!(!warnings.contains("somaxconn"), "{warnings}");
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
