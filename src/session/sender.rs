//! Whose request it is: what an exchange needs of a user, and may change.

use super::exchange::Attempt;
use super::memory::Memory;
use super::response::Received;

/// The user who makes a request.
pub(super) struct Sender<'s> {
    pub(super) memory: &'s mut Memory,
    pub(super) rng: &'s mut fastrand::Rng,
}

impl Sender<'_> {
    /// Remembers what a response asks the user to.
    pub(super) fn learn(&mut self, attempt: &Attempt<'_>, received: &Received) {
        let envelope = attempt.message.envelope;
        if received.head.set_cookie && attempt.policy().cookies {
            let now = attempt.context.unix_time();
            self.memory.keep_cookies(envelope, received.head_bytes(), now);
        }
        if envelope.credentials.is_some() {
            self.memory.learn(envelope, received.head_bytes());
        }
    }
}
