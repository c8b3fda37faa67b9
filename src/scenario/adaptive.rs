//! Loads that look at the run: a function that is shown every second of it and says how to go on.

use std::fmt;
use std::sync::{Arc, Mutex};

use crate::stats::Snapshot;

/// How a run is to go on.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Adaptation {
    /// As it does.
    Continue,
    /// With so many users.
    Users {
        /// How many users there are to be.
        users: u32,
        /// Users started or stopped per second until there are that many.
        spawn_rate: f64,
    },
    /// With so many iterations per second, where the load is a rate.
    Rate(f64),
    /// Not at all: the run ends, as it does at the end of its time.
    Stop,
}

/// A load that looks at the run.
///
/// The run begins as the scenario says without it, with one user by default. The function is then
/// shown the state of the run, first at once and then after every second, and what it answers takes
/// the place of everything before. The same answer again changes nothing.
///
/// It runs on the thread of the reports, after them: one that takes long delays what is told of the
/// run, and neither the load nor what is counted. One that panics, or asks for users where the load
/// is a rate or the reverse, ends the run with an error, after all reports are written.
///
/// Two are equal when they are the same one, and a clone is: what the function remembers, it goes on
/// remembering in a second run. How many users it comes to nobody knows beforehand, so what they
/// take of the machine is not checked before the start.
///
/// A climb of 10 users every 15 seconds, which ends when the last ten seconds break a level:
///
/// ```
/// use gregaria::scenario::{Adaptation, Scenario, Step, User};
/// use gregaria::stats::Snapshot;
/// use gregaria::threshold::Threshold;
///
/// const STEP_SECONDS: u64 = 15;
///
/// let levels: Vec<Threshold> =
///     ["p95 > 200ms", "fail_ratio > 1%"].iter().map(|level| level.parse().unwrap()).collect();
/// let climb = move |snapshot: &Snapshot| {
///     if levels.iter().any(|level| level.is_broken(snapshot)) {
///         return Adaptation::Stop;
///     }
///     let steps = 1 + snapshot.elapsed.as_secs() / STEP_SECONDS;
///     Adaptation::Users { users: 10 * steps as u32, spawn_rate: 10.0 }
/// };
/// let user = User::new("APIUser").task(Step::get("/"));
/// let scenario = Scenario::new("http://127.0.0.1:5000").user(user).adapt(climb);
/// # assert_eq!(scenario.validate(), Ok(()));
/// ```
#[derive(Clone)]
pub struct Adaptive(Arc<Mutex<Function>>);

type Function = dyn FnMut(&Snapshot) -> Adaptation + Send;

impl Adaptive {
    /// Takes a function that looks at the run.
    pub fn new(function: impl FnMut(&Snapshot) -> Adaptation + Send + 'static) -> Self {
        Adaptive(Arc::new(Mutex::new(function)))
    }

    /// What the function answers to this state of the run.
    pub fn answer(&self, snapshot: &Snapshot) -> Adaptation {
        let mut function = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        function(snapshot)
    }
}

impl fmt::Debug for Adaptive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Adaptive")
    }
}

impl PartialEq for Adaptive {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adaptive_loads_are_equal_by_their_function() {
        let adaptive = Adaptive::new(|_: &Snapshot| Adaptation::Continue);
        assert_eq!(adaptive, adaptive.clone());
        assert_ne!(adaptive, Adaptive::new(|_: &Snapshot| Adaptation::Continue));
    }
}
