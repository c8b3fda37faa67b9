//! How far a core's run has come, and how many live in it.

use std::cell::Cell;
use std::pin::Pin;
use std::task::Poll;

use crate::waiter::Waiter;

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

/// A core's phase, and the number of those who live in it.
#[derive(Debug)]
pub(super) struct Lifecycle {
    phase: Cell<Phase>,
    alive: Cell<usize>,
    /// Who waits for the last user to end.
    watcher: Waiter,
}

impl Lifecycle {
    pub(super) fn new() -> Self {
        Lifecycle {
            phase: Cell::new(Phase::Running),
            alive: Cell::new(0),
            watcher: Waiter::default(),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// Goes on to a later phase. Whoever waits has to be woken to hear of it.
    pub(super) fn advance(&self, phase: Phase) {
        self.phase.set(phase.max(self.phase.get()));
    }

    /// A life begins.
    pub(super) fn begin(&self) {
        self.alive.set(self.alive.get() + 1);
    }

    /// A life ends.
    pub(super) fn end(&self) {
        self.alive.set(self.alive.get() - 1);
        if self.alive.get() == 0 {
            self.watcher.wake();
        }
    }

    /// Completes when everyone who began has ended.
    pub(super) async fn all_ended(&self) {
        self.watcher.until(|| self.alive.get() == 0).await;
    }

    /// Polls a part of a life until `end` begins. To be pinned by the caller.
    pub(super) fn until<F: Future + Unpin>(
        &self,
        end: Phase,
        part: F,
    ) -> impl Future<Output = Option<F::Output>> {
        until(|| self.phase(), end, part)
    }
}

/// Polls a part of a life until `end` begins by this clock of phases. To be pinned by the caller.
pub(super) fn until<F: Future + Unpin>(
    phase: impl Fn() -> Phase,
    end: Phase,
    mut part: F,
) -> impl Future<Output = Option<F::Output>> {
    std::future::poll_fn(move |context| {
        if phase() >= end {
            return Poll::Ready(None);
        }
        Pin::new(&mut part).poll(context).map(Some)
    })
}
