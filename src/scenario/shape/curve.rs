//! A load shape as one core follows it, and the core's share of the users.

use std::time::Duration;

use super::course::Course;
use super::line::Line;
use super::staircase::Staircase;

/// How many users a run wants at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UserTarget {
    /// The users of all cores.
    pub users: u32,
    /// The classes that users added now are of: an index into
    /// [`LoadShape::mixes`](super::LoadShape::mixes), where 0 is the scenario's own weights.
    pub mix: usize,
}

/// A load shape as one core follows it through a run.
///
/// It may remember what its shape's function said, so the time it is asked for must not fall; the
/// answer does not depend on which other instants it was asked for. All cores get the same answers.
///
/// A core that goes from change to change misses nothing, however late it is:
/// `while change <= now { follow(curve.at(change)); change = curve.next_change(change) }`.
#[derive(Debug, Clone)]
pub struct Curve {
    course: Course,
    /// The mix of each stage with the instant at which the stage ends.
    mixes: Vec<(Duration, usize)>,
    /// The end of the run, where it is known.
    limit: Option<Duration>,
    /// When the course began, from the start of the run.
    origin: Duration,
    /// How many users were wanted last.
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

    /// What is wanted at this instant, or none where the run is over.
    pub(crate) fn at(&mut self, elapsed: Duration) -> Option<UserTarget> {
        if self.limit.is_some_and(|limit| elapsed >= limit) {
            return None;
        }
        self.users = self.course.count_at(elapsed.saturating_sub(self.origin))?;
        Some(UserTarget { users: self.users, mix: self.mix_at(elapsed) })
    }

    /// The next instant at which the number of users can differ, or the run is over. None where
    /// nothing will change any more.
    ///
    /// Exact where users come and go on a line: nothing changes before, and something does then.
    /// A function may turn out to have nothing new to say.
    pub fn next_change(&mut self, elapsed: Duration) -> Option<Duration> {
        self.at(elapsed)?;
        let next = self.course.next_change(elapsed.saturating_sub(self.origin));
        next.map(|next| self.origin.saturating_add(next)).into_iter().chain(self.limit).min()
    }

    /// What follows from this instant on where somebody steers the run: from the users of that
    /// instant to so many others, who come or go at a rate, and then that many, of the scenario's
    /// own mix and until the run is stopped. Where the run was over, it goes on from the users who
    /// were wanted last.
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

/// How many of the run's first `users` users live on this core, where user *i* lives on core *i*
/// mod `cores`. There is at least one core.
///
/// Of all cores it is `users` in all, and as many as come or go in the run come or go on the cores.
pub(crate) fn share(users: u32, core: usize, cores: usize) -> u32 {
    let (core, cores) = (core as u64, cores as u64);
    let (each, rest) = (u64::from(users) / cores, u64::from(users) % cores);
    // No more than all of them.
    (each + u64::from(core < rest)) as u32
}
