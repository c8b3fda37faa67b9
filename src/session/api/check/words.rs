//! What a check asks for, in words, and which failures are its own.

use std::fmt;

use super::{Check, Condition, alternatives, shown, text_of};

/// Stands for the status code in a message.
const STATUS: &str = "{status}";

impl Check {
    /// Whether a failure of this text can have come from this check. Of several checks of a response
    /// the first one that can is the one it came from, because checks are judged in order; what is
    /// no JSON, for one, is the failure of any that asks for some.
    pub fn claims(&self, text: &str) -> bool {
        match &self.message {
            None => self.condition.claims(text),
            Some(message) => match message.split_once(STATUS) {
                None => message == text,
                Some((before, _)) => {
                    let code = text.strip_prefix(before).and_then(|rest| rest.get(..3));
                    let code = code.filter(|code| code.bytes().all(|b| b.is_ascii_digit()));
                    code.is_some_and(|code| message.replace(STATUS, code) == text)
                }
            },
        }
    }
}

impl Condition {
    fn claims(&self, text: &str) -> bool {
        let between = |before: &str, after: &str| {
            text.strip_prefix(before).is_some_and(|rest| rest.ends_with(after))
        };
        match self {
            Condition::Status(wanted) => {
                between("Got ", &format!(" instead of {}", alternatives(wanted)))
            }
            Condition::BodyContains(wanted) => {
                text == format!("Body does not contain '{}'", shown(wanted))
            }
            Condition::JsonExists(at) => {
                text == "Invalid JSON" || text == format!("No JSON value at {at}")
            }
            Condition::JsonEquals(at, wanted) => {
                let wanted = shown(&wanted.to_string());
                text == "Invalid JSON"
                    || text == format!("No JSON value at {at}")
                    || between(&format!("JSON value at {at} is "), &format!(" instead of {wanted}"))
            }
            Condition::Header(name, wanted) => {
                let differs = |wanted: &[u8]| {
                    let wanted = shown(&text_of(wanted));
                    between(&format!("Header {name} is '"), &format!("' instead of '{wanted}'"))
                };
                text == format!("Header {name} is missing")
                    || wanted.as_ref().is_some_and(|wanted| differs(wanted.as_bytes()))
            }
            Condition::MaxTime(_) => text.starts_with("Took longer than "),
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
            header(http::header::DATE),
            header_equals(SERVER, HeaderValue::from_static("a")),
            max_time(Duration::from_secs(1)),
            max_time(Duration::from_secs(1)).message("slow"),
        ];
        for check in &checks {
            let text = check.failure(&response).expect("it does not hold");
            assert!(check.claims(&text), "{text}");
            assert!(!check.claims(OTHERS), "{check:?}");
        }
        let invalid = ResponseView { body: b"<", ..response };
        for check in [json_exists("/b"), json_equals("/b", 2)] {
            assert!(check.claims(&check.failure(&invalid).unwrap()));
        }
        assert!(!status(200).claims("Got 503 instead of 204"));
        assert!(!status(200).message("a {status}").claims("a 50x"));
        assert!(!json_exists("/b").claims("No JSON value at /a"));
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
