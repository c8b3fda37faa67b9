//! Each error names its place and its cure, and no text panics.

use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(message(text), expected, "{text}");
}

/// The third line of the file is this line of the user.
#[track_caller]
fn check_user(line: &str, expected: &str) {
    check(&user_with(line), &format!("3:{expected}"));
}

/// The task begins with `get = "/"` in the fourth line of the file, the fifth is this line.
#[track_caller]
fn check_task(line: &str, expected: &str) {
    check(&task_with(&format!("get = \"/\"\n{line}")), &format!("5:{expected}"));
}

/// The task begins in the third line of the file, the fourth is this line.
#[track_caller]
fn check_only(line: &str, expected: &str) {
    check(&task_with(line), expected);
}

#[test]
fn what_connections_go_through_can_be_meant() {
    for (line, expected) in [
        ("proxy = \"proxy:3128\"", "9: 'proxy:3128' has no scheme"),
        ("proxy = \"http://proxy:3128/x\"", "9: a proxy has no path; leave '/x' out"),
        ("proxy = \"http://a\"\nunix_socket = \"/b\"", "1: 'proxy' and 'unix_socket' exclude"),
        ("unix_socket = \"\"", "15: the path of a Unix socket has 1 to 107 bytes"),
        ("tcp = { keepalive = \"500ms\" }", "21: keepalive must be whole seconds"),
        ("tcp = { keepalive = 32768 }", "21: keepalive must be whole seconds from 1 to 32,767"),
        ("tcp = { linger = \"5s\" }", "18: linger can only be \"0s\""),
        ("tcp = { nodelay = 1 }", "19: expected true or false, found a number"),
        ("tcp = { fastopen = true }", "9: unknown key 'fastopen'"),
    ] {
        let error = parse("x.toml", &user_with(line)).unwrap_err().to_string();
        assert!(error.contains(&format!(":{expected}")), "{line}: {error}");
    }
    let long = format!("unix_socket = \"/{}\"", "x".repeat(107));
    let error = parse("x.toml", &user_with(&long)).unwrap_err().to_string();
    assert!(error.contains("this one has 108"), "{error}");
}

#[test]
fn tags_are_words() {
    check_task("tags = [\"a\", \"b,c\"]", "14: a tag is one word without commas, and not 'b,c'");
    check_task("tags = \"a b\"", "8: a tag is one word without commas, and not 'a b'");
    check_task("tags = \"\"", "8: a tag is one word without commas, and not ''");
    check_task("tags = [1]", "9: expected a string, found a number");
    check_task("tag = \"a\"", "1: unknown key 'tag', did you mean 'tags'?");
}

#[test]
fn what_is_parallel_is_a_list_of_requests() {
    for (step, expected) in [
        ("{ parallel = [] }", "24: there are no steps; add a request"),
        ("{ get = \"/\", connections = 2 }", "24: 'connections' needs parallel requests"),
        ("{ parallel = { get = \"/\" }, connections = 0 }", "53: connections must be 1 or more"),
        (
            "{ parallel = { get = \"/\" }, connections = 1001 }",
            "53: 1001 connections are too many: at most 1000 are possible per user",
        ),
        ("{ parallel = { get = \"/\" }, timeout = 1 }", "39: 'timeout' belongs to a request"),
        ("{ parallel = { parallel = { get = \"/\" } } }", "26: unknown key 'parallel'"),
    ] {
        let text = task_with(&format!("steps = [ {step} ]"));
        let error = parse("x.toml", &text).unwrap_err().to_string();
        assert!(error.contains(&format!(":{expected}")), "{step}: {error}");
    }
}

#[test]
fn an_error_shows_the_line_with_a_mark_under_the_fault() {
    let error = parse("scenarios/shop.toml", &user_with("wieght = 3")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "scenarios/shop.toml:3:1: unknown key 'wieght', did you mean 'weight'?\n\
         \x20 3 | wieght = 3\n\
         \x20   | ^^^^^^"
    );
}

#[test]
fn unknown_keys_are_errors_wherever_they_stand() {
    check("hots = \"x\"", "1:1: unknown key 'hots', did you mean 'host'?");
    check("[users]", "1:2: unknown key 'users', did you mean 'user'?");
    check(
        "[load]\nspeed = 1",
        "2:1: unknown key 'speed'; valid keys are users, spawn_rate, shape, stage, rate, arrivals, \
         max_users, run_time, run_time_from, iterations, requests, stop_timeout, abort_when, abort_after, local_address, dns_refresh",
    );
    check_task("weigth = 1", "1: unknown key 'weigth', did you mean 'weight'?");
    check_task("check = { statuss = 200 }", "11: unknown key 'statuss', did you mean 'status'?");
    check_only("gett = \"/\"", "4:1: unknown key 'gett', did you mean 'get'?");
    check_only("steps = [{ GET = \"/\" }]", "4:12: unknown key 'GET', did you mean 'get'?");
    check_user(
        "wait_time = { betwen = [1, 2] }",
        "15: unknown key 'betwen', did you mean 'between'?",
    );
    check_user(
        "basic_auth = { username = \"u\" }",
        "16: unknown key 'username'; valid keys are user, password",
    );
}

#[test]
fn a_wrong_type_is_named_beside_the_right_one() {
    check_user("weight = \"1\"", "10: expected a number, found a string");
    check_user("count = 1.5", "9: expected a whole number, found 1.5");
    check_user(
        "timeout = true",
        "11: expected a duration such as \"2s\" or a number of seconds, found a boolean",
    );
    check_user("headers = 1", "11: expected a table, found a number");
    check_user("keep_alive = 1", "14: expected true, false or \"task\", found a number");
    check_user("compression = \"gzip\"", "15: expected true or false, found a string");
    check_user(
        "max_body = 1.5",
        "12: expected a size such as \"1MiB\" or a number of bytes, found a number",
    );
    check_user("host = 1979-05-27", "8: expected a string, found a date");
    check_user(
        "wait_time = { between = 1 }",
        "25: expected an array of two durations, found a number",
    );
    check_user("on_start = [1]", "13: expected a table, found a number");
    check_task("query = { a = {} }", "15: expected a string or a number, found a table");
    check_task("check = { status = [] }", "20: a status check needs a status");
    check("user = {}", "1:8: expected an array of tables, written [[user]], found a table");
    check("load = []", "1:8: expected a table, found an array");
    check(
        "[[user]]\nname = \"u\"\n[user.task]",
        "3:1: expected an array of tables, written [[user.task]], found a table",
    );
}

#[test]
fn a_bad_value_is_named_beside_the_good_ones() {
    check_user("weight = 0", "10: weight must be a number above 0, not 0");
    check_user("weight = -1.5", "10: weight must be a number above 0, not -1.5");
    check_user("weight = nan", "10: weight must be a number above 0, not NaN");
    check_user("count = 0", "9: count must be 1 or more; leave the class out instead");
    check_user("count = -1", "9: expected a number from 0 to 4294967295, found -1");
    check_user("timeout = 0", "11: timeout must be above 0 and at most 136 years");
    check_user(
        "max_body = 0",
        "12: max_body must be above 0; what no check and no task looks at is not kept anyway",
    );
    check_user("max_body = -1", "12: -1 is no number of bytes");
    check_user(
        "max_body = \"1 MB\"",
        "12: invalid size '1 MB': valid formats are 1000, 500B, 64KiB, 1MB, 1.5GiB",
    );
    check_user("timeout = -1", "11: invalid duration -1: seconds must be 0 or more");
    check_user(
        "timeout = \"5 s\"",
        "11: invalid duration '5 s': valid formats are 20, 20s, 1.5s, 250ms, 100us, 3m, 1h20m",
    );
    let found = "14: expected true, false or \"task\", found \"tasks\"";
    check_user("keep_alive = \"tasks\"", found);
    let none = "31: max_requests_per_connection must be 1 or more; leave it out for any number";
    check_user("max_requests_per_connection = 0", none);
    check_user("keepalive = true", "1: unknown key 'keepalive', did you mean 'keep_alive'?");
    check_user("host = \"a:80\"", "8: 'a:80' has no scheme, did you mean 'http://a:80'?");
    check_user("headers = { \"a b\" = 1 }", "13: 'a b' is not the name of a header");
    check_user(
        "headers = { a = \"\\n\" }",
        "17: a header's value must not contain control characters",
    );
    check_user(
        "headers = { Content-Length = 1 }",
        "13: header 'content-length' follows from the body; leave it out",
    );
    check_user(
        "headers = { a = 1, Host = \"a b\" }",
        "27: header 'host' cannot be 'a b'; write a host, with a port where one is needed: 'example.org:8080'",
    );
    check_task(
        "headers = { Host = [\"a\", \"http://a\"] }",
        "26: header 'host' cannot be 'http://a'; write a host, with a port where one is needed: 'example.org:8080'",
    );
    check_task(
        "headers = { Host = \"a\", host = \"b\" }",
        "32: header 'host' may be there once only; leave the others out",
    );
    check_task(
        "headers = { Host = \"caf\u{e9}.example\" }",
        "20: header 'host' cannot be 'caf\u{e9}.example'; write 'xn--caf-dma.example'",
    );
    check_task("weight = 0", "10: weight must be 1 or more; leave the task out instead");
    check_task(
        "basic_auth = { user = \"a:b\", password = \"\" }",
        "23: the user of basic authentication must not contain ':'",
    );
    check_task(
        "digest_auth = { user = \"a:b\", password = \"\" }",
        "24: the user of digest authentication must not contain ':'",
    );
    check_task(
        "bearer = \"a b\"",
        "10: a bearer token has letters, digits and any of -._~+/, and = at its end",
    );
    let two = "bearer = \"a\"\ndigest_auth = { user = \"u\", password = \"p\" }";
    let text = format!("[[user]]\nname = \"u\"\n[[user.task]]\nget = \"/\"\n{two}\n");
    check(&text, "6:1: 'bearer' and 'digest_auth' exclude each other; keep one");
    check_task("redirects = 5", "13: expected true or false, found a number");
    check_user(
        "timeout = { connect = \"10s\", total = \"1s\" }",
        "11: timeout.connect must be less than the whole request's 1s, or give a longer total",
    );
    check_user("cookies = \"no\"", "11: expected true or false, found a string");
    check_task("json = inf", "8: JSON has neither infinity nor nan");
    check_only("get = \"users\"", "4:7: path 'users' must start with '/'; write '/users'");
    check("[load]\nspawn_rate = 0", "2:14: spawn_rate must be a number above 0, not 0");
    check("[load]\nlocal_address = \"lo\"", "2:17: 'lo' is not an IP address");
    check("[load]\nlocal_address = 1", "2:17: expected a string, found a number");
    let often = "2:15: dns_refresh must be 0.1 s or more, and at most 136 years";
    check("[load]\ndns_refresh = \"1ms\"", often);
    check("[load]\nrun_time = 0", "2:12: run_time must be above 0 and at most 136 years");
    check(
        "[load]\nusers = 99999999999999999999999999999999999999999",
        "2:9: expected a number from 0 to 4294967295, found 99999999999999999999999999999999999999999",
    );
}

#[test]
fn a_bad_wait_time_is_an_error() {
    check_user(
        "wait_time = {}",
        "13: wait_time needs one of constant, between, constant_pacing, constant_throughput, exponential",
    );
    check_user(
        "wait_time = { between = [3, 1] }",
        "13: wait_time between 3s and 1s: the first must not be above the second",
    );
    check_user("wait_time = { between = [3] }", "25: expected two durations, found 1");
    check_user(
        "wait_time = { constant_throughput = 0 }",
        "37: a throughput must be a number above 0, not 0",
    );
    check_user(
        "wait_time = { constant = 1, exponential = 1 }",
        "29: 'constant' and 'exponential' exclude each other; keep one",
    );
}

#[test]
fn a_bad_check_is_an_error() {
    check_task(
        "check = {}",
        "9: a check needs a condition: one of status, header, header_equals, body_contains, body_matches, json, json_equals, json_length, max_time",
    );
    check_task(
        "check = { message = \"m\" }",
        "9: a check needs a condition: one of status, header, header_equals, body_contains, body_matches, json, json_equals, json_length, max_time",
    );
    check_task("check = { status = 1000 }", "20: status 1000 is not from 100 to 999");
    check_task("check = { status = 65736 }", "20: status 65736 is not from 100 to 999");
    check_task(
        "check = { status = \"axx\" }",
        "20: invalid status 'axx': valid patterns are 200, 2xx and 200-204, from 100 to 999",
    );
    check_task(
        "check = { json = \"users\" }",
        "18: JSON pointer 'users' must start with '/'; write '/users'",
    );
    check_task(
        "check = { json_equals = { a = 1 } }",
        "27: JSON pointer 'a' must start with '/'; write '/a'",
    );
    check_task("check = { header = \"a b\" }", "20: this is not the name of a header");
}

#[test]
fn keys_that_exclude_each_other_are_errors() {
    let both = "exclude each other; keep one";
    check(&user_with("weight = 1\ncount = 1"), &format!("4:1: 'weight' and 'count' {both}"));
    check_task("post = \"/\"", &format!("1: 'get' and 'post' {both}"));
    check_task("method = \"GET\"", &format!("1: 'get' and 'method' {both}"));
    check_task("path = \"/\"", "1: 'path' goes with 'method'; the path is in 'get' already");
    let bodies = task_with("post = \"/\"\nbody = \"\"\njson = {}");
    check(&bodies, &format!("6:1: 'body' and 'json' {both}"));
    let checks = task_with("get = \"/\"\ncheck = { status = 200 }\nchecks = []");
    check(&checks, &format!("6:1: 'check' and 'checks' {both}"));
    let flat = task_with("steps = [{ get = \"/\" }]\ntimeout = 1");
    check(&flat, "5:1: 'timeout' belongs to a request; move it into one of 'steps'");
}

#[test]
fn methods_are_upper_case_words() {
    let task = |method: &str| task_with(&format!("method = \"{method}\"\npath = \"/\""));
    check(&task("get"), "4:10: unknown method 'get', did you mean 'GET'?");
    check(&task("G ET"), "4:10: unknown method 'G ET'; a method is one word");
    check(&task(""), "4:10: unknown method ''; a method is one word");
    check(
        &task("CONNECT"),
        "4:10: method CONNECT opens a tunnel, which is not a request to measure",
    );
}

#[test]
fn two_users_of_one_name_are_an_error_at_the_second() {
    let text = format!("{0}{0}", user_with(""));
    check(&text, "6:1: there are two classes of users named 'u'; rename one");
}

#[test]
fn a_missing_key_is_named_with_an_example() {
    check("", "1:1: there are no users; add a [[user]] with a [[user.task]]");
    check("user = []", "1:1: there are no users; add a [[user]] with a [[user.task]]");
    check("[[user]]", "1:1: missing key 'name'; add name = \"…\"");
    check("[[user]]\nname = \"\"", "2:8: the name of a class of users must not be empty");
    check("[[user]]\nname = \"u\"", "1:1: this user has no tasks; add a [[user.task]] below");
    check(
        "[[user]]\nname = \"u\"\ntask = []",
        "1:1: this user has no tasks; add a [[user.task]] below",
    );
    check_only("", "3:1: a task needs a request such as get = \"/\", or steps = [ … ]");
    check_only("steps = []", "4:9: there are no steps; add a request");
    check_only("steps = [{}]", "4:10: a request needs a method and a path, such as get = \"/\"");
    check_only(
        "method = \"GET\"",
        "3:1: missing key 'path'; add path = \"/\", which 'method' needs beside it",
    );
    check_user("basic_auth = { user = \"u\" }", "14: missing key 'password'; add password = \"…\"");
}

#[test]
fn toml_that_is_none_is_an_error_at_its_place() {
    check("host = ", "1:8: string values must be quoted, expected literal string");
    check("host = \"a\"\nhost = \"b\"", "2:1: duplicate key");
    check("[[user]\n", "1:8: unclosed array table, expected `]`");
    check("[user]\n[[user]]\n", "2:3: duplicate key");
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let load = |path: &Path| load(path).unwrap_err().to_string();
    let missing = directory.path().join("x.toml");
    assert_eq!(
        load(&missing),
        format!("cannot read {}: No such file or directory", missing.display())
    );
    let at = directory.path();
    assert_eq!(load(at), format!("cannot read {}: Is a directory", at.display()));
    assert_eq!(load(Path::new("/dev/zero")), "cannot read /dev/zero: it is larger than 16 MiB");
}

#[test]
fn a_file_that_is_not_utf_8_says_where() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.toml");
    std::fs::write(&path, b"# \xc3\xa9\nhost = \"\xe9\"").unwrap();
    let expected = format!(
        "{}:2:9: not UTF-8 text; save the file as UTF-8\n  2 | host = \"\u{fffd}\"\n    |         ^",
        path.display()
    );
    assert_eq!(load(&path).unwrap_err().to_string(), expected);
}

#[test]
fn a_file_is_read_as_its_text_is() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/checks.toml");
    assert_eq!(load(path), parse(path, include_str!("../../../../scenarios/checks.toml")));
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    for (open, close) in [("[", "]"), ("{a=", "}")] {
        let deep = format!("json = {}1{}", open.repeat(100_000), close.repeat(100_000));
        message(&task_with(&format!("get = \"/\"\n{deep}")));
    }
}

/// Cuts, repeats and overwrites pieces of the shipped scenarios.
fn mutated(rng: &mut fastrand::Rng) -> String {
    const WORDS: [&str; 17] = [
        "=", "[", "]", "{", "}", "\"", "\n", "-1", "1e999", "nan", "é", ",", "check", "/", "user",
        "0x", "${",
    ];
    const TEXTS: [&str; 2] = [
        include_str!("../../../../scenarios/checks.toml"),
        include_str!("../../../../scenarios/stages.toml"),
    ];
    let mut text = TEXTS[rng.usize(0..TEXTS.len())].as_bytes().to_vec();
    for _ in 0..rng.usize(1..4) {
        let start = rng.usize(0..text.len());
        let end = (start + rng.usize(0..12)).min(text.len());
        text.splice(start..end, WORDS[rng.usize(0..WORDS.len())].bytes());
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn no_text_panics_and_every_error_is_inside_the_file() {
    let mut errors = 0;
    for seed in 0..5000 {
        let text = mutated(&mut fastrand::Rng::with_seed(seed));
        match parse("x.toml", &text) {
            Ok(scenario) => assert_eq!(scenario.validate(), Ok(()), "seed {seed}"),
            Err(Error::Invalid { line, column, .. }) => {
                errors += 1;
                // A file that ends in a line end may have its fault after it.
                let lines: Vec<&str> = text.split('\n').collect();
                assert!(line <= lines.len(), "seed {seed}: line {line}");
                let columns = lines[line - 1].chars().count();
                assert!(column <= columns + 1, "seed {seed}: column {column} of {columns}");
            }
            Err(error) => panic!("seed {seed}: {error}"),
        }
    }
    assert!(errors > 1000, "the property was hardly tried: {errors} errors");
}
