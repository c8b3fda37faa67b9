//! The web page's flags, and how the command ends.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::SCENARIO;
use crate::support::{Answer, Run, Server, Signal, plain_server, response};

#[test]
fn flags_that_cannot_be_meant_end_the_command_at_once() {
    let refused = |args: &[&str], part: &str| {
        let output = Run::of(SCENARIO).args(args).go().code(2);
        assert!(output.stderr.contains(part), "{args:?}: {}", output.stderr);
    };
    refused(&["--web", "--headless"], "exclude each other");
    refused(&["--web", "--autoquit", "1"], "--autostart");
    refused(&["--autostart"], "--web");
    refused(&["--web", "--web-base-path", "load"], "begins with /");
    refused(&["--web", "--web-host", "example.org"], "an address of this host");
    refused(&["--web", "--web-host", "192.0.2.1"], "--web-host takes an address of this host");
    refused(&["--web", "--tls-cert", "c.pem"], "--tls-key");
    refused(&["--web", "--tls-cert", "c.pem", "--tls-key", "k.pem"], "--tls-cert c.pem:");
    refused(&["--web", "--web-token-file", "none"], "--web-token-file none:");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    refused(&["--web", "-P", &port], "give another port with --web-port");
    let short =
        Run::of(SCENARIO).file("token", "0123456789").args(["--web", "--web-token-file", "token"]);
    assert!(short.go().code(2).stderr.contains("16 characters or more"));
}

#[test]
fn a_flag_decides_between_page_and_none_where_variables_say_otherwise() {
    let server = plain_server();
    let headless = Run::of(SCENARIO).host(server.address).env("GREGARIA_HEADLESS", "1");
    headless.open_page().quit().code(0);
    let web = Run::of(SCENARIO).host(server.address).env("GREGARIA_WEB", "1").args([
        "--headless",
        "-t",
        "1",
    ]);
    let output = web.go().code(0);
    assert!(!output.stderr.contains("web interface"), "{}", output.stderr);
}

#[test]
fn without_a_run_a_signal_ends_the_command_at_once() {
    let server = plain_server();
    for signal in [Signal::INT, Signal::TERM] {
        let page = super::page(&server);
        let from = Instant::now();
        page.running.signal(signal);
        page.running.wait().code(0);
        assert!(from.elapsed() < Duration::from_secs(3));
    }
}

#[test]
fn it_ends_with_the_exit_code_of_the_last_run() {
    let server = Server::start(|_| Answer::Send(response("500 Oops", "")));
    let page = super::page(&server);
    page.command("/api/v1/runs", &json!({}));
    server.await_requests(1);
    page.read("/stop");
    let good = plain_server();
    page.command("/api/v1/runs", &json!({"host": format!("http://{}", good.address)}));
    // A request that was answered, and the next one.
    good.await_requests(2);
    page.read("/stop");
    page.quit().code(0);

    let page = super::page(&server);
    page.command("/api/v1/runs", &json!({}));
    server.await_requests(3);
    page.quit().code(1);
}

#[test]
fn a_run_starts_at_once_and_ends_the_command_where_that_is_asked_for() {
    let server = plain_server();
    let run =
        Run::of(SCENARIO).host(server.address).args(["--autostart", "--autoquit", "1", "-t", "1"]);
    let page = run.open_page();
    let mut events = page.events();
    let from = Instant::now();
    events.find(|event| event.data["view"]["state"] == "stopped");
    page.running.wait().code(0);
    let took = from.elapsed();
    assert!(took > Duration::from_millis(900) && took < Duration::from_secs(6), "{took:?}");
}

#[test]
fn flags_of_a_page_that_is_not_there_are_told_of_and_variables_are_not() {
    let server = plain_server();
    let run = || Run::of(SCENARIO).host(server.address).args(["-t", "1"]);
    let told = "Without --web there is no page, and no use for --web-host, --web-port";
    let output = run().args(["-P", "9", "--web-host", "*"]).go().code(0);
    assert!(output.stderr.contains(told), "{}", output.stderr);
    let run = run().env("GREGARIA_AUTOSTART", "1").env("GREGARIA_AUTOQUIT", "1");
    let output = run.env("GREGARIA_WEB_PORT", "9").go().code(0);
    assert!(!output.stderr.contains("--web"), "{}", output.stderr);
}

/// The error may be corrected on the page.
#[test]
fn a_host_may_be_missing_until_the_start() {
    let server = plain_server();
    let page = Run::of(SCENARIO).open_page();
    let form = page.read("/api/v1/form");
    let load = "Ramping to 1 user at a rate of 1.00 per second";
    assert_eq!((&form["host"], &form["load_text"]), (&json!(null), &json!(load)));
    assert_eq!(page.post("/api/v1/runs", &json!({})).fields(), ["host"]);
    page.command("/api/v1/runs", &json!({"host": format!("http://{}", server.address)}));
    server.await_requests(2);
    page.quit().code(0);
}

#[test]
fn the_form_has_what_scenario_and_command_line_say() {
    let scenario = "[load]\nusers = 7\nrun_time = \"90s\"\n".to_owned() + SCENARIO;
    let args = ["--host", "http://127.0.0.1:9", "-r", "3", "--cores", "0"];
    let page = Run::of(&scenario).args(args).open_page();
    let form = page.read("/api/v1/form");
    crate::openapi::check("Form", &form);
    assert_eq!(form["scenario"], "s.toml");
    assert_eq!((&form["users"], &form["spawn_rate"]), (&json!(7), &json!(3.0)));
    assert_eq!((&form["host"], &form["run_time"]), (&json!("http://127.0.0.1:9"), &json!("1m30s")));
    assert_eq!((&form["load"], &form["cores"]), (&json!("users"), &json!("0")));
    assert_eq!(form["load_text"], "Ramping to 7 users at a rate of 3.00 per second");
    page.quit().code(0);
}

/// The scenario may need a value that only the form has.
#[test]
fn the_form_is_of_the_file_as_it_was_read_last() {
    let server = plain_server();
    let scenario = "[parameter.path]\nrequired = true\n".to_owned()
        + &SCENARIO.replace("\"/\"", "\"/${path}\"");
    let page = Run::of(&scenario).host(server.address).open_page();
    let form = page.read("/api/v1/form");
    assert_eq!((&form["classes"], &form["parameters"][0]["name"]), (&json!([]), &json!("path")));
    let refused = page.post("/api/v1/runs", &json!({"parameters": {"path": "x"}, "tags": "none"}));
    assert_eq!(refused.fields(), ["tags"]);
    let hello = page.events().next().unwrap();
    let form = &hello.data["form"];
    crate::openapi::check("Form", form);
    assert_eq!(form["classes"][0]["name"], "u");
    assert_eq!(form["parameters"][0]["default"], json!(null));
    page.quit().code(0);
}

#[test]
fn the_demo_has_a_page_too() {
    let page = Run::new(["demo"]).open_page();
    assert_eq!(page.command("/api/v1/runs", &json!({"run_time": "1s"})), json!({"run": 1}));
    page.events().find(|event| {
        let view = &event.data["view"];
        view["state"] == "stopped" && view["total"]["num_requests"].as_u64() > Some(0)
    });
    page.quit();
}

#[test]
fn weights_of_the_form_are_in_the_command_that_makes_the_run_again() {
    let server = plain_server();
    let page = Run::of(SCENARIO).host(server.address).args(["--user-classes", "u=3"]).open_page();
    let class = &page.read("/api/v1/form")["classes"][0];
    assert_eq!((&class["weight"], &class["picked"]), (&json!(3.0), &json!(true)));
    page.command("/api/v1/runs", &json!({"classes": [{"name": "u", "weight": 2.5}]}));
    let view = page.read("/api/v1/view");
    let again = view["facts"]["again"].as_str().unwrap();
    assert!(again.contains(" --user-classes u=2.5 "), "{again}");
    page.quit();
}

/// The route and the keys of Locust 2.47.0, whose page has an edit form for each class.
#[test]
fn classes_are_edited_from_the_next_run_on() {
    let server = plain_server();
    let two = SCENARIO.to_owned()
        + "[[user]]\nname = \"v\"\n[[user.task]]\nget = \"/v\"\n[[user.task]]\nget = \"/w\"\n";
    let page = Run::of(&two).host(server.address).args(["--user-classes", "u=9,v"]).open_page();
    let edit = |body: Value| page.post("/user", &body);
    let refused = |body: Value, field: &str, message: &str| {
        let answer = edit(body);
        assert_eq!((answer.status, answer.fields()), (422, vec![field.to_owned()]), "{answer:?}");
        assert!(answer.body.contains(message), "{}", answer.body);
    };
    refused(json!([]), "", "expected a JSON object");
    refused(json!({"weight": 1}), "user_class_name", "each object needs");
    refused(json!({"user_class_name": "w"}), "user_class_name", "no class of users named 'w'");
    let of_v = |rest: Value| {
        let mut whole = json!({"user_class_name": "v"});
        whole.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        whole
    };
    refused(of_v(json!({"weight": "x"})), "weight", "must be a number");
    refused(of_v(json!({"fixed_count": 0.5})), "fixed_count", "must be a whole number");
    refused(of_v(json!({"host": "h"})), "host", "'h' has no scheme");
    refused(of_v(json!({"tasks": ["/x"]})), "tasks", "has no task '/x'");
    refused(of_v(json!({"tasks": []})), "tasks", "'v' needs a task");
    refused(of_v(json!({"wieght": 2})), "wieght", "did you mean 'weight'?");

    assert_eq!(edit(of_v(json!({"fixed_count": 2, "tasks": ["GET /w"]}))).status, 201);
    assert_eq!(edit(json!({"user_class_name": "u", "weight": 3})).status, 201);
    let classes = page.read("/api/v1/form")["classes"].clone();
    assert_eq!((&classes[0]["weight"], &classes[0]["picked"]), (&json!(3.0), &json!(true)));
    assert_eq!((&classes[1]["fixed_count"], &classes[1]["weight"]), (&json!(2), &json!(null)));
    assert_eq!(classes[1]["tasks"], json!(["GET /v", "GET /w"]));
    assert_eq!(classes[1]["kept_tasks"], json!(["GET /w"]));
    page.command("/api/v1/runs", &json!({"users": 3, "spawn_rate": 99}));
    page.events().find(|event| event.data["view"]["total"]["num_requests"].as_u64() > Some(20));
    // It holds from the next run on.
    assert_eq!(edit(of_v(json!({"tasks": ["GET /v"]}))).status, 201);
    let view = page.view();
    let again = view["facts"]["again"].as_str().unwrap();
    assert!(
        again.contains("--user-classes u,v ") && again.contains("\"tasks\":[\"GET /w\"]"),
        "{again}"
    );
    let names = |view: &Value| {
        let rows = view["entries"].as_array().unwrap().iter();
        rows.map(|row| row["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(names(&view).contains(&"/w".to_owned()) && !names(&view).contains(&"/v".to_owned()));
    let users: Vec<_> =
        view["classes"].as_array().unwrap().iter().map(|it| &it["running"]).collect();
    assert_eq!(users, [&json!(1), &json!(2)], "{}", view["classes"]);
    page.read("/stop");
    page.command("/api/v1/runs", &json!({}));
    page.events().find(|event| event.data["view"]["total"]["num_requests"].as_u64() > Some(20));
    let view = page.view();
    assert!(names(&view).contains(&"/v".to_owned()) && !names(&view).contains(&"/w".to_owned()));
    page.quit();
}

#[test]
fn the_form_and_the_command_to_run_again_have_what_a_file_of_flags_says() {
    let server = plain_server();
    let flags = "users = 7\nspawn_rate = 70\nuser-classes = { u = 2 }\nproxy = \"http://al:hunter2@127.0.0.1:9\"";
    let page = Run::of(SCENARIO).host(server.address).file("gregaria.toml", flags).open_page();
    let form = page.read("/api/v1/form");
    let told = (&form["users"], &form["spawn_rate"], &form["classes"][0]["weight"]);
    assert_eq!(told, (&json!(7), &json!(70.0), &json!(2.0)));
    page.command("/api/v1/runs", &json!({}));
    let again = page.view()["facts"]["again"].as_str().unwrap().to_owned();
    assert!(
        again.contains("--users 7 --spawn-rate 70") && again.contains("--user-classes u=2"),
        "{again}"
    );
    assert!(again.contains("--proxy 'http://***@127.0.0.1:9'"), "{again}");
    page.read("/stop");
    let output = page.quit();
    assert!(
        output.stderr.contains("Flags of gregaria.toml: users, spawn-rate, user-classes, proxy")
    );
    assert!(!output.stderr.contains("hunter2"), "{}", output.stderr);
}

#[test]
fn each_run_is_kept_as_the_scenario_says_by_then() {
    let server = plain_server();
    let asking =
        |path: &str| format!("[report]\nhtml = \"{path}\"\nonly_summary = true\n{SCENARIO}");
    let dir = tempfile::tempdir().unwrap();
    let scenario = dir.path().join("s.toml");
    let page = Run::new([&scenario]).host(server.address);
    let reports = ["a.html", "b.html"].map(|name| dir.path().join(name));
    std::fs::write(&scenario, asking(reports[0].to_str().unwrap())).unwrap();
    let page = page.open_page();
    for report in &reports {
        std::fs::write(&scenario, asking(report.to_str().unwrap())).unwrap();
        assert!(!report.exists());
        page.command("/api/v1/runs", &json!({"users": 1}));
        server.await_requests(server.count() + 1);
        page.read("/stop");
        assert!(report.exists());
    }
    page.quit();
}
