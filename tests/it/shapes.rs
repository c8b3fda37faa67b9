//! Load shapes through the binary and the Rust API: the number of users over time, which users stop first, and
//! the end of the run.

use std::time::{Duration, Instant};

use gregaria::plan::Options;
use gregaria::scenario::{Line, LoadShape, Stage, Task, User, WaitTime};
use gregaria::session::Session;

use crate::support::api::{get, go, ms, scenario, users};
use crate::support::{Answer, Output, Run, Server, ok, plain_server};

/// How late a busy machine may be, or how far the server may be ahead of the instant of a row.
const SLACK: f64 = 0.3;

/// The stages of a run: seconds, users, spawn rate.
type Stages = [(f64, f64, f64)];

/// Computes the number of users that stages ask for at a time.
fn ideal(stages: &Stages, at: f64) -> f64 {
    let (mut users, mut start) = (0.0_f64, 0.0);
    for &(duration, target, rate) in stages {
        let reach = rate * (at.min(start + duration) - start).max(0.0);
        users += (target - users).clamp(-reach, reach);
        start += duration;
    }
    users
}

/// Makes a scenario of one class with these stages, whose users ask for `/` every 50 ms.
fn staged(stages: &Stages, more: &str) -> String {
    let stage = |(duration, users, rate): &(f64, f64, f64)| {
        format!("{{ duration = \"{duration}s\", users = {users}, spawn_rate = {rate} }}")
    };
    let stages: Vec<_> = stages.iter().map(stage).collect();
    let stages = stages.join(",\n");
    format!(
        "[load]\n{more}\nstage = [\n{stages}]\n[[user]]\nname = \"u\"\nwait_time = \"50ms\"\n\
         [[user.task]]\nget = \"/\"\n"
    )
}

/// Returns the rows of the history as seconds since the start and users, without the last row, which is of the
/// end.
fn history(output: &Output) -> Vec<(u64, f64)> {
    let table = output.csv("out_stats_history.csv");
    let (times, users) = (table.counts("Timestamp"), table.counts("User Count"));
    let rows = times.iter().map(|time| time - times[0]).zip(users.iter().map(|&n| n as f64));
    let mut rows: Vec<_> = rows.collect();
    rows.pop();
    rows
}

/// Checks that the requests that the server saw are in the tables, for users who keep their connections. The
/// server does not know users whose first request was cancelled.
#[track_caller]
fn check_conserved(output: &Output, server: &Server) {
    let (requests, failures) = output.aggregated();
    assert_eq!((failures, output.retries()), (0, 0));
    let told = requests + output.cancelled();
    let seen = server.total();
    assert!((requests..=told).contains(&seen), "{seen} seen, {requests} of {told} were answered");
}

#[test]
fn the_history_follows_the_ideal_curve_and_the_run_ends_with_its_last_stage() {
    let stages = [
        (0.5, 10.0, 40.0),
        (1.0, 50.0, 200.0),
        (1.0, 20.0, 20.0),
        (1.0, 80.0, 300.0),
        (0.7, 0.0, 200.0),
    ];
    let server = plain_server();
    let begin = Instant::now();
    let run = Run::of(&staged(&stages, "")).host(server.address).args(["--csv", "out"]);
    let output = run.args(["-u", "7", "-r", "3"]).go().code(0);
    let took = begin.elapsed();
    assert!((ms(4200)..ms(9000)).contains(&took), "{took:?}");
    check_conserved(&output, &server);

    let rows = history(&output);
    assert!(rows.len() >= 3, "{rows:?}");
    for (second, users) in &rows {
        // The values of the curve within the tolerance, in steps of a hundredth of a second.
        let near = |n: i32| ideal(&stages, (*second as f64 + f64::from(n) / 100.0).max(0.0));
        let slack = (SLACK * 100.0) as i32;
        let (least, most) = (-slack..=slack)
            .map(near)
            .fold((f64::MAX, 0.0_f64), |(least, most), users| (least.min(users), most.max(users)));
        assert!((least - 1.0..=most + 1.0).contains(users), "{least} to {most} expected: {rows:?}");
    }
    let ignored = "will be ignored, because the load is a shape or a rate: --users, --spawn-rate";
    assert!(output.stderr.contains(ignored), "{}", output.stderr);
    let line = output.stderr.lines().find(|line| line.contains(ignored)).unwrap();
    assert!(line.contains("WARNING"), "{line}");
}

#[test]
fn a_run_time_cuts_a_shape_short() {
    let server = plain_server();
    let stages = [(0.2, 4.0, 100.0), (3600.0, 6.0, 100.0)];
    let run = Run::of(&staged(&stages, "run_time = \"1h\"")).host(server.address);
    let begin = Instant::now();
    let output = run.args(["-t", "1"]).go().code(0);
    let took = begin.elapsed();
    assert!((ms(1000)..ms(5000)).contains(&took), "{took:?}");
    check_conserved(&output, &server);
    assert_eq!(server.users(), 6, "the second stage had begun");
}

#[test]
fn a_run_time_can_count_from_when_all_users_are_there() {
    let server = plain_server();
    let run_time = "run_time = \"300ms\"\nrun_time_from = \"full\"";
    let scenario = format!(
        "[load]\nusers = 5\nspawn_rate = 8\n{run_time}\n[[user]]\nname = \"u\"\n\
         wait_time = \"50ms\"\n[[user.task]]\nget = \"/\"\n"
    );
    // The fifth user starts after half a second.
    let begin = Instant::now();
    let output = Run::of(&scenario).host(server.address).go().code(0);
    let took = begin.elapsed();
    assert!((ms(800)..ms(5000)).contains(&took), "{took:?}");
    assert_eq!(server.users(), 5);
    check_conserved(&output, &server);
}

/// A class whose users ask for a path of their own, every 10 ms.
fn signed() -> User {
    let task = Task::new("signed", async |session: &mut Session| {
        let path = format!("/{}", session.user());
        session.get(path).name("/n").send().await?;
        Ok(())
    });
    User::new("u").task(task).wait_time(WaitTime::constant(ms(10)))
}

#[test]
fn the_latest_to_come_are_the_first_to_go() {
    let server = plain_server();
    let shape = LoadShape::stages([
        Stage::new(ms(300), 6, 1000.0),
        Stage::new(ms(800), 2, 5.0),
        Stage::new(ms(600), 2, 1.0),
    ]);
    let scenario = scenario(&server, signed()).shape(shape);
    let ran = go(scenario, Options::default());
    let seen = server.seen();
    let last = |user: u64| {
        let line = format!("GET /{user}");
        let of_user = seen.iter().filter(|request| request.line == line).map(|request| request.at);
        of_user.max().unwrap_or_else(|| panic!("user {user} was never there"))
    };
    let lasts: Vec<Instant> = (0..6).map(last).collect();
    // They stop 200 ms apart, so one may be 100 ms late on a busy machine.
    for user in 2..5 {
        let apart = lasts[user].saturating_duration_since(lasts[user + 1]);
        assert!(apart > ms(100), "user {user} went {apart:?} after the next: {lasts:?}");
    }
    for user in 0..2 {
        let stayed = lasts[user].saturating_duration_since(lasts[2]);
        assert!(stayed > ms(400), "user {user} stayed for {stayed:?}");
    }
    let told = ran.total().requests + ran.summary.snapshot.total.counts.cancelled;
    assert!((ran.total().requests..=told).contains(&server.total()));
    assert_eq!(ran.summary.snapshot.user_count(), 0);
}

/// Four users at once, three of which are to stop after 300 ms, half a second before the end.
fn down_to_one() -> LoadShape {
    LoadShape::stages([Stage::new(ms(300), 4, 1e6), Stage::new(ms(600), 1, 1e6)])
}

#[test]
fn requests_of_those_who_go_are_cancelled_and_counted() {
    let server = Server::start(|_| Answer::Never);
    let scenario = scenario(&server, signed()).shape(down_to_one());
    let ran = go(scenario, Options::default());
    let users: Vec<u64> = ran.updates.iter().map(|update| update.user_count()).collect();
    assert_eq!(
        (ran.total().requests, ran.summary.snapshot.total.counts.cancelled),
        (0, 4),
        "{users:?}"
    );
    assert_eq!(server.total(), 4);
}

#[test]
fn within_the_stop_timeout_those_who_go_finish_what_they_do() {
    // It is longer than the users stay, and shorter than the stop timeout.
    let server = Server::start(|_| Answer::Late(ms(500), Box::new(ok())));
    let scenario = scenario(&server, signed()).shape(down_to_one());
    let options = Options { stop_timeout: Some(Duration::from_secs(15)), ..Options::default() };
    let ran = go(scenario, options);
    assert_eq!(ran.summary.snapshot.total.counts.cancelled, 0);
    assert_eq!(server.total(), ran.total().requests);
    for user in 1..4 {
        assert_eq!(server.count_of(&format!("GET /{user}")), 1, "they began nothing more");
    }
    assert!(server.count_of("GET /0") > 1, "who stays goes on");
    assert!((ms(900)..ms(8000)).contains(&ran.took), "{:?}", ran.took);
}

#[test]
fn users_added_in_a_stage_are_of_its_mix() {
    let server = plain_server();
    let class =
        |name: &str, path| User::new(name).task(get(path)).wait_time(WaitTime::constant(ms(20)));
    let shape = LoadShape::stages([
        Stage::new(ms(400), 4, 1e6),
        Stage::new(ms(600), 10, 1e6).mix([("b", 2.0), ("c", 1.0)]),
    ]);
    let scenario = scenario(&server, class("a", "/a"))
        .user(class("b", "/b").weight(0.0))
        .user(class("c", "/c").weight(0.0))
        .shape(shape);
    go(scenario, Options::default());
    let first = server.seen().into_iter().filter(|request| request.number == 0);
    let of = |path: &str| {
        let line = format!("GET {path}");
        first.clone().filter(|request| request.line == line).count()
    };
    assert_eq!((of("/a"), of("/b") + of("/c")), (4, 6));
    assert!((3..=5).contains(&of("/b")), "{} of 6 by 2 to 1", of("/b"));
}

#[test]
fn a_custom_line_and_a_tick_are_followed_and_end_their_run() {
    let check = |shape: LoadShape, expected: u64| {
        let server = plain_server();
        let user = User::new("u").task(get("/")).wait_time(WaitTime::constant(ms(20)));
        let options = Options { users: None, spawn_rate: None, ..users(0, ms(1300)) };
        let ran = go(scenario(&server, user).shape(shape), options);
        assert_eq!(server.users(), expected);
        let seconds = ran.updates.iter().map(|update| update.user_count()).max();
        assert!(seconds.is_some_and(|users| users <= expected), "{seconds:?}");
        assert!((ms(1000)..ms(6000)).contains(&ran.took), "{:?}", ran.took);
    };
    check(
        LoadShape::line(Line::starting_at(3.0).ramp(8.0, ms(400)).hold(ms(300)).ramp(1.0, ms(500))),
        8,
    );
    check(LoadShape::tick(|elapsed| (elapsed < ms(1000)).then_some((5, 50.0))), 5);
}

/// What the log says about the end, before the run and after it, and what the page shows.
#[test]
fn a_run_that_ends_by_itself_says_when_and_why() {
    let server = plain_server();
    let user = "[[user]]\nname = \"u\"\n[[user.task]]\nget = \"/\"\n";
    let stage = "stage = [{ duration = \"0.5s\", users = 2, spawn_rate = 100 }]";
    let long = "stage = [{ duration = \"5s\", users = 2, spawn_rate = 100 }]";
    let rate = "rate = 10\nstage = [{ duration = \"0.5s\", rate = 10 }]";
    let limit = |what: &str| format!("No run time limit set, {what}\n");
    let shape = limit("the load shape ends after 0.5 seconds");
    let over = "Shape test stopping, the load shape is over\n";
    for (load, flags, start, end) in [
        (stage, &[][..], shape.clone(), over),
        (rate, &[], shape, over),
        ("", &["-i", "4"], limit("the run ends after 4 iterations"), "all iterations are done\n"),
        (
            "",
            &["--requests", "4"],
            limit("the run ends after 4 requests"),
            "all requests are done\n",
        ),
        ("", &["-t", "1s"], "Run time limit set to 1 seconds\n".into(), "--run-time limit reached"),
        (
            long,
            &["-t", "1s"],
            "Run time limit set to 1 seconds\n".into(),
            "--run-time limit reached",
        ),
    ] {
        let scenario = format!("[load]\n{load}\n{user}");
        let run = Run::of(&scenario).host(server.address).args(flags).args(["--only-summary"]);
        let output = run.args(["--html", "out.html"]).go().code(0);
        for text in [&*start, end] {
            assert_eq!(output.stderr.matches(text).count(), 1, "{text}: {}", output.stderr);
        }
        let others = ["Shape test stopping", "The run is over", "--run-time limit reached"];
        let told = others.iter().filter(|text| output.stderr.contains(**text)).count();
        assert_eq!(told, 1, "{}", output.stderr);
        let report = std::fs::read_to_string(output.path("out.html")).unwrap();
        assert!(report.contains("\"ending\":\"") && !report.contains("\"ending\":null"));
    }
    let endless = Run::of(user).host(server.address).go_until(&server, server.count() + 2);
    assert!(endless.stderr.contains(&limit("use CTRL+C to interrupt")), "{}", endless.stderr);
    assert!(!endless.stderr.contains(" is over"), "{}", endless.stderr);
}
