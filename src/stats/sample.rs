//! One request's outcome, as the session hands it to the recorder.

use std::ops::AddAssign;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// What a table row is about: the HTTP method and the name requests are grouped by.
///
/// Rows are sorted by (name, method), as Locust sorts them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EntryKey {
    /// `GET`, `POST`, …; empty only for the aggregated row.
    pub method: String,
    /// The request's name: its path as written, or what the scenario calls it.
    pub name: String,
}

/// An entry's dense number on one core, from 0: what a request carries instead of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// The clocks of a request that a schedule wanted at a certain time, or that was wanted when it
    /// started. It was wanted no later than that.
    #[inline]
    pub fn new(intended: Option<Instant>, started: Instant, ended: Instant) -> Self {
        let intended = intended.map_or(started, |intended| intended.min(started));
        Clocks { intended, started, ended }
    }

    /// What a user would have felt: from the intended time to the end.
    pub fn latency(&self) -> Duration {
        self.ended.saturating_duration_since(self.intended)
    }

    /// What the server and the network took: from the start to the end.
    pub fn service_time(&self) -> Duration {
        self.ended.saturating_duration_since(self.started)
    }
}

/// Bytes on the wire: heads, bodies, chunk sizes and TLS records, of all exchanges of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WireBytes {
    /// Handed to the socket.
    pub sent: u64,
    /// Received from it.
    pub received: u64,
}

impl AddAssign for WireBytes {
    fn add_assign(&mut self, other: WireBytes) {
        let WireBytes { sent, received } = other;
        self.sent += sent;
        self.received += received;
    }
}

/// What happens on a sample's way and is no sample of its own.
///
/// So the requests that a server has seen are the samples that were sent, and the cancelled ones,
/// retries, redirects, challenges and those without their expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extra {
    /// The request was sent again, because its kept-alive connection turned out to be dead.
    Retry,
    /// A request was sent to follow a redirect.
    Redirect,
    /// The request was sent again with the answer to a 401.
    Challenge,
    /// The request was sent again without `Expect`, after a 417.
    WithoutExpect,
    /// A connection was made.
    Connection,
    /// A TLS handshake was made from the ground up.
    FullHandshake,
    /// A TLS handshake was made that resumed an earlier session.
    ResumedHandshake,
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
    /// Length of the response body in bytes: decoded where somebody looked at it, as transferred
    /// where nobody did.
    pub body_bytes: u64,
    /// Of the whole response that it ended with; `None` where none came.
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: Outcome<'a>,
}
