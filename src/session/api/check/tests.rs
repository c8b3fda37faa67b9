//! Tests of [`super`]: which responses fail, and under which text.

use serde_json::json;

use super::*;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: a=1\r\n\
    set-cookie:b=2 \r\nX-Odd: a: b\r\n\r\n";

fn response(status: u16, body: &str) -> ResponseView<'_> {
    let latency = Duration::from_millis(150);
    ResponseView { status, head: HEAD, body: body.as_bytes(), other_charset: false, latency }
}

#[track_caller]
fn check(check: Check, response: ResponseView<'_>, expected: Option<&str>) {
    assert_eq!(check.failure(&response).as_deref(), expected, "{check:?}");
}

fn name(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}

fn value(value: &'static str) -> HeaderValue {
    HeaderValue::from_static(value)
}

#[test]
fn a_status_is_one_of_those_asked_for() {
    let ok_or = || statuses([200..=299, 304..=304, 400..=404]);
    check(status(200), response(200, ""), None);
    check(status(200), response(500, ""), Some("Got 500 instead of 200"));
    check(status(404), response(404, ""), None);
    check(ok_or(), response(404, ""), None);
    check(ok_or(), response(405, ""), Some("Got 405 instead of 2xx, 304 or 400-404"));
    check(statuses([200, 304]), response(500, ""), Some("Got 500 instead of 200 or 304"));
}

#[test]
fn a_body_contains_its_text() {
    check(body_contains("all"), response(200, "small"), None);
    check(body_contains(""), response(200, ""), None);
    let expected = Some("Body does not contain 'x'");
    check(body_contains("x"), response(200, "small"), expected);
    check(body_contains("x"), response(200, ""), expected);
    check(body_contains("x"), ResponseView { body: b"\xff x", ..response(200, "") }, None);
    check(body_contains("x"), ResponseView { body: b"\xff", ..response(200, "") }, expected);
}

#[test]
fn json_has_something_at_the_pointer() {
    let users = || json_exists("/users");
    check(users(), response(200, r#"{"users": ["Alice"]}"#), None);
    check(users(), response(200, r#"{"users": null}"#), None);
    check(users(), response(200, r#"{"error": 1}"#), Some("No JSON value at /users"));
    check(users(), response(200, "<html>"), Some("Invalid JSON"));
    check(users(), response(200, ""), Some("Invalid JSON"));
}

#[test]
fn json_has_the_value_at_the_pointer() {
    let healthy = || json_equals("/status", "healthy");
    check(healthy(), response(200, r#"{"status": "healthy"}"#), None);
    check(
        healthy(),
        response(200, r#"{"status": "bad"}"#),
        Some(r#"JSON value at /status is "bad" instead of "healthy""#),
    );
    check(healthy(), response(200, "{}"), Some("No JSON value at /status"));
    check(healthy(), response(200, "{"), Some("Invalid JSON"));
    check(json_equals("/a", json!([1, {"b": 2}])), response(200, r#"{"a": [1, {"b": 2}]}"#), None);
}

#[test]
fn a_header_is_there_under_any_case_and_among_others() {
    check(header(name("content-type")), response(200, ""), None);
    check(header_equals(name("set-cookie"), value("b=2")), response(200, ""), None);
    check(header_equals(name("x-odd"), value("a: b")), response(200, ""), None);
    check(header(name("etag")), response(200, ""), Some("Header etag is missing"));
    let html = header_equals(name("content-type"), value("text/html"));
    let expected = "Header content-type is 'application/json' instead of 'text/html'";
    check(html, response(200, ""), Some(expected));
    let etag = header_equals(name("etag"), value("x"));
    check(etag, response(200, ""), Some("Header etag is missing"));
}

#[test]
fn the_status_line_and_the_end_of_the_head_are_no_headers() {
    let odd = ResponseView { head: b"HTTP/1.1 200 a: b\r\n\r\n", ..response(200, "") };
    check(header(name("a")), odd, Some("Header a is missing"));
}

#[test]
fn a_response_is_in_time_up_to_the_limit() {
    check(max_time(Duration::from_millis(150)), response(200, ""), None);
    let tight = max_time(Duration::from_millis(149));
    check(tight, response(200, ""), Some("Took longer than 149 ms"));
    let fine = max_time(Duration::from_micros(1500));
    check(fine, response(200, ""), Some("Took longer than 1.5 ms"));
}

#[test]
fn a_message_replaces_the_text_and_knows_the_status() {
    let with_status = status(200).message("Got {status} instead of 200");
    check(with_status, response(503, ""), Some("Got 503 instead of 200"));
    let users = json_exists("/users").message("Invalid response");
    check(users.clone(), response(200, "{}"), Some("Invalid response"));
    check(users, response(200, "<html>"), Some("Invalid response"));
}

#[test]
fn a_message_without_a_status_is_not_copied() {
    let users = json_exists("/users").message("Invalid response");
    assert!(matches!(users.failure(&response(200, "{}")), Some(Cow::Borrowed(_))));
}

#[test]
fn long_values_are_cut_so_that_failures_group() {
    let long = "é".repeat(1000);
    let body = json!({ "a": long }).to_string();
    let failure = json_equals("/a", 1).failure(&response(200, &body)).unwrap().into_owned();
    let expected = format!("JSON value at /a is \"{}… instead of 1", "é".repeat(79));
    assert_eq!(failure, expected);
    let text = body_contains(long).failure(&response(200, "")).unwrap().into_owned();
    assert!(text.chars().count() < 120, "{text}");
}

#[test]
fn the_first_check_that_does_not_hold_is_the_failure() {
    let checks = [status(200), json_exists("/a"), json_exists("/b")];
    let failure = first_failure(&checks, &response(200, r#"{"c": 1}"#));
    assert_eq!(failure.as_deref(), Some("No JSON value at /a"));
    assert_eq!(first_failure(&checks, &response(200, r#"{"a": 1, "b": 1}"#)), None);
    assert_eq!(first_failure(&[], &response(500, "")), None);
}

#[test]
fn a_body_is_kept_only_for_checks_that_look_at_it() {
    let head_only = [status(200), header(name("etag")), max_time(Duration::ZERO)];
    assert!(!needs_body(&head_only));
    assert!(has_status_check(&head_only));
    for check in [body_contains(""), json_exists(""), json_equals("", 1)] {
        assert!(needs_body(std::slice::from_ref(&check)));
        assert!(!has_status_check(&[check]));
    }
}

#[test]
fn status_patterns_are_codes_classes_and_ranges() {
    let range = |first, last| Ok(StatusRange { first, last });
    assert_eq!("200".parse(), range(200, 200));
    assert_eq!("2xx".parse(), range(200, 299));
    assert_eq!("5XX".parse(), range(500, 599));
    // Not HTTP (RFC 9110 section 15), and yet sent by servers: LinkedIn answers robots by 999.
    assert_eq!("999".parse(), range(999, 999));
    assert_eq!("6xx".parse(), range(600, 699));
    assert_eq!("200-204".parse(), range(200, 204));
    for bad in ["", "20", "2000", "1000", "099", "axx", "0xx", "2x", "204-200", "200-", "+20", "2é"]
    {
        assert_eq!(bad.parse::<StatusRange>(), Err(InvalidStatus(bad.to_owned())));
    }
    assert_eq!(
        "axx".parse::<StatusRange>().unwrap_err().to_string(),
        "invalid status 'axx': valid patterns are 200, 2xx and 200-204, from 100 to 999"
    );
}

#[test]
fn a_status_range_prints_as_it_is_read() {
    for seed in 0..500 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let first = rng.u16(100..=999);
        let range = StatusRange { first, last: rng.u16(first..=999) };
        assert_eq!(range.to_string().parse(), Ok(range), "seed {seed}");
    }
}

#[test]
#[should_panic(expected = "JSON pointer 'users' must start with '/'; write '/users'")]
fn a_pointer_written_wrong_in_rust_says_so_at_once() {
    json_exists("users");
}
