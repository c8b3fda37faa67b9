//! Every report has the status codes of each entry, failures have an example, and `-L DEBUG` logs what users
//! do.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use gregaria::scenario::{Task, User};
use gregaria::session::Session;
use serde_json::{Value, json};

use crate::support::api::{go_until, ms, scenario};
use crate::support::{Answer, Output, Run, Server, ok, response, toml};

/// The error response of a server that echoes requests.
const ECHO: &str = "echo";

/// `/` is fine, `/gone` is not, `/moved` leads to `/there`, `/torn` breaks off.
fn server() -> Server {
    Server::start(|request| match request.line.split(' ').nth(1).unwrap_or_default() {
        "/gone" => Answer::Send(response("410 Gone", "it was here")),
        "/moved" => {
            let head = "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n";
            Answer::Send(head.into())
        }
        "/there" => Answer::Send(response("404 Not Found", "")),
        "/torn" => Answer::Close(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".into()),
        _ => ok(),
    })
}

fn run(server: &Server) -> Output {
    let task = |path: &str| format!("[[user.task]]\nget = \"{path}\"\n");
    let tasks = ["/", "/gone", "/moved", "/torn"].map(task).concat();
    let flags = ["--iterations", "200", "--csv", "out", "--json-file", "out", "--html", "out.html"];
    let run = Run::of(&toml("20s", &tasks)).host(server.address).users(4).args(flags);
    run.args(["--seed", "3", "--only-summary"]).go().code(1)
}

fn json_file(output: &Output) -> Value {
    serde_json::from_str(&std::fs::read_to_string(output.path("out.json")).unwrap()).unwrap()
}

/// Of the entry with this name.
fn entry<'j>(run: &'j Value, name: &str) -> &'j Value {
    let entries = run["entries"].as_array().unwrap().iter();
    entries.chain([&run["total"]]).find(|entry| entry["name"] == name).unwrap()
}

#[test]
fn statuses_are_those_of_last_responses_and_add_up_with_what_servers_saw() {
    let server = server();
    let output = run(&server);
    let all = json_file(&output);
    let requests = |name: &str| entry(&all, name)["num_requests"].as_u64().unwrap();
    for (name, path, status) in
        [("/", "GET / ", "200"), ("/gone", "GET /gone", "410"), ("/moved", "GET /moved", "404")]
    {
        let entry = entry(&all, name);
        assert_eq!(entry["statuses"], json!({ status: requests(name) }), "{name}");
        assert_eq!(entry["no_response"], 0, "{name}");
        let seen =
            server.seen().into_iter().filter(|seen| format!("{} ", seen.line).starts_with(path));
        assert_eq!(seen.count() as u64, requests(name), "{name}");
    }
    assert_eq!(server.count_of("GET /there"), requests("/moved"));
    let torn = entry(&all, "/torn");
    assert_eq!((&torn["statuses"], &torn["no_response"]), (&json!({}), &torn["num_requests"]));
    let expected =
        json!({ "200": requests("/"), "404": requests("/moved"), "410": requests("/gone") });
    assert_eq!(entry(&all, "Aggregated")["statuses"], expected);
    assert_eq!(entry(&all, "Aggregated")["no_response"], requests("/torn"));
    assert_eq!(requests("Aggregated"), 200);
}

#[test]
fn every_report_tells_the_same_statuses() {
    let output = run(&server());
    let total = entry(&json_file(&output), "Aggregated").clone();
    let of = |code: &str| total["statuses"][code].as_u64().unwrap();
    let none = total["no_response"].as_u64().unwrap();
    let table = output.csv("out_status_codes.csv");
    let codes = table.column("Status Code").into_iter().zip(table.column("Name"));
    let rows: Vec<_> = codes.zip(table.counts("Request Count")).collect();
    for (code, requests) in [("200", of("200")), ("404", of("404")), ("none", none)] {
        assert!(rows.contains(&((code, "Aggregated"), requests)), "{code}: {rows:?}");
    }
    let mut lines = output.stdout.lines().skip_while(|line| *line != "Status codes");
    let header: Vec<_> = lines.nth(1).unwrap().split_whitespace().collect();
    assert_eq!(header, ["Type", "Name", "200", "404", "410", "none"]);
    let total = lines.find(|line| line.trim_start().starts_with("Aggregated")).unwrap();
    let cells: Vec<u64> =
        total.split_whitespace().skip(1).map(|cell| cell.parse().unwrap()).collect();
    assert_eq!(cells, [of("200"), of("404"), of("410"), none]);
    let html = std::fs::read_to_string(output.path("out.html")).unwrap();
    assert!(html.contains(&format!("\"410\":{}", of("410"))), "the report has them");
}

#[test]
fn failures_have_the_first_of_them_as_an_example() {
    let output = run(&server());
    let all = json_file(&output);
    let failure = |name: &str| {
        let failures = all["failures"].as_array().unwrap().iter();
        failures.clone().find(|failure| failure["name"] == name).unwrap()
    };
    let example = |name: &str| &failure(name)["example"];
    assert_eq!(example("/gone")["status"], 410);
    assert_eq!(example("/gone")["body"], "it was here", "although nobody looks at it");
    assert_eq!(
        (&example("/moved")["status"], &example("/moved")["body"]),
        (&json!(404), &json!(""))
    );
    let torn = example("/torn");
    assert_eq!((&torn["status"], &torn["body"]), (&Value::Null, &Value::Null));
    for name in ["/gone", "/moved", "/torn"] {
        let (example, failure) = (example(name), failure(name));
        assert!((1..=200).contains(&example["request"].as_u64().unwrap()), "{example}");
        let started = failure["first_seen"].as_f64().unwrap() - example["at_s"].as_f64().unwrap();
        let other = self::entry(&all, "/")["start_time"].as_f64().unwrap();
        assert!((started - other).abs() < 1e-3, "{failure}: it is the first");
    }
    let html = std::fs::read_to_string(output.path("out.html")).unwrap();
    assert!(html.contains("\"body\":\"it was here\""), "the report has it");
}

#[test]
fn an_example_of_one_user_is_the_request_of_its_number() {
    let server = Server::start(|request| match request.number {
        16 => Answer::Send(response("500 Internal Server Error", &"x".repeat(5000))),
        _ => ok(),
    });
    let scenario = toml("20s", "[[user.task]]\nget = \"/\"");
    let flags = ["--requests", "30", "--json-file", "out"];
    let output = Run::of(&scenario).host(server.address).args(flags).go().code(1);
    let example = &json_file(&output)["failures"][0]["example"];
    assert_eq!((&example["request"], &example["status"]), (&json!(17), &json!(500)));
    assert_eq!(example["body"], "x".repeat(200));
}

#[test]
fn what_was_sent_as_a_secret_is_masked_in_what_comes_back() {
    let server = Server::start(|request| {
        let body = format!("{ECHO}: {} {}", request.head, String::from_utf8_lossy(&request.body));
        Answer::Send(response("500 Internal Server Error", &body))
    });
    let scenario = r#"
        [parameter.key]
        required = true
        secret = true
        [[user]]
        name = "a"
        basic_auth = { user = "joe", password = "open sesame" }
        headers = { "X-Key" = "${key}", "Cookie" = "session=c00k1e" }
        [[user.task]]
        post = "/form"
        form = { key = "${key}" }
        [[user]]
        name = "b"
        bearer = "t0k3n"
        [[user.task]]
        get = "/bearer"
        check = { body_contains = "fine" }
    "#;
    let flags = ["--iterations", "20", "--json-file", "out", "--html", "o.html", "-L", "DEBUG"];
    let run = Run::of(scenario).host(server.address).users(2).args(flags);
    let output = run.args(["--set", "key=a b&c"]).go().code(1);
    let all = json_file(&output).to_string();
    assert!(all.contains(ECHO), "there are examples: {all}");
    let html = std::fs::read_to_string(output.path("o.html")).unwrap();
    // The password is `joe:open sesame` in base64.
    for secret in ["open sesame", "am9lOm9wZW4gc2VzYW1l", "a b&c", "a+b%26c", "c00k1e", "t0k3n"] {
        assert!(!all.contains(secret) && !output.stderr.contains(secret), "{secret} in {all}");
        // The scenario's text is in the report, too, without its credentials.
        assert!(!html.contains(secret), "{secret} in the report");
    }
}

/// One user's `GET /` in Rust, without and with its own token.
#[test]
fn a_body_is_shown_decoded_and_without_the_token_that_a_task_made() {
    let body = "no: Bearer made-on-the-way ".repeat(400);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body.as_bytes()).unwrap();
    let gzip = encoder.finish().unwrap();
    let server = Server::start(move |_| {
        let head = "HTTP/1.1 500 Oops\r\nContent-Encoding: gzip\r\nContent-Length:";
        let head = format!("{head} {}\r\n\r\n", gzip.len());
        Answer::Send([head.as_bytes(), &gzip].concat())
    });
    let task = |token: bool| {
        Task::new("t", async move |session: &mut Session| {
            let call = session.get("/").discard_body();
            let call = if token { call.bearer_auth("made-on-the-way") } else { call };
            assert_eq!(call.send().await?.body(), b"", "nobody asked for it");
            session.sleep(ms(5)).await;
            Ok(())
        })
    };
    for (token, expected) in [(false, &body[..200]), (true, &"no: Bearer *** ".repeat(14)[..200])] {
        let user = User::new("u").task(task(token));
        let ran = go_until(scenario(&server, user), 1, &server, server.count() + 3);
        let example = ran.summary.snapshot.failures[0].example.clone().unwrap();
        assert_eq!((example.request, example.status), (1, Some(500)));
        assert_eq!(example.body.as_deref(), Some(expected));
    }
}

#[test]
fn debug_says_what_users_do() {
    let server = Server::start(|request| match request.number {
        1 => Answer::Send(response("503 Service Unavailable", "")),
        _ => ok(),
    });
    let tasks = "wait_time = \"150ms\"\n[[user.task]]\nname = \"look\"\nget = \"/\"";
    let run = || Run::of(&toml("20s", tasks)).host(server.address);
    let output = run().args(["-L", "DEBUG", "--iterations", "3"]).go().code(1);
    let told: Vec<_> = output.stderr.lines().filter(|line| line.contains("/DEBUG/")).collect();
    let what = |part: &str| told.iter().filter(|line| line.contains(part)).count();
    assert_eq!((what(": starts as u"), what(": has ended")), (1, 1), "{told:#?}");
    assert_eq!((what(": runs look"), what(": waits for 0.15 s")), (3, 3), "{told:#?}");
    assert_eq!(
        (what(": GET look: 200 after "), what(": GET look: 503 after ")),
        (2, 1),
        "{told:#?}"
    );
    assert!(told.iter().all(|line| line.contains("gregaria.user: user 0 at 0.")), "{told:#?}");
    let failed = what(": GET look: fails: 503 Service Unavailable");
    assert_eq!((failed, what(": fails: ")), (1, 1), "{told:#?}");
    let quiet = run().args(["--iterations", "1"]).go();
    assert!(!quiet.stderr.contains("DEBUG"), "{}", quiet.stderr);
}

#[test]
fn debug_is_bounded_and_says_what_it_left_out() {
    let server = Server::start(|_| ok());
    let flags = ["-L", "DEBUG", "--iterations", "3000", "--cores", "0"];
    let scenario = toml("20s", "[[user.task]]\nget = \"/\"");
    let output = Run::of(&scenario).host(server.address).args(flags).go().code(0);
    let told = output.stderr.lines().filter(|line| line.contains("/DEBUG/")).count();
    // A hundred lines for each second, and one about how many were left out.
    let seconds = output.stderr.matches("more of this second, left out").count();
    assert!(seconds > 0 && told <= 101 * (seconds + 1), "{told} lines of {seconds} s");
}
