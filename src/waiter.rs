//! Lets one task wait for a condition on its own core.

use std::cell::RefCell;
use std::task::{Poll, Waker};

/// A condition variable for one task. Code that may make the condition true calls [`wake`](Self::wake).
#[derive(Debug, Default)]
pub(crate) struct Waiter(RefCell<Option<Waker>>);

impl Waiter {
    /// Completes when the condition holds. It is evaluated at each wake-up.
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

    /// Wakes the task that waits, if there is one.
    pub(crate) fn wake(&self) {
        let waiter = self.0.take();
        waiter.into_iter().for_each(Waker::wake);
    }
}
