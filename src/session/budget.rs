//! The limit on the number of requests or iterations of a run.

use std::cell::Cell;
use std::future::pending;

use crate::waiter::Waiter;

/// A core's share of the requests or iterations of a run.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    /// How many may still be started; `None` if there is no limit.
    left: Cell<Option<u32>>,
    /// How many have started and not ended. Only counted if there is a limit.
    in_flight: Cell<u32>,
    waiter: Waiter,
}

impl Budget {
    pub(crate) fn limit(&self, count: u32) {
        self.left.set(Some(count));
    }

    /// Takes one. Returns `false` if none is left.
    pub(crate) fn try_take(&self) -> bool {
        let Some(left) = self.left.get() else { return true };
        let Some(left) = left.checked_sub(1) else { return false };
        self.left.set(Some(left));
        self.in_flight.set(self.in_flight.get() + 1);
        true
    }

    /// Takes one. If none is left, this never completes: the run ends when the last request in flight
    /// has ended.
    pub(super) async fn take(&self) {
        if !self.try_take() {
            pending().await
        }
    }

    /// Notes that one of those that were taken has ended.
    pub(crate) fn ended(&self) {
        if self.left.get().is_none() {
            return;
        }
        self.in_flight.set(self.in_flight.get() - 1);
        if self.is_spent() {
            self.waiter.wake();
        }
    }

    /// Completes when all have been taken and have ended; never if there is no limit. Only one task may
    /// wait at a time.
    pub(crate) async fn spent(&self) {
        self.waiter.until(|| self.is_spent()).await;
    }

    fn is_spent(&self) -> bool {
        self.left.get() == Some(0) && self.in_flight.get() == 0
    }
}
