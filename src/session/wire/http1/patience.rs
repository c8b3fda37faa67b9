//! How long a request waits for what comes next.

use std::time::{Duration, Instant};

use super::super::attempt::Attempt;
use super::answer::Answer;
use crate::session::failure::{Failure, Stage};

/// How long a body waits for `100 Continue`: curl's time. A server that knows nothing of it never
/// says so (RFC 9110 section 10.1.1).
const CONTINUE_MAX: Duration = Duration::from_secs(1);

/// How long a request waits: for the first byte, and with its body for `100 Continue`.
pub(super) struct Patience {
    first_byte: Option<Duration>,
    first_by: Instant,
    /// How long the body waits to be asked for, as long as it does.
    continue_by: Option<Instant>,
}

impl Patience {
    /// That of a request whose connection is ready since then.
    pub(super) fn new(attempt: &Attempt<'_>, ready: Instant) -> Self {
        let first_byte = attempt.policy().timeouts.first_byte;
        let first_by = attempt.deadline(ready, first_byte);
        let until = || ready + CONTINUE_MAX.min((first_by - ready) / 2);
        let continue_by = attempt.request.waits_to_be_asked().then(until);
        Patience { first_byte, first_by, continue_by }
    }

    /// Whether the body is to be sent that was kept back until now.
    pub(super) fn lets_body_go(&mut self, attempt: &Attempt<'_>, answer: &Answer) -> bool {
        let Some(by) = self.body_waits(answer) else { return false };
        let now = attempt.context.reactor.now();
        let goes = answer.asks_for_body() || now >= by;
        if goes {
            self.continue_by = None;
            // The server's time begins anew: it has waited for us.
            self.first_by = attempt.deadline(now, self.first_byte);
        }
        goes
    }

    /// Until when the body waits. After a final status it is never sent.
    fn body_waits(&self, answer: &Answer) -> Option<Instant> {
        self.continue_by.filter(|_| !answer.has_head())
    }

    /// Whether no body is kept back any more.
    pub(super) fn has_let_body_go(&self) -> bool {
        self.continue_by.is_none()
    }

    /// Until when it waits for what comes next.
    pub(super) fn ends(&self, attempt: &Attempt<'_>, answer: &Answer) -> Instant {
        self.body_waits(answer).unwrap_or_else(|| self.answer_by(attempt, answer))
    }

    fn answer_by(&self, attempt: &Attempt<'_>, answer: &Answer) -> Instant {
        if answer.has_begun() { attempt.deadline } else { self.first_by }
    }

    /// That time has come. Where only the body has waited, it goes on.
    ///
    /// # Errors
    ///
    /// The time for the first byte is over, or that of the whole request.
    #[cold]
    pub(super) fn is_over(&self, attempt: &Attempt<'_>, answer: &Answer) -> Result<(), Failure> {
        if self.body_waits(answer).is_some() {
            return Ok(());
        }
        let at = if answer.has_begun() { answer.stage() } else { Stage::FirstByte };
        Err(attempt.timed_out(at, self.answer_by(attempt, answer), self.first_byte))
    }
}
