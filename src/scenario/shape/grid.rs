//! Numbers of users from a formula or a function, evaluated on a fixed grid of instants, so that all
//! cores get the same results, and at every one of them, so that an end is not missed.

use std::time::Duration;

use super::function::ShapeFn;

/// A hundred evaluations per second: finer than visible, and cheap compared with the load.
const GRID: Duration = Duration::from_millis(10);

/// The results of a function so far.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    function: ShapeFn<f64>,
    /// The instant of the next evaluation.
    next: Duration,
    users: u32,
    over: bool,
}

impl Grid {
    pub(super) fn new(function: ShapeFn<f64>) -> Self {
        Grid { function, next: Duration::ZERO, users: 0, over: false }
    }

    pub(super) fn count_at(&mut self, elapsed: Duration) -> Option<u32> {
        while self.next <= elapsed && !self.over {
            self.look();
        }
        if self.over { None } else { Some(self.users) }
    }

    pub(super) fn next_change(&mut self, elapsed: Duration) -> Option<Duration> {
        self.count_at(elapsed).map(|_| self.next)
    }

    /// Returns the largest number before `until`.
    pub(super) fn peak(mut self, until: Duration) -> u32 {
        let mut peak = 0;
        while self.next < until && !self.over {
            self.look();
            peak = peak.max(self.users);
        }
        peak
    }

    fn look(&mut self) {
        match self.function.call(self.next) {
            // A value that is not a number of users is limited to the nearest one.
            Some(users) => self.users = users.round() as u32,
            None => self.over = true,
        }
        self.next = self.next.saturating_add(GRID);
    }
}
