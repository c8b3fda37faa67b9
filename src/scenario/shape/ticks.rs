//! Locust's `tick`: once per second of the run a function returns the number of users and how fast they
//! start or stop.
//!
//! The seconds are those of the run (0 s, 1 s, 2 s, …), not of a loop, so that all cores get the same
//! results. As in Locust a result counts if it differs from the one before; a ramp that has not ended
//! continues from its present number.

use std::time::Duration;

use super::function::ShapeFn;
use super::line::Line;
use super::staircase::Staircase;

const SECOND: Duration = Duration::from_secs(1);

/// The state after the results so far.
#[derive(Debug, Clone)]
pub(super) struct Ticks {
    function: ShapeFn<(u32, f64)>,
    /// The second of the next call.
    next: Duration,
    target: Option<(u32, f64)>,
    /// The start of the ramp to the target.
    anchor: Duration,
    /// The users of that ramp, by the time since its start.
    users: Staircase,
    over: bool,
}

impl Ticks {
    pub(super) fn new(function: ShapeFn<(u32, f64)>) -> Self {
        let users = Staircase::new(Line::constant(0.0));
        let (next, anchor) = (Duration::ZERO, Duration::ZERO);
        Ticks { function, next, target: None, anchor, users, over: false }
    }

    pub(super) fn count_at(&mut self, elapsed: Duration) -> Option<u32> {
        while self.next <= elapsed && !self.over {
            self.tick();
        }
        if self.over { None } else { self.users.count_at(elapsed.saturating_sub(self.anchor)) }
    }

    /// Returns the next instant at which a user starts or stops, or the next second.
    pub(super) fn next_change(&mut self, elapsed: Duration) -> Option<Duration> {
        self.count_at(elapsed)?;
        let step = self.users.next_change(elapsed.saturating_sub(self.anchor));
        let step = step.map_or(Duration::MAX, |step| self.anchor.saturating_add(step));
        Some(step.min(self.next))
    }

    /// Returns the largest count before `until`.
    pub(super) fn peak(mut self, until: Duration) -> u32 {
        let mut peak = 0;
        while self.next < until && !self.over {
            let second = self.next;
            let last = until.min(second + SECOND) - Duration::from_nanos(1);
            // Within a second the count only rises or only falls.
            peak =
                peak.max(self.count_at(second).unwrap_or(0)).max(self.count_at(last).unwrap_or(0));
        }
        peak
    }

    /// Returns when all users of a target are running for the first time, if that is before `until`.
    pub(super) fn full(mut self, until: Duration) -> Option<Duration> {
        while self.next < until && !self.over {
            self.tick();
            let full = self.users.full().map(|full| self.anchor.saturating_add(full));
            if let Some(full) = full.filter(|full| *full < self.next && !self.over) {
                return Some(full);
            }
        }
        None
    }

    fn tick(&mut self) {
        let now = self.next;
        self.next = now.saturating_add(SECOND);
        match self.function.call(now) {
            None => self.over = true,
            answer if answer == self.target => {}
            Some((users, spawn_rate)) => {
                let value = self.users.value_at(now - self.anchor).unwrap_or_default();
                let way = Line::starting_at(value).reach(f64::from(users), spawn_rate).forever();
                self.target = Some((users, spawn_rate));
                self.users = Staircase::new(way);
                self.anchor = now;
            }
        }
    }
}
