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

/// What the seed of the generator that stands in for another one differs by.
const STAND_IN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Calls a function with the generator of a cell. Meanwhile, and from then on if the function panics, the
/// cell has another generator, which is as much the user's own: its seed comes from this one's.
pub(in crate::session) fn with_rng<T>(
    cell: &Cell<fastrand::Rng>,
    draw: impl FnOnce(&mut fastrand::Rng) -> T,
) -> T {
    let mut rng = cell.replace(fastrand::Rng::with_seed(0));
    cell.set(fastrand::Rng::with_seed(rng.get_seed() ^ STAND_IN));
    let drawn = draw(&mut rng);
    cell.set(rng);
    drawn
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
        with_rng(&self.rng, |rng| rng.u64(..))
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

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn users_keep_numbers_of_their_own_after_a_panic_and_inside_of_a_draw() {
        let cells = [1, 2].map(|seed| Cell::new(fastrand::Rng::with_seed(seed)));
        let mut expected = fastrand::Rng::with_seed(1);
        assert_eq!(with_rng(&cells[0], |rng| rng.u64(..)), expected.u64(..));
        let inner = cells
            .each_ref()
            .map(|cell| with_rng(cell, |_| [(); 2].map(|()| with_rng(cell, |rng| rng.u64(..)))));
        assert!(inner[0] != inner[1] && inner[0][0] != inner[0][1], "{inner:?}");
        assert_eq!(with_rng(&cells[0], |rng| rng.u64(..)), expected.u64(..));
        let after = cells.each_ref().map(|cell| {
            let empty = 5..5;
            let panics = || with_rng(cell, |rng| rng.u32(empty));
            assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
            with_rng(cell, |rng| rng.u64(..))
        });
        assert_ne!(after[0], after[1]);
    }
}
