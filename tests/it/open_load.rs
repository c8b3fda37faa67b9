//! Open loads: when iterations start, how late they are, and how an overload is reported.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gregaria::executor::allowed_cores;
use gregaria::plan::Options;
use gregaria::scenario::{ArrivalKind, Arrivals, Line, Scenario, Task, User};
use gregaria::session::Session;
use gregaria::stats::OpenLoad;

use crate::support::api::{Ran, get, go, ms, scenario};
use crate::support::{Answer, Output, Run, Server, ok, plain_server};

/// Makes options of a rate for this time.
fn rate(rate: f64, run_time: Duration) -> Options {
    Options { rate: Some(rate), run_time: Some(run_time), ..Options::default() }
}

fn root(server: &Server) -> Scenario {
    scenario(server, User::new("u").task(get("/")))
}

#[track_caller]
fn open(ran: &Ran) -> &OpenLoad {
    let load = ran.summary.snapshot.open_load.as_ref().expect("an open load");
    assert_eq!(load.due, load.started + load.backlog, "{load:?}");
    load
}

/// Starts a server that responds to everything after this time.
fn slow_server(delay: Duration) -> Server {
    Server::start(move |_| Answer::Late(delay, Box::new(ok())))
}

/// Returns the numbers of the console's line about the load: started and due.
#[track_caller]
fn started_of_due(output: &Output) -> (u64, u64) {
    let line = output.stdout.lines().find(|line| line.starts_with("Open load: "));
    let line = line.unwrap_or_else(|| panic!("no open load in {}", output.stdout));
    let (_, counts) = line.rsplit_once('(').unwrap();
    let numbers = counts.split(|c: char| !c.is_ascii_digit()).filter(|text| !text.is_empty());
    let numbers: Vec<u64> = numbers.map(|text| text.parse().unwrap()).collect();
    (numbers[0], numbers[1])
}

#[track_caller]
fn check_conserved(output: &Output, server: &Server) {
    let (requests, failures) = output.aggregated();
    assert_eq!((failures, output.retries()), (0, 0), "{}", output.stdout);
    let told = requests + output.cancelled();
    let seen = server.total();
    assert!((requests..=told).contains(&seen), "{seen} seen, {requests} of {told} were answered");
}

#[test]
fn a_uniform_rate_of_a_url_is_kept_to_the_last_release() {
    let server = plain_server();
    let url = format!("http://{}/", server.address);
    let flags = ["--rate", "300", "-t", "1", "--stop-timeout", "10"];
    let output = Run::new([url]).args(flags).go().code(0);
    // One every 3.3 ms from 0 on. On a busy machine, the last ones may never be due.
    let (started, due) = started_of_due(&output);
    assert!((290..=300).contains(&due), "{}", output.stdout);
    assert_eq!((started, output.aggregated().0), (due, due));
    check_conserved(&output, &server);
    let seen = server.seen();
    let took = seen.last().unwrap().at - seen[0].at;
    assert!((ms(950)..ms(3000)).contains(&took), "they were spread over {took:?}");
    for line in ["Iterations started late by (ms): ", "Times between starts off by (ms): "] {
        assert!(output.stdout.contains(line), "{}", output.stdout);
    }
    assert!(!output.stdout.contains("Anderson-Darling"), "an even spread is none of Poisson's");
    assert!(!output.stdout.contains("never started"), "{}", output.stdout);
}

#[test]
fn a_poisson_rate_of_a_file_is_kept_within_five_sigma() {
    let server = plain_server();
    let load = "rate = 200\narrivals = \"poisson\"\nmax_users = 500\nrun_time = \"1500ms\"";
    let scenario = format!("[load]\n{load}\n[[user]]\nname = \"u\"\n[[user.task]]\nget = \"/\"\n");
    let run = Run::of(&scenario).host(server.address).args(["--stop-timeout", "10"]);
    let output = run.go().code(0);
    let (started, due) = started_of_due(&output);
    let sigmas = (due as f64 - 300.0) / 300_f64.sqrt();
    assert!(sigmas.abs() < 5.0, "{due} of 300: {sigmas} sigma");
    assert_eq!((started, output.aggregated().0), (due, due));
    check_conserved(&output, &server);
    assert!(output.stdout.contains("Anderson-Darling"), "{}", output.stdout);
    let poisson = "(Poisson arrivals, at most 500 users)";
    assert!(output.stderr.contains(poisson), "{}", output.stderr);
}

#[test]
fn two_cores_release_evenly_together() {
    let cores = allowed_cores();
    let server = plain_server();
    let options = Options { stop_timeout: Some(ms(9000)), ..rate(50.0, ms(1000)) };
    let ran = go(root(&server), options);
    assert!((48..=50).contains(&open(&ran).due), "{:?}", open(&ran));
    assert!((open(&ran).asked - 50.0).abs() < 0.01, "{:?}", open(&ran));
    let mut at: Vec<Instant> = server.seen().iter().map(|request| request.at).collect();
    at.sort();
    // Arrivals of both cores must not coincide: they are 20 ms apart, on a busy machine.
    let near = at.windows(2).filter(|pair| pair[1] - pair[0] > ms(10)).count();
    assert!(near * 10 > at.len() * 7, "{near} of {} on {} cores", at.len(), cores.len());
}

#[test]
fn an_overload_ends_on_time_and_counts_what_waited() {
    let server = slow_server(ms(100));
    let url = format!("http://{}/", server.address);
    let flags = ["--rate", "300", "--max-users", "5", "-t", "1", "--csv", "out"];
    let begin = Instant::now();
    let output = Run::new([url]).args(flags).go().code(0);
    let took = begin.elapsed();
    assert!((ms(1000)..ms(5000)).contains(&took), "{took:?}");
    let (started, due) = started_of_due(&output);
    assert!((290..=300).contains(&due), "{}", output.stdout);
    // Five users, for a tenth of a second each.
    assert!((5..=55).contains(&started), "{started} started");
    let (requests, _) = output.aggregated();
    assert_eq!(requests + output.cancelled(), started);
    assert_eq!(server.connections(), 5);
    check_conserved(&output, &server);
    let never = format!("Iterations that were due and never started: {} (", due - started);
    let waited = format!("Iterations that had to wait for a user: {} (", started - 5);
    for line in [never, waited] {
        assert!(output.stdout.contains(&line), "no '{line}' in {}", output.stdout);
    }
    // The median request had waited for several others, and its service time does not include that.
    let percentiles = |title: &str| -> Vec<f64> {
        let table = output.stdout.split(title).nth(1).unwrap_or_else(|| panic!("no {title}"));
        let line = table.lines().find(|line| line.trim_start().starts_with("Aggregated"));
        let cells = line.unwrap().split_whitespace().skip(1);
        cells.map(|cell| cell.parse().unwrap()).collect()
    };
    let latency = percentiles("Response time percentiles")[0];
    let service = percentiles("Service time percentiles")[0];
    assert!((100.0..latency - 200.0).contains(&service), "{service} of {latency} ms");
    assert_eq!(output.csv("out_stats.csv").count("Aggregated", "Request Count"), requests);
}

#[test]
fn latencies_count_from_the_intended_time() {
    let server = slow_server(ms(100));
    let ran = go(root(&server), Options { max_users: Some(4), ..rate(100.0, ms(1000)) });
    let load = open(&ran);
    assert!(load.delayed > 0 && load.backlog > 20, "{load:?}");
    assert!(load.backlog_peak >= load.backlog, "{load:?}");
    let row = ran.row("/");
    let latency = row.latency.figures.as_ref().unwrap();
    let service = row.service_time.as_ref().expect("they differ");
    assert_eq!((service.count, row.latency.count), (row.requests, row.requests));
    let service = service.figures.as_ref().unwrap();
    assert!(service.min >= ms(100) && latency.median() > service.median() + ms(150), "{row:?}");
    // The longest wait is nearly as long as the run.
    let lateness = load.lateness.figures.as_ref().unwrap();
    assert!((ms(300)..=ran.took).contains(&lateness.max), "{lateness:?}");
    assert!(latency.max >= lateness.max.saturating_sub(ms(150)), "{row:?}");
}

/// Returns the resident memory of this process in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().split(' ').next().unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn a_backlog_of_a_million_costs_nothing() {
    let server = Server::start(|_| Answer::Never);
    let before = resident();
    let ran = go(root(&server), Options { max_users: Some(4), ..rate(1e6, ms(1000)) });
    let load = open(&ran);
    assert!((700_000..=1_000_000).contains(&load.due), "{load:?}");
    assert_eq!(
        (load.started, ran.total().requests, ran.summary.snapshot.total.counts.cancelled),
        (4, 0, 4)
    );
    assert!(ran.took < ms(6000), "{:?}", ran.took);
    // Eight bytes for each arrival would be as much. Other tests use memory at the same time.
    let more = resident().saturating_sub(before);
    assert!(more < 100_000_000, "{more} bytes more");
}

#[test]
fn a_rate_beyond_all_reason_ends_on_time_too() {
    let server = Server::start(|_| Answer::Never);
    let ran = go(root(&server), Options { max_users: Some(2), ..rate(1e9, ms(400)) });
    assert!(ran.took < ms(5000), "{:?}", ran.took);
    assert!(open(&ran).backlog > 1000, "{:?}", open(&ran));
}

#[test]
fn fewer_users_than_cores_take_all_releases() {
    let server = plain_server();
    let options =
        Options { max_users: Some(1), stop_timeout: Some(ms(9000)), ..rate(20.0, ms(500)) };
    for kind in [ArrivalKind::Uniform, ArrivalKind::Poisson] {
        let ran = go(root(&server), Options { arrivals: Some(kind), ..options.clone() });
        let load = open(&ran);
        assert_eq!((load.backlog, ran.total().requests), (0, load.due), "{load:?}");
        assert!((load.asked - 10.0).abs() < 0.01 && load.due > 0, "{load:?}");
    }
}

#[test]
fn classes_of_fixed_counts_are_all_the_users_there_are() {
    let server = slow_server(ms(20));
    let user = User::new("u").task(get("/")).fixed_count(2);
    let ran = go(scenario(&server, user), rate(200.0, ms(500)));
    assert_eq!(server.connections(), 2);
    let load = open(&ran);
    assert!(load.started > 10 && load.backlog > 10, "{load:?}");
    assert_eq!(load.started, ran.total().requests + ran.summary.snapshot.total.counts.cancelled);
}

/// The first users of a class cannot log in. Once, no users replaced them when arrivals waited.
#[test]
fn users_whose_start_fails_are_replaced() {
    const REFUSED: u64 = 6;
    let server = slow_server(ms(20));
    let logins = Arc::new(AtomicU64::new(0));
    let user = User::new("u").task(get("/")).on_start(async move |session: &mut Session| {
        session.get("/login").send().await?;
        if logins.fetch_add(1, Ordering::Relaxed) < REFUSED {
            return Err(io::Error::other("no such account").into());
        }
        Ok(())
    });
    let options =
        Options { max_users: Some(2), stop_timeout: Some(ms(9000)), ..rate(100.0, ms(1000)) };
    let ran = go(scenario(&server, user), options);
    let load = open(&ran);
    assert_eq!(ran.summary.snapshot.exceptions[0].count, REFUSED);
    assert_eq!(ran.row("/login").requests, REFUSED + 2, "and two who could");
    // Each of them took the arrival that it was made for.
    assert!(load.started > 20 && load.backlog >= REFUSED, "{load:?}");
    assert_eq!(ran.row("/").requests, load.started);
}

#[test]
fn a_load_has_users_of_all_classes() {
    let server = slow_server(ms(100));
    let class = |name: &str, path| User::new(name).task(get(path));
    let both = scenario(&server, class("a", "/a").weight(3.0)).user(class("b", "/b"));
    let ran = go(both, Options { max_users: Some(8), ..rate(400.0, ms(600)) });
    let of = |line: &str| {
        let seen = server.seen().into_iter();
        seen.filter(|request| request.number == 0 && request.line == line).count()
    };
    assert_eq!((of("GET /a"), of("GET /b")), (6, 2), "{:?}", open(&ran));
}

#[test]
fn only_the_first_request_of_an_iteration_is_charged_with_its_lateness() {
    let server = slow_server(ms(20));
    let twice = Task::new("twice", async |session: &mut Session| {
        session.get("/first").send().await?;
        session.get("/second").send().await?;
        Ok(())
    });
    let user = User::new("u").task(twice);
    let ran = go(scenario(&server, user), Options { max_users: Some(2), ..rate(200.0, ms(1000)) });
    let median = |name| ran.row(name).latency.figures.as_ref().unwrap().median();
    assert!(median("/first") > ms(200), "{:?}", median("/first"));
    assert!(median("/second") < ms(150), "{:?}", median("/second"));
    assert!(ran.row("/first").service_time.is_some() && ran.row("/second").service_time.is_none());
}

#[test]
fn the_stop_timeout_drains_what_was_started_and_begins_nothing_more() {
    let server = slow_server(ms(300));
    let options =
        Options { stop_timeout: Some(ms(9000)), max_users: Some(4), ..rate(50.0, ms(500)) };
    let ran = go(root(&server), options);
    let load = open(&ran);
    assert_eq!(
        (ran.summary.snapshot.total.counts.cancelled, ran.total().requests),
        (0, load.started)
    );
    assert_eq!(server.total(), load.started);
    assert!(load.started <= 8 && load.backlog > 10, "{load:?}");
    assert!((ms(500)..ms(5000)).contains(&ran.took), "{:?}", ran.took);
}

#[test]
fn a_rate_in_stages_ends_its_run() {
    let server = plain_server();
    // 40, 100 and 20 by the areas under the ramps.
    let stage = |millis: u32, rate: u32| {
        format!("[[load.stage]]\nduration = \"{millis}ms\"\nrate = {rate}\n")
    };
    let stages = stage(400, 200) + &stage(500, 200) + &stage(200, 0);
    let scenario = stages + "[[user]]\nname = \"u\"\n[[user.task]]\nget = \"/\"\n";
    let run = Run::of(&scenario).host(server.address).args(["--stop-timeout", "10"]);
    let begin = Instant::now();
    let output = run.go().code(0);
    assert!((ms(1100)..ms(5000)).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    let (started, due) = started_of_due(&output);
    assert!((157..=160).contains(&due) && started == due, "{}", output.stdout);
    check_conserved(&output, &server);
}

#[test]
fn a_line_of_rates_in_rust_is_the_same() {
    let server = plain_server();
    let line = Line::constant(40.0).cut(ms(300)).jump(0.0).hold(ms(300)).jump(80.0).hold(ms(300));
    let scenario = root(&server).arrivals(Arrivals::new(line));
    let ran = go(scenario, Options { stop_timeout: Some(ms(9000)), ..Options::default() });
    let load = open(&ran);
    assert!((34..=36).contains(&load.due) && load.backlog == 0, "{load:?}");
    assert!((ms(900)..ms(5000)).contains(&ran.took), "{:?}", ran.took);
    let gaps = server.seen().windows(2).map(|pair| pair[1].at - pair[0].at).max();
    assert!(gaps >= Some(ms(200)), "nothing arrives at a rate of zero: {gaps:?}");
}
