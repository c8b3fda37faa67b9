//! A load shape as followed by one core.

use std::time::Duration;

use super::course::Course;
use super::line::Line;
use super::staircase::Staircase;

/// The number of users that a run asks for at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UserTarget {
    /// The number of users on all cores.
    pub users: u32,
    /// The classes of users that are added now, as an index into
    /// [`LoadShape::mixes`](super::LoadShape::mixes); 0 is the scenario's own weights.
    pub mix: usize,
}

/// A load shape as followed by one core through a run.
///
/// It may store results of the shape's function, so the time of calls must never decrease. The results
/// do not depend on the times of other calls, and are the same on all cores.
///
/// A core that goes from change to change misses nothing, even if it is late:
/// `while change <= now { follow(curve.at(change)); change = curve.next_change(change) }`.
#[derive(Debug, Clone)]
pub struct Curve {
    course: Course,
    /// The mix of each stage with the instant at which the stage ends.
    mixes: Vec<(Duration, usize)>,
    /// The end of the run, if it is known.
    limit: Option<Duration>,
    /// The start of the course, from the start of the run.
    origin: Duration,
    /// The latest number of users.
    users: u32,
}

impl Curve {
    pub(super) fn new(
        course: Course,
        mixes: Vec<(Duration, usize)>,
        limit: Option<Duration>,
    ) -> Self {
        Curve { course, mixes, limit, origin: Duration::ZERO, users: 0 }
    }

    /// Returns the target at this instant; `None` if the run is over.
    pub(crate) fn at(&mut self, elapsed: Duration) -> Option<UserTarget> {
        if self.limit.is_some_and(|limit| elapsed >= limit) {
            return None;
        }
        self.users = self.course.count_at(elapsed.saturating_sub(self.origin))?;
        Some(UserTarget { users: self.users, mix: self.mix_at(elapsed) })
    }

    /// Returns the next instant at which the number of users may change, or the run ends; `None` if
    /// nothing will change any more.
    ///
    /// It is exact for lines: nothing changes before it. A function may return the same value as
    /// before.
    pub fn next_change(&mut self, elapsed: Duration) -> Option<Duration> {
        self.at(elapsed)?;
        let next = self.course.next_change(elapsed.saturating_sub(self.origin));
        next.map(|next| self.origin.saturating_add(next)).into_iter().chain(self.limit).min()
    }

    /// Replaces the course from this instant on: from the users of that instant to this number, at this
    /// rate, and then constant until the run is stopped, with the scenario's own mix. If the run was
    /// over, it continues from the latest number of users.
    pub fn steer(&mut self, elapsed: Duration, users: u32, spawn_rate: f64) {
        let from = self.at(elapsed).map_or(self.users, |wanted| wanted.users);
        let line = Line::starting_at(f64::from(from)).reach(f64::from(users), spawn_rate);
        let course = Course::Line(Staircase::new(line.forever()));
        *self = Curve { origin: elapsed, ..Curve::new(course, Vec::new(), None) };
    }

    fn mix_at(&self, elapsed: Duration) -> usize {
        let stage = self.mixes.partition_point(|(end, _)| *end <= elapsed);
        self.mixes.get(stage).map_or(0, |(_, mix)| *mix)
    }
}
