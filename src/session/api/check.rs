//! What a response must satisfy to count as a success.
//!
//! A check that holds allocates nothing, with two exceptions: `serde_json` keeps a stack while it skips
//! nested values, and an array or object that is compared with is built. Failures are grouped by their
//! texts, so these contain nothing that varies from response to response (a measured time, a
//! position), and what a server sent is cut to [`SHOWN_CHARS`].

mod pattern;
mod words;

pub use pattern::{InvalidPattern, Pattern};

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde_json::Value;
use thiserror::Error;

use crate::credentials::hidden;
use crate::http1;
use crate::session::body::json::{self, InvalidJson, Pointer};
use crate::session::body::text;

/// How many characters of a value, sent or expected, a failure's text shows.
const SHOWN_CHARS: usize = 80;

/// One condition on a response, with the text its failure is recorded under.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Check {
    /// What must hold.
    pub condition: Condition,
    /// The failure's text in place of the condition's own; `{status}` stands for the status code.
    pub message: Option<String>,
}

/// A condition that a response can be checked for.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Condition {
    /// The status is in one of these ranges. Replaces the rule that 400 and above is a failure.
    Status(Vec<StatusRange>),
    /// The text of the decoded body contains this.
    BodyContains(String),
    /// The body is JSON and has a value at this JSON pointer (RFC 6901).
    JsonExists(Pointer),
    /// The body is JSON and has this value at this JSON pointer.
    JsonEquals(Pointer, Value),
    /// The body is JSON and has an array, an object or a text of this length at this JSON pointer: elements,
    /// members, characters.
    JsonLength(Pointer, usize),
    /// The text of the decoded body matches this regular expression.
    BodyMatches(Pattern),
    /// The header is present and, if a value is given, has exactly this value.
    Header(HeaderName, Option<HeaderValue>),
    /// The latency is at most this.
    MaxTime(Duration),
}

/// Status codes from `first` to `last`, both included: `200`, or `2xx` as 200 to 299.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRange {
    /// Lowest code.
    pub first: u16,
    /// Highest code.
    pub last: u16,
}

/// The error for a text that is not a status pattern.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("invalid status '{0}': valid patterns are 200, 2xx and 200-204, from 100 to 999")]
pub struct InvalidStatus(String);

/// The parts of a response that checks are applied to, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct ResponseView<'a> {
    /// The status code.
    pub status: u16,
    /// The head as received, from the status line to the last header line.
    pub head: &'a [u8],
    /// The decoded body.
    pub body: &'a [u8],
    /// Whether its head names a charset other than UTF-8.
    pub other_charset: bool,
    /// The time that [`Condition::MaxTime`] is compared with.
    pub latency: Duration,
}

/// Checks that the status is this one.
pub fn status(code: u16) -> Check {
    statuses([code])
}

/// Checks that the status is one of these codes or in one of these ranges.
pub fn statuses(ranges: impl IntoIterator<Item = impl Into<StatusRange>>) -> Check {
    Condition::Status(ranges.into_iter().map(Into::into).collect()).into()
}

/// Checks that the text of the decoded body contains this.
pub fn body_contains(text: impl Into<String>) -> Check {
    Condition::BodyContains(text.into()).into()
}

/// Checks that the body is JSON and has a value at this JSON pointer.
///
/// # Panics
///
/// Panics if the text is not a JSON pointer; [`Pointer::parse`] returns an error instead.
#[track_caller]
pub fn json_exists(pointer: &str) -> Check {
    Condition::JsonExists(parsed(pointer)).into()
}

/// Checks that the body is JSON and has this value at this JSON pointer. `1` and `1.0` are the same
/// value.
///
/// # Panics
///
/// Panics if the text is not a JSON pointer; [`Pointer::parse`] returns an error instead.
#[track_caller]
pub fn json_equals(pointer: &str, value: impl Into<Value>) -> Check {
    Condition::JsonEquals(parsed(pointer), value.into()).into()
}

/// Checks that the body is JSON and has an array, an object or a text of this length at this JSON pointer.
///
/// # Panics
///
/// Panics if the text is not a JSON pointer; [`Pointer::parse`] returns an error instead.
#[track_caller]
pub fn json_length(pointer: &str, length: usize) -> Check {
    Condition::JsonLength(parsed(pointer), length).into()
}

/// Checks that the text of the decoded body matches a regular expression.
///
/// # Panics
///
/// Panics if the text is not a regular expression; [`Pattern::new`] returns an error instead.
#[track_caller]
pub fn body_matches(pattern: &str) -> Check {
    match Pattern::new(pattern) {
        Ok(pattern) => Condition::BodyMatches(pattern).into(),
        Err(error) => panic!("{error}"),
    }
}

/// Checks that the header is present, whatever its value.
pub fn header(name: HeaderName) -> Check {
    Condition::Header(name, None).into()
}

/// Checks that the header is present with exactly this value.
pub fn header_equals(name: HeaderName, value: HeaderValue) -> Check {
    Condition::Header(name, Some(value)).into()
}

/// Checks that the latency is at most this.
pub fn max_time(limit: Duration) -> Check {
    Condition::MaxTime(limit).into()
}

/// Returns whether a check needs the body, which is otherwise not kept.
pub(crate) fn needs_body(checks: &[Check]) -> bool {
    checks.iter().any(|check| check.condition.needs_body())
}

/// Returns whether a check is on the status, in place of the rule that 400 and above is a failure.
pub(crate) fn has_status_check(checks: &[Check]) -> bool {
    checks.iter().any(|check| matches!(check.condition, Condition::Status(_)))
}

/// Returns the failure of the first check that does not hold.
pub fn first_failure<'a>(checks: &'a [Check], response: &ResponseView<'_>) -> Option<Cow<'a, str>> {
    checks.iter().find_map(|check| check.failure(response))
}

impl From<Condition> for Check {
    fn from(condition: Condition) -> Self {
        Check { condition, message: None }
    }
}

impl Check {
    /// Sets the failure's text; `{status}` stands for the status code.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(hidden(&message.into()).into_owned());
        self
    }

    /// Returns the text of the failure, or `None` if the check holds.
    pub fn failure(&self, response: &ResponseView<'_>) -> Option<Cow<'_, str>> {
        let failure = self.condition.failure(response)?;
        Some(self.text_of(failure, response.status))
    }

    /// Cold, so that its code stays out of the way of checks that hold.
    #[cold]
    fn text_of(&self, failure: Failure<'_>, status: u16) -> Cow<'_, str> {
        match &self.message {
            None => Cow::Owned(failure.to_string()),
            Some(message) if message.contains("{status}") => {
                Cow::Owned(message.replace("{status}", &status.to_string()))
            }
            Some(message) => Cow::Borrowed(message),
        }
    }
}

/// How a condition failed, with what its text needs. The text is made later.
enum Failure<'c> {
    Status { got: u16, wanted: &'c [StatusRange] },
    Body { wanted: &'c str },
    InvalidJson,
    NoValue(&'c Pointer),
    Length { at: &'c Pointer, got: usize, wanted: usize },
    NoLength(&'c Pointer),
    Match { wanted: &'c Pattern },
    Value { at: &'c Pointer, got: Value, wanted: &'c Value },
    NoHeader(&'c HeaderName),
    Header { name: &'c HeaderName, got: Vec<u8>, wanted: &'c HeaderValue },
    TooLong(Duration),
}

impl ResponseView<'_> {
    fn text(&self) -> Cow<'_, str> {
        text::text(self.head, self.body, self.other_charset)
    }
}

impl Condition {
    fn needs_body(&self) -> bool {
        match self {
            Condition::BodyContains(_)
            | Condition::BodyMatches(_)
            | Condition::JsonExists(_)
            | Condition::JsonEquals(..)
            | Condition::JsonLength(..) => true,
            Condition::Status(_) | Condition::Header(..) | Condition::MaxTime(_) => false,
        }
    }

    fn failure(&self, response: &ResponseView<'_>) -> Option<Failure<'_>> {
        match self {
            Condition::Status(wanted) => {
                let holds = wanted.iter().any(|range| range.contains(response.status));
                (!holds).then_some(Failure::Status { got: response.status, wanted })
            }
            Condition::BodyContains(wanted) => {
                (!response.text().contains(&**wanted)).then_some(Failure::Body { wanted })
            }
            Condition::JsonExists(at) => match json::exists(&response.text(), at) {
                Ok(true) => None,
                Ok(false) => Some(Failure::NoValue(at)),
                Err(InvalidJson) => Some(Failure::InvalidJson),
            },
            Condition::JsonEquals(at, wanted) => json_failure(&response.text(), at, wanted),
            Condition::JsonLength(at, wanted) => length_failure(&response.text(), at, *wanted),
            Condition::BodyMatches(wanted) => {
                (!wanted.is_match(&response.text())).then_some(Failure::Match { wanted })
            }
            Condition::Header(name, wanted) => header_failure(response.head, name, wanted.as_ref()),
            Condition::MaxTime(limit) => {
                (response.latency > *limit).then_some(Failure::TooLong(*limit))
            }
        }
    }
}

fn json_failure<'c>(body: &str, at: &'c Pointer, wanted: &'c Value) -> Option<Failure<'c>> {
    match json::equals(body, at, wanted) {
        Ok(true) => None,
        Err(InvalidJson) => Some(Failure::InvalidJson),
        // The text is parsed again to show the value: only failures pay for it.
        Ok(false) => Some(match json::find(body, at) {
            Ok(Some(got)) => Failure::Value { at, got, wanted },
            Ok(None) => Failure::NoValue(at),
            Err(InvalidJson) => Failure::InvalidJson,
        }),
    }
}

fn length_failure<'c>(body: &str, at: &'c Pointer, wanted: usize) -> Option<Failure<'c>> {
    let length = match json::find(body, at) {
        Err(InvalidJson) => return Some(Failure::InvalidJson),
        Ok(None) => return Some(Failure::NoValue(at)),
        Ok(Some(Value::Array(elements))) => elements.len(),
        Ok(Some(Value::Object(members))) => members.len(),
        Ok(Some(Value::String(text))) => text.chars().count(),
        Ok(Some(_)) => return Some(Failure::NoLength(at)),
    };
    (length != wanted).then_some(Failure::Length { at, got: length, wanted })
}

fn header_failure<'c>(
    head: &[u8],
    name: &'c HeaderName,
    wanted: Option<&'c HeaderValue>,
) -> Option<Failure<'c>> {
    let mut values = http1::headers(head)
        .filter(|(given, _)| given.eq_ignore_ascii_case(name.as_str()))
        .map(|(_, value)| value);
    let Some(first) = values.next() else { return Some(Failure::NoHeader(name)) };
    let wanted = wanted?;
    if is_same_text(first, wanted.as_bytes())
        || values.any(|value| is_same_text(value, wanted.as_bytes()))
    {
        return None;
    }
    Some(Failure::Header { name, got: first.to_vec(), wanted })
}

/// Returns whether two values are the same text, each in UTF-8, which servers write, or in Latin-1, as
/// header values once were (RFC 9110 section 5.5).
fn is_same_text(one: &[u8], other: &[u8]) -> bool {
    one == other || (!one.is_ascii() && !other.is_ascii() && text_of(one) == text_of(other))
}

/// Returns a header's value as text.
fn text_of(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(value.iter().copied().map(char::from).collect()),
    }
}

impl fmt::Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Status { got, wanted } => {
                write!(f, "Got {got} instead of {}", alternatives(wanted))
            }
            Failure::Body { wanted } => write!(f, "Body does not contain '{}'", shown(wanted)),
            Failure::InvalidJson => f.write_str("Invalid JSON"),
            Failure::NoValue(at) => write!(f, "No JSON value at {at}"),
            Failure::Length { at, got, wanted } => {
                write!(f, "JSON value at {at} has length {got} instead of {wanted}")
            }
            Failure::NoLength(at) => write!(f, "JSON value at {at} has no length"),
            Failure::Match { wanted } => write!(f, "Body does not match '{wanted}'"),
            Failure::Value { at, got, wanted } => {
                let (got, wanted) = (shown(&got.to_string()), shown(&wanted.to_string()));
                write!(f, "JSON value at {at} is {got} instead of {wanted}")
            }
            Failure::NoHeader(name) => write!(f, "Header {name} is missing"),
            Failure::Header { name, got, wanted } => {
                let (got, wanted) = (shown(&text_of(got)), shown(&text_of(wanted.as_bytes())));
                write!(f, "Header {name} is '{got}' instead of '{wanted}'")
            }
            Failure::TooLong(limit) => {
                write!(f, "Took longer than {} ms", limit.as_micros() as f64 / 1000.0)
            }
        }
    }
}

/// Returns the text without credentials, and cut so that it groups.
fn shown(text: &str) -> String {
    let text = &*hidden(text);
    match text.char_indices().nth(SHOWN_CHARS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// `200`, `200 or 304`, `2xx, 304 or 400-404`.
fn alternatives(ranges: &[StatusRange]) -> String {
    let mut texts: Vec<String> = ranges.iter().map(ToString::to_string).collect();
    match texts.pop() {
        None => "none".to_owned(),
        Some(last) if texts.is_empty() => last,
        Some(last) => format!("{} or {last}", texts.join(", ")),
    }
}

impl StatusRange {
    /// Returns whether the code is in the range.
    pub fn contains(&self, code: u16) -> bool {
        self.first <= code && code <= self.last
    }
}

impl From<u16> for StatusRange {
    fn from(code: u16) -> Self {
        StatusRange { first: code, last: code }
    }
}

impl From<RangeInclusive<u16>> for StatusRange {
    fn from(codes: RangeInclusive<u16>) -> Self {
        StatusRange { first: *codes.start(), last: *codes.end() }
    }
}

impl FromStr for StatusRange {
    type Err = InvalidStatus;

    /// Parses `200`, `2xx` or `200-204`.
    fn from_str(text: &str) -> Result<Self, InvalidStatus> {
        let code = |text: &str| -> Option<u16> {
            let is_code = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
            text.parse().ok().filter(|code| is_code && (100..=999).contains(code))
        };
        let range = match (text.as_bytes(), text.split_once('-')) {
            ([class @ b'1'..=b'9', b'x' | b'X', b'x' | b'X'], _) => {
                let first = u16::from(class - b'0') * 100;
                Some((first, first + 99))
            }
            (_, Some((first, last))) => code(first).zip(code(last)).filter(|(a, b)| a <= b),
            (_, None) => code(text).map(|code| (code, code)),
        };
        match range {
            Some((first, last)) => Ok(StatusRange { first, last }),
            None => Err(InvalidStatus(text.to_owned())),
        }
    }
}

impl fmt::Display for StatusRange {
    /// Writes the form that [`FromStr`] reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first, self.last) {
            (first, last) if first == last => write!(f, "{first}"),
            (first, last) if first % 100 == 0 && last == first.saturating_add(99) => {
                write!(f, "{}xx", first / 100)
            }
            (first, last) => write!(f, "{first}-{last}"),
        }
    }
}

#[track_caller]
fn parsed(pointer: &str) -> Pointer {
    match Pointer::parse(pointer) {
        Ok(pointer) => pointer,
        Err(error) => panic!("{error}"),
    }
}

#[cfg(test)]
mod tests;
