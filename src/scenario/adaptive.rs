//! Adaptive loads: a function sees the run every second and says how it continues.

use std::fmt;
use std::sync::{Arc, Mutex};

use crate::stats::Snapshot;

/// How a run continues.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Adaptation {
    /// Without a change.
    Continue,
    /// With this number of users.
    Users {
        /// The new number of users.
        users: u32,
        /// Users started or stopped per second until the number is reached.
        spawn_rate: f64,
    },
    /// The same, with users of these classes only where users are started. Others go on until they are
    /// stopped, the newest first.
    UsersOf {
        /// The new number of users.
        users: u32,
        /// Users started or stopped per second until the number is reached.
        spawn_rate: f64,
        /// The names of the classes.
        classes: Vec<String>,
    },
    /// With this number of iterations per second, if the load is a rate.
    Rate(f64),
    /// The run ends, as at the end of its run time.
    Stop,
    /// The run ends with this error.
    Failed(String),
}

/// A load that depends on the run so far.
///
/// The run begins as the rest of the scenario says, by default with one user. The function then gets
/// the state of the run, first at the start and then every second. What it returns replaces all that
/// was before. Returning the same value again changes nothing.
///
/// The function runs as the last report. If it takes long, it sees the run late, but neither the load
/// nor the statistics are delayed. If it panics, or asks for users where the load is a rate or the
/// reverse, the run ends with an error after all reports are written.
///
/// Values are equal only if one is a clone of the other. The function keeps its state in a second run.
/// The number of users is not known before the run, so the resources that they need are not checked.
///
/// Adds 10 users every 15 seconds, and ends the run when its last ten seconds break a level:
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
    /// Makes an adaptive load of a function.
    pub fn new(function: impl FnMut(&Snapshot) -> Adaptation + Send + 'static) -> Self {
        Adaptive(Arc::new(Mutex::new(function)))
    }

    /// Calls the function with this state of the run.
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
