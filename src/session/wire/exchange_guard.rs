//! The end of an exchange: what becomes of its connection, and what is recorded of it.

use std::time::{Duration, Instant};

use super::attempt::Attempt;
use crate::session::connection::pool::Lent;
use crate::stats::WireBytes;
use crate::transport::Stream;

/// The connection and the metrics of an exchange. When it is dropped, the connection is given back to
/// its pool or closed, and the metrics are recorded, however the exchange ends.
pub(super) struct ExchangeGuard<'c> {
    connection: Lent<'c>,
    /// Whether the next request may use the connection.
    pub(super) reusable: bool,
    metrics: ExchangeMetrics<'c>,
}

/// The times and bytes of an exchange.
pub(super) struct ExchangeMetrics<'c> {
    attempt: &'c Attempt<'c>,
    /// The end of the latest phase.
    lap: Instant,
    first_byte: Option<Duration>,
    transfer: Option<Duration>,
    pub(super) wire: WireBytes,
}

impl<'c> ExchangeGuard<'c> {
    /// Starts an exchange on a connection that has been ready since `ready`.
    pub(super) fn new(attempt: &'c Attempt<'_>, connection: Lent<'c>, ready: Instant) -> Self {
        let wire = WireBytes::default();
        let metrics =
            ExchangeMetrics { attempt, lap: ready, first_byte: None, transfer: None, wire };
        ExchangeGuard { connection, reusable: false, metrics }
    }

    /// Returns the connection and the metrics.
    pub(super) fn parts(&mut self) -> (&mut Stream, &mut ExchangeMetrics<'c>) {
        (self.connection.stream(), &mut self.metrics)
    }
}

impl ExchangeMetrics<'_> {
    /// Notes that the final response has begun. Only the first call counts.
    pub(super) fn response_began(&mut self) {
        if self.first_byte.is_none() {
            self.first_byte = self.attempt.lap(&mut self.lap);
        }
    }

    /// Notes that the response is complete.
    pub(super) fn response_ended(&mut self) {
        self.transfer = self.attempt.lap(&mut self.lap);
    }
}

impl Drop for ExchangeGuard<'_> {
    fn drop(&mut self) {
        let ExchangeMetrics { attempt, first_byte, transfer, mut wire, .. } = self.metrics;
        if self.reusable {
            self.connection.keep();
        } else {
            wire.sent = wire.sent.saturating_sub(self.connection.close());
        }
        let mut recorder = attempt.context.recorder.borrow_mut();
        recorder.answered(attempt.outbound.entry, first_byte, transfer, wire);
    }
}
