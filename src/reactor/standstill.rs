//! Times in which a core did nothing of what was due.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

/// From this length on a core counts as having stood still. Longer than any turn of a healthy core
/// and any time slice of the kernel's scheduler.
pub const STANDSTILL: Duration = Duration::from_millis(100);
/// The most that are kept until they are read: those of three seconds.
const KEPT_MAX: usize = 32;

/// A time in which a core did nothing of what was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standstill {
    /// When the core was to go on.
    pub from: Instant,
    /// When it did.
    pub to: Instant,
    /// A task was running at its beginning and did not let go of the core. Otherwise it was in the
    /// kernel and came back late.
    pub in_task: bool,
}

/// The standstills of a core, gathered.
#[derive(Debug, Default)]
pub(super) struct Standstills {
    since_taken: RefCell<Vec<Standstill>>,
    /// When the latest one was over.
    ended: Cell<Option<Instant>>,
}

impl Standstills {
    /// Records a standstill of the core.
    #[cold]
    pub(super) fn note(&self, from: Instant, to: Instant, in_task: bool) {
        self.ended.set(Some(to));
        let mut kept = self.since_taken.borrow_mut();
        if kept.len() < KEPT_MAX {
            kept.push(Standstill { from, to, in_task });
        }
    }

    pub(super) fn take(&self) -> Vec<Standstill> {
        self.since_taken.take()
    }

    pub(super) fn have_ended_since(&self, instant: Instant) -> bool {
        self.ended.get().is_some_and(|ended| ended >= instant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nobody_asks_for_them_they_do_not_gather_for_ever() {
        let (standstills, start) = (Standstills::default(), Instant::now());
        for n in 0..1000 {
            let from = start + n * STANDSTILL;
            standstills.note(from, from + STANDSTILL, false);
        }
        assert_eq!(standstills.take().len(), KEPT_MAX);
        assert_eq!(standstills.take(), []);
        let end = start + 1000 * STANDSTILL;
        assert!(standstills.have_ended_since(end));
        assert!(!standstills.have_ended_since(end + Duration::from_nanos(1)));
    }
}
