//! Bodies of responses: content codings, and limits of what is kept.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use gregaria::scenario::{Step, Task, User, WaitTime};
use gregaria::session::{Session, body_contains, json_equals, status};

use crate::support::api::{Ran, go_until, ms, scenario};
use crate::support::{Answer, Run, Seen, Server, Signal, get_root};

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// A response with these header lines.
fn with(status: &str, headers: &str, body: &[u8]) -> Answer {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
    Answer::Send([head.as_bytes(), body].concat())
}

const GZIP: &str = "Content-Encoding: gzip\r\n";
const JSON: &[u8] =
    br#"{"items":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}"#;

fn answer(request: &Seen) -> Answer {
    let compressed = gzip(JSON);
    match &*request.line {
        "GET /good" => with("200 OK", GZIP, &compressed),
        "GET /bad" => with("200 OK", GZIP, JSON),
        "GET /torn" => with("200 OK", GZIP, &compressed[..compressed.len() - 1]),
        "GET /bad500" => with("500 Oops", GZIP, JSON),
        "GET /bomb" => with("200 OK", GZIP, &gzip(&[b'0'; 100_000])),
        "GET /unknown" => with("200 OK", "Content-Encoding: x-own\r\n", JSON),
        "GET /long" => with("200 OK", "", &[b'0'; 2_000]),
        "HEAD /good" => Answer::Send(
            format!("HTTP/1.1 200 OK\r\n{GZIP}Content-Length: 99\r\n\r\n").into_bytes(),
        ),
        "GET /none" => Answer::Send(format!("HTTP/1.1 204 No\r\n{GZIP}\r\n").into_bytes()),
        _ => with("200 OK", "", b""),
    }
}

/// Runs one user of this class, whose only task follows its `on_start`.
fn run_once(user: User, requests: u64) -> Ran {
    let server = Server::start(answer);
    let rest = Task::new("rest", async |session: &mut Session| {
        session.get("/end").send().await?;
        session.sleep(ms(3_600_000)).await;
        Ok(())
    });
    let ran = go_until(scenario(&server, user.task(rest)), 1, &server, requests + 1);
    let row = ran.total().requests + ran.summary.snapshot.total.counts.cancelled;
    assert_eq!(row, requests + 1, "every request is counted once");
    ran
}

fn run_steps(user: User, steps: Vec<Step>) -> Ran {
    let requests = steps.len() as u64;
    run_once(user.on_start_steps(steps), requests)
}

/// Returns the names of the entries that failed, with the texts.
fn failures(ran: &Ran) -> Vec<(&str, &str)> {
    let rows = &ran.summary.snapshot.failures;
    rows.iter().map(|row| (&*row.key.name, &*row.message)).collect()
}

#[test]
fn checks_see_the_decoded_body() {
    let steps = vec![
        Step::get("/good").check(json_equals("/items/0", 1)),
        Step::get("/good").name("text").check(body_contains("{\"items\"")),
        Step::get("/unknown").check(body_contains("items")),
        Step::get("/good").name("nobody looks").check(status(200)),
    ];
    let ran = run_steps(User::new("u"), steps);
    assert_eq!(failures(&ran), []);
    let bytes = |name| ran.row(name).counts.body_bytes;
    let (decoded, transferred) = (JSON.len() as u64, gzip(JSON).len() as u64);
    assert_eq!([bytes("/good"), bytes("text"), bytes("/unknown")], [decoded; 3]);
    assert_eq!(bytes("nobody looks"), transferred);
}

#[test]
fn a_body_that_cannot_be_decoded_is_a_failure_where_somebody_looks() {
    let looks = |path: &str| Step::get(path).check(body_contains("1")).check(status(200));
    let status_first = Step::get("/bad500").name("status first");
    let steps = vec![
        looks("/bad"),
        looks("/torn"),
        looks("/bad500"),
        status_first.check(status(200)).check(body_contains("1")),
        Step::get("/bad").name("nobody looks"),
        Step::get("/torn").name("nobody looks"),
    ];
    let ran = run_steps(User::new("u"), steps);
    let bad = "cannot decode the body: bad gzip";
    let expected = [
        ("/bad", bad),
        ("/bad500", bad),
        ("/torn", bad),
        ("status first", "Got 500 instead of 200"),
    ];
    let mut failures = failures(&ran);
    failures.sort_unstable();
    assert_eq!(failures, expected);
}

#[test]
fn a_cap_holds_for_what_is_transferred_and_for_what_is_decoded() {
    let looks = |path: &str| Step::get(path).check(body_contains("0"));
    let steps = || vec![looks("/bomb"), looks("/long"), Step::get("/long").name("nobody looks")];
    let ran = run_steps(User::new("u"), steps());
    assert_eq!(failures(&ran), []);
    let ran = run_steps(User::new("u").max_body(1_000), steps());
    let expected = [("/bomb", "decoded body too large"), ("/long", "body too large")];
    assert_eq!(failures(&ran), expected);
    assert_eq!(ran.row("nobody looks").counts.body_bytes, 2_000);
}

#[test]
fn an_answer_without_a_body_has_nothing_to_decode() {
    let empty = async |session: &mut Session| {
        assert_eq!(session.head("/good").send().await?.body(), b"");
        assert_eq!(session.get("/none").send().await?.body(), b"");
        Ok(())
    };
    let ran = run_once(User::new("u").on_start(empty), 2);
    assert_eq!(failures(&ran), []);
}

#[test]
fn code_sees_the_decoded_body_and_may_overrule_a_bad_one() {
    let code = async |session: &mut Session| {
        let response = session.get("/good").send().await?;
        assert_eq!(response.body(), JSON);
        assert_eq!(response.json::<serde_json::Value>()?["items"][0], 1);
        drop(response);
        let response = session.get("/bad").send().await?;
        assert!(response.is_success(), "nobody has looked");
        assert!(response.text().is_empty() && !response.is_success());
        drop(response);
        let mut response = session.get("/torn").send().await?;
        assert_eq!(response.body(), b"");
        response.success();
        assert!(response.is_success());
        drop(response);
        let response = session.get("/torn").name("discarded").discard_body().send().await?;
        assert!(response.body().is_empty() && response.is_success());
        Ok(())
    };
    let ran = run_once(User::new("u").on_start(code), 4);
    assert_eq!(failures(&ran), [("/bad", "cannot decode the body: bad gzip")]);
    assert_eq!(ran.row("/good").counts.body_bytes, JSON.len() as u64);
    assert!(ran.row("discarded").counts.body_bytes > 0, "as transferred");
}

#[test]
fn what_codings_are_asked_for_can_be_said() {
    let asked = |user: User, step: Step| {
        let server = Server::start(answer);
        let rest = WaitTime::constant(ms(3_600_000));
        go_until(scenario(&server, user.task(step).wait_time(rest)), 1, &server, 1);
        server.seen()[0].header("accept-encoding").map(str::to_owned)
    };
    let all = Some("gzip, deflate, br, zstd".to_owned());
    let step = || Step::get("/long");
    assert_eq!(asked(User::new("u"), step()), all);
    assert_eq!(asked(User::new("u").compression(false), step()), None);
    let own = step().header(http::header::ACCEPT_ENCODING, "br".parse().unwrap());
    assert_eq!(asked(User::new("u"), own), Some("br".to_owned()));
}

#[test]
fn a_gigabyte_that_nobody_looks_at_takes_no_memory() {
    const PIECE: usize = 1 << 20;
    let server = Server::start(|_| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", PIECE << 10);
        Answer::Stream(head.into_bytes(), vec![b'0'; PIECE], 1 << 10)
    });
    let running = Run::of(&get_root("1h")).host(server.address).users(1).start();
    server.await_requests(2);
    let peak = running.peak_memory();
    running.signal(Signal::INT);
    let (requests, failures) = running.wait().code(0).aggregated();
    assert!(requests > 0 && failures == 0, "{requests}, {failures}");
    assert!(peak < 100 << 20, "{peak}");
}

/// Checks and tasks look at the same text, in the charset of each response.
#[test]
fn a_word_is_found_in_whatever_charset_it_comes() {
    let server = Server::start(|request| {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let html = |charset: &str, body: &[u8]| {
            with("200 OK", &format!("Content-Type: text/html{charset}\r\n"), body)
        };
        match &*request.line {
            "GET /latin1" => html("; charset=ISO-8859-1", b"un caf\xe9"),
            "GET /unsaid" => html("", b"un caf\xe9"),
            "GET /utf16" => {
                html("; charset=utf-16", &[b"\xff\xfe", &*utf16("un caf\u{e9}")].concat())
            }
            "GET /zipped" => {
                let headers = format!("{GZIP}Content-Type: text/html; charset=latin1\r\n");
                with("200 OK", &headers, &gzip(b"un caf\xe9"))
            }
            "GET /marked" => {
                with("200 OK", "Content-Type: a/b+json\r\n", b"\xef\xbb\xbf{\"a\": NaN}")
            }
            "GET /strict" => {
                with("200 OK", "Content-Type: application/json\r\n", b"\xef\xbb\xbf{\"a\": 1}")
            }
            _ => with("200 OK", "", b""),
        }
    });
    let cafe = || body_contains("caf\u{e9}");
    let task = Task::new("looks", async |session: &mut Session| {
        let response = session.get("/latin1").name("task").send().await?;
        assert_eq!(response.text(), "un caf\u{e9}");
        assert_eq!(response.body(), b"un caf\xe9");
        let response = session.get("/marked").name("task").send().await?;
        assert_eq!(response.json::<serde_json::Value>().unwrap()["a"], "NaN");
        Ok(())
    });
    let get = |path: &str| Step::get(path);
    let user = User::new("u")
        .on_start_steps(vec![
            get("/latin1").check(cafe()),
            get("/unsaid").check(cafe()),
            get("/utf16").check(cafe()),
            get("/zipped").check(cafe()),
            get("/marked").check(json_equals("/a", "NaN")),
            get("/strict").check(json_equals("/a", 1)),
        ])
        .task(task)
        .wait_time(WaitTime::constant(ms(5)));
    let ran = go_until(scenario(&server, user), 1, &server, 10);
    let failed = |name: &str| ran.row(name).failures;
    assert_eq!(["/latin1", "/unsaid", "/utf16", "/zipped", "/marked", "task"].map(failed), [0; 6]);
    assert_eq!(failed("/strict"), 1, "as for Python's requests");
    assert_eq!(failures(&ran), [("/strict", "Invalid JSON")]);
}
