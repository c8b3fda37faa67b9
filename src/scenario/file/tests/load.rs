//! `[load]`: which values it gives, and what it refuses.

use std::time::Duration;

use super::*;
use crate::options::{self, LoadKind, Section};
use crate::scenario::{
    ArrivalKind, Arrivals, Line, Load, LoadShape, Reports, RunTimeFrom, Stage, Step, Task, User,
    WaitTime,
};

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A file with this `[load]`, for two classes of users.
fn file(load: &str) -> String {
    let user = |name| format!("[[user]]\nname = \"{name}\"\n[[user.task]]\nget = \"/\"\n");
    format!("[load]\n{load}\n{}{}", user("APIUser"), user("Admin"))
}

/// A key that is allowed and that nobody reads would change nothing.
#[test]
fn every_option_with_a_key_is_read() {
    let read = |table: &str, lines: String| {
        let text = file("").replacen("[load]", &format!("[{table}]\n{lines}"), 1);
        let scenario = parse("x.toml", &text).unwrap_or_else(|error| panic!("{error}"));
        format!("{:?} {:?}", scenario.load, scenario.reports)
    };
    for option in options::all() {
        let beside = match (option.name, option.load) {
            ("csv_full_history", _) => "csv = \"x\"\n",
            ("rate", _) => "",
            (_, Some(LoadKind::Rate)) => "rate = 7\n",
            _ => "",
        };
        let table = match option.section {
            Some(Section::Load) => "load",
            Some(Section::Report) => "report",
            None => continue,
        };
        let with = read(table, beside.to_owned() + &options::samples::line(option));
        assert_ne!(with, read(table, beside.to_owned()), "{}", option.name);
    }
}

#[track_caller]
fn check(load: &str, expected: Load) {
    let scenario = parse("x.toml", &file(load)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(scenario.load, expected);
    assert_eq!(scenario.validate(), Ok(()));
}

#[track_caller]
fn check_shape(load: &str, shape: LoadShape) {
    check(load, Load { shape: Some(shape), ..Load::default() });
}

#[track_caller]
fn check_arrivals(load: &str, arrivals: Arrivals) {
    check(load, Load { arrivals: Some(arrivals), ..Load::default() });
}

#[track_caller]
fn check_error(load: &str, expected: &str) {
    assert_eq!(message(&file(load)), expected, "{load}");
}

/// The second line of the file is this stage, after a fine one where `fine` is given.
#[track_caller]
fn check_stage(stage: &str, expected: &str) {
    check_error(&format!("stage = [{stage}]"), expected);
}

#[test]
fn stages_toml_is_the_tutorials_six_stages() {
    let stage = |length, users, rate| Stage::new(secs(length), users, rate);
    let shape = LoadShape::stages([
        stage(30, 10, 2.0),
        stage(60, 50, 5.0),
        stage(30, 20, 2.0),
        stage(40, 80, 10.0),
        stage(20, 30, 3.0),
        stage(30, 0, 5.0),
    ]);
    let task = |path: &str, weight| Task::from(Step::get(path)).weight(weight);
    let user = User::new("APIUser").wait_time(WaitTime::between(secs(1), secs(3)));
    let user = user.task(task("/", 3)).task(task("/users", 2)).task(task("/status", 1));
    let scenario = Scenario::new("http://127.0.0.1:5000").user(user).shape(shape);
    let text = include_str!("../../../../scenarios/stages.toml");
    assert_eq!(parse("stages.toml", text), Ok(scenario));
}

#[test]
fn stages_may_be_tables_and_have_mixes() {
    let text = "[[load.stage]]\nduration = 30\nusers = 10\nspawn_rate = 0.5\n\
                mix = { Admin = 1, APIUser = 2.5 }\n\
                [[load.stage]]\nduration = \"1m\"\nusers = 0\nspawn_rate = 2";
    let stage = Stage::new(secs(30), 10, 0.5).mix([("Admin", 1.0), ("APIUser", 2.5)]);
    check_shape(text, LoadShape::stages([stage, Stage::new(secs(60), 0, 2.0)]));
}

#[test]
fn a_shape_is_one_of_its_words() {
    check_shape("shape = { constant = 50 }", LoadShape::constant(50));
    let ramp = "shape = { ramp = { users = 100, spawn_rate = 10 } }";
    check_shape(ramp, LoadShape::ramp(100, 10.0));
    let steps = "{ steps = { users = 10, every = \"30s\", spawn_rate = 2.5, until = \"10m\" } }";
    check_shape(&format!("shape = {steps}"), LoadShape::steps(10, secs(30), 2.5, secs(600)));
    check_shape(
        "[load.shape.spike]\nbase = 10\npeak = 100\nat = \"1m\"\nlasting = 30\nspawn_rate = 50",
        LoadShape::spike(10, 100, secs(60), secs(30), 50.0),
    );
    let sine = "shape = { sine = { min = 10, max = 100, period = \"1m\" } }";
    check_shape(sine, LoadShape::sine(10, 100, secs(60)));
    let wave = "{ double_wave = { min = 20, first = 60, second = 40, lasting = \"10m\" } }";
    check_shape(&format!("shape = {wave}"), LoadShape::double_wave(20, 60, 40, secs(600)));
}

#[test]
fn a_rate_is_arrivals() {
    check_arrivals("rate = 5000", Arrivals::new(Line::constant(5000.0)));
    let poisson = Arrivals::new(Line::constant(0.5)).kind(ArrivalKind::Poisson).max_users(7);
    check_arrivals("rate = 0.5\narrivals = \"poisson\"\nmax_users = 7", poisson);
    check_arrivals("rate = 1\narrivals = \"uniform\"", Arrivals::new(Line::constant(1.0)));
}

#[test]
fn stages_of_rates_are_ramps_from_the_rate_before() {
    let stages = "stage = [{ duration = 30, rate = 5000 }, { duration = 60, rate = 5000 }, \
                  { duration = 10, rate = 0 }]";
    let line = |start| Line::starting_at(start).ramp(5000.0, secs(30)).ramp(5000.0, secs(60));
    let arrivals = |start: f64| Arrivals::new(line(start).ramp(0.0, secs(10)));
    check_arrivals(stages, arrivals(0.0));
    check_arrivals(&format!("{stages}\nmax_users = 9"), arrivals(0.0).max_users(9));
    check_arrivals(&format!("rate = 100\n{stages}"), arrivals(100.0));
}

#[test]
fn a_run_time_is_from_the_start_or_from_when_all_are_there() {
    let load = |run_time_from, shape| Load {
        run_time: Some(secs(180)),
        run_time_from,
        shape,
        ..Load::default()
    };
    check("run_time = 180\nrun_time_from = \"start\"", load(RunTimeFrom::Start, None));
    check("run_time = \"3m\"\nrun_time_from = \"full\"", load(RunTimeFrom::Full, None));
    let shape = Some(LoadShape::ramp(10, 1.0));
    let text = "run_time = 180\nrun_time_from = \"full\"\n\
                shape = { ramp = { users = 10, spawn_rate = 1 } }";
    check(text, load(RunTimeFrom::Full, shape));
}

#[test]
fn a_bad_stage_is_an_error() {
    let kinds = "a stage needs users = 10 with spawn_rate = 2, or rate = 100";
    check_stage("{ duration = 1 }", &format!("2:10: {kinds}"));
    check_stage("", "2:9: there are no stages; add one");
    check_stage("{ rate = 1 }", "2:10: missing key 'duration'; add duration = \"30s\"");
    let zero = "duration must be above 0 and at most 136 years";
    check_stage("{ duration = 0, rate = 1 }", &format!("2:23: {zero}"));
    check_stage("{ duration = \"0s\", users = 1, spawn_rate = 1 }", &format!("2:23: {zero}"));
    check_stage(
        "{ duration = 1, users = 1 }",
        "2:10: missing key 'spawn_rate'; add spawn_rate = 10, users per second",
    );
    for rate in ["0", "-1", "inf", "nan"] {
        let shown = rate.replace("nan", "NaN");
        let stage = format!("{{ duration = 1, users = 1, spawn_rate = {rate} }}");
        let expected = format!("2:50: spawn_rate must be a number above 0, not {shown}");
        check_stage(&stage, &expected);
    }
    for rate in ["-1", "inf", "nan"] {
        let shown = rate.replace("nan", "NaN");
        let stage = format!("{{ duration = 1, rate = {rate} }}");
        let expected = format!("2:33: the rate of a stage must be a number from 0 up, not {shown}");
        check_stage(&stage, &expected);
    }
    check_stage("{ lasting = 1 }", &format!("2:12: unknown key 'lasting'; {STAGE_KEYS}"));
    check_error(
        "[load.stage]\nduration = 1",
        "2:1: expected an array of tables, written [[load.stage]], found a table",
    );
}

const STAGE_KEYS: &str = "valid keys are duration, users, spawn_rate, mix, rate";

#[test]
fn stages_of_two_kinds_are_an_error() {
    let (users, rate) = ("duration = 1, users = 1, spawn_rate = 1", "duration = 1, rate = 1");
    check_stage(
        &format!("{{ {users}, rate = 1 }}"),
        "2:53: 'users' and 'rate' exclude each other; keep one",
    );
    check_stage(
        &format!("{{ {users} }}, {{ {rate} }}"),
        "2:71: this stage has 'rate', the first has 'users'; keep to one",
    );
    check_stage(
        &format!("{{ {rate} }}, {{ {users} }}"),
        "2:54: this stage has 'users', the first has 'rate'; keep to one",
    );
    for key in ["spawn_rate = 1", "mix = { Admin = 1 }"] {
        let word = key.split(' ').next().unwrap();
        let expected = format!("2:36: '{word}' belongs to a stage with users; leave it out");
        check_stage(&format!("{{ {rate}, {key} }}"), &expected);
    }
}

#[test]
fn a_bad_mix_is_an_error() {
    let mix = |mix: &str| format!("{{ duration = 1, users = 1, spawn_rate = 1, mix = {mix} }}");
    check_stage(
        &mix("{}"),
        "2:59: the mix has no classes; name one with its weight, or leave the mix out",
    );
    check_stage(
        &mix("{ Admin = 1, User = 1 }"),
        "2:72: there is no class of users named 'User'; a mix takes of APIUser, Admin",
    );
    for weight in ["0", "-1", "inf", "nan"] {
        let expected = format!(
            "2:69: a weight in a mix must be a number above 0, not {}; leave the class out instead",
            weight.replace("nan", "NaN")
        );
        check_stage(&mix(&format!("{{ Admin = {weight} }}")), &expected);
    }
    check_stage(&mix("{ Admin = \"1\" }"), "2:69: expected a number, found a string");
    check_stage(&mix("[\"Admin\"]"), "2:59: expected a table, found an array");
}

#[test]
fn two_ways_to_say_how_much_load_there_is_are_an_error() {
    let shape = "shape = { constant = 1 }";
    let users = "stage = [{ duration = 1, users = 1, spawn_rate = 1 }]";
    let rates = "stage = [{ duration = 1, rate = 1 }]";
    for (first, second, words) in [
        ("users = 1", shape, "'users' and 'shape'"),
        ("spawn_rate = 1", shape, "'spawn_rate' and 'shape'"),
        ("users = 1", users, "'users' and 'stage'"),
        ("users = 1", rates, "'users' and 'stage'"),
        ("users = 1", "rate = 1", "'users' and 'rate'"),
        ("spawn_rate = 1", "rate = 1", "'spawn_rate' and 'rate'"),
        ("users = 1", "max_users = 1", "'users' and 'max_users'"),
        (shape, users, "'shape' and 'stage'"),
        (shape, "rate = 1", "'shape' and 'rate'"),
        (shape, "arrivals = \"poisson\"", "'shape' and 'arrivals'"),
        (users, "rate = 1", "'stage' and 'rate'"),
        (users, "max_users = 1", "'stage' and 'max_users'"),
    ] {
        let expected = format!("3:1: {words} exclude each other; keep one");
        check_error(&format!("{first}\n{second}"), &expected);
    }
}

#[test]
fn a_bad_rate_is_an_error() {
    for (rate, shown) in [("0", "0"), ("-1", "-1"), ("inf", "inf"), ("nan", "NaN")] {
        let expected = format!("2:8: rate must be a number above 0, not {shown}");
        check_error(&format!("rate = {rate}"), &expected);
    }
    for key in ["arrivals = \"poisson\"", "max_users = 5"] {
        let word = key.split(' ').next().unwrap();
        let cure = "needs a rate beside it; add rate = 100, iterations per second";
        check_error(key, &format!("2:1: '{word}' {cure}"));
    }
    check_error(
        "rate = 1\narrivals = \"random\"",
        "3:12: expected \"uniform\" or \"poisson\", found \"random\"",
    );
    check_error(
        "rate = 1\nmax_users = 0",
        "3:13: max_users must be 1 or more: every iteration under way takes a user of its own",
    );
    check_stage(
        "{ duration = 1, rate = 0 }",
        "2:9: the rate is 0 throughout, so nothing would ever begin; give it a rate above 0",
    );
}

#[test]
fn absurdly_many_users_are_an_error() {
    let many = "100000001 users are too many: at most 100000000 can be planned for";
    check_error("users = 100_000_001", &format!("2:9: {many}"));
    check_error("rate = 1\nmax_users = 100_000_001", &format!("3:13: {many}"));
    check_error("shape = { constant = 100_000_001 }", &format!("2:22: {many}"));
    let stage = "{ duration = 1, users = 100_000_001, spawn_rate = 1 }";
    check_stage(stage, &format!("2:34: {many}"));
}

#[test]
fn a_run_time_from_nothing_is_an_error() {
    let full = "run_time_from = \"full\"";
    check_error(full, "2:17: run_time_from = \"full\" needs a run_time beside it");
    let never = "run_time_from = \"full\" needs a load that comes to a target and this one never \
                 does; leave it out";
    let stage = "stage = [{ duration = 1, users = 10, spawn_rate = 1 }]";
    check_error(&format!("run_time = 60\n{full}\n{stage}"), &format!("3:17: {never}"));
    let sine = "shape = { sine = { min = 1, max = 5, period = 1 } }";
    check_error(&format!("run_time = 60\n{full}\n{sine}"), &format!("3:17: {never}"));
    check_error(
        "run_time = 60\nrun_time_from = \"end\"",
        "3:17: expected \"start\" or \"full\", found \"end\"",
    );
}

#[test]
fn a_bad_shape_is_an_error() {
    let kinds = "constant, ramp, steps, spike, sine, double_wave";
    check_error("shape = {}", &format!("2:9: a shape is one of {kinds}"));
    check_error("shape = { rmap = {} }", "2:11: unknown key 'rmap', did you mean 'ramp'?");
    check_error("shape = \"ramp\"", "2:9: expected a table, found a string");
    check_error(
        "shape = { constant = 1, ramp = {} }",
        "2:25: 'constant' and 'ramp' exclude each other; keep one",
    );
    check_error("shape = { ramp = {} }", "2:18: missing key 'users'; add users = 100");
    check_error(
        "shape = { sine = { min = 5, max = 4, period = 1 } }",
        "2:18: max = 4 must not be below min = 5",
    );
    check_error(
        "shape = { sine = { min = 5, max = 6, period = 0 } }",
        "2:47: period must be above 0 and at most 136 years",
    );
    check_error(
        "shape = { steps = { users = 1, every = \"1ms\", spawn_rate = 1, until = \"1h\" } }",
        "2:19: 3600000 steps are too many: at most 100000 are possible; make 'every' longer",
    );
    check_error(
        "shape = { spike = { base = 1, peek = 2 } }",
        "2:31: unknown key 'peek', did you mean 'peak'?",
    );
    check_error(
        "shape = { double_wave = { min = 1 } }",
        "2:25: missing key 'first'; add first = 100",
    );
}

#[test]
fn a_load_and_reports_hold_what_flags_hold() {
    check(
        "iterations = 5\nrequests = 6\nstop_timeout = \"1m\"\nabort_when = \"p95 > 2s\"\nabort_after = 3",
        Load {
            iterations: Some(5),
            requests: Some(6),
            stop_timeout: Some(secs(60)),
            abort_when: vec!["p95 > 2s".parse().unwrap()],
            abort_after: Some(secs(3)),
            ..Load::default()
        },
    );
    let levels = parse("x.toml", &file("abort_when = [\"avg > 1s\", \"rate < 5\"]")).unwrap();
    assert_eq!(levels.load.abort_when.len(), 2);
    let reports = "csv = \"a/b\"\ncsv_full_history = true\nhtml = \"r.html\"\njson_file = \"r\"\nprofile = \"p\"\n\
                   only_summary = true\nreset_stats = true\nexit_code_on_error = 0\n";
    let scenario = parse("x.toml", &(file("") + "[report]\n" + reports)).unwrap();
    let expected = Reports {
        csv: Some("a/b".into()),
        csv_full_history: true,
        html: Some("r.html".into()),
        json_file: Some("r".into()),
        profile: Some("p".into()),
        only_summary: true,
        reset_stats: true,
        exit_code_on_error: Some(0),
    };
    assert_eq!(scenario.reports, expected);
}

#[test]
fn what_is_wrong_with_a_level_or_a_report_has_its_place() {
    check_error(
        "iterations = 0",
        "2:14: iterations must be 1 or more; leave it out for a run without that end",
    );
    let level = message(&file("abort_when = [\"p95 > 2s\", \"p95\"]"));
    assert!(level.starts_with("2:27: ") && level.contains("such as 'fail_ratio > 5%'"), "{level}");
    let report = |line: &str| {
        let error = message(&format!("[report]\n{line}\n{}", file("")));
        error.split_once(" = ").map_or(error.clone(), |(start, _)| start.to_owned())
    };
    assert_eq!(report("cvs = 1"), "2:1: unknown key 'cvs', did you mean 'csv'?");
    assert_eq!(report("csv = true"), "2:7: expected a string, found a boolean");
    assert_eq!(report("html = \"\""), "2:8: expected the name of a file; leave it out for none");
    assert_eq!(report("exit_code_on_error = 256"), "2:22: an exit code is at most 255, not 256");
    assert_eq!(
        report("csv_full_history = true"),
        "2:1: 'csv_full_history' needs files beside it; add csv"
    );
}
