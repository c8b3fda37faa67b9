//! Whose request it is: what an exchange needs of a user, and may change.

use std::cell::Cell;

use super::attempt::Attempt;
use super::received::Received;
use crate::session::identity::memory::Memory;

/// The user who makes a request. Whichever of its requests needs something of it takes that for a
/// moment: there may be several at the same time.
pub(in crate::session) struct Sender {
    /// The user's number in the whole run.
    pub(in crate::session) user: u64,
    pub(in crate::session) memory: Cell<Memory>,
    pub(in crate::session) rng: Cell<fastrand::Rng>,
}

impl Sender {
    /// Does something with what the user remembers.
    pub(in crate::session) fn remember<T>(&self, with: impl FnOnce(&mut Memory) -> T) -> T {
        let mut memory = self.memory.take();
        let done = with(&mut memory);
        self.memory.set(memory);
        done
    }

    /// The next of the user's random numbers.
    pub(in crate::session) fn random(&self) -> u64 {
        let mut rng = self.rng.replace(fastrand::Rng::with_seed(0));
        let random = rng.u64(..);
        self.rng.set(rng);
        random
    }

    /// Remembers what a response asks the user to.
    pub(in crate::session) fn learn(&self, attempt: &Attempt<'_>, received: &Received) {
        let request = attempt.request;
        let recipient = || request.recipient(attempt.context);
        if received.head.set_cookie && attempt.policy().cookies {
            let now = attempt.context.unix_time();
            self.remember(|memory| memory.keep_cookies(&recipient(), received.head_bytes(), now));
        }
        if request.credentials.is_some() {
            self.remember(|memory| memory.learn(&recipient(), received.head_bytes()));
        }
    }
}
