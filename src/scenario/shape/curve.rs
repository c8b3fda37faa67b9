//! A load shape as one core follows it, and the core's share of the users.

use std::time::Duration;

use super::course::Course;

/// How many users a run wants at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
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
    pub(super) course: Course,
    /// The mix of each stage with the instant at which the stage ends.
    pub(super) mixes: Vec<(Duration, usize)>,
    /// The end of the run, where it is known.
    pub(super) limit: Option<Duration>,
}

impl Curve {
    /// What is wanted at this instant, or none where the run is over.
    pub fn at(&mut self, elapsed: Duration) -> Option<Wanted> {
        if self.limit.is_some_and(|limit| elapsed >= limit) {
            return None;
        }
        let users = self.course.count_at(elapsed)?;
        Some(Wanted { users, mix: self.mix_at(elapsed) })
    }

    /// The next instant at which the number of users can differ, or the run is over. None where
    /// nothing will change any more.
    ///
    /// Exact where users come and go on a line: nothing changes before, and something does then.
    /// A function may turn out to have nothing new to say.
    pub fn next_change(&mut self, elapsed: Duration) -> Option<Duration> {
        self.at(elapsed)?;
        self.course.next_change(elapsed).into_iter().chain(self.limit).min()
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
pub fn share(users: u32, core: usize, cores: usize) -> u32 {
    let (core, cores) = (core as u64, cores as u64);
    let (each, rest) = (u64::from(users) / cores, u64::from(users) % cores);
    // No more than all of them.
    (each + u64::from(core < rest)) as u32
}
