//! httpbin's streams, delays, sizes, ranges and statuses.

use rustix::process::Signal;

use crate::harness::Run;
use crate::httpbin;
use crate::load::{run_tasks, scenario, scenario_with};

#[test]
fn bodies_of_every_kind_have_their_sizes() {
    let Some(httpbin) = httpbin::start() else { return };
    // What is asked, and the size of the body.
    let bodies = [
        ("get = \"/range/1000\"", "/range/1000", 1000.0),
        ("get = \"/stream-bytes/5000\"", "/stream-bytes/5000", 5000.0),
        ("get = \"/range/1024\"", "/range/1024", 1024.0),
        (
            "get = \"/range/1024\"\nname = \"part\"\nheaders = { range = \"bytes=100-199\" }\n\
             check = { status = 206, header = \"content-range\" }",
            "part",
            100.0,
        ),
        (
            "get = \"/drip\"\nname = \"drip\"\n\
             query = { numbytes = 5, duration = 0.05, delay = 0 }",
            "drip",
            5.0,
        ),
        (
            "get = \"/base64/b25lIHBhZ2U=\"\ncheck = { body_contains = \"one page\" }",
            "/base64/b25lIHBhZ2U=",
            8.0,
        ),
    ];
    let mut tasks = bodies.map(|(task, _, _)| task).to_vec();
    tasks.extend([
        "get = \"/stream/3\"\ncheck = { header_equals = { transfer-encoding = \"chunked\" }, \
         body_contains = \"\\\"id\\\": 2\" }",
        "head = \"/range/100\"",
        "post = \"/post\"\njson = { one = 1 }\ncheck = { json_equals = { \"/json/one\" = 1 } }",
        "put = \"/put\"\nform = { one = \"1\" }\n\
         check = { json_equals = { \"/form/one\" = \"1\" } }",
        "delete = \"/delete\"",
        "get = \"/image/png\"\ncheck = { header_equals = { content-type = \"image/png\" } }",
    ]);
    let run = run_tasks(&scenario(&tasks), &httpbin.url(), 400);
    run.assert_fine();
    for (_, name, size) in bodies {
        assert_eq!(run.row("GET", name).average_bytes, size, "{name}");
    }
    assert_eq!(run.row("HEAD", "/range/100").average_bytes, 0.0);
    assert_eq!((run.cancelled(), run.retries()), (0, 0), "{}", run.stdout);
    assert_eq!(httpbin.settled_requests(), run.aggregated().requests);
}

#[test]
fn statuses_are_failures_from_400_on() {
    let Some(httpbin) = httpbin::start() else { return };
    let statuses = [200, 201, 204, 304, 400, 401, 404, 418, 429, 500, 503];
    let tasks = statuses.map(|status| format!("get = \"/status/{status}\""));
    let tasks: Vec<&str> = tasks.iter().map(String::as_str).collect();
    let run = run_tasks(&scenario(&tasks), &httpbin.url(), 200);
    assert_eq!(run.status.code(), Some(1), "{}", run.stderr);
    let log = httpbin.log();
    for status in statuses {
        let row = run.row("GET", &format!("/status/{status}"));
        assert_eq!(row.failures, if status < 400 { 0 } else { row.requests }, "{status}");
        assert!(row.requests > 0);
    }
    assert_eq!(log.len() as u64, run.aggregated().requests);
}

#[test]
fn compressed_bodies_are_whole_and_decoded_for_who_looks() {
    let Some(httpbin) = httpbin::start() else { return };
    // What it says of itself, in the body, only where it has been decoded.
    let codings = [
        ("/gzip", "gzip", "gzipped"),
        ("/deflate", "deflate", "deflated"),
        ("/brotli", "br", "brotli"),
    ];
    let tasks = codings.map(|(path, coding, word)| {
        let coded = format!("header_equals = {{ content-encoding = \"{coding}\" }}");
        [
            format!("get = \"{path}\"\ncheck = {{ {coded} }}"),
            format!(
                "get = \"{path}\"\nname = \"{word}\"\n\
                 checks = [ {{ {coded} }}, {{ json_equals = {{ \"/{word}\" = true }} }} ]"
            ),
        ]
    });
    let tasks: Vec<&str> = tasks.iter().flatten().map(String::as_str).collect();
    let run = run_tasks(&scenario(&tasks), &httpbin.url(), 200);
    run.assert_fine();
    for (path, _, word) in codings {
        let sizes = [path, word].map(|name| run.row("GET", name).average_bytes);
        assert!(sizes[0] > 50.0 && sizes[0] < sizes[1], "{}", run.stdout);
    }
    assert_eq!(httpbin.settled_requests(), run.aggregated().requests);
}

#[test]
fn a_delay_is_a_latency_or_a_timeout() {
    let Some(httpbin) = httpbin::start() else { return };
    let tasks = [
        "get = \"/delay/0.3\"",
        "get = \"/delay/9\"",
        "get = \"/drip\"\nquery = { numbytes = 8, duration = 9, delay = 0 }\nname = \"drip\"",
    ];
    let run = run_tasks(&scenario_with("timeout = \"3s\"", &tasks), &httpbin.url(), 32);
    assert_eq!(run.row("GET", "/delay/0.3").failures, 0, "{:?}", run.failures);
    let failures = [
        ("/delay/9", "timed out after 3 s while waiting for the first byte"),
        ("drip", "timed out after 3 s while reading the body ("),
    ];
    for (name, text) in failures {
        let row = run.row("GET", name);
        assert!(row.requests > 0 && row.requests == row.failures, "{}", run.stdout);
        // How many bytes had come is the server's business.
        let told = run.failures.iter().filter(|failure| failure.name == name);
        assert!(told.clone().all(|failure| failure.error.starts_with(text)), "{:?}", run.failures);
        assert_eq!(told.map(|failure| failure.occurrences).sum::<u64>(), row.requests);
    }
}

#[test]
fn after_ctrl_c_the_server_has_seen_nothing_that_is_not_told() {
    let Some(httpbin) = httpbin::start() else { return };
    let url = httpbin.url();
    let task = scenario(&["get = \"/range/1000\""]);
    let run = Run::start_with_csv(&task, &["-H", &url, "-u", "16", "-r", "1000"]);
    httpbin.has_seen(100);
    run.signal(Signal::INT);
    let run = run.results();
    run.assert_fine();
    run.assert_conserved(httpbin.settled_requests());
}
