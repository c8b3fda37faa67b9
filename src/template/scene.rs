//! What the values of expressions depend on.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use super::variables::Variables;

/// What an expression is evaluated with: one user, at one instant.
pub(crate) struct Scene<'v, 'r> {
    /// What the user remembers.
    pub(crate) variables: &'v Variables,
    /// The user's random numbers.
    pub(crate) rng: &'r mut fastrand::Rng,
    /// What its core has for all users.
    pub(crate) sources: &'r Sources,
    /// The user's number in the run, from 0.
    pub(crate) user: u64,
    /// The time since the Unix epoch.
    pub(crate) unix_time: Duration,
}

/// The counter and the nonces of a core.
#[derive(Debug)]
pub(crate) struct Sources {
    counter: Cell<i64>,
    /// How many cores count, each of them its own numbers.
    cores: i64,
    nonces: RefCell<fastrand::Rng>,
}

impl Sources {
    /// Makes those of one core of so many. `nonces` is the seed of what must never come again in a run or in
    /// another one, so it does not follow from the seed of the run.
    pub(crate) fn new(core: usize, cores: usize, nonces: u64) -> Self {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        Sources {
            counter: Cell::new(number(core) + 1),
            cores: number(cores).max(1),
            // An odd constant gives neighbouring cores seeds that are far apart.
            nonces: RefCell::new(fastrand::Rng::with_seed(
                nonces ^ (core as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            )),
        }
    }

    /// Returns the next number: from 1, each only once in the whole run, because each core has its own.
    pub(super) fn count(&self) -> i64 {
        self.counter.replace(self.counter.get().wrapping_add(self.cores))
    }

    /// Returns 128 bits that have not been before.
    pub(super) fn nonce(&self) -> u128 {
        self.nonces.borrow_mut().u128(..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_count_with_numbers_of_their_own() {
        let cores: Vec<Sources> = (0..3).map(|core| Sources::new(core, 3, 0)).collect();
        let mut all: Vec<i64> =
            cores.iter().flat_map(|core| [core.count(), core.count()]).collect();
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3, 4, 5, 6]);
    }
}
