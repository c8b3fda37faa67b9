//! What a response must satisfy to count as a success.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

/// One condition on a response, with the text its failure is recorded under.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What must hold.
    pub condition: Condition,
    /// The failure's text in place of the condition's own; `{status}` stands for the status code.
    pub message: Option<String>,
}

/// What can be asked of a response.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// The status is in one of these ranges. Replaces the rule that 400 and above is a failure.
    Status(Vec<StatusRange>),
    /// The decoded body contains this text.
    BodyContains(String),
    /// The body is JSON and something stands at this JSON pointer (RFC 6901).
    JsonExists(String),
    /// The body is JSON and this value stands at this JSON pointer.
    JsonEquals(String, serde_json::Value),
    /// The header is there and, where a value is given, has exactly this value.
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
