//! The user of a session, as far as exchanges need it.

use std::cell::Cell;

use super::attempt::Attempt;
use super::received::Received;
use crate::session::identity::client_state::ClientState;

/// The user of a session. Several requests may be in flight at the same time; each takes the parts out
/// of their cells for a moment and puts them back.
pub(in crate::session) struct SessionUser {
    /// The user's number in the whole run.
    pub(in crate::session) number: u64,
    pub(in crate::session) client_state: Cell<ClientState>,
    pub(in crate::session) rng: Cell<fastrand::Rng>,
}

impl SessionUser {
    /// Calls a function with the client state.
    pub(in crate::session) fn with_client_state<T>(
        &self,
        with: impl FnOnce(&mut ClientState) -> T,
    ) -> T {
        let mut client_state = self.client_state.take();
        let done = with(&mut client_state);
        self.client_state.set(client_state);
        done
    }

    /// Returns the next of the user's random numbers.
    pub(in crate::session) fn random(&self) -> u64 {
        let mut rng = self.rng.replace(fastrand::Rng::with_seed(0));
        let random = rng.u64(..);
        self.rng.set(rng);
        random
    }

    /// Updates the client state by a response.
    pub(in crate::session) fn update(&self, attempt: &Attempt<'_>, received: &Received) {
        let request = attempt.request;
        let recipient = || request.recipient(attempt.context);
        if received.head.set_cookie && attempt.policy().cookies {
            let now = attempt.context.unix_time();
            self.with_client_state(|state| {
                state.store_cookies(&recipient(), received.head_bytes(), now)
            });
        }
        if request.credentials.is_some() {
            self.with_client_state(|state| {
                state.update_digest(&recipient(), received.head_bytes())
            });
        }
    }
}
