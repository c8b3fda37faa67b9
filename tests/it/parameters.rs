//! Parameters of scenario files: values from flags and the variable, and secrets that are never shown.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::support::{Answer, Output, Run, Server, Signal, get_root, response};

const SECRET: &str = "hunter2";

const SCENARIO: &str = r#"
[parameter.section]
default = "news"
choices = ["news", "sport"]
[parameter.key]
required = true
secret = true

[[user]]
name = "Reader"
bearer = "${key}"
[[user.task]]
post = "/${section}"
body = "key=${key}"
[[user.task]]
get = "/private/${key}"
name = "private"
check = { body_contains = "for ${section}" }
"#;

fn reader(server: &Server) -> Run {
    let run = Run::of(SCENARIO).host(server.address).users(2);
    run.args(["--iterations", "50", "--seed", "1"])
}

/// Checks that the run neither printed nor wrote any secret.
#[track_caller]
fn check_untold(output: &Output) {
    assert!(!output.stdout.contains(SECRET), "{}", output.stdout);
    assert!(!output.stderr.contains(SECRET), "{}", output.stderr);
    for entry in fs::read_dir(output.path("")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(SECRET), "{}", path.display());
    }
}

#[test]
fn values_are_in_requests_and_a_secret_is_nowhere_else() {
    let server = Server::start(|_| Answer::Send(response("200 OK", "nothing")));
    let set = ["--set", "section=sport", "--set", "key=hunter2"];
    let files = ["--csv", "out", "--csv-full-history", "--json-file", "out", "--html", "out.html"];
    let output = reader(&server).args(set).args(files).args(["-L", "DEBUG"]).go().code(1);
    let seen = server.seen();
    assert!(seen.iter().any(|seen| seen.line == "POST /sport" && seen.body == b"key=hunter2"));
    assert!(seen.iter().any(|seen| seen.line == "GET /private/hunter2"));
    assert!(seen.iter().all(|seen| seen.header("authorization") == Some("Bearer hunter2")));
    assert!(output.stdout.contains("'for sport'") && output.path("out.html").exists());
    check_untold(&output);
}

#[test]
fn the_variable_gives_several_and_flags_go_before_it() {
    let server = Server::start(|_| Answer::Send(response("200 OK", "for sport")));
    let variable = |run: Run| run.env("GREGARIA_SET", "key=hunter2;section=sport");
    variable(reader(&server)).go().code(0);
    assert!(server.seen().iter().any(|seen| seen.line == "POST /sport"));
    let output = variable(reader(&server)).args(["--set", "section=news"]).go().code(2);
    assert!(output.stderr.contains("the parameter 'key' needs a value"), "{}", output.stderr);
    let help = variable(Run::new(["--help"])).go().code(0);
    assert!(help.stdout.contains("GREGARIA_SET"), "{}", help.stdout);
    check_untold(&help);
}

#[test]
fn values_that_do_not_fit_are_refused() {
    for (args, expected) in [
        (&["check", "s.toml"][..], "s.toml:5:12: the parameter 'key' needs a value; give one with"),
        (&["s.toml", "--set", "kye=hunter2"], "there is no parameter 'kye', did you mean 'key'?"),
        (&["s.toml", "--set", "key=", "--set", "section=x"], "its choices are news, sport"),
        (&["s.toml", "--set", "hunter2"], "--set takes NAME=VALUE, such as --set region=eu"),
        (
            &["http://127.0.0.1:9", "--set", "key=hunter2"],
            "there is no parameter 'key'; a scenario",
        ),
        (
            &["demo", "--set", "key=hunter2"],
            "there is no parameter 'key'; a scenario file declares",
        ),
    ] {
        let output = Run::new(args).file("s.toml", SCENARIO).go().code(2);
        assert!(output.stderr.contains(expected), "{args:?}: {}", output.stderr);
        assert!(!output.stderr.contains(SECRET), "{}", output.stderr);
    }
    let set = ["check", "s.toml", "--set", "key=hunter2"];
    let output = Run::new(set).file("s.toml", SCENARIO).go().code(0);
    assert_eq!(output.stdout, "s.toml: fine, user classes: 1, tasks: 2\n");
    let none = Run::of(&get_root("1s")).args(["--set", "a=b"]).go().code(2);
    assert!(none.stderr.contains("s.toml:1:1: there is no parameter 'a'"), "{}", none.stderr);
}

/// Returns status and body of the page at this address.
fn page(address: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    let head =
        head + &format!("Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all((head + body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}")))
}

#[test]
fn a_page_asks_for_what_the_command_line_leaves_open() {
    let server = Server::start(|_| Answer::Send(response("200 OK", "for sport")));
    let web = ["--web", "--web-port", "0", "--set", "section=sport"];
    let mut running = reader(&server).args(web).start();
    running.stderr_line("the parameter 'key' needs a value");
    let line = running.stderr_line("Starting web interface at http://");
    let address = line.split("http://").nth(1).unwrap().trim().trim_end_matches('/').to_owned();

    let (_, form) = page(&address, "GET", "/api/v1/form", "");
    assert_eq!(form["parameters"][0]["default"], "sport", "{form}");
    assert_eq!(form["parameters"][1]["name"], "key", "{form}");

    let start = |parameters: Value| {
        let body = json!({ "users": 2, "parameters": parameters }).to_string();
        page(&address, "POST", "/api/v1/runs", &body)
    };
    let (status, refused) = start(json!({}));
    assert_eq!((status, &refused["errors"][0]["field"]), (422, &json!("parameters.key")));
    // An emptied field is empty, and does not have the value of the command line.
    for section in ["art", ""] {
        let (status, refused) = start(json!({ "key": SECRET, "section": section }));
        assert_eq!((status, &refused["errors"][0]["field"]), (422, &json!("parameters.section")));
    }
    let (status, begun) = start(json!({ "key": SECRET }));
    assert_eq!((status, &begun["run"]), (201, &json!(1)), "{begun}");

    server.await_requests(20);
    running.signal(Signal::INT);
    let output = running.wait();
    check_untold(&output);
    assert!(server.seen().iter().any(|seen| seen.line == "POST /sport"));
}
