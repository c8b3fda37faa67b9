//! Numbers of users that a formula gives, or a function: looked at on a fixed grid of instants, so
//! that all cores see the same, and on every one of them, so that an end is not stepped over.

use std::time::Duration;

use super::function::ShapeFn;

/// A hundred looks per second: finer than anybody sees, and nothing beside the load.
const GRID: Duration = Duration::from_millis(10);

/// What a function has said so far.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    function: ShapeFn<f64>,
    /// The instant to look at next.
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

    /// The largest count before `until`.
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
            // What is no number of users is nobody, or as many as there can be.
            Some(users) => self.users = users.round() as u32,
            None => self.over = true,
        }
        self.next = self.next.saturating_add(GRID);
    }
}
