//! The deadlines of an exchange.

use std::time::{Duration, Instant};

use super::super::attempt::Attempt;
use super::incoming_response::IncomingResponse;
use crate::session::failure::{Failure, RequestPhase};
use crate::session::request::policy::Timeouts;

/// How long a body waits for `100 Continue`, as in curl. A server that does not know the expectation
/// never sends it (RFC 9110 section 10.1.1).
const CONTINUE_MAX: Duration = Duration::from_secs(1);

/// How long a request waits for the first byte and for each further one, and its body for `100 Continue`.
pub(super) struct Deadlines {
    first_byte: Option<Duration>,
    read: Option<Duration>,
    /// When the connection was ready, or the last piece of the response came.
    heard: Instant,
    first_by: Instant,
    /// Until when the body waits for `100 Continue`; `None` if it does not wait, or no longer.
    continue_by: Option<Instant>,
}

impl Deadlines {
    /// Makes the deadlines of a request whose connection has been ready since `ready`.
    pub(super) fn new(attempt: &Attempt<'_>, ready: Instant) -> Self {
        let Timeouts { first_byte, read, .. } = attempt.outbound.settings.timeouts;
        let first_byte = first_byte.into_iter().chain(read).min();
        let first_by = attempt.deadline(ready, first_byte);
        let until = || ready + CONTINUE_MAX.min((first_by - ready) / 2);
        let continue_by = attempt.request.waits_for_continue().then(until);
        Deadlines { first_byte, read, heard: ready, first_by, continue_by }
    }

    /// Notes that a piece of the response has come, and not the last one.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// Returns `true` once: when the body that has waited is to be sent.
    pub(super) fn releases_body(
        &mut self,
        attempt: &Attempt<'_>,
        response: &IncomingResponse,
    ) -> bool {
        let Some(by) = self.body_deadline(response) else { return false };
        let now = attempt.context.reactor.now();
        let is_due = response.asks_for_body() || now >= by;
        if is_due {
            self.continue_by = None;
            // The server has waited for the body, so its time starts again.
            self.first_by = attempt.deadline(now, self.first_byte);
        }
        is_due
    }

    /// Returns until when the body waits. After a final status it is never sent.
    fn body_deadline(&self, response: &IncomingResponse) -> Option<Instant> {
        self.continue_by.filter(|_| !response.has_head())
    }

    /// Returns whether no body waits.
    pub(super) fn has_released_body(&self) -> bool {
        self.continue_by.is_none()
    }

    /// Returns the next deadline.
    pub(super) fn next(&self, attempt: &Attempt<'_>, response: &IncomingResponse) -> Instant {
        self.body_deadline(response).unwrap_or_else(|| self.response_deadline(attempt, response))
    }

    fn response_deadline(&self, attempt: &Attempt<'_>, response: &IncomingResponse) -> Instant {
        if response.has_begun() { attempt.deadline(self.heard, self.read) } else { self.first_by }
    }

    /// Handles the end of the next deadline. If only the body has waited, the exchange goes on.
    ///
    /// # Errors
    ///
    /// Returns the timeout of the first byte, of the next one, or of the whole request.
    #[cold]
    pub(super) fn expired(
        &self,
        attempt: &Attempt<'_>,
        response: &IncomingResponse,
    ) -> Result<(), Failure> {
        if self.body_deadline(response).is_some() {
            return Ok(());
        }
        let (at, limit) = match response.has_begun() {
            true => (response.phase(), self.read),
            false => (RequestPhase::FirstByte, self.first_byte),
        };
        Err(attempt.timed_out(at, self.response_deadline(attempt, response), limit))
    }
}
