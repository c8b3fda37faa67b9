//! Each way in which an exchange can fail is one failure with its own text. What is only unusual is no failure.

use std::net::TcpListener;
use std::time::Duration;

use crate::support::{Answer, Output, Run, Seen, Server, get_root, ok, response, toml};

/// One user that asks every few milliseconds and gives up after 200.
const SCENARIO: &str = "timeout = \"200ms\"\nwait_time = \"10ms\"\n[[user.task]]\n";

/// Runs this request until the server has seen a few of them.
#[track_caller]
fn run(server: &Server, request: &str) -> Output {
    let scenario = toml("1h", &format!("{SCENARIO}{request}"));
    Run::of(&scenario).host(server.address).args(["--csv", "out"]).go_until(server, 4)
}

/// Checks that every request is a failure, and that they are one row with this text.
#[track_caller]
fn check_output(output: Output, message: &str) -> (u64, Output) {
    let output = output.code(1);
    let failures = output.csv("out_failures.csv");
    assert_eq!(failures.column("Error"), [message]);
    let (requests, failed) = output.aggregated();
    assert_eq!(failures.counts("Occurrences"), [failed]);
    assert_eq!(requests, failed, "none of them succeeded");
    assert!(output.stdout.contains(message), "{}", output.stdout);
    (failed, output)
}

#[track_caller]
fn check(answer: Answer, message: &str) {
    let server = Server::start(move |_| answer.clone());
    let (failed, output) = check_output(run(&server, "get = \"/\""), message);
    // A request that was cancelled while it connected has not reached the server.
    let seen = server.total();
    let all = failed..=failed + output.cancelled();
    assert!(all.contains(&seen), "{seen} seen, {failed} failed: one failure per request");
    assert_eq!(output.retries(), 0);
}

/// Checks that the response is a success with a body of this many bytes.
#[track_caller]
fn check_fine(request: &str, body: u64, answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) {
    let server = Server::start(answer);
    let output = run(&server, request).code(0);
    let (requests, _) = output.aggregated();
    assert!(requests > 0);
    let seen = server.total();
    assert!((requests..=requests + output.cancelled()).contains(&seen), "{requests} of {seen}");
    let size = output.csv("out_stats.csv").column("Average Content Size")[0].parse::<f64>();
    assert_eq!(size.unwrap(), body as f64);
}

fn close(text: &str) -> Answer {
    Answer::Close(text.into())
}

fn send(text: &str) -> Answer {
    Answer::Send(text.into())
}

#[test]
fn a_refused_connection_says_so() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let run = Run::of(&toml("1s", &format!("{SCENARIO}get = \"/\""))).host(address);
    check_output(run.args(["--csv", "out"]).go(), "connection refused");
}

#[test]
fn a_reset_says_so_before_and_after_the_first_byte() {
    check(Answer::Reset(Vec::new()), "connection reset before the response");
    let text = "connection reset while reading the body (4 of 9 bytes)";
    check(Answer::Reset(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".into()), text);
}

#[test]
fn a_close_says_how_far_the_response_had_come() {
    check(close(""), "connection closed before the response");
    check(close("HTTP/1.1 200 OK\r\nContent-Le"), "connection closed while reading the head");
    let text = "connection closed while reading the body (4 of 9 bytes)";
    check(close("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), text);
    let text = "connection closed while reading the body (after 4 bytes)";
    check(close("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf"), text);
}

#[test]
fn what_is_no_http_says_which_part_is_not() {
    check(send("SSH-2.0-OpenSSH_9.9\r\n"), "not HTTP: starts with \"SSH-2.0\"");
    check(send("HTTP/1.1 2x0 OK\r\n\r\n"), "malformed head: bad status line");
    let no_colon = "HTTP/1.1 200 OK\r\nContent-Length 5\r\n\r\n";
    check(send(no_colon), "malformed head: bad header name");
    check(send("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), "bad content-length");
    let chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    check(send(chunk), "bad chunk");
}

#[test]
fn a_head_without_end_is_given_up() {
    let head = format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "x".repeat(70_000));
    check(send(&head), "head too large");
    let head = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(200));
    check(send(&head), "too many headers");
}

#[test]
fn a_status_of_400_and_above_is_a_failure_with_its_reason() {
    check(Answer::Send(response("404 Whatever", "")), "404 Not Found");
    check(Answer::Send(response("599 Odd", "")), "599");
}

/// As in Locust's `FastHttpUser` and RFC 9110 section 15. Locust's `HttpUser` counts a success.
#[test]
fn a_status_that_has_no_meaning_is_a_failure_unless_a_check_asks_for_it() {
    for status in ["600", "999"] {
        check(Answer::Send(response(&format!("{status} Odd"), "")), status);
    }
    for wanted in ["999", "\"9xx\""] {
        let server = Server::start(|_| Answer::Send(response("999 Request denied", "")));
        run(&server, &format!("get = \"/\"\ncheck = {{ status = {wanted} }}")).code(0);
    }
}

/// Returns times of the only row in milliseconds, by column.
fn times(output: &Output, column: &str) -> f64 {
    output.csv("out_stats.csv").column(column)[0].parse().unwrap()
}

#[test]
fn a_timeout_is_a_failure_that_took_the_timeout() {
    let server = Server::start(|_| Answer::Never);
    let (_, output) = check_output(
        run(&server, "get = \"/\""),
        "timed out after 200 ms while waiting for the first byte",
    );
    let min = times(&output, "Min Response Time");
    assert!((200.0..400.0).contains(&min), "{min} ms");
}

#[test]
fn a_response_that_trickles_does_not_stretch_the_timeout() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    let pieces: Vec<_> = head.bytes().map(|byte| vec![byte]).collect();
    check(
        Answer::Slowly(pieces, Duration::from_millis(20)),
        "timed out after 200 ms while reading the head",
    );
}

/// The server closes the first connection after 700 ms of the second request, without a byte of a response.
fn dies_late(request: &Seen, then: Answer) -> Answer {
    match (request.connection, request.number) {
        (0, 0) => ok(),
        (0, _) => Answer::Late(Duration::from_millis(700), Box::new(Answer::Close(Vec::new()))),
        _ => then,
    }
}

#[test]
fn the_retry_on_a_dead_connection_does_not_restart_the_timeout() {
    let server = Server::start(|request| dies_late(request, Answer::Never));
    let scenario = toml("1h", "timeout = \"1s\"\n[[user.task]]\nget = \"/\"");
    let run = Run::of(&scenario).host(server.address).args(["--csv", "out"]);
    let output = run.go_until(&server, 4).code(1);
    assert_eq!(
        output.csv("out_failures.csv").column("Error"),
        ["timed out after 1 s while waiting for the first byte"]
    );
    assert_eq!(output.retries(), 1);
    let max = times(&output, "Max Response Time");
    assert!((1000.0..1600.0).contains(&max), "{max} ms");
    assert_eq!(server.total(), output.aggregated().0 + output.cancelled() + 1);
}

#[test]
fn the_retry_on_a_dead_connection_does_not_restart_the_latency() {
    let server = Server::start(|request| dies_late(request, ok()));
    let run = Run::of(&get_root("1h")).host(server.address).args(["--csv", "out"]);
    let output = run.go_until(&server, 4).code(0);
    assert_eq!(output.retries(), 1);
    assert!(times(&output, "Max Response Time") >= 700.0);
}

#[test]
fn a_post_on_a_dead_connection_is_a_failure_and_not_sent_again() {
    let server = Server::start(|request| match request.number {
        1 => Answer::Close(Vec::new()),
        _ => ok(),
    });
    let output = run(&server, "post = \"/order\"\nbody = \"one\"").code(1);
    let failures = output.csv("out_failures.csv");
    assert_eq!(failures.column("Error"), ["connection closed before the response"]);
    assert_eq!(output.retries(), 0);
    let (seen, (requests, _)) = (server.total(), output.aggregated());
    assert!((requests..=requests + output.cancelled()).contains(&seen), "{requests} of {seen}");
}

#[test]
fn failures_of_different_requests_are_different_rows() {
    let server = Server::start(|_| Answer::Send(response("503 Busy", "")));
    let tasks = "wait_time = \"5ms\"\n[[user.task]]\nget = \"/a\"\n[[user.task]]\nget = \"/b\"";
    let run = Run::of(&toml("1h", tasks)).host(server.address).args(["--csv", "out"]);
    let failures = run.go_until(&server, 40).code(1).csv("out_failures.csv");
    let mut names = failures.column("Name");
    names.sort();
    assert_eq!(names, ["/a", "/b"]);
    assert_eq!(failures.column("Error"), ["503 Service Unavailable"; 2]);
}

#[test]
fn the_exit_code_of_a_run_with_failures_can_be_chosen() {
    let server = Server::start(|_| Answer::Send(response("500 Oops", "")));
    let run = |code| {
        let run = Run::of(&get_root("1h")).host(server.address);
        run.args(["--exit-code-on-error", code]).go_until(&server, server.count() + 5)
    };
    run("7").code(7);
    run("0").code(0);
}

#[test]
fn an_interim_response_is_not_the_response() {
    check_fine("get = \"/\"", 2, |_| {
        send(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
             HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        )
    });
}

#[test]
fn bodies_end_where_their_framing_says() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                   4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\nTrailer: t\r\n\r\n";
    check_fine("get = \"/\"", 9, move |_| send(chunked));
    check_fine("get = \"/\"", 5, |_| close("HTTP/1.1 200 OK\r\n\r\n12345"));
    check_fine("get = \"/\"", 5, |_| close("HTTP/1.0 200 OK\r\n\r\n12345"));
}

#[test]
fn a_response_may_come_byte_by_byte() {
    let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n0\r\n\r\n";
    let pieces: Vec<_> = text.bytes().map(|byte| vec![byte]).collect();
    check_fine("get = \"/\"", 4, move |_| {
        Answer::Slowly(pieces.clone(), Duration::from_micros(100))
    });
}

#[test]
fn responses_without_a_body_end_with_their_head() {
    check_fine("get = \"/\"", 0, |_| send("HTTP/1.1 204 No Content\r\n\r\n"));
    check_fine("get = \"/\"", 0, |_| {
        send("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n")
    });
    check_fine("head = \"/\"", 0, |_| send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"));
}
