//! A request on its connection, and what it takes there.

use std::time::{Duration, Instant};

use super::attempt::Attempt;
use crate::session::connection::pool::Lent;
use crate::stats::WireBytes;
use crate::transport::Stream;

/// A request on its connection. However that ends, the connection goes back to where it was lent from,
/// or is closed, and what the exchange took is counted.
pub(super) struct Carried<'c> {
    connection: Lent<'c>,
    /// Whether the connection is for the next request, too.
    pub(super) keeps: bool,
    tally: Tally<'c>,
}

/// What an exchange takes over its connection.
pub(super) struct Tally<'c> {
    attempt: &'c Attempt<'c>,
    /// When the latest part of it ended.
    lap: Instant,
    first_byte: Option<Duration>,
    transfer: Option<Duration>,
    pub(super) wire: WireBytes,
}

impl<'c> Carried<'c> {
    /// The request of this attempt, on a connection that is ready since then.
    pub(super) fn new(attempt: &'c Attempt<'_>, connection: Lent<'c>, ready: Instant) -> Self {
        let wire = WireBytes::default();
        let tally = Tally { attempt, lap: ready, first_byte: None, transfer: None, wire };
        Carried { connection, keeps: false, tally }
    }

    /// Both the connection and what is counted of it.
    pub(super) fn parts(&mut self) -> (&mut Stream, &mut Tally<'c>) {
        (self.connection.stream(), &mut self.tally)
    }
}

impl Tally<'_> {
    /// The final response has begun; said once or more often.
    pub(super) fn has_begun(&mut self) {
        if self.first_byte.is_none() {
            self.first_byte = self.attempt.lap(&mut self.lap);
        }
    }

    /// The response is whole.
    pub(super) fn is_whole(&mut self) {
        self.transfer = self.attempt.lap(&mut self.lap);
    }
}

impl Drop for Carried<'_> {
    fn drop(&mut self) {
        let Tally { attempt, first_byte, transfer, mut wire, .. } = self.tally;
        if self.keeps {
            self.connection.keep();
        } else {
            wire.sent = wire.sent.saturating_sub(self.connection.close());
        }
        let mut recorder = attempt.context.recorder.borrow_mut();
        recorder.answered(attempt.outbound.entry, first_byte, transfer, wire);
    }
}
