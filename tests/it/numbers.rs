//! Extreme numbers in every place that has a number: each is refused with one sentence, or the run ends as it
//! should. In debug builds, arithmetic overflow is a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use gregaria::executor::allowed_cores;
use gregaria::plan::{Options, Plan};
use gregaria::scenario::{Pace, Scenario, file};
use serde_json::{Value, json};

use crate::support::api::{go, ms};
use crate::support::{Output, Page, Run, Server, get_root, plain_server};

/// As flags, TOML and forms take them.
const NUMBERS: [&str; 19] = [
    "0",
    "-0.0",
    "-1",
    "1e-300",
    "1e-10",
    "0.1",
    "1",
    "404",
    "1000",
    "1e9",
    "1e300",
    "inf",
    "nan",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "340282366920938463463374607431768211456",
];

/// Texts with units, and texts with more digits than any number has.
fn texts() -> Vec<String> {
    let nines = "9".repeat(400);
    let texts = [
        "4294967295s",
        "4294967296s",
        "1193046h",
        "18446744073709551615h",
        "0.0000000001us",
        "1e300s",
        "1h1h",
        "9007199254740991",
        "18446744073709551615GiB",
        "0.0000001KiB",
    ];
    let long = [nines.clone(), format!("{nines}h"), format!("0.{nines}"), format!("{nines}GiB")];
    texts.map(str::to_owned).into_iter().chain(long).collect()
}

/// Every value of scenario files that may contain a number, with `@` in its place.
const PLACES: [&str; 57] = [
    "load: users = @",
    "load: users = 2\nspawn_rate = @",
    "load: users = 2\nspawn_rate = @\nrun_time = \"1193046h\"\nrun_time_from = \"full\"",
    "load: spawn_rate = 1e-300\nrun_time = @\nrun_time_from = \"full\"",
    "load: run_time = @",
    "load: rate = @",
    "load: rate = @\narrivals = \"poisson\"",
    "load: rate = 5\nmax_users = @",
    "load: iterations = @",
    "load: requests = @",
    "load: stop_timeout = @",
    "load: abort_when = \"p95 > 1s\"\nabort_after = @",
    "load: abort_when = \"p95 > @\"",
    "load: abort_when = \"rate > @\"",
    "load: abort_when = \"fail_ratio > @%\"",
    "load: dns_refresh = @",
    "load: stage = [{ duration = @, users = 2, spawn_rate = 2 }, { duration = @, users = 0, spawn_rate = 2 }]",
    "load: stage = [{ duration = 1, users = @, spawn_rate = 2 }]",
    "load: stage = [{ duration = 1, users = 2, spawn_rate = @ }, { duration = 1, users = 1, spawn_rate = @ }]",
    "load: stage = [{ duration = 1, users = 2, spawn_rate = 2, mix = { u = @, v = 1 } }]",
    "load: stage = [{ duration = @, rate = 2 }, { duration = @, rate = 1 }]",
    "load: stage = [{ duration = 1, rate = @ }, { duration = 1, rate = 1 }]",
    "load: rate = @\nstage = [{ duration = \"1193046h\", rate = 1 }]",
    "load: shape = { constant = @ }",
    "load: shape = { ramp = { users = @, spawn_rate = 1 } }",
    "load: shape = { ramp = { users = 3, spawn_rate = @ } }",
    "load: shape = { steps = { users = @, every = 1, spawn_rate = 1, until = 5 } }",
    "load: shape = { steps = { users = 1, every = @, spawn_rate = 1, until = 5 } }",
    "load: shape = { steps = { users = 1, every = 1, spawn_rate = @, until = 5 } }",
    "load: shape = { steps = { users = 1, every = 1, spawn_rate = 1, until = @ } }",
    "load: shape = { spike = { base = @, peak = 2, at = 1, lasting = 1, spawn_rate = 1 } }",
    "load: shape = { spike = { base = 1, peak = 2, at = @, lasting = @, spawn_rate = @ } }",
    "load: shape = { sine = { min = @, max = @, period = 1 } }",
    "load: shape = { sine = { min = 1, max = 2, period = @ } }",
    "load: shape = { double_wave = { min = @, first = @, second = @, lasting = 1 } }",
    "load: shape = { double_wave = { min = 1, first = 2, second = 2, lasting = @ } }",
    "report: exit_code_on_error = @",
    "user: weight = @",
    "user: count = @",
    "user: wait_time = @",
    "user: wait_time = { between = [0, @] }",
    "user: wait_time = { between = [@, 5] }",
    "user: wait_time = { constant_pacing = @ }",
    "user: wait_time = { constant_throughput = @ }",
    "user: wait_time = { exponential = @ }",
    "user: timeout = @",
    "user: timeout = { connect = @, first_byte = @, total = \"1193046h\" }",
    "user: max_requests_per_connection = @",
    "user: tcp = { keepalive = @ }",
    "user: tcp = { linger = @ }",
    "user: max_body = @",
    "task: get = \"/\"\nweight = @\n[[user.task]]\nget = \"/b\"\nweight = @",
    "task: get = \"/\"\ntimeout = @\nquery = { a = @ }",
    "task: post = \"/\"\njson = { a = @ }",
    "task: get = \"/\"\ncheck = { max_time = @ }",
    "task: get = \"/\"\ncheck = { status = @ }",
    "task: steps = [{ parallel = [{ get = \"/\" }], connections = @ }]",
];

/// Makes a scenario with this text at its place.
fn scenario_text(place: &str, value: &str) -> String {
    let (section, line) = place.split_once(": ").unwrap();
    let line = line.replace('@', value);
    let of = |own: &str, other: &str| if own == section { line.clone() } else { other.to_owned() };
    let sections = [
        format!("[load]\n{}", of("load", "")),
        format!("[report]\n{}", of("report", "")),
        format!("[[user]]\nname = \"u\"\n{}", of("user", "")),
        format!("[[user.task]]\n{}", of("task", "get = \"/\"")),
        "[[user]]\nname = \"v\"\n[[user.task]]\nget = \"/v\"\n".to_owned(),
    ];
    sections.join("\n")
}

/// Computes what a run computes from its numbers, up to a later time.
fn work_out(scenario: &Scenario, options: &Options) -> Option<Plan> {
    let plan =
        Plan::new(scenario.clone(), options.clone()).map_err(|error| one_line(&error.to_string()));
    let plan = plan.ok()?;
    let of_plan = (plan.forecast(), plan.churn(), plan.load_end(false), plan.fixed_beyond_users());
    drop(of_plan);
    let mut curve = plan.shape.curve(plan.run_time);
    let mut change = Some(ms(0));
    for _ in 0..100 {
        let Some(at) = change else { break };
        change = curve.next_change(at);
    }
    curve.steer(change.unwrap_or_default(), 5, 1e-300);
    curve.next_change(change.unwrap_or_default());
    if let Some(arrivals) = &plan.arrivals {
        arrivals.times(1, 0, 2).take(100).for_each(drop);
    }
    for user in &plan.scenario.users {
        let (mut pace, mut rng) = (Pace::new(ms(0)), fastrand::Rng::with_seed(1));
        for _ in 0..10 {
            user.wait_time.overdue(&pace, ms(5));
            user.wait_time.next(&mut pace, ms(5), &mut rng);
        }
        user.wait_time.mean();
    }
    Some(plan)
}

#[track_caller]
fn one_line(error: &str) {
    assert!(!error.trim().is_empty() && error.lines().count() < 12, "{error}");
}

fn options(scenario: &Scenario, server: &Server) -> Options {
    Options {
        host: Some(format!("http://{}", server.address)),
        requests: Some(1),
        run_time: scenario.load.run_time.is_none().then(|| ms(100)),
        cores: Some(vec![allowed_cores()[0].id]),
        ..Options::default()
    }
}

#[test]
fn numbers_of_a_scenario_are_refused_where_they_stand_or_run() {
    let server = plain_server();
    let numbers = NUMBERS.map(str::to_owned).into_iter();
    let quoted = NUMBERS.map(str::to_owned).into_iter().chain(texts());
    let values: Vec<String> = numbers.chain(quoted.map(|text| format!("\"{text}\""))).collect();
    let (mut refused, mut planned, mut ran) = (0, 0, 0);
    for place in PLACES {
        let in_text = place.contains("@\"") || place.contains("@%");
        let mut accepted = Vec::new();
        for value in &values {
            let text = scenario_text(place, if in_text { value.trim_matches('"') } else { value });
            let worked_out =
                catch_unwind(AssertUnwindSafe(|| match file::parse("s.toml", &text) {
                    Err(error) => {
                        let error = error.to_string();
                        one_line(&error);
                        assert!(error.starts_with("s.toml:"), "{error}");
                        None
                    }
                    Ok(scenario) => {
                        let options = options(&scenario, &server);
                        work_out(&scenario, &options).map(|_| (scenario, options))
                    }
                }));
            match worked_out {
                Ok(Some(works)) => accepted.push(works),
                Ok(None) => refused += 1,
                Err(_) => panic!("this is neither refused nor planned:\n{text}"),
            }
        }
        assert!(!accepted.is_empty(), "{place} takes no number at all");
        planned += accepted.len();
        // The bounds of what is accepted.
        let last = accepted.pop();
        for (scenario, options) in accepted.into_iter().take(1).chain(last) {
            go(scenario, options);
            ran += 1;
        }
    }
    println!("{refused} refused, {planned} planned, {ran} ran");
}

/// Makes a run that ends at once, unless these flags change that.
fn with_flags(server: &Server, flags: &[&str]) -> Output {
    let core = allowed_cores()[0].id.to_string();
    let usual = [["-u", "3"], ["-r", "1e6"], ["-t", "2"], ["--requests", "2"], ["--cores", &core]];
    let is_open = flags.contains(&"--rate");
    let usual = usual
        .iter()
        .filter(|[flag, _]| !flags.contains(flag))
        .filter(|[flag, _]| !is_open || !["-u", "-r"].contains(flag));
    let run = Run::of(&get_root("1s")).host(server.address);
    usual.fold(run, |run, pair| run.args(pair)).args(flags).go()
}

/// Runs all of them, two at a time. Each must end as a run that was refused, or that took place.
#[track_caller]
fn check_flags(all: Vec<Vec<String>>) {
    let server = plain_server();
    let check = |half: &[Vec<String>]| {
        for flags in half {
            let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
            let output = with_flags(&server, &flags);
            let (code, stderr) = (output.status.code(), &output.stderr);
            assert!(matches!(code, Some(0..=3)), "{flags:?}: {code:?}\n{stderr}");
            assert!(!stderr.contains("panicked"), "{flags:?}\n{stderr}");
            assert!(code != Some(2) || stderr.contains("error: "), "{flags:?}\n{stderr}");
        }
    };
    let (first, second) = all.split_at(all.len() / 2);
    thread::scope(|scope| {
        scope.spawn(|| check(first));
        scope.spawn(|| check(second));
    });
}

#[test]
fn numbers_of_flags_are_refused_or_run() {
    let flags = [
        "-u @",
        "-r @",
        "-t @",
        "-s @",
        "--rate @",
        "--rate @ --arrivals poisson",
        "--rate 5 --max-users @",
        "-i @",
        "--requests @ -i 2",
        "--abort-when rate>@",
        "--abort-when p95>1s --abort-after @",
        "--dns-refresh @",
        "--seed @",
        "--cores 0-@",
        "--exit-code-on-error @",
        "--autoquit @ --list",
        "-P @ --list",
        "--user-classes u=@",
        "--config-users {\"user_class_name\":\"u\",\"weight\":@} --show-task-ratio",
        "--config-users {\"user_class_name\":\"u\",\"fixed_count\":@} --show-task-ratio",
    ];
    // A selection for whole processes; the other test has all combinations.
    let values = ["0", "-1", "1e-300", "1e9", "1e300", "nan", "18446744073709551616", "1193046h"];
    let of = |flag: &str| -> Vec<Vec<String>> {
        let words = |value: &str| -> Vec<String> {
            flag.split(' ').map(|word| word.replace('@', value)).collect()
        };
        values.iter().map(|value| words(value)).collect()
    };
    check_flags(flags.iter().flat_map(|flag| of(flag)).collect());
}

#[track_caller]
fn check_refused(flags: &[&str], expected: &str) {
    let output = with_flags(&plain_server(), flags).code(2);
    assert!(output.stderr.contains(expected), "no '{expected}' in:\n{}", output.stderr);
}

#[test]
fn a_rate_that_no_machine_has_is_refused() {
    let expected = "a rate of 1e300 is too high: at most 1000000000 iterations per second";
    check_refused(&["--rate", "1e300"], expected);
    let text = scenario_text("load: rate = @", "1e300");
    let output = Run::new(["check", "s.toml"]).file("s.toml", &text).go().code(2);
    assert!(output.stderr.contains(&format!("s.toml:2:8: {expected}")), "{}", output.stderr);
}

/// The sum does not fit into the 32 bits of each number.
#[test]
fn shares_of_the_largest_weights_add_up() {
    let task = "get = \"/\"\nweight = @\n[[user.task]]\nget = \"/b\"\nweight = @";
    let text = scenario_text(&format!("task: {task}"), "4294967295");
    let args = ["--show-task-ratio", "--host", "http://127.0.0.1:9"];
    let output = Run::of(&text).args(args).go().code(0);
    for name in ["GET /", "GET /b"] {
        let row = |line: &&str| line.trim_end().ends_with(name) && line.contains(" 50.0");
        assert!(output.stdout.lines().any(|line| row(&line)), "{name}:\n{}", output.stdout);
    }
}

#[test]
fn parallel_connections_have_a_bound() {
    let text = scenario_text(PLACES[56], "1001");
    let output = Run::new(["check", "s.toml"]).file("s.toml", &text).go().code(2);
    let expected = "1001 connections are too many: at most 1000 are possible per user";
    assert!(output.stderr.contains(&format!("s.toml:9:54: {expected}")), "{}", output.stderr);
    let text = scenario_text(PLACES[56], "1000");
    Run::new(["check", "s.toml"]).file("s.toml", &text).go().code(0);
}

/// Returns the number as JSON, or as the text of a field.
fn in_json(number: &str) -> Value {
    serde_json::from_str(number).unwrap_or_else(|_| json!(number))
}

/// Checks that there is a response, and stops the run if one was started.
#[track_caller]
fn check_answered(page: &Page, path: &str, form: &Value) {
    let reply = page.post(path, form);
    assert!([200, 201, 202, 409, 422].contains(&reply.status), "{path} {form}: {reply:?}");
}

#[test]
fn numbers_of_the_page_are_refused_or_run() {
    let server = plain_server();
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    for (own, fields) in [
        (&["-u", "1"], &["users", "spawn_rate", "run_time", "cores"][..]),
        (&["--rate", "1"], &["rate"]),
    ] {
        let page = Run::of("[[user]]\nname = \"u\"\n[[user.task]]\nget = \"/\"\n");
        let page = page.host(server.address).args(own).open_page();
        for field in fields {
            for number in NUMBERS {
                check_answered(&page, "/api/v1/runs", &json!({ *field: in_json(number) }));
                check_answered(&page, "/api/v1/run/load", &json!({ *field: in_json(number) }));
                let classes = json!({"classes": [{"name": "u", "weight": in_json(number)}]});
                page.post("/api/v1/run/stop", &json!({}));
                check_answered(&page, "/api/v1/runs", &classes);
                page.post("/api/v1/run/stop", &json!({}));
                let body = format!("user_count=1&spawn_rate=1&{field}={number}");
                assert_eq!(page.ask("POST", "/swarm", &form, &body).status, 200, "{body}");
                page.get("/stop");
            }
        }
        let output = page.quit();
        assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
    }
}
