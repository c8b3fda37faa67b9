//! Flags from the command line in Locust's order, from files of flags, and flags of other tools.

use std::fs;

use crate::support::{Output, Run, Server, get_root, ok, plain_server, toml};

/// A scenario whose runs end with the third request.
fn short() -> String {
    get_root("20s").replace("[load]", "[load]\nrequests = 3")
}

/// Checks that a file of flags is refused.
#[track_caller]
fn check_refused(file: &str, text: &str, expected: &str) {
    let run = Run::of(&short()).args(["--host", "http://127.0.0.1:9"]).file(file, text);
    let stderr = run.go().code(2).stderr;
    assert!(stderr.contains(expected), "no '{expected}' in:\n{stderr}");
}

/// Makes a run with these files of flags. Its log has users, spawn rate, and the files that were read.
fn run(server: &Server, files: &[(&str, &str)], args: &[&str]) -> Output {
    let run = Run::of(&short()).host(server.address).args(args);
    files.iter().fold(run, |run, (name, text)| run.file(name, text)).go().code(0)
}

#[track_caller]
fn check(files: &[(&str, &str)], args: &[&str], users: &str, told: &[&str]) {
    let stderr = run(&plain_server(), files, args).stderr;
    assert!(stderr.contains(&format!("Ramping to {users} per second")), "{users}:\n{stderr}");
    let lines = stderr.lines().filter_map(|line| Some(line.split_once(": Flags of ")?.1));
    assert_eq!(lines.collect::<Vec<_>>(), told, "{stderr}");
}

#[test]
fn files_of_flags_are_read_and_told_in_the_order_of_who_counts() {
    let ours = ("gregaria.toml", "users = 3\n");
    let project = ("pyproject.toml", "[tool.locust]\nusers = 4\nspawn-rate = 20\n");
    let locusts = ("locust.conf", "users = 5\nspawn-rate = 30\nonly-summary\n");
    let named = ("named.conf", "users 6");
    check(&[], &[], "1 user at a rate of 1.00", &[]);
    check(&[ours], &[], "3 users at a rate of 1.00", &["gregaria.toml: users"]);
    check(
        &[ours, project, locusts],
        &[],
        "3 users at a rate of 20.00",
        &[
            "gregaria.toml: users",
            "pyproject.toml: spawn-rate; given elsewhere: users",
            "locust.conf: only-summary; given elsewhere: users, spawn-rate",
        ],
    );
    check(
        &[ours, named],
        &["--config", "named.conf", "-r", "2"],
        "6 users at a rate of 2.00",
        &["named.conf: users", "gregaria.toml: given elsewhere: users"],
    );
    check(
        &[ours],
        &["-u", "2"],
        "2 users at a rate of 1.00",
        &["gregaria.toml: given elsewhere: users"],
    );
}

#[test]
fn a_variable_goes_before_a_file_of_flags_before_the_scenario() {
    let server = plain_server();
    let scenario = short().replace("[load]", "[load]\nusers = 2\nspawn_rate = 9");
    let run =
        Run::of(&scenario).host(server.address).file("gregaria.toml", "users = 3\nspawn_rate = 8");
    let stderr = run.env("GREGARIA_USERS", "4").go().code(0).stderr;
    assert!(stderr.contains("Ramping to 4 users at a rate of 8.00"), "{stderr}");
}

#[test]
fn the_opposite_of_what_was_asked_for_is_not_taken_from_a_file() {
    check(
        &[("gregaria.toml", "rate = 100\nmax_users = 5")],
        &["-u", "2"],
        "2 users at a rate of 1.00",
        &["gregaria.toml: given elsewhere: rate, max-users"],
    );
    let stderr = run(&plain_server(), &[("locust.conf", "users = 5")], &["--rate", "9"]).stderr;
    assert!(stderr.contains("given elsewhere: users"), "{stderr}");
}

#[test]
fn what_locust_alone_has_is_left_aside_and_told() {
    check(
        &[(
            "locust.conf",
            "master = true\nexpect-workers = 2\nlocustfile = x.py\nusers = 2\nmy-own = 1",
        )],
        &[],
        "2 users at a rate of 1.00",
        &["locust.conf: users; left aside: master, expect-workers, locustfile, my-own"],
    );
}

#[test]
fn a_mistake_in_a_file_of_flags_has_its_place() {
    let ours = |text, expected: &str| check_refused("gregaria.toml", text, expected);
    ours("\nusres = 5", "gregaria.toml:2:9: unknown flag 'usres', did you mean 'users'?");
    ours(
        "users = 2.5",
        "gregaria.toml:1:9: invalid value '2.5' for '--users <N>': expected a whole",
    );
    ours("users = true", "gregaria.toml:1:9: users needs a value, not true or false");
    ours("headless = \"maybe\"", "gregaria.toml:1:12: headless is true or false, not 'maybe'");
    ours("users = ", "gregaria.toml:1:9: ");
    ours("[[user]]\nname = 'u'", "gregaria.toml:1:3: 'user' is of a scenario");
    ours("file = \"s.toml\"", "gregaria.toml:1:8: the scenario is named on the command line");
    ours(
        "vus = 5",
        "gregaria.toml:1:7: 'vus' is no flag of gregaria: each user keeps a connection",
    );
    check_refused(
        "locust.conf",
        "users = x",
        "locust.conf:1:9: invalid value 'x' for '--users <N>'",
    );
    check_refused("locust.conf", "= 5", "locust.conf:1:1: expected a line such as users = 50");
    let project = "[tool.locust]\nrun-time = \"1.5m\"";
    check_refused("pyproject.toml", project, "pyproject.toml:2:12: invalid value '1.5m'");
    let missing = Run::of(&get_root("1s")).args(["--config", "none.conf"]).go().code(2);
    assert!(missing.stderr.contains("cannot read none.conf: No such file or directory"));
    // The error is about the variable, and not about the file.
    let run = Run::of(&get_root("1s")).file("gregaria.toml", "spawn-rate = 5");
    let stderr = run.env("GREGARIA_USERS", "x").go().code(2).stderr;
    assert!(stderr.contains("'--users <N>'") && !stderr.contains("gregaria.toml"), "{stderr}");
}

#[test]
fn secrets_in_a_file_of_flags_are_told_nowhere() {
    let scenario = "[parameter.token]\nrequired = true\nsecret = true\n".to_owned()
        + &toml("20s", "headers = { x = \"${token}\" }\n[[user.task]]\nget = \"/\"");
    let server = plain_server();
    let flags = "set = { token = \"hunter2\" }\njson_file = \"run.json\"\nhtml = \"run.html\"\n";
    let output = Run::of(&scenario)
        .host(server.address)
        .file("gregaria.toml", flags)
        .args(["--requests", "3"])
        .go()
        .code(0);
    assert_eq!(server.seen()[0].header("x"), Some("hunter2"));
    let files = ["run.json", "run.html"].map(|name| fs::read_to_string(output.path(name)).unwrap());
    for text in [&output.stdout, &output.stderr].into_iter().chain(&files) {
        assert!(!text.contains("hunter2"));
    }
    assert!(files[1].contains("token=***"), "the command to run again has it, as ***");
    for flags in ["set = \"hunter2\"", "proxy = \"http://u:hunter2@h/x\"", "set = [[\"hunter2\"]]"]
    {
        let run = Run::of(&scenario).host(server.address).file("gregaria.toml", flags);
        let stderr = run.go().code(2).stderr;
        assert!(stderr.contains("gregaria.toml:1:") && !stderr.contains("hunter2"), "{stderr}");
    }
}

#[test]
fn the_command_to_run_again_has_what_came_from_a_file() {
    let files =
        [("gregaria.toml", "users = 3\nspawn_rate = 50\ntags = [\"a\"]\nhtml = \"run.html\"")];
    let scenario = short() + "tags = \"a\"";
    let server = plain_server();
    let run = Run::of(&scenario).host(server.address);
    let output = files.iter().fold(run, |run, (name, text)| run.file(name, text)).go().code(0);
    let page = fs::read_to_string(output.path("run.html")).unwrap();
    assert!(
        page.contains("--users 3 --spawn-rate 50 --run-time")
            || page.contains("--users 3 --spawn-rate 50")
    );
    assert!(page.contains("--tags a"));
}

#[test]
fn check_takes_the_values_of_a_file_of_flags() {
    let scenario = "[parameter.path]\nrequired = true\n".to_owned()
        + &toml("1s", "[[user.task]]\nget = \"${path}\"");
    let run = |flags| {
        Run::new(["check", "s.toml"]).file("s.toml", &scenario).file("gregaria.toml", flags).go()
    };
    run("users = 5\n[set]\npath = \"/a\"").code(0);
    run("users = 5").code(2);
}

#[test]
fn classes_and_tags_are_words_as_with_locust() {
    let two = toml(
        "100ms",
        "[[user.task]]\nget = \"/a\"\ntags = \"a\"\n[[user.task]]\nget = \"/b\"\ntags = \"b\"",
    ) + "[[user.task]]\nget = \"/c\"\n[[user]]\nname = \"w\"\n[[user.task]]\nget = \"/w\"\ntags = \"b\"";
    let ratio = |args: &[&str]| {
        let run = Run::new(args).file("s.toml", &two).args(["--show-task-ratio", "-u", "10"]);
        let stdout = run.arg("--host=http://127.0.0.1:9").go().code(0).stdout;
        let paths = ["/a", "/b", "/c", "/w"].into_iter().filter(|path| stdout.contains(path));
        paths.collect::<Vec<_>>().concat()
    };
    assert_eq!(ratio(&["s.toml"]), "/a/b/c/w");
    assert_eq!(ratio(&["s.toml", "w"]), "/w");
    assert_eq!(ratio(&["-f", "s.toml", "u"]), "/a/b/c");
    assert_eq!(ratio(&["s.toml", "u", "w"]), "/a/b/c/w");
    assert_eq!(ratio(&["s.toml", "-T", "a", "b"]), "/a/b/w");
    assert_eq!(ratio(&["-T", "a", "b", "s.toml", "u"]), "/a/b");
    assert_eq!(ratio(&["s.toml", "-E", "a", "b"]), "/c");
    let unknown = Run::of(&two).arg("v").arg("--host=http://127.0.0.1:9").go().code(2);
    assert!(unknown.stderr.contains("'v'"), "{}", unknown.stderr);
}

/// As argparse reads the flags of Locust 2.47.0.
#[test]
fn of_a_flag_that_is_given_twice_the_last_one_holds() {
    let words = ["--host=http://127.0.0.1:9", "-u9", "--user-classes=u", "-u=4"];
    let run = Run::of(&short()).args(words).arg("--show-task-ratio").arg("--show-task-ratio");
    run.go().code(0);
    let error = Run::of(&short()).args(["-u", "4", "-u", "x"]).go().code(2).stderr;
    assert!(error.contains("'x' for '--users <N>'"), "{error}");
    let error = Run::new(["-f", "a.toml", "-f", "none.toml"]).go().code(2).stderr;
    assert!(error.contains("none.toml"), "{error}");
}

#[test]
fn config_users_and_the_ratios_in_json_are_locusts() {
    let two = short() + "[[user]]\nname = \"w\"\n[[user.task]]\nget = \"/w\"";
    let ratio = |args: &[&str]| -> serde_json::Value {
        let run = Run::of(&two).arg("--host=http://127.0.0.1:9").args([
            "-u",
            "6",
            "--show-task-ratio-json",
        ]);
        serde_json::from_str(&run.args(args).go().code(0).stdout).unwrap()
    };
    // As Locust 2.47.0 prints it for two classes of weight 1.
    let plain = ratio(&[]);
    assert_eq!(plain["per_class"]["u"]["ratio"], 0.5);
    assert_eq!(plain["per_class"]["u"]["tasks"]["GET /"]["ratio"], 1.0);
    assert_eq!(plain["total"]["w"]["tasks"]["GET /w"]["ratio"], 0.5);
    let changed = ratio(&["--config-users", "{\"user_class_name\": \"u\", \"weight\": 5}"]);
    assert_eq!(changed["per_class"]["w"]["ratio"], 1.0 / 6.0);
    let object = |name: &str| format!("{{\"user_class_name\": \"{name}\", \"fixed_count\": 1}}");
    assert_eq!(ratio(&["--config-users", &object("u"), &object("w")])["total"]["u"]["ratio"], 0.5);
    let gone = ["--config-users", "{\"user_class_name\": \"u\", \"weight\": 0}"];
    assert_eq!(ratio(&gone)["total"].as_object().unwrap().len(), 1);
    // Without a number of users it is the sum of the weights, as in Locust.
    let weighted = two.replace("name = \"w\"", "name = \"w\"\nweight = 2");
    for arg in ["--show-task-ratio", "--show-task-ratio-json"] {
        let run = Run::of(&weighted).arg("--host=http://127.0.0.1:9").arg(arg);
        let stdout = run.go().code(0).stdout;
        assert!(stdout.contains("66.7") || stdout.contains("\"ratio\": 0.66666"), "{stdout}");
    }
    assert_eq!(ratio(&["--equal-weights"])["total"]["u"]["ratio"], 0.5);
    let unknown =
        Run::of(&two).args(["--config-users", "{\"user_class_name\": \"nobody\"}"]).go().code(2);
    assert!(unknown.stderr.contains("there is no class of users named 'nobody'; there are u, w"));
}

#[test]
fn without_a_log_set_up_there_are_warnings_only() {
    let server = Server::start(|_| ok());
    for flag in ["--skip-log-setup", "--skip-log"] {
        let run = Run::of(&short()).host(server.address).args(["--only-summary", flag]);
        assert_eq!(run.go().code(0).stderr, "");
    }
}

#[test]
fn a_flag_of_another_tool_says_what_to_do_here() {
    for (args, expected) in [
        (&["--vus", "10"][..], "'--vus' is no flag of gregaria: each user keeps a connection"),
        (&["--duration=30s"], "the run time is -t 30s"),
        (&["-c", "10"], "-u 100 -r 100"),
        (&["-t4", "-c100", "-d30s"], "-u 100 -r 100"),
        (&["-rate=50/s"], "'-rate' is no flag of gregaria: iterations per second are --rate 100"),
        (&["--master"], "one host, on each core of it by itself"),
        (&["--processes", "4"], "--cores 0-3"),
        (&["-H", "Accept: text/html"], "this is a header, and -H is the base URL"),
    ] {
        let stderr = Run::new(["s.toml"]).args(args).go().code(2).stderr;
        assert!(stderr.contains(expected), "{args:?}: {stderr}");
        assert!(!stderr.contains("a similar argument"), "{stderr}");
    }
}

#[test]
fn a_scenario_says_what_is_kept_and_when_to_stop() {
    let scenario = get_root("20s").replace(
        "[load]",
        "[report]\ncsv = \"out-${name}\"\ncsv_full_history = true\nhtml = \"run.html\"\nonly_summary = true\n\
         exit_code_on_error = 9\n[parameter.name]\ndefault = \"a\"\n[load]\nrequests = 3\n\
         abort_when = \"p95 > 1h\"",
    );
    let server = plain_server();
    let run = || Run::of(&scenario).host(server.address);
    let output = run().go().code(0);
    assert_eq!(output.aggregated(), (3, 0));
    assert!(!output.stderr.contains("# reqs"), "only the final tables");
    assert!(output.path("out-a_stats.csv").exists() && output.path("run.html").exists());
    assert!(output.csv("out-a_stats_history.csv").column("Name").contains(&"/"));
    let output = run().args(["--csv", "mine", "--set", "name=b", "--requests", "5"]).go().code(0);
    assert_eq!(output.aggregated(), (5, 0));
    assert!(output.path("mine_stats.csv").exists() && !output.path("out-b_stats.csv").exists());
    let refused = Run::of(&scenario).args(["--host", "http://127.0.0.1:9"]);
    assert!(refused.go().code(9).stdout.contains("connection refused"));
    let broken = scenario.replace("requests = 3", "").replace("p95 > 1h", "rate < 1000000");
    Run::of(&broken).host(server.address).args(["--abort-after", "1s"]).go().code(3);
}
