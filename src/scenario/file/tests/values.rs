//! Each file is exactly the value that the Rust API builds.

use std::num::NonZeroU32;
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method};
use serde_json::json;

use super::*;
use crate::scenario::{
    Instruction, KeepAlive, Load, Parallel, Step, Task, TaskAction, User, WaitTime,
};
use crate::session::{
    Check, TcpOptions, Timeouts, body_contains, header, header_equals, json_equals, json_exists,
    max_time, status, statuses,
};

#[track_caller]
fn check(text: &str, expected: Scenario) {
    match parse("x.toml", text) {
        Ok(scenario) => assert_eq!(scenario, expected),
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn check_user(lines: &str, change: impl FnOnce(User) -> User) {
    let user = User::new("u").task(Step::get("/"));
    check(&user_with(lines), Scenario::default().user(change(user)));
}

#[track_caller]
fn check_task(lines: &str, task: impl Into<Task>) {
    check(&task_with(lines), Scenario::default().user(User::new("u").task(task)));
}

#[track_caller]
fn check_conditions(table: &str, checks: Vec<Check>) {
    let step = Step { checks, ..Step::get("/") };
    check_task(&format!("get = \"/\"\ncheck = {table}"), step);
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn value(value: &'static str) -> HeaderValue {
    HeaderValue::from_static(value)
}

/// The user that all steps of the tutorial begin with.
fn api_user() -> User {
    User::new("APIUser").wait_time(WaitTime::between(secs(1), secs(3)))
}

fn tutorial(user: User) -> Scenario {
    Scenario::new("http://127.0.0.1:5000").user(user)
}

#[test]
fn first_toml_is_the_tutorials_first_test() {
    let text = include_str!("../../../../scenarios/first.toml");
    check(text, tutorial(api_user().task(Step::get("/"))));
    assert!(text.lines().count() <= 8);
}

#[test]
fn weighted_toml_is_the_tutorials_three_endpoints() {
    let text = include_str!("../../../../scenarios/weighted.toml");
    let task = |path: &str, weight| Task::from(Step::get(path)).weight(weight);
    let user = api_user().task(task("/", 3)).task(task("/users", 2)).task(task("/status", 1));
    check(text, tutorial(user));
}

#[test]
fn checks_toml_is_the_tutorials_three_endpoints_with_checks() {
    let text = include_str!("../../../../scenarios/checks.toml");
    let ok = |path: &str| Step::get(path).check(status(200).message("Got {status} instead of 200"));
    let has = |pointer| json_exists(pointer).message("Invalid response");
    let user = api_user()
        .task(Task::from(ok("/")).weight(3))
        .task(Task::from(ok("/users").check(has("/users"))).weight(2))
        .task(Task::from(ok("/status").check(has("/status"))).weight(1));
    check(text, tutorial(user));
}

#[test]
fn the_load_is_what_the_file_asks_for() {
    let text = format!("[load]\nusers = 10\nspawn_rate = 2\nrun_time = \"1m\"\n{}", user_with(""));
    let load = Load {
        users: Some(10),
        spawn_rate: Some(2.0),
        run_time: Some(secs(60)),
        ..Load::default()
    };
    let user = User::new("u").task(Step::get("/"));
    check(&text, Scenario::default().user(user).load(load));
    for (value, count) in [("\"::1\"", 1), ("[\"::1\", \"127.0.0.2\"]", 2), ("[]", 0)] {
        let addresses = ["::1", "127.0.0.2"].iter().take(count);
        let local_addresses = addresses.map(|text| text.parse().unwrap()).collect();
        let load = Load { local_addresses, ..Load::default() };
        let text = format!("[load]\nlocal_address = {value}\n{}", user_with(""));
        check(&text, Scenario::default().load(load).user(User::new("u").task(Step::get("/"))));
    }
}

#[test]
fn a_step_may_be_several_requests_at_the_same_time() {
    let parallel = |text: &str, expected: Parallel| {
        let text = format!("steps = [{{ get = \"/\" }}, {text}]");
        let parts = vec![Instruction::Request(Step::get("/")), Instruction::Parallel(expected)];
        check_task(&text, Task::instructions("GET /", parts));
    };
    let two = vec![Step::get("/a"), Step::post("/b").check(status(200))];
    let requests = "[{ get = \"/a\" }, { post = \"/b\", check = { status = 200 } }]";
    parallel(&format!("{{ parallel = {requests} }}"), Parallel::new(two.clone()));
    let text = format!("{{ parallel = {requests}, connections = 3 }}");
    parallel(&text, Parallel::new(two).connections(3));
    let first = Task::instructions("GET /a", vec![Parallel::new(vec![Step::get("/a")]).into()]);
    check_task("steps = { parallel = { get = \"/a\" } }", first);
}

#[test]
fn connections_go_through_what_the_class_says() {
    let proxy = "http://u:p@proxy:3128";
    check_user(&format!("proxy = \"{proxy}\""), |user| user.proxy(proxy));
    check_user("unix_socket = \"/run/app.sock\"", |user| user.unix_socket("/run/app.sock"));
    let tcp = TcpOptions { nodelay: false, keepalive: Some(secs(30)), reset_on_close: true };
    check_user("tcp = { nodelay = false, keepalive = \"30s\", linger = \"0s\" }", |user| {
        user.tcp(tcp)
    });
    check_user("tcp = {}", |user| user.tcp(TcpOptions::default()));
}

#[test]
fn names_may_be_looked_up_again() {
    let load = Load { dns_refresh: Some(secs(30)), ..Load::default() };
    let text = format!("[load]\ndns_refresh = \"30s\"\n{}", user_with(""));
    check(&text, Scenario::default().load(load).user(User::new("u").task(Step::get("/"))));
}

#[test]
fn a_user_is_all_that_the_builder_sets() {
    check_user("weight = 2.5", |user| user.weight(2.5));
    check_user("count = 5", |user| user.fixed_count(5));
    check_user("fixed_count = 0x10", |user| user.fixed_count(16));
    check_user("host = \"http://a.b\"", |user| user.host("http://a.b"));
    for (value, keep_alive) in
        [("true", KeepAlive::Always), ("\"task\"", KeepAlive::Task), ("false", KeepAlive::Never)]
    {
        check_user(&format!("keep_alive = {value}"), |user| user.keep_alive(keep_alive));
    }
    check_user("compression = false", |user| user.compression(false));
    check_user("max_body = \"64KiB\"", |user| user.max_body(65_536));
    check_user("max_body = 1_000", |user| user.max_body(1000));
    check_user("max_requests_per_connection = 3", |user| {
        user.max_requests_per_connection(NonZeroU32::new(3))
    });
    check_user("timeout = 1.5", |user| user.timeout(Duration::from_millis(1500)));
    let parts = Timeouts {
        connect: Some(Duration::from_secs(1)),
        first_byte: Some(Duration::from_millis(250)),
        read: Some(Duration::from_secs(2)),
        ..Timeouts::default()
    };
    let table = "timeout = { connect = \"1s\", first_byte = \"250ms\", read = \"2s\" }";
    check_user(table, |user| user.timeouts(parts));
    check_user("basic_auth = { user = \"u\", password = \"p:\" }", |u| u.basic_auth("u", "p:"));
    check_user("digest_auth = { user = \"u\", password = \":\" }", |u| u.digest_auth("u", ":"));
    check_user("bearer = \"a.b-c==\"", |user| user.bearer_auth("a.b-c=="));
    for on in [true, false] {
        check_user(&format!("cookies = {on}"), |user| user.cookies(on));
        check_user(&format!("redirects = {on}"), |user| user.redirects(on));
    }
    check_user("headers = { x-b = \"1\", accept = [\"a\", \"b\"], X-A = 2 }", |user| {
        user.header(HeaderName::from_static("x-b"), value("1"))
            .header(ACCEPT, value("a"))
            .header(ACCEPT, value("b"))
            .header(HeaderName::from_static("x-a"), value("2"))
    });
    check_user("on_start = [{ post = \"/login\" }]\non_stop = { get = \"/out\" }", |user| {
        user.on_start_steps(vec![Step::post("/login")]).on_stop_steps(vec![Step::get("/out")])
    });
}

#[test]
fn a_wait_time_is_a_duration_or_one_of_the_functions() {
    for (text, wait_time) in [
        ("2", WaitTime::constant(secs(2))),
        ("0.25", WaitTime::constant(Duration::from_millis(250))),
        ("\"250ms\"", WaitTime::constant(Duration::from_millis(250))),
        ("{ constant = 1 }", WaitTime::constant(secs(1))),
        ("{ between = [\"1s\", 3] }", WaitTime::between(secs(1), secs(3))),
        ("{ constant_pacing = \"1m\" }", WaitTime::constant_pacing(secs(60))),
        ("{ constant_throughput = 0.5 }", WaitTime::constant_pacing(secs(2))),
        ("{ exponential = \"1s\" }", WaitTime::exponential(secs(1))),
    ] {
        check_user(&format!("wait_time = {text}"), |user| user.wait_time(wait_time));
    }
}

#[test]
fn a_task_has_steps_and_the_name_of_the_first() {
    let steps = || vec![Step::get("/a").name("first"), Step::post("/b")];
    let text = "steps = [{ get = \"/a\", name = \"first\" }, { post = \"/b\" }]";
    check_task(text, Task::steps("first", steps()));
    check_task(&format!("name = \"t\"\nweight = 3\n{text}"), Task::steps("t", steps()).weight(3));
    check_task("steps = [{ get = \"/a\" }]", Task::steps("GET /a", vec![Step::get("/a")]));
}

#[test]
fn a_flat_task_is_its_only_step_and_shares_its_name() {
    check_task("get = \"/\"\nweight = 2", Task::from(Step::get("/")).weight(2));
    check_task("get = \"/\"\nname = \"n\"", Task::steps("n", vec![Step::get("/").name("n")]));
}

#[test]
fn tags_are_an_array_or_a_single_word() {
    let tagged = |tags: &[&str]| Task::from(Step::get("/")).tags(tags.iter().copied());
    check_task("get = \"/\"\ntags = [\"read\", \"fast\"]", tagged(&["read", "fast"]));
    check_task("steps = { get = \"/\" }\ntags = \"read\"", tagged(&["read"]));
    check_task("get = \"/\"\ntags = []", tagged(&[]));
}

#[test]
fn every_method_has_a_key_and_others_are_spelt_out() {
    for method in ["get", "post", "put", "patch", "delete", "head", "options"] {
        let upper = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        check_task(&format!("{method} = \"/a\""), Step::new(upper.clone(), "/a"));
        check_task(&format!("method = \"{upper}\"\npath = \"/a\""), Step::new(upper, "/a"));
    }
    let purge = Method::from_bytes(b"PURGE").unwrap();
    check_task("method = \"PURGE\"\npath = \"/a\"", Step::new(purge, "/a"));
}

#[test]
fn a_request_keeps_the_order_it_is_written_in() {
    check_task(
        "get = \"/\"\nquery = { z = 1, a = [\"x y\", true], m = 1.50, d = 1979-05-27 }\ntimeout = \"2s\"\n\
         headers = { z-h = \"1\", a-h = \"2\" }\nbasic_auth = { user = \"u\", password = \"\" }",
        Step::get("/")
            .query("z", "1")
            .query("a", "x y")
            .query("a", "true")
            .query("m", "1.50")
            .query("d", "1979-05-27")
            .timeout(secs(2))
            .header(HeaderName::from_static("z-h"), value("1"))
            .header(HeaderName::from_static("a-h"), value("2"))
            .basic_auth("u", ""),
    );
}

#[test]
fn a_request_says_who_it_is_from_and_whether_redirects_are_followed() {
    let task = |line: &str| format!("get = \"/\"\n{line}");
    check_task(&task("bearer = \"t\""), Step::get("/").bearer_auth("t"));
    let digest = task("digest_auth = { user = \"u\", password = \"p\" }");
    check_task(&digest, Step::get("/").digest_auth("u", "p"));
    check_task(&task("redirects = false"), Step::get("/").redirects(false));
    check_task(&task("redirects = true"), Step::get("/").redirects(true));
}

#[test]
fn a_body_is_text_json_or_a_form() {
    check_task("post = \"/\"\nbody = \"é\"", Step::post("/").body("é"));
    check_task(
        "post = \"/\"\nform = { b = 1, a = \"&\" }",
        Step::post("/").form("b", "1").form("a", "&"),
    );
    let json = json!({
        "z": "x", "a": [1, -1, 1.5, true, { "b": {} }], "d": "1979-05-27T07:32:00Z",
        "big": u64::MAX, "hex": 255,
    });
    let text = "{ z = \"x\", a = [1, -1, 1.5, true, { b = {} }], d = 1979-05-27T07:32:00Z, \
                big = 18446744073709551615, hex = 0xff }";
    let step = Step::post("/").json(json.clone());
    check_task(&format!("post = \"/\"\njson = {text}"), step);
    let written = task_with(&format!("post = \"/\"\njson = {text}"));
    let TaskAction::Steps(steps) = &parse("x", &written).unwrap().users[0].tasks[0].action.clone()
    else {
        panic!("no steps");
    };
    let crate::session::Body::Json(got) = &steps[0].steps()[0].request.body else {
        panic!("no JSON")
    };
    assert_eq!(got.to_string(), json.to_string(), "members keep their order");
}

#[test]
fn each_condition_is_a_check() {
    check_conditions("{ status = 200 }", vec![status(200)]);
    check_conditions("{ status = \"2xx\" }", vec![statuses([200..=299])]);
    check_conditions("{ status = [\"200-204\", 304] }", vec![statuses([200..=204, 304..=304])]);
    check_conditions("{ header = \"Accept\" }", vec![header(ACCEPT)]);
    check_conditions(
        "{ body_contains = [\"a\", \"b\"] }",
        vec![body_contains("a"), body_contains("b")],
    );
    check_conditions("{ json = \"/a/0\" }", vec![json_exists("/a/0")]);
    check_conditions("{ json_equals = { \"/a\" = [1] } }", vec![json_equals("/a", json!([1]))]);
    check_conditions("{ max_time = \"200ms\" }", vec![max_time(Duration::from_millis(200))]);
}

#[test]
fn a_table_of_conditions_is_checks_in_the_documented_order() {
    check_conditions(
        "{ message = \"m\", max_time = 0.2, json_equals = { \"/status\" = \"healthy\", \"/a\" = 1 }, \
         json = [\"/b\"], body_contains = \"ok\", header_equals = { content-type = \"text/html\" }, \
         header = \"accept\", status = [\"2xx\", 304] }",
        [
            statuses([200..=299, 304..=304]),
            header(ACCEPT),
            header_equals(CONTENT_TYPE, value("text/html")),
            body_contains("ok"),
            json_exists("/b"),
            json_equals("/status", "healthy"),
            json_equals("/a", 1),
            max_time(Duration::from_millis(200)),
        ]
        .map(|check| check.message("m"))
        .to_vec(),
    );
}

#[test]
fn checks_are_tables_each_with_its_message() {
    check_conditions(
        "[{ status = 200, message = \"Got {status}\" }, { json = \"/a\" }]",
        vec![status(200).message("Got {status}"), json_exists("/a")],
    );
}

#[cfg(feature = "tls")]
#[test]
fn the_example_of_the_documentation_is_a_scenario() {
    let example: String = include_str!("../mod.rs")
        .lines()
        .skip_while(|line| *line != "//! ```toml")
        .skip(1)
        .take_while(|line| *line != "//! ```")
        .map(|line| format!("{}\n", line.trim_start_matches("//!").trim_start_matches(' ')))
        .collect();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("photo.jpg"), "a photo").unwrap();
    let file = directory.path().join("s.toml");
    let scenario = parse(file.to_str().unwrap(), &example).unwrap();
    assert_eq!(scenario.users[0].tasks[0].weight, 3, "{example}");
    assert_eq!(scenario.validate(), Ok(()));
}

#[test]
fn line_ends_and_byte_order_marks_do_not_matter() {
    let text = user_with("weight = 2").replace('\n', "\r\n");
    let user = User::new("u").weight(2.0).task(Step::get("/"));
    check(&format!("\u{feff}{text}"), Scenario::default().user(user));
}
