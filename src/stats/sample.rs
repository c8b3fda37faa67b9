//! The outcome of one request, as the session gives it to the recorder.

use std::ops::AddAssign;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// What a table row stands for: the HTTP method, and the name that requests are grouped by.
///
/// Rows are sorted by (name, method), as Locust sorts them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EntryKey {
    /// `GET`, `POST`, …; empty only for the aggregated row.
    pub method: String,
    /// The request's name: its path as written, or what the scenario calls it.
    pub name: String,
}

/// The method of entries that are groups of requests, which are timed as a whole. They are no part of the
/// aggregated row.
pub const GROUP: &str = "GROUP";

impl EntryKey {
    /// Returns whether it is the entry of a group of requests.
    pub fn is_group(&self) -> bool {
        self.method == GROUP
    }
}

/// The number of an entry on one core, from 0 without gaps. A request carries it instead of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EntryId(pub u32);

/// The instants of one request. Its clock is never restarted: retries and redirects are inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// When the schedule intended the request to start; in a closed loop without a schedule the same as
    /// `started`.
    pub intended: Instant,
    /// When the task made the request.
    pub started: Instant,
    /// When the response was complete, or the failure was known.
    pub ended: Instant,
}

impl Clocks {
    /// Makes the clocks of a request with an intended time, or without one, when it was intended to
    /// start at `started`. The intended time must not be later than that.
    #[inline]
    pub fn new(intended: Option<Instant>, started: Instant, ended: Instant) -> Self {
        let intended = intended.map_or(started, |intended| intended.min(started));
        Clocks { intended, started, ended }
    }

    /// Returns the time from the intended start to the end: what a user would have felt.
    pub fn latency(&self) -> Duration {
        self.ended.saturating_duration_since(self.intended)
    }

    /// Returns the time from the start to the end: what the server and the network took.
    pub fn service_time(&self) -> Duration {
        self.ended.saturating_duration_since(self.started)
    }
}

/// Bytes on the wire: heads, bodies, chunk sizes and TLS records of all exchanges of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WireBytes {
    /// Bytes handed to the socket.
    pub sent: u64,
    /// Bytes received from it.
    pub received: u64,
}

impl AddAssign for WireBytes {
    fn add_assign(&mut self, other: WireBytes) {
        let WireBytes { sent, received } = other;
        self.sent += sent;
        self.received += received;
    }
}

/// An event of a sample that is not a sample itself.
///
/// The requests that a server has seen are the samples that were sent, plus cancelled ones, retries,
/// redirects, challenges, and those sent again without `Expect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extra {
    /// The request was sent again because its kept-alive connection was dead.
    Retry,
    /// A request was sent to follow a redirect.
    Redirect,
    /// The request was sent again with the credentials that a 401 asked for.
    Challenge,
    /// The request was sent again without `Expect`, after a 417.
    WithoutExpect,
    /// A connection was made.
    Connection,
    /// A full TLS handshake was made.
    FullHandshake,
    /// A TLS handshake resumed an earlier session.
    ResumedHandshake,
}

/// How a request ended. The failures table groups failures by their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// The response came and all checks hold.
    Success,
    /// There was no response, or it is not what the scenario asked for; with the reason.
    Failure(&'a str),
}

/// One finished request. Every started request becomes exactly one sample, or is counted as cancelled.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// The entry it belongs to.
    pub entry: EntryId,
    /// Its instants.
    pub clocks: Clocks,
    /// Length of the response body in bytes: decoded if the body was read, as transferred otherwise.
    pub body_bytes: u64,
    /// The status of the final response; `None` if there was none.
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: Outcome<'a>,
}
