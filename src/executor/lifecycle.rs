//! The phase of a core's run, and the number of its users and other tasks that keep it going.

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

/// A core's phase, and the number of tasks that keep it alive.
#[derive(Debug)]
pub(super) struct Lifecycle {
    phase: Cell<Phase>,
    alive: Cell<usize>,
    /// Waits for the last of them to end.
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

    /// Moves on to a later phase. Tasks that wait must be woken to notice it.
    pub(super) fn advance(&self, phase: Phase) {
        self.phase.set(phase.max(self.phase.get()));
    }

    /// Counts one more task.
    pub(super) fn begin(&self) {
        self.alive.set(self.alive.get() + 1);
    }

    /// Counts one task less.
    pub(super) fn end(&self) {
        self.alive.set(self.alive.get() - 1);
        if self.alive.get() == 0 {
            self.watcher.wake();
        }
    }

    /// Completes when all counted tasks have ended.
    pub(super) async fn all_ended(&self) {
        self.watcher.until(|| self.alive.get() == 0).await;
    }

    /// Polls a future until the phase `end` begins. The caller pins it.
    pub(super) fn until<F: Future + Unpin>(
        &self,
        end: Phase,
        part: F,
    ) -> impl Future<Output = Option<F::Output>> {
        until(|| self.phase(), end, part)
    }
}

/// Polls a future until this phase is `end` or later. The caller pins it.
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
