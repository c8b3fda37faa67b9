//! The deadlines of an exchange.

use std::time::{Duration, Instant};

use super::super::attempt::Attempt;
use super::incoming_response::IncomingResponse;
use crate::session::failure::{Failure, RequestPhase};

/// How long a body waits for `100 Continue`, as in curl. A server that does not know the expectation
/// never sends it (RFC 9110 section 10.1.1).
const CONTINUE_MAX: Duration = Duration::from_secs(1);

/// How long a request waits for the first byte, and its body for `100 Continue`.
pub(super) struct Deadlines {
    first_byte: Option<Duration>,
    first_by: Instant,
    /// Until when the body waits for `100 Continue`; `None` if it does not wait, or no longer.
    continue_by: Option<Instant>,
}

impl Deadlines {
    /// Makes the deadlines of a request whose connection has been ready since `ready`.
    pub(super) fn new(attempt: &Attempt<'_>, ready: Instant) -> Self {
        let first_byte = attempt.policy().timeouts.first_byte;
        let first_by = attempt.deadline(ready, first_byte);
        let until = || ready + CONTINUE_MAX.min((first_by - ready) / 2);
        let continue_by = attempt.request.waits_for_continue().then(until);
        Deadlines { first_byte, first_by, continue_by }
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
        if response.has_begun() { attempt.deadline } else { self.first_by }
    }

    /// Handles the end of the next deadline. If only the body has waited, the exchange goes on.
    ///
    /// # Errors
    ///
    /// Returns the timeout of the first byte or of the whole request.
    #[cold]
    pub(super) fn expired(
        &self,
        attempt: &Attempt<'_>,
        response: &IncomingResponse,
    ) -> Result<(), Failure> {
        if self.body_deadline(response).is_some() {
            return Ok(());
        }
        let at = if response.has_begun() { response.phase() } else { RequestPhase::FirstByte };
        Err(attempt.timed_out(at, self.response_deadline(attempt, response), self.first_byte))
    }
}
