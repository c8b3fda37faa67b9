//! The command line: what it refuses and how, what it prints, and which source of a flag takes precedence.

use std::fs;

use crate::support::{Answer, Run, Server, get_root, ok, repository, response, toml};

/// Checks that the words are refused: a short paragraph on stderr, nothing on stdout, exit code 2.
#[track_caller]
fn check_refused(run: Run, expected: &str) {
    let output = run.go().code(2);
    let stderr = &output.stderr;
    assert_eq!(output.stdout, "", "{stderr}");
    assert!(stderr.contains(expected), "no '{expected}' in:\n{stderr}");
    assert!(!stderr.to_lowercase().contains("backtrace") && !stderr.contains(".rs:"), "{stderr}");
    assert!(stderr.lines().count() <= 8 && stderr.contains("error"), "{stderr}");
}

/// Makes a run of a valid scenario with these flags.
fn flags(flags: &[&str]) -> Run {
    Run::of(&get_root("100ms")).args(["--host", "http://127.0.0.1:9"]).args(flags)
}

#[test]
fn a_missing_file_is_named() {
    check_refused(Run::new(["none.toml"]), "cannot read none.toml: No such file or directory");
    check_refused(Run::new(["check", "none.toml"]), "cannot read none.toml");
}

#[test]
fn a_mistake_in_a_scenario_has_its_place_and_cure() {
    check_refused(Run::of("host = \"http://a\n[[user]]"), "s.toml:1:");
    let misspelt = get_root("1s") + "wieght = 3\n";
    check_refused(Run::of(&misspelt), "unknown key 'wieght', did you mean 'weight'?");
    check_refused(Run::of(&get_root("soon")), "invalid duration 'soon'");
    check_refused(Run::new(["check", "s.toml"]).file("s.toml", "[load]"), "there are no users");
}

#[test]
fn a_load_that_cannot_be_meant_has_its_place_and_cure() {
    let user = "\n[[user]]\nname = \"u\"\n[[user.task]]\nget = \"/\"\n";
    let check = |load: &str, place: &str, expected: &str| {
        let scenario = format!("[load]\n{load}{user}");
        let run = Run::of(&scenario).args(["--host", "http://127.0.0.1:9", "-t", "1"]);
        check_refused(run, &format!("s.toml:{place}: {expected}"));
    };
    check("rate = -5", "2:8", "rate must be a number above 0, not -5");
    check("rate = 0", "2:8", "rate must be a number above 0, not 0");
    check("rate = 5\nmax_users = 0", "3:13", "max_users must be 1 or more");
    check("max_users = 5", "2:1", "'max_users' needs a rate beside it; add rate = 100");
    check("rate = 5\narrivals = \"often\"", "3:12", "expected \"uniform\" or \"poisson\"");
    check("rate = 5\nusers = 3", "2:1", "'users' and 'rate' exclude each other; keep one");
    let stage = |rest: &str| format!("stage = [{{ {rest} }}]");
    let zero = stage("duration = \"0s\", users = 1, spawn_rate = 1");
    check(&zero, "2:23", "duration must be above 0");
    let neither = "a stage needs users = 10 with spawn_rate = 2, or rate = 100";
    check(&stage("duration = \"1s\""), "2:10", neither);
    let still = stage("duration = \"1s\", users = 1, spawn_rate = 0");
    check(&still, "2:53", "spawn_rate must be a number above 0, not 0");
    let unknown = stage("duration = \"1s\", users = 1, spawn_rate = 1, mix = { v = 1 }");
    check(&unknown, "2:64", "there is no class of users named 'v'; a mix takes of u");
    let nothing = "the rate is 0 throughout, so nothing would ever begin; give it a rate above 0";
    check("[[load.stage]]\nduration = \"1s\"\nrate = 0", "2:1", nothing);
    check("run_time_from = \"full\"", "2:17", "run_time_from = \"full\" needs a run_time");
}

#[test]
fn flags_of_a_load_that_contradict_each_other_are_refused() {
    check_refused(flags(&["--rate", "5", "-u", "3"]), "--users and --rate exclude each other");
    check_refused(
        flags(&["--max-users", "5"]),
        "--max-users is of use with a rate only: add --rate",
    );
    check_refused(flags(&["--arrivals", "poisson"]), "--arrivals is of use with a rate only");
    for flag in ["--max-users", "--iterations", "--requests"] {
        check_refused(flags(&["--rate", "5", flag, "0"]), "0 is not in 1..");
    }
    check_refused(flags(&["--rate=-1"]), "'-1'");
    check_refused(
        flags(&["--abort-when", "p94 > 2s"]),
        "'p94' is nothing that is measured; expected",
    );
    check_refused(flags(&["--abort-when", "p95 >= 2s"]), "such as 'fail_ratio > 5%', 'p95 > 2s'");
    check_refused(
        flags(&["--abort-when", "rate < 5", "--abort-after", "x"]),
        "invalid duration 'x'",
    );
}

#[test]
fn a_host_that_cannot_be_tested_is_refused() {
    let host = |host| Run::of(&get_root("100ms")).args(["--host", host]);
    check_refused(host("http://no-such-host.invalid"), "cannot resolve 'no-such-host.invalid': ");
    let elsewhere = "[[user.task]]\nget = \"http://no-such-host.invalid:81/\"";
    let elsewhere = Run::of(&toml("100ms", elsewhere)).args(["--host", "http://127.0.0.1:9"]);
    check_refused(elsewhere, "cannot resolve 'no-such-host.invalid': ");
    check_refused(host("ftp://127.0.0.1"), "only http:// and https:// can be tested");
    check_refused(host("localhost:5000"), "did you mean 'http://localhost:5000'?");
    check_refused(host("http://a:b"), "'http://a:b'");
    check_refused(host("http://user:p#ss@h"), "write '#' in a user name or password as %23");
    check_refused(Run::new(["http://user:p#ss@h"]), "'http://h': write '#' in a user name");
    let proxy = ["--proxy", "http://user:p/ss@h:3128"];
    check_refused(flags(&proxy), "write '/' in a user name or password as %2F");
    check_refused(Run::of(&get_root("100ms")), "user 'u' has no host: give one with --host");
}

#[test]
fn a_url_in_place_of_a_file_is_held_to_the_same() {
    check_refused(Run::new(["https://127.0.0.1:0/"]), "its port is not from 1 to 65535");
    check_refused(Run::new(["localhost:5000"]), "did you mean 'http://localhost:5000'?");
    check_refused(
        Run::new(["127.0.0.1:5000/users"]),
        "did you mean 'http://127.0.0.1:5000/users'?",
    );
}

#[test]
fn wrong_values_of_flags_are_refused() {
    check_refused(flags(&["--users", "x"]), "invalid value 'x' for '--users <N>'");
    check_refused(flags(&["--users", "-1"]), "-1");
    check_refused(flags(&["--run-time", "1.5m"]), "valid formats are 20, 20s, 3m, 2h, 1h20m");
    check_refused(flags(&["--run-time", "0"]), "leave it out to run until Ctrl-C");
    check_refused(flags(&["--users", "4000000000"]), "at most 100000000 can be planned for");
    check_refused(flags(&["--spawn-rate", "0"]), "must be > 0");
    let all_at_once = "must be finite; to have all users at once, give --spawn-rate as many";
    check_refused(flags(&["-r", "inf"]), all_at_once);
    check_refused(flags(&["-r", "1e999"]), all_at_once);
    check_refused(flags(&["-r", "nan"]), "expected a number per second, such as 10 or 0.5");
    for flag in ["-u", "--max-users", "-i", "--requests"] {
        check_refused(flags(&[flag, "2.5"]), "expected a whole number, such as 10");
    }
    check_refused(flags(&["-i", "1e12"]), "at most 4294967295 can be given");
    check_refused(flags(&["-u", "1e3"]), "'1e3' for '--users <N>': expected a whole number");
    check_refused(flags(&["--rate", "inf"]), "must be finite; to have as many as there can be");
    for (flag, cure) in [("-r", "must be > 0"), ("-u", "this is below 0"), ("-t", "valid formats")]
    {
        check_refused(flags(&[flag, "-1"]), cure);
    }
    check_refused(flags(&["--cores", "99"]), "core 99 cannot be used; this process may run on");
    check_refused(flags(&["--cores", "0-"]), "such as 0-3,6");
    let local = |address| flags(&["--local-address", address]);
    check_refused(local("lo"), "invalid value 'lo' for '--local-address");
    check_refused(local("203.0.113.9"), "cannot connect from 203.0.113.9: cannot assign");
    check_refused(local("0.0.0.0"), "cannot connect from 0.0.0.0: it stands for any address");
    check_refused(local("::1"), "cannot connect to 127.0.0.1 from ::1: one is IPv4, the other");
    check_refused(local("127.0.0.1,::1"), "cannot connect to 127.0.0.1 from ::1");
    check_refused(flags(&["--resolve", "a:80"]), "such as example.org:80:127.0.0.1");
    let other = ["--resolve", "a:80:::1", "--local-address", "127.0.0.2"];
    check_refused(flags(&other), "cannot connect to ::1 from 127.0.0.2");
    check_refused(flags(&["--exit-code-on-error", "256"]), "256");
    check_refused(flags(&["--loglevel", "LOUD"]), "DEBUG, INFO, WARNING, ERROR, CRITICAL");
    check_refused(flags(&["--csv-full-history"]), "--csv");
    check_refused(Run::new(["serve", "--error-rate", "2"]), "a share between 0 and 1");
    check_refused(Run::new(["serve", "--port", "0", "--cores", "99"]), "core 99 cannot be used");
}

#[test]
fn an_unknown_flag_has_its_nearest_right_one() {
    check_refused(flags(&["--user", "3"]), "'--users'");
    check_refused(flags(&["--runtime", "3"]), "'--run-time'");
}

#[test]
fn two_scenarios_are_one_too_many() {
    check_refused(flags(&["-f", "s.toml"]), "two scenarios");
}

#[test]
fn files_that_cannot_be_written_are_found_before_the_first_request() {
    let server = Server::start(|_| ok());
    let run = |flag, path| Run::of(&get_root("1h")).host(server.address).args([flag, path]);
    check_refused(run("--csv", "s.toml/out"), "cannot write s.toml/out_stats.csv: Not a directory");
    check_refused(run("--logfile", "s.toml/log"), "cannot write the log file");
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_port_where_nobody_listens_is_failures_and_not_a_refusal() {
    let run = Run::of(&get_root("1s")).args(["--host", "http://127.0.0.1:9"]);
    let output = run.go().code(1);
    assert!(output.stdout.contains("GET /: connection refused"));
    assert!(output.aggregated().1 > 0);
}

#[test]
fn a_flag_goes_before_a_variable_before_the_file() {
    let server = Server::start(|_| ok());
    let scenario = get_root("200ms").replace("[load]", "[load]\nusers = 2\nspawn_rate = 20");
    let run = || Run::of(&scenario).host(server.address);
    let check = |run: Run, users: &str| {
        let stderr = run.go().code(0).stderr;
        assert!(stderr.contains(&format!("Ramping to {users} per second")), "{stderr}");
    };
    check(run(), "2 users at a rate of 20.00");
    check(run().env("GREGARIA_USERS", "3"), "3 users at a rate of 20.00");
    let both = || run().env("GREGARIA_USERS", "3").env("GREGARIA_SPAWN_RATE", "30");
    check(both(), "3 users at a rate of 30.00");
    check(both().args(["-u", "4"]), "4 users at a rate of 30.00");
    check(both().args(["-u", "4", "-r", "40"]), "4 users at a rate of 40.00");
}

#[test]
fn the_file_of_the_variable_is_run_unless_another_is_named() {
    let list = |run: Run| run.file("s.toml", &get_root("1s")).arg("--list").go().code(0).stdout;
    let of_variable = toml("1s", "[[user.task]]\nget = \"/\"").replace("\"u\"", "\"of_variable\"");
    let run = |args: &[&str]| {
        list(Run::new(args).file("v.toml", &of_variable).env("GREGARIA_FILE", "v.toml"))
    };
    assert_eq!(run(&[]), "Available Users:\n    of_variable\n");
    assert_eq!(run(&["s.toml"]), "Available Users:\n    u\n");
    assert_eq!(run(&["-f", "s.toml"]), "Available Users:\n    u\n");
}

#[test]
fn switches_are_variables_too() {
    let server = Server::start(|_| ok());
    for yes in ["1", "true", "yes", "on"] {
        let run = Run::of(&get_root("100ms")).host(server.address).env("GREGARIA_HEADLESS", yes);
        let output = run.env("GREGARIA_ONLY_SUMMARY", yes).go().code(0);
        assert!(!output.stderr.contains("# reqs"), "{yes}: {}", output.stderr);
    }
    let run = Run::of(&get_root("100ms")).host(server.address).env("GREGARIA_ONLY_SUMMARY", "0");
    assert!(run.go().code(0).stderr.contains("# reqs"));
}

#[test]
fn progress_goes_to_stderr_and_the_result_to_stdout() {
    let server = Server::start(|_| ok());
    let run = || Run::of(&get_root("100ms")).host(server.address).arg("--headless");
    let output = run().go().code(0);
    assert!(output.stderr.contains("# reqs"), "{}", output.stderr);
    assert!(output.stdout.contains("# reqs") && output.stdout.contains("percentiles"));
    let output = run().arg("--only-summary").go().code(0);
    assert!(!output.stderr.contains("# reqs"), "{}", output.stderr);
    assert!(output.stdout.contains("# reqs") && output.stdout.contains("percentiles"));
}

#[test]
fn questions_are_answered_without_a_host_or_a_run() {
    let two = get_root("1s").replace("get", "name = \"home\"\nget");
    let two = two + "weight = 3\n[[user]]\nname = \"w\"\n[[user.task]]\nget = \"/b\"";
    let output = Run::of(&two).arg("--list").go().code(0);
    assert_eq!(output.stdout, "Available Users:\n    u\n    w\n");
    let output = Run::of(&two).args(["--show-task-ratio", "--host", "http://127.0.0.1:9"]).go();
    let output = output.code(0);
    assert!(output.stdout.contains("Task ratio per User class"), "{}", output.stdout);
    assert!(output.stdout.contains("home") && output.stdout.contains("GET /b"));
    let output = Run::new(["check", "s.toml"]).file("s.toml", &two).go().code(0);
    assert_eq!(output.stdout, "s.toml: fine, user classes: 2, tasks: 2\n");
    let output = Run::new(["--version"]).go().code(0);
    assert_eq!(output.stdout, concat!("gregaria ", env!("CARGO_PKG_VERSION"), "\n"));
    let output = Run::new(["--help"]).go().code(0);
    assert!(output.stdout.contains("--spawn-rate") && output.stdout.contains("GREGARIA_USERS"));
}

#[test]
fn a_url_is_got_and_its_credentials_are_sent() {
    let server = Server::start(|_| ok());
    let url = format!("http://al:secret@{}/search?q=a%20b", server.address);
    let output = Run::new([&*url, "-t", "1s"]).go().code(0);
    assert!(output.stdout.contains("/search?q=a%20b"), "{}", output.stdout);
    assert!(!output.stdout.contains("secret") && !output.stderr.contains("secret"));
    let first = &server.seen()[0];
    assert_eq!(first.line, "GET /search?q=a%20b");
    assert_eq!(first.header("authorization"), Some("Basic YWw6c2VjcmV0"));
    assert_eq!(first.header("host"), Some(&*server.address.to_string()));
}

#[test]
fn log_lines_go_to_their_file_and_start_at_their_level() {
    let server = Server::start(|_| ok());
    let run = || Run::of(&get_root("100ms")).host(server.address).arg("--only-summary");
    let output = run().args(["--logfile", "run.log"]).go().code(0);
    assert_eq!(output.stderr, "");
    let log = fs::read_to_string(output.path("run.log")).unwrap();
    assert!(log.contains("/INFO/gregaria.main: Shutting down (exit code 0)\n"), "{log}");
    assert!(log.contains(", seed "), "{log}");
    assert_eq!(run().args(["-L", "warning"]).go().code(0).stderr, "");
}

/// The first requests of each user, users in the order of their choices.
fn choices(flags: &[&str]) -> Vec<Vec<String>> {
    const USERS: usize = 3;
    const FIRST: usize = 40;
    let server = Server::start(|_| Answer::Send(response("200 OK", "")));
    let tasks: String = (0..8).map(|n| format!("[[user.task]]\nget = \"/{n}\"\n")).collect();
    let running = Run::of(&toml("1h", &tasks)).host(server.address).users(3).args(flags).start();
    let mut users = vec![Vec::new(); USERS];
    let mut count = 0;
    while users.iter().any(|lines: &Vec<String>| lines.len() < FIRST) {
        count += 50;
        server.await_requests(count);
        users.iter_mut().for_each(Vec::clear);
        for request in server.seen() {
            users[request.connection].push(request.line);
        }
    }
    drop(running);
    users.iter_mut().for_each(|lines| lines.truncate(FIRST));
    users.sort();
    users
}

#[test]
fn the_same_seed_makes_the_same_choices_on_any_number_of_cores() {
    let one_core = choices(&["--seed", "7", "--cores", "0"]);
    assert_eq!(one_core, choices(&["--seed", "7", "--cores", "0"]));
    assert_eq!(one_core, choices(&["--seed", "7"]), "on all cores");
    assert_ne!(one_core, choices(&["--seed", "8", "--cores", "0"]));
    assert_ne!(one_core[0], one_core[1], "each user has its own choices");
}

#[test]
fn the_scenarios_are_where_the_tutorial_says() {
    for name in ["first", "weighted", "checks"] {
        let path = repository(&format!("scenarios/{name}.toml"));
        Run::new(["check"]).arg(path).go().code(0);
    }
}
