//! An event that happens once on a core, with one waiting task.

use std::cell::Cell;

use crate::waiter::Waiter;

/// An event that happens once.
#[derive(Debug, Default)]
pub(super) struct Event {
    happened: Cell<bool>,
    waiter: Waiter,
}

impl Event {
    /// Marks it as happened and wakes the waiting task.
    pub(super) fn happen(&self) {
        self.happened.set(true);
        self.waiter.wake();
    }

    /// Completes when it has happened. For one task at a time.
    pub(super) async fn happened(&self) {
        self.waiter.until(|| self.happened.get()).await;
    }
}
