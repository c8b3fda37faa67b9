//! Heads that break the grammar: folded lines are joined before values are read, and malformed ones are left
//! out, counted and named.

use gregaria::scenario::{Step, Task, User, WaitTime};
use gregaria::session::{body_contains, header_equals, status};
use http::{HeaderName, HeaderValue};

use crate::cookies::with_headers;
use crate::support::api::{Ran, go_until, ms, scenario};
use crate::support::{Answer, Run, Seen, Server, ok, toml};

/// Runs steps of one user until the server has seen this many requests.
fn run(server: &Server, steps: Vec<Step>, requests: u64) -> Ran {
    let user = User::new("u").task(Task::steps("all", steps));
    go_until(scenario(server, user.wait_time(WaitTime::constant(ms(5)))), 1, server, requests)
}

fn bytes(status: &str, headers: &[u8], body: &[u8]) -> Answer {
    let framing = format!("Content-Length: {}\r\n", body.len());
    let head = format!("HTTP/1.1 {status}\r\n{framing}");
    Answer::Send([head.as_bytes(), headers, b"\r\n", body].concat())
}

/// "ok" in gzip.
const GZIPPED: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\xcb\xcf\x06\0\x47\xdd\xdc\x79\x02\0\0\0";

/// RFC 9112 section 5.2. Python's requests reads them as well; curl 7.88 misses the challenge.
#[test]
fn a_folded_line_is_one_line_for_everybody() {
    let server = Server::start(|request: &Seen| match &*request.line {
        "GET /cookie" => with_headers("Set-Cookie: sid=1;\r\n Path=/;\r\n\tHttpOnly\r\n"),
        "GET /moved" => bytes("302 Found", b"Location:\r\n /there\r\n", b""),
        "GET /digest" | "GET /tabs" if request.header("authorization").is_none() => {
            let tabs = b"WWW-Authenticate: Digest\trealm=\"r\",\tnonce=\"n\"\r\n";
            let folds = b"WWW-Authenticate: Digest\r\n realm=\"r\",\r\n\tnonce=\"n\"\r\n";
            let is_folded = request.line.ends_with("digest");
            bytes("401 No", if is_folded { folds } else { tabs }, b"")
        }
        "GET /coded" => bytes("200 OK", b"Content-Encoding:\r\n gzip\r\n", GZIPPED),
        "GET /equal" => with_headers("X-A: one\r\n  two\r\n\tthree\r\n"),
        _ => ok(),
    });
    let name = HeaderName::from_static("x-a");
    let steps = vec![
        Step::get("/cookie"),
        Step::get("/digest").digest_auth("al", "pw"),
        Step::get("/tabs").digest_auth("bo", "pw"),
        Step::get("/moved"),
        Step::get("/coded").check(body_contains("ok")),
        Step::get("/equal").check(header_equals(name, HeaderValue::from_static("one two three"))),
    ];
    let ran = run(&server, steps, 9);
    let failures = &ran.summary.snapshot.failures;
    assert!(failures.is_empty() && ran.summary.snapshot.malformed_lines.is_empty(), "{failures:?}");
    let seen = server.seen();
    let lines: Vec<_> = seen.iter().take(9).map(|request| &*request.line).collect();
    let twice = ["GET /digest", "GET /digest", "GET /tabs", "GET /tabs"];
    assert_eq!(lines[1..5], twice);
    assert_eq!(lines[5..], ["GET /moved", "GET /there", "GET /coded", "GET /equal"]);
    assert!(seen[1..9].iter().all(|request| request.header("cookie") == Some("sid=1")));
}

/// Header values have no known encoding, and scenarios are UTF-8.
#[test]
fn values_compare_as_latin_1_and_as_utf_8() {
    let server = Server::start(|request| {
        let value: &[u8] = if request.line == "GET /latin" { b"caf\xe9" } else { b"caf\xc3\xa9" };
        bytes("200 OK", &[b"X-A: ", value, b"\r\n"].concat(), b"ok")
    });
    let step = |path: &str, value: &[u8]| {
        let value = HeaderValue::from_bytes(value).unwrap();
        Step::get(path).check(header_equals(HeaderName::from_static("x-a"), value))
    };
    let all = ["/latin", "/utf"].into_iter();
    let fine = all.flat_map(|path| ["caf\u{e9}".as_bytes(), b"caf\xe9"].map(|to| step(path, to)));
    let other = step("/latin", "caf\u{e8}".as_bytes());
    let ran = run(&server, fine.chain([other]).collect(), 6);
    let failures = &ran.summary.snapshot.failures;
    let [failure] = &failures[..] else { panic!("{failures:?}") };
    assert_eq!(failure.message, "Header x-a is 'caf\u{e9}' instead of 'caf\u{e8}'");
}

/// As in browsers, and in curl except for the line without a colon.
#[test]
fn malformed_lines_are_left_out_counted_and_named() {
    let scenario = toml(
        "1h",
        "wait_time = 0.005\n[[user.task]]\nsteps = [ { get = \"/bad\" }, { get = \"/worse\" }, \
         { get = \"/framing\" }, { get = \"/end\" } ]",
    );
    let server = Server::start(|request| match &*request.line {
        "GET /bad" => with_headers("X-Bad[1]: x\r\nSet-Cookie: sid=\x07\r\n"),
        "GET /worse" => with_headers("no colon\r\nSet-Cookie: lang=de\r\n"),
        "GET /framing" => with_headers("Content-Length[1]: 2\r\n"),
        _ => ok(),
    });
    let run = Run::of(&scenario).host(server.address).users(1).args(["--json-file", "run"]);
    let run = run.args(["--iterations", "2"]);
    let output = run.go().code(1);
    let told = "Malformed header lines, which responses were read without: 6 (2 x-bad[1], 2 \
                set-cookie, 2 no colon)\n";
    assert!(output.stdout.contains(told), "{}", output.stdout);
    let file = std::fs::read(output.path("run.json")).unwrap();
    let file: serde_json::Value = serde_json::from_slice(&file).unwrap();
    let names = ["x-bad[1]", "set-cookie", "no colon"];
    let expected = names.map(|name| serde_json::json!({ "name": name, "count": 2 }));
    assert_eq!(file["malformed_lines"], serde_json::json!(expected));
    let [failure] = &file["failures"].as_array().unwrap()[..] else { panic!("{file:#}") };
    let failed = (&failure["name"], &failure["error"], &failure["occurrences"]);
    let bad_name = "malformed head: bad header name".into();
    assert_eq!(failed, (&"/framing".into(), &bad_name, &2.into()));
    let cookies: Vec<_> =
        server.seen().iter().map(|seen| seen.header("cookie").is_some()).collect();
    assert_eq!(cookies[..4], [false, false, true, true]);
}

/// RFC 9110 section 2.5.
#[test]
fn a_higher_minor_version_is_http_1_1() {
    let server = Server::start(|request| {
        let minor = if request.number == 0 { 2 } else { 9 };
        let text = format!("HTTP/1.{minor} 200 OK\r\nContent-Length: 2\r\n\r\nok");
        Answer::Send(text.into_bytes())
    });
    let ran = run(&server, vec![Step::get("/").check(status(200)); 2], 4);
    assert_eq!((ran.total().failures, server.connections()), (0, 1), "it is kept");
}
