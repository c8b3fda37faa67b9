//! Whole users on a line: their number at an instant, and when the next one starts or stops.
//!
//! Users start evenly. If the line rises from 0 at rate *r*, user 0 starts at once and user *k* at `k /
//! r`, so the count is `floor(value) + 1` until the target is reached. If it falls, the first user
//! stops at once and the count is `ceil(value) - 1` until the target is reached. Where it is constant,
//! the count is the value. So the count differs from the line by at most one user.
//!
//! The instants are exact: the count is the number of instants that have passed, not a value that
//! rounding may keep below a whole number.

use std::time::Duration;

use super::line::{Line, Piece, seconds};

/// Half of the finest unit of time, in seconds: instants are rounded to the nearest nanosecond.
const HALF_A_NANOSECOND: f64 = 0.5e-9;

/// The number of users on a line.
#[derive(Debug, Clone)]
pub(super) struct Staircase {
    line: Line,
}

impl Staircase {
    pub(super) fn new(line: Line) -> Self {
        Staircase { line }
    }

    /// Returns the value of the line, which may be between two numbers of users.
    pub(super) fn value_at(&self, elapsed: Duration) -> Option<f64> {
        self.line.value_at(elapsed)
    }

    pub(super) fn end(&self) -> Option<Duration> {
        self.line.end()
    }

    pub(super) fn count_at(&self, elapsed: Duration) -> Option<u32> {
        let index = self.line.index_at(elapsed)?;
        Some(Flight(&self.line.pieces()[index]).count_at(elapsed))
    }

    /// Returns the first instant after this one at which the count changes, or the end; `None` if there
    /// is none.
    pub(super) fn next_change(&self, elapsed: Duration) -> Option<Duration> {
        let index = self.line.index_at(elapsed)?;
        let (piece, later) = self.line.pieces()[index..].split_first()?;
        let now = Flight(piece).count_at(elapsed);
        let later = later.iter().find_map(|piece| match Flight(piece).count_at(piece.start) {
            count if count != now => Some(piece.start),
            _ => Flight(piece).next_step(piece.start),
        });
        Flight(piece).next_step(elapsed).or(later).or(self.line.end())
    }

    /// Returns the largest count before `until`, or ever.
    pub(super) fn peak(&self, until: Option<Duration>) -> u32 {
        let until = until.unwrap_or(Duration::MAX);
        let begun = self.line.pieces().iter().filter(|piece| piece.start < until);
        let counts = begun.flat_map(|piece| {
            let end = piece.end.unwrap_or(Duration::MAX).min(until);
            // Within a piece the count only rises or only falls.
            [piece.start, end - Duration::from_nanos(1)].map(|at| Flight(piece).count_at(at))
        });
        counts.max().unwrap_or(0)
    }

    /// Returns when all users of the line's first target are running.
    pub(super) fn full(&self) -> Option<Duration> {
        let arrival = self.line.arrival()?;
        let way = self.line.pieces().iter().find(|piece| piece.end == Some(arrival.at));
        // The last user starts before the line reaches the value for all of them.
        let way = way.filter(|way| way.to == arrival.value);
        let last_step = way.and_then(|way| Flight(way).last_step());
        Some(last_step.unwrap_or(arrival.at))
    }
}

/// The steps on one piece of the line.
#[derive(Debug, Clone, Copy)]
struct Flight<'a>(&'a Piece);

impl Flight<'_> {
    fn count_at(&self, elapsed: Duration) -> u32 {
        let steps = self.steps_until(elapsed) as f64;
        // `as` limits values to the range of the type.
        match self.0.slope {
            slope if slope > 0.0 => (self.0.from.floor() + steps).min(self.0.to.ceil()) as u32,
            slope if slope < 0.0 => (self.0.from.ceil() - steps).max(self.0.to.floor()) as u32,
            _ => self.0.from.round() as u32,
        }
    }

    /// Returns the next instant after this one at which a user starts or stops on this piece.
    fn next_step(&self, elapsed: Duration) -> Option<Duration> {
        let taken = self.steps_until(elapsed);
        let step = (taken < self.steps()).then(|| self.step(taken))?;
        self.0.end.is_none_or(|end| step < end).then_some(step)
    }

    fn last_step(&self) -> Option<Duration> {
        let steps = self.steps();
        (steps > 0).then(|| self.step(steps - 1))
    }

    /// Returns how many users start or stop on this piece, without one whose step is at its end.
    fn steps(&self) -> u64 {
        match self.0.slope {
            slope if slope > 0.0 => (self.0.to.ceil() - self.0.from.floor()) as u64,
            slope if slope < 0.0 => (self.0.from.ceil() - self.0.to.floor()) as u64,
            _ => 0,
        }
    }

    /// Returns the instant of step number `step`: number 0 is at the start, the others are where the
    /// line passes a whole number.
    fn step(&self, step: u64) -> Duration {
        if step == 0 {
            return self.0.start;
        }
        let way = step as f64 - self.begun();
        self.0.start.saturating_add(seconds(way / self.0.slope.abs()))
    }

    /// Returns the part of step number 0 that is before the piece.
    fn begun(&self) -> f64 {
        if self.0.slope > 0.0 {
            self.0.from - self.0.from.floor()
        } else {
            self.0.from.ceil() - self.0.from
        }
    }

    /// Returns how many steps have been taken at this instant, including those at it.
    fn steps_until(&self, elapsed: Duration) -> u64 {
        let steps = self.steps();
        if steps == 0 {
            return 0;
        }
        let time = elapsed.saturating_sub(self.0.start).as_secs_f64() + HALF_A_NANOSECOND;
        let passed = (time * self.0.slope.abs() + self.begun()) as u64;
        let mut taken = passed.saturating_add(1).min(steps);
        // Because of rounding it may be off by one in either direction.
        while taken < steps && self.step(taken) <= elapsed {
            taken += 1;
        }
        while taken > 1 && self.step(taken - 1) > elapsed {
            taken -= 1;
        }
        taken
    }
}
