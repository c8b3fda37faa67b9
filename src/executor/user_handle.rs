//! A handle of one user: its phase, apart from that of its core, and how to wake it.

use std::cell::Cell;
use std::rc::Rc;

use super::lifecycle::Phase;
use super::pinned::Pinned;

/// Wakes and stops one user.
#[derive(Debug)]
pub(super) struct UserHandle {
    phase: Cell<Phase>,
    /// The user's task on its core.
    task: u32,
}

impl UserHandle {
    pub(super) fn new(task: u32) -> Rc<Self> {
        Rc::new(UserHandle { phase: Cell::new(Phase::Running), task })
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// Moves the user on to a later phase and wakes it.
    pub(super) fn advance(&self, phase: Phase, pinned: &Pinned) {
        self.phase.set(phase.max(self.phase.get()));
        self.wake(pinned);
    }

    /// Wakes the user. One that has ended may have been replaced by another task, which is then woken
    /// in vain.
    pub(super) fn wake(&self, pinned: &Pinned) {
        pinned.wake(self.task);
    }
}
