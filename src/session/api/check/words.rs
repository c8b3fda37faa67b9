//! A check in words: its condition, and the texts of its failures.

use std::fmt;

use super::{Check, Condition, Pointer, alternatives, shown, text_of};
use crate::workload::FailureText;

/// Stands for the status code in a message.
const STATUS: &str = "{status}";

impl Check {
    /// Returns the texts that its failures can have.
    pub(crate) fn failure_texts(&self) -> Vec<FailureText> {
        match &self.message {
            None => self.condition.failure_texts(),
            Some(message) if message.contains(STATUS) => {
                vec![FailureText::WithStatus(message.split(STATUS).map(str::to_owned).collect())]
            }
            Some(message) => vec![FailureText::Exact(message.clone())],
        }
    }
}

impl Condition {
    fn failure_texts(&self) -> Vec<FailureText> {
        use FailureText::{Between, Exact};
        let no_json = || Exact("Invalid JSON".to_owned());
        let no_value = |at: &Pointer| Exact(format!("No JSON value at {at}"));
        match self {
            Condition::Status(wanted) => {
                vec![Between("Got ".to_owned(), format!(" instead of {}", alternatives(wanted)))]
            }
            Condition::BodyContains(wanted) => {
                vec![Exact(format!("Body does not contain '{}'", shown(wanted)))]
            }
            Condition::JsonExists(at) => vec![no_json(), no_value(at)],
            Condition::JsonEquals(at, wanted) => {
                let wanted = shown(&wanted.to_string());
                let other =
                    Between(format!("JSON value at {at} is "), format!(" instead of {wanted}"));
                vec![no_json(), no_value(at), other]
            }
            Condition::JsonLength(at, wanted) => {
                let other = Between(
                    format!("JSON value at {at} has length "),
                    format!(" instead of {wanted}"),
                );
                let no_length = Exact(format!("JSON value at {at} has no length"));
                vec![no_json(), no_value(at), no_length, other]
            }
            Condition::BodyMatches(wanted) => {
                vec![Exact(format!("Body does not match '{wanted}'"))]
            }
            Condition::Header(name, wanted) => {
                let missing = Exact(format!("Header {name} is missing"));
                let other = wanted.as_ref().map(|wanted| {
                    let wanted = shown(&text_of(wanted.as_bytes()));
                    Between(format!("Header {name} is '"), format!("' instead of '{wanted}'"))
                });
                [missing].into_iter().chain(other).collect()
            }
            Condition::MaxTime(_) => vec![Between("Took longer than ".to_owned(), String::new())],
        }
    }
}

impl fmt::Display for Condition {
    /// What must hold, in a few words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Status(wanted) => write!(f, "status is {}", alternatives(wanted)),
            Condition::BodyContains(wanted) => write!(f, "body contains '{}'", shown(wanted)),
            Condition::JsonExists(at) => write!(f, "JSON has a value at {at}"),
            Condition::JsonEquals(at, wanted) => {
                write!(f, "JSON value at {at} is {}", shown(&wanted.to_string()))
            }
            Condition::JsonLength(at, wanted) => {
                write!(f, "JSON value at {at} has length {wanted}")
            }
            Condition::BodyMatches(wanted) => write!(f, "body matches '{wanted}'"),
            Condition::Header(name, None) => write!(f, "header {name} is there"),
            Condition::Header(name, Some(wanted)) => {
                let wanted = shown(&text_of(wanted.as_bytes()));
                write!(f, "header {name} is '{wanted}'")
            }
            Condition::MaxTime(limit) => {
                write!(f, "takes at most {} ms", limit.as_micros() as f64 / 1000.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderValue;
    use http::header::SERVER;

    use super::super::*;

    const OTHERS: &str = "Connection refused";

    fn claims(check: &Check, text: &str) -> bool {
        check.failure_texts().iter().any(|failure| failure.matches(text))
    }

    /// Every check claims the failure it says itself, and no other's.
    #[test]
    fn a_check_claims_what_it_says() {
        let response = ResponseView {
            status: 503,
            head: b"HTTP/1.1 503 No\r\nServer: b\r\n",
            body: b"{\"a\": 1}",
            other_charset: false,
            latency: Duration::from_secs(2),
        };
        let checks = [
            status(200),
            status(200).message("Got {status} instead of 200"),
            status(200).message("{status}, not {status}"),
            body_contains("x".repeat(200)),
            json_exists("/b"),
            json_equals("/a", 2),
            json_equals("/b", 2),
            json_length("/a", 2),
            json_length("/b", 2),
            json_length("", 2),
            body_matches("^\\["),
            header(http::header::DATE),
            header_equals(SERVER, HeaderValue::from_static("a")),
            max_time(Duration::from_secs(1)),
            max_time(Duration::from_secs(1)).message("slow"),
        ];
        for check in &checks {
            let text = check.failure(&response).expect("it does not hold");
            assert!(claims(check, &text), "{text}");
            assert!(!claims(check, OTHERS), "{check:?}");
        }
        let invalid = ResponseView { body: b"<", ..response };
        for check in [json_exists("/b"), json_equals("/b", 2), json_length("/b", 2)] {
            assert!(claims(&check, &check.failure(&invalid).unwrap()));
        }
        assert!(!claims(&status(200), "Got 503 instead of 204"));
        assert!(!claims(&status(200).message("a {status}"), "a 50x"));
        assert!(!claims(&json_exists("/b"), "No JSON value at /a"));
    }

    #[test]
    fn a_condition_is_said_in_words() {
        let said = |check: Check| check.condition.to_string();
        assert_eq!(said(statuses([200, 304])), "status is 200 or 304");
        assert_eq!(said(json_exists("/users")), "JSON has a value at /users");
        assert_eq!(said(json_equals("/a", "b")), "JSON value at /a is \"b\"");
        assert_eq!(said(max_time(Duration::from_millis(300))), "takes at most 300 ms");
        assert_eq!(said(header(SERVER)), "header server is there");
    }
}
