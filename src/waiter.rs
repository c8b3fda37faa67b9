//! One task that waits until something on its own core is so.

use std::cell::RefCell;
use std::task::{Poll, Waker};

/// Where a task waits, one at a time. Whoever makes true what it waits for wakes it.
#[derive(Debug, Default)]
pub(crate) struct Waiter(RefCell<Option<Waker>>);

impl Waiter {
    /// Completes when it is so; looked at whenever the waiter is woken.
    pub(crate) async fn until(&self, is_so: impl Fn() -> bool) {
        std::future::poll_fn(|context| {
            if is_so() {
                return Poll::Ready(());
            }
            let replaced = self.0.replace(Some(context.waker().clone()));
            // Outside the borrow: a waker may be the last owner of a task.
            drop(replaced);
            Poll::Pending
        })
        .await;
    }

    /// Has whoever waits look again.
    pub(crate) fn wake(&self) {
        let waiter = self.0.take();
        waiter.into_iter().for_each(Waker::wake);
    }
}
