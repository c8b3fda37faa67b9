//! Something that happens once on a core, and who waits for it.

use std::cell::Cell;

use crate::waiter::Waiter;

/// Has not happened yet, or has.
#[derive(Debug, Default)]
pub(super) struct Event {
    happened: Cell<bool>,
    waiter: Waiter,
}

impl Event {
    /// It happens now, if it has not yet.
    pub(super) fn happen(&self) {
        self.happened.set(true);
        self.waiter.wake();
    }

    /// Completes when it has happened. For one task at a time.
    pub(super) async fn happened(&self) {
        self.waiter.until(|| self.happened.get()).await;
    }
}
