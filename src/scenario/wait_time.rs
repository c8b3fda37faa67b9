//! How long a user waits after a task: Locust's four functions under their own names, and one more.

use std::time::Duration;

/// The wait after each task.
#[derive(Debug, Clone, PartialEq)]
pub enum WaitTime {
    /// Always this long.
    Constant(Duration),
    /// Uniform, from the first to the second.
    Between(Duration, Duration),
    /// So long that tasks start this far apart; no wait after a task that took longer. Missed
    /// starts are not caught up, as in Locust.
    ConstantPacing(Duration),
    /// Exponential with this mean: the gaps of a Poisson process.
    Exponential(Duration),
}

/// What [`WaitTime::ConstantPacing`] remembers of one user: when the current period began, as an
/// offset from any fixed instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Start of the period in course.
    pub period_start: Duration,
}
