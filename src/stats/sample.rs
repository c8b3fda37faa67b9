//! One request's outcome, as the session hands it to the recorder.

use std::time::{Duration, Instant};

/// What a table row is about: the HTTP method and the name requests are grouped by.
///
/// Rows are sorted by (name, method), as Locust sorts them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntryKey {
    /// `GET`, `POST`, …; empty only for the aggregated row.
    pub method: String,
    /// The request's name: its path as written, or what the scenario calls it.
    pub name: String,
}

/// An entry's dense number on one core, from 0: what a request carries instead of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub u32);

/// The instants of one request. No clock is ever restarted: a retry or a redirect stays inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// When the schedule wanted the request; in a plain closed loop the same as `started`.
    pub intended: Instant,
    /// When the task asked for it.
    pub started: Instant,
    /// When the whole response had been seen, or the failure was known.
    pub ended: Instant,
}

impl Clocks {
    /// What a user would have felt: from the intended time to the end.
    pub fn latency(&self) -> Duration {
        self.ended.saturating_duration_since(self.intended)
    }

    /// What the server and the network took: from the start to the end.
    pub fn service_time(&self) -> Duration {
        self.ended.saturating_duration_since(self.started)
    }
}

/// How a request ended. The text of a failure is what the failures table groups by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// The response came and every check held.
    Success,
    /// No response, or one that is not what the scenario asked for; says why.
    Failure(&'a str),
}

/// One finished request. Every request that was started gives exactly one of these, or is counted
/// as cancelled.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// The row it belongs to.
    pub entry: EntryId,
    /// Its instants.
    pub clocks: Clocks,
    /// Length of the response body in bytes, after decoding.
    pub body_bytes: u64,
    /// How it ended.
    pub outcome: Outcome<'a>,
}
