//! How far a core's run has come, and the users that have to hear of it.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::task::{Poll, Waker};

/// The phases of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Users start and work.
    Running,
    /// No new users and no new tasks; waits end at once, tasks may finish.
    Stopping,
    /// Tasks are dropped where they are; `on_stop` runs.
    Killed,
    /// Whatever still runs is dropped.
    Over,
}

/// A core's phase and its users.
#[derive(Debug)]
pub(super) struct Lifecycle {
    phase: Cell<Phase>,
    /// One waker per user that was started, by the user's number on this core.
    users: RefCell<Vec<Option<Waker>>>,
    alive: Cell<usize>,
    /// Who waits for the last user to end.
    watcher: RefCell<Option<Waker>>,
}

impl Lifecycle {
    pub(super) fn new() -> Self {
        Lifecycle {
            phase: Cell::new(Phase::Running),
            users: RefCell::default(),
            alive: Cell::new(0),
            watcher: RefCell::default(),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// Goes on to a later phase and tells every user.
    pub(super) fn advance(&self, phase: Phase) {
        self.phase.set(phase.max(self.phase.get()));
        self.users.borrow().iter().flatten().for_each(Waker::wake_by_ref);
    }

    /// A user begins; gives it a number on this core.
    pub(super) fn begin(&self) -> usize {
        self.alive.set(self.alive.get() + 1);
        let mut users = self.users.borrow_mut();
        users.push(None);
        users.len() - 1
    }

    pub(super) fn end(&self, user: usize) {
        let waker = self.users.borrow_mut()[user].take();
        drop(waker);
        self.alive.set(self.alive.get() - 1);
        if self.alive.get() == 0
            && let Some(watcher) = self.watcher.take()
        {
            watcher.wake();
        }
    }

    /// Completes when everyone who began has ended.
    pub(super) async fn all_ended(&self) {
        std::future::poll_fn(|context| {
            if self.alive.get() == 0 {
                return Poll::Ready(());
            }
            self.watcher.replace(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    /// Runs a part of a user's life until `end` begins, then drops it.
    pub(super) async fn until<F: Future>(
        &self,
        end: Phase,
        user: usize,
        part: F,
    ) -> Option<F::Output> {
        let mut part = pin!(part);
        std::future::poll_fn(|context| {
            if self.phase.get() >= end {
                return Poll::Ready(None);
            }
            let polled = part.as_mut().poll(context).map(Some);
            if polled.is_pending() {
                self.listen(user, context.waker());
            }
            polled
        })
        .await
    }

    /// A user is one task for all of its life, so its waker is taken once.
    fn listen(&self, user: usize, waker: &Waker) {
        let slot = &mut self.users.borrow_mut()[user];
        if slot.is_none() {
            *slot = Some(waker.clone());
        }
    }
}
