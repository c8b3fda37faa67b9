//! Something that happens once on a core, and who waits for it.

use std::cell::{Cell, RefCell};
use std::task::{Poll, Waker};

/// Has not happened yet, or has.
#[derive(Debug, Default)]
pub(super) struct Event {
    happened: Cell<bool>,
    waiter: RefCell<Option<Waker>>,
}

impl Event {
    /// It happens now, if it has not yet.
    pub(super) fn happen(&self) {
        self.happened.set(true);
        let waiter = self.waiter.take();
        waiter.into_iter().for_each(Waker::wake);
    }

    /// Completes when it has happened. For one task at a time.
    pub(super) async fn happened(&self) {
        std::future::poll_fn(|context| {
            if self.happened.get() {
                return Poll::Ready(());
            }
            let replaced = self.waiter.replace(Some(context.waker().clone()));
            drop(replaced);
            Poll::Pending
        })
        .await;
    }
}
