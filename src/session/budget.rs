//! How many requests or iterations a core may still begin, where their number is limited.

use std::cell::Cell;
use std::future::pending;

use crate::waiter::Waiter;

/// A core's share of the requests or iterations of a run.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    /// `None` where there is no limit.
    left: Cell<Option<u32>>,
    /// What was begun and has not ended, where there is a limit.
    in_flight: Cell<u32>,
    waiter: Waiter,
}

impl Budget {
    pub(crate) fn limit(&self, count: u32) {
        self.left.set(Some(count));
    }

    /// Takes one; `false` where none is left.
    pub(crate) fn try_take(&self) -> bool {
        let Some(left) = self.left.get() else { return true };
        let Some(left) = left.checked_sub(1) else { return false };
        self.left.set(Some(left));
        self.in_flight.set(self.in_flight.get() + 1);
        true
    }

    /// Takes one. Where none is left, the task that wants it goes no further: the run ends with the
    /// last of those that are on their way.
    pub(super) async fn take(&self) {
        if !self.try_take() {
            pending().await
        }
    }

    /// What was taken has ended.
    pub(crate) fn ended(&self) {
        if self.left.get().is_none() {
            return;
        }
        self.in_flight.set(self.in_flight.get() - 1);
        if self.is_spent() {
            self.waiter.wake();
        }
    }

    /// Completes when all have been taken and have ended, for one task at a time; never where there
    /// is no limit.
    pub(crate) async fn spent(&self) {
        self.waiter.until(|| self.is_spent()).await;
    }

    fn is_spent(&self) -> bool {
        self.left.get() == Some(0) && self.in_flight.get() == 0
    }
}
