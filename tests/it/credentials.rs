//! Credentials in URLs are sent, and never shown.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gregaria::web::paths;
use serde_json::{Value, json};

use crate::support::{Answer, Output, Page, Run, Seen, Server, Signal, response};

/// Of every URL the password, and the user with a number.
const PASSWORD: &str = "hunter2";

/// Credentials in every place that a file has for a URL, and in texts that are none.
const SCENARIO: &str = r#"
host = "http://file:hunter2@HOST"
[parameter.to]
default = "http://parameter:hunter2@HOST"
help = "Such as http://help:hunter2@HOST"
choices = ["http://parameter:hunter2@HOST", "http://choice:hunter2@HOST"]
[parameter.password]
required = true
secret = true

[[user]]
name = "Class http://class:hunter2@HOST"
[[user.task]]
get = "/own"
[[user.task]]
get = "http://absolute:hunter2@HOST/absolute"
[[user.task]]
get = "/named"
name = "GET http://name:hunter2@HOST/named"
[[user.task]]
name = "Task http://task:hunter2@HOST"
steps = [{ get = "/redirect/ftp" }, { get = "/redirect/malformed" }, { get = "/redirect/on" }]
[[user.task]]
get = "/checked?to=http://query:hunter2@HOST/"
name = "checked"
checks = [
  { header_equals = { Location = "http://wanted:hunter2@HOST" } },
  { json_equals = { "/to" = "http://wanted:hunter2@HOST" } },
]
[[user.task]]
get = "/text?to=http://query:hunter2@HOST/"
check = { body_contains = "http://wanted:hunter2@HOST" }
[[user.task]]
get = "/message"
bearer = "hunter2"
check = { status = 404, message = "{status}: see http://message:hunter2@HOST" }
[[user.task]]
get = "${to}/parameter"
[[user]]
name = "Proxied"
proxy = "http://proxy:hunter2@HOST"
[[user.task]]
get = "http://nowhere.invalid/proxied"

[[user]]
name = "Secret"
host = "http://secret:${password}@HOST"
[[user.task]]
get = "/secret"
"#;

/// As reports write it, with what they show of the answers.
fn answer(seen: &Seen) -> Answer {
    let host = seen.header("host").unwrap();
    let see = |what: &str| format!("http://{what}:{PASSWORD}@{host}/landed");
    let redirect = |to: &str| {
        format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    };
    let path = seen.line.split(' ').nth(1).unwrap();
    Answer::Send(match path {
        "/redirect/ftp" => redirect(&format!("ftp://location:{PASSWORD}@{host}/")),
        "/redirect/malformed" => redirect(&format!("http://location:{PASSWORD}@{host}99999/")),
        "/redirect/on" => redirect(&see("location")),
        _ if path.starts_with("/checked") => {
            let body = json!({ "to": see("body") }).to_string();
            let location = see("header");
            let length = body.len();
            format!(
                "HTTP/1.1 500 No\r\nLocation: {location}\r\nContent-Length: {length}\r\n\r\n{body}"
            )
            .into_bytes()
        }
        "/own" => response("500 Internal Server Error", &see("answer")),
        _ => response("200 OK", &see("answer")),
    })
}

/// Files and values that the scenario needs.
const SET: [&str; 2] = ["--set", "password=hunter2"];

fn scenario(server: &Server) -> String {
    SCENARIO.replace("HOST", &server.address.to_string())
}

#[track_caller]
fn check_untold(what: &str, text: &str) {
    let at = text.find(PASSWORD);
    let around = at.map(|at| &text[text.floor_char_boundary(at.saturating_sub(200))..]);
    let around = around.map(|text| &text[..text.floor_char_boundary(400)]);
    assert!(at.is_none(), "{what} tells it: {around:?}");
}

/// Checks that the run neither printed nor wrote any credentials.
#[track_caller]
fn check_output(output: &Output) {
    check_untold("stdout", &output.stdout);
    check_untold("stderr", &output.stderr);
    for entry in fs::read_dir(output.path("")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name() != Some(Path::new("s.toml").as_os_str()) {
            check_untold(&path.display().to_string(), &fs::read_to_string(&path).unwrap());
        }
    }
}

/// Checks that each of these requests has sent its user and the password.
#[track_caller]
fn check_sent(server: &Server, users: &[&str]) {
    let seen = server.seen();
    for user in users {
        let header = if *user == "proxy" { "proxy-authorization" } else { "authorization" };
        let basic = format!("Basic {}", STANDARD.encode(format!("{user}:{PASSWORD}")));
        assert!(seen.iter().any(|seen| seen.header(header) == Some(&basic)), "{user}");
    }
}

const FILES: [&str; 8] =
    ["--csv", "out", "--csv-full-history", "--json-file", "out", "--html", "out.html", "--json"];

#[test]
fn a_run_shows_no_credentials_wherever_they_come_from() {
    let server = Server::start(answer);
    let run = || {
        Run::of(&scenario(&server))
            .args(FILES)
            .args(SET)
            .args(["-i", "600", "--seed", "1", "-L", "DEBUG"])
    };
    let output = run().users(6).go().code(1);
    check_output(&output);
    check_sent(&server, &["file", "absolute", "parameter", "proxy", "secret"]);
    assert!(
        output
            .stdout
            .contains("http://HOST/absolute".replace("HOST", &server.address.to_string()).as_str())
    );
    let html = fs::read_to_string(output.path("out.html")).unwrap();
    assert!(html.contains("http://***@"), "the scenario is in the report");

    let flag = |user: &str| format!("http://{user}:{PASSWORD}@{}", server.address);
    let host =
        ["-H", &flag("flag"), "--set", &format!("to={}", flag("choice")), "--logfile", "log"];
    check_output(&run().users(6).args(host).go().code(1));
    check_sent(&server, &["flag", "choice"]);

    let (proxy, profile) = (flag("proxy"), format!("of {}", flag("profile")));
    let output = Run::new([&flag("typed"), "--proxy", &proxy, "--profile", &profile])
        .args(FILES)
        .args(["-i", "5", "-L", "DEBUG"])
        .env("GREGARIA_HOST", &flag("variable"))
        .go();
    check_output(&output);
    check_sent(&server, &["typed"]);
}

#[test]
fn a_page_shows_no_credentials_on_any_of_its_paths() {
    let server = Server::start(answer);
    let flag = |user: &str| format!("http://{user}:{PASSWORD}@{}", server.address);
    let run =
        Run::of(&scenario(&server)).users(3).args(["-i", "600", "--seed", "1", "-L", "DEBUG"]);
    let page = run.args(["-H", &flag("flag"), "--csv", "out", "--csv-full-history"]).open_page();
    let walk = |page: &Page| {
        for (path, methods) in paths() {
            if methods[0] == "GET" && !matches!(path, "/stop" | "/stats/reset" | "/api/v1/events") {
                check_untold(path, &page.get(path).body);
            }
        }
        let hello = page.events().next().unwrap();
        check_untold("events", &hello.data.to_string());
    };
    walk(&page);
    let form = page.read("/api/v1/form");
    let shown = format!("http://***@{}", server.address);
    assert_eq!(form["host"], json!(shown));
    assert_eq!(form["parameters"][0]["default"], json!(shown));

    // The form sends back what was shown, and the value does not change.
    let asked = json!({ "users": 9, "host": shown, "parameters": { "password": PASSWORD } });
    page.command("/api/v1/runs", &asked);
    let mut events = page.events();
    loop {
        let event = events.next().unwrap();
        check_untold("events", &event.data.to_string());
        walk(&page);
        if event.data["view"]["state"] == "stopped" {
            break;
        }
    }
    check_sent(&server, &["flag", "absolute", "parameter", "proxy"]);

    // Credentials are not sent to another host, and wrong input is not repeated.
    let refused = |form: Value| {
        let reply = page.post("/api/v1/runs", &form);
        assert_eq!(reply.status, 422, "{form}: {reply:?}");
        check_untold("a refusal", &reply.body);
        reply.fields()
    };
    assert_eq!(refused(json!({ "host": "http://***@127.0.0.2:1" })), ["host"]);
    // Two values are shown like this.
    assert_eq!(refused(json!({ "parameters": { "to": shown } })), ["parameters.to"]);
    for wrong in
        [flag("typed") + ":x", flag("typed") + "/?x", flag("typed").replace("http:", "ftp:")]
    {
        let parameters = json!({ "password": PASSWORD });
        assert_eq!(refused(json!({ "host": wrong, "parameters": parameters })), ["host"]);
        let form = format!("user_count=1&spawn_rate=1&password={PASSWORD}&host={wrong}");
        check_untold("/swarm", &page.ask("POST", "/swarm", &[], &form).body);
    }
    let host = flag("typed");
    let form = format!("user_count=1&spawn_rate=1&password={PASSWORD}&host={host}");
    check_untold("/swarm", &page.ask("POST", "/swarm", &[], &form).body);
    events.find(|event| {
        (&event.data["view"]["run"], &event.data["view"]["state"]) == (&json!(2), &json!("stopped"))
    });
    walk(&page);
    check_sent(&server, &["typed"]);
    check_output(&page.quit());
}

#[test]
fn no_error_and_no_list_shows_credentials() {
    let server = Server::start(answer);
    let scenario = scenario(&server);
    let url = |rest: &str| format!("http://u:{PASSWORD}@{rest}");
    let output = |args: &[&str]| {
        let variables = ["HOST", "PROXY", "FILE", "HTML", "CSV", "CA"];
        let run = Run::new(args).file("s.toml", &scenario);
        let run = variables.iter().fold(run, |run, name| {
            if args.contains(&"--help") {
                run.env(&format!("GREGARIA_{name}"), &url("h"))
            } else {
                run
            }
        });
        let output = run.go();
        check_output(&output);
        output
    };
    for asked in [
        &["check", "s.toml", SET[0], SET[1]][..],
        &["--list", "s.toml", SET[0], SET[1]],
        &["--show-task-ratio", "s.toml", SET[0], SET[1]],
        &["--help"],
        &["-h"],
    ] {
        output(asked).code(0);
    }
    let wrong = [
        "h:99999",
        "h/?query",
        "h/#fragment",
        ":80",
        "h h",
        "",
        "[::1",
        "h:80:80",
        "/path",
        "h\u{1}",
    ];
    let unescaped = ["p#ss", "p?ss", "p ss", "1#2", "p%ss\"", "ü"];
    let unescaped = unescaped.map(|text| format!("http://u:{PASSWORD}{text}@h:0"));
    let urls = wrong.map(url).into_iter().chain(unescaped);
    let urls = urls.chain([format!("u:{PASSWORD}@h"), format!("u:{PASSWORD}@h:80")]);
    let urls = urls.chain(["ftp", "htp", "https"].map(|s| format!("{s}://u:{PASSWORD}@h:x")));
    for url in urls {
        output(&["s.toml", SET[0], SET[1], "-H", &url, "-t", "1"]).code(2);
        output(&["s.toml", SET[0], SET[1], "--proxy", &url, "-t", "1"]).code(2);
        output(&[&url, "-t", "1"]).code(2);
        output(&[&url, &url]).code(2);
        // A space separates two values, and half a URL is not a URL.
        if !url.contains(' ') {
            output(&["s.toml", SET[0], SET[1], "--resolve", &url]).code(2);
            output(&["s.toml", SET[0], SET[1], "-T", &url, "-t", "1"]).code(2);
        }
        output(&["s.toml", SET[0], SET[1], "-t", &url]).code(2);
        output(&["s.toml", SET[0], SET[1], "--html", &format!("/dev/null/{url}.html"), "-t", "1"])
            .code(2);
        output(&["s.toml", "--set", &url]).code(2);
        output(&["s.toml", "--set", &format!("to={url}")]).code(2);
        output(&["s.toml", SET[0], SET[1], "--user-classes", &url, "-t", "1"]).code(2);
        output(&["serve", &url]).code(2);
        output(&["check", &url]).code(2);
        output(&[&format!("--{url}")]).code(2);
        // Without a scheme, the file's reader takes it for any text.
        for line in [
            "host = URL",
            "proxy = URL",
            "x = URL",
            "get = URL",
            "get = URL, x = 1",
            "wait_time = URL",
        ]
        .iter()
        .filter(|_| url.contains("://"))
        {
            let url = serde_json::to_string(&url).unwrap();
            let task =
                format!("[[user]]\nname = \"u\"\ntask = {{ {} }}\n", line.replace("URL", &url));
            let user = format!(
                "[[user]]\nname = \"u\"\n{}\n[[user.task]]\nget = \"/\"",
                line.replace("URL", &url)
            );
            for text in [task, user] {
                let output = Run::new(["check", "s.toml"]).file("s.toml", &text).go();
                check_output(&output);
            }
        }
    }
}

/// A signal ends the run, after which the final tables are printed in another way.
#[test]
fn an_interrupted_run_shows_no_credentials() {
    let server = Server::start(answer);
    let running = Run::of(&scenario(&server)).users(3).args(FILES).args(SET).start();
    server.await_requests(30);
    running.signal(Signal::INT);
    check_output(&running.wait());
}
