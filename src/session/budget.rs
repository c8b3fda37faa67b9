//! How many requests a core may still make, where their number is limited.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::task::{Poll, Waker};

/// A core's share of the requests of a run.
#[derive(Debug, Default)]
pub(super) struct Budget {
    /// `None` where there is no limit.
    left: Cell<Option<u32>>,
    /// Requests that were started and have not ended, where there is a limit.
    in_flight: Cell<u32>,
    waiter: RefCell<Option<Waker>>,
}

impl Budget {
    pub(super) fn limit(&self, requests: u32) {
        self.left.set(Some(requests));
    }

    /// Takes one request. Where none is left, the task that wants it goes no further: the run ends
    /// with the last of those that are on their way.
    pub(super) async fn take(&self) {
        let Some(left) = self.left.get() else { return };
        match left.checked_sub(1) {
            Some(left) => {
                self.left.set(Some(left));
                self.in_flight.set(self.in_flight.get() + 1);
            }
            None => pending().await,
        }
    }

    /// A request that was taken has ended.
    pub(super) fn ended(&self) {
        if self.left.get().is_none() {
            return;
        }
        self.in_flight.set(self.in_flight.get() - 1);
        if self.is_spent() {
            self.waiter.take().into_iter().for_each(Waker::wake);
        }
    }

    /// Completes when all have been made, for one task at a time; never where there is no limit.
    pub(super) async fn spent(&self) {
        std::future::poll_fn(|context| {
            if self.is_spent() {
                return Poll::Ready(());
            }
            let replaced = self.waiter.replace(Some(context.waker().clone()));
            drop(replaced);
            Poll::Pending
        })
        .await;
    }

    fn is_spent(&self) -> bool {
        self.left.get() == Some(0) && self.in_flight.get() == 0
    }
}
