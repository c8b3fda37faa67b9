//! How far one user has come on its way out, apart from the rest of its core.

use std::cell::Cell;
use std::rc::Rc;

use super::lifecycle::Phase;
use super::pinned::Pinned;

/// One user as those see it who may end it or give it work.
#[derive(Debug)]
pub(super) struct Life {
    phase: Cell<Phase>,
    /// The user's task on its core.
    task: u32,
}

impl Life {
    pub(super) fn new(task: u32) -> Rc<Self> {
        Rc::new(Life { phase: Cell::new(Phase::Running), task })
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// Goes on to a later phase and lets the user hear of it.
    pub(super) fn advance(&self, phase: Phase, pinned: &Pinned) {
        self.phase.set(phase.max(self.phase.get()));
        self.wake(pinned);
    }

    /// Has the user look at what has changed. One that has ended is not there to hear of it; whoever
    /// has its place by then looks for nothing.
    pub(super) fn wake(&self, pinned: &Pinned) {
        pinned.wake(self.task);
    }
}
