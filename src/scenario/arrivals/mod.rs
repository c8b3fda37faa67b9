//! Open loads: iterations start at given instants, whatever the server does.
//!
//! Users who wait for responses before they go on (Locust's model, and that of load shapes) start fewer
//! requests when the server is slow, which hides its slowness. Here the arrival times follow from a
//! rate alone. An iteration that starts late because no user is free counts its delay from the intended
//! arrival time.
//!
//! For a rate *r*, let `A(t)` be the integral of *r* from 0 to *t*: the number of iterations that
//! should have started by then. The arrival times are those where `A` reaches
//!
//! * uniform: `k` for `k` = 0, 1, 2, …, so that at a constant rate iteration *k* begins at `k / r`.
//!   Core *c* of *n* has every n-th: `k` = c, c + n, c + 2n, …;
//! * Poisson: the sums of exponential numbers of mean 1. At a constant rate these are the arrivals
//!   of independent visitors; at one that changes, still, by the time-rescaling theorem. Each core
//!   has a stream of its own at an n-th of the rate, and together they are again such arrivals.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use super::{Error, Line, USERS_MAX};
use crate::options;

/// An open load: iterations start at a rate, whether or not earlier ones have ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Arrivals {
    /// Iterations per second of all cores together. The run ends where the line ends.
    pub rate: Line,
    /// How arrival times are distributed.
    pub kind: ArrivalKind,
    /// The most users, and so the most iterations at once.
    pub max_users: u32,
}

/// How arrival times are distributed.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    clap::ValueEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[non_exhaustive]
pub enum ArrivalKind {
    /// Evenly.
    #[default]
    Uniform,
    /// As a Poisson process, like independent visitors: exponential times in between.
    Poisson,
}

impl Arrivals {
    /// The default of `max_users`: by Little's law enough for 5,000 iterations per second that take 200
    /// ms each, with no more files than hosts allow.
    pub const DEFAULT_MAX_USERS: u32 = 1000;

    /// The most iterations per second: one per nanosecond, the resolution of clocks, and far more than
    /// any host can start. Up to this rate and `units::LONGEST`, a number of arrivals is far from the
    /// limit of 64 bits.
    pub const RATE_MAX: f64 = options::RATE_MAX;

    /// Makes uniform arrivals at this rate of iterations per second.
    pub fn new(rate: Line) -> Self {
        let (kind, max_users) = (ArrivalKind::Uniform, Arrivals::DEFAULT_MAX_USERS);
        Arrivals { rate, kind, max_users }
    }

    /// Sets the distribution of the arrival times.
    pub fn kind(mut self, kind: ArrivalKind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets the most iterations at the same time.
    pub fn max_users(mut self, max_users: u32) -> Self {
        self.max_users = max_users;
        self
    }

    /// Returns one core's share of the arrival times, in a run with this seed. There is at least one
    /// core.
    pub fn times(&self, seed: u64, core: usize, cores: usize) -> ArrivalTimes {
        let (core, cores) = (core as u64, cores as u64);
        let mut stream = match self.kind {
            ArrivalKind::Uniform => Stream::Uniform { next: core, step: cores },
            ArrivalKind::Poisson => {
                // A constant that differs from that of users, so that a core and a user never share
                // random numbers.
                let spread = (core + 1).wrapping_mul(0xd1b5_4a32_d192_ed03);
                let rng = fastrand::Rng::with_seed(seed ^ spread);
                Stream::Poisson { next: 0.0, step: cores as f64, rng }
            }
        };
        if self.kind == ArrivalKind::Poisson {
            // The process begins at 0, without an arrival there.
            stream.advance();
        }
        ArrivalTimes { rate: Arc::new(self.rate.clone()), stream }
    }

    /// Returns when the rate ends, if it does.
    pub fn end(&self) -> Option<Duration> {
        self.rate.end()
    }

    /// Returns when the rate first reaches the target of its ramp.
    pub fn full(&self) -> Option<Duration> {
        self.rate.full()
    }

    /// Checks the values.
    pub fn validate(&self) -> Result<(), Error> {
        if !self.rate.is_sane() {
            return Err(Error::RateLine);
        }
        let peak = self.rate.peak();
        if peak == 0.0 {
            return Err(Error::NothingArrives);
        }
        rate_within_bounds(peak)?;
        max_users(self.max_users)
    }
}

/// Returns an error for a rate that is not a positive number.
pub(super) fn rate(rate: f64) -> Result<(), Error> {
    let is_rate = rate > 0.0 && rate.is_finite();
    if is_rate { rate_within_bounds(rate) } else { Err(Error::Rate(rate.to_string())) }
}

/// Returns an error for a rate that is negative or not a number; a stage may go to zero.
pub(super) fn stage_rate(rate: f64) -> Result<(), Error> {
    let is_rate = rate >= 0.0 && rate.is_finite();
    if is_rate { rate_within_bounds(rate) } else { Err(Error::StageRate(rate.to_string())) }
}

/// Returns an error for a rate above [`Arrivals::RATE_MAX`]. The error shows it in Rust's shortest
/// form, because 1e300 with all its zeros fills four lines.
pub(super) fn rate_within_bounds(rate: f64) -> Result<(), Error> {
    if rate <= Arrivals::RATE_MAX { Ok(()) } else { Err(Error::RateTooHigh(format!("{rate:?}"))) }
}

/// Returns an error for too few or too many users.
pub(super) fn max_users(max_users: u32) -> Result<(), Error> {
    match max_users {
        0 => Err(Error::MaxUsers),
        1..=USERS_MAX => Ok(()),
        _ => Err(Error::TooManyUsers(max_users)),
    }
}

/// The times at which one core is to start iterations, from the start of the run, in order. Ends where
/// the rate ends.
///
/// A clone continues from the same place with the same times. So one iterator can run ahead and another
/// follow, and the times in between need not be stored.
#[derive(Debug, Clone)]
pub struct ArrivalTimes {
    rate: Arc<Line>,
    stream: Stream,
}

/// The areas of a core's arrivals: of the next one, and how to continue.
#[derive(Debug, Clone)]
enum Stream {
    Uniform { next: u64, step: u64 },
    Poisson { next: f64, step: f64, rng: fastrand::Rng },
}

impl ArrivalTimes {
    /// Returns the next time without advancing.
    pub(crate) fn due(&self) -> Option<Duration> {
        let area = match &self.stream {
            Stream::Uniform { next, .. } => *next as f64,
            Stream::Poisson { next, .. } => *next,
        };
        self.rate.time_of_area(area)
    }

    /// Advances to the next time.
    pub(crate) fn advance(&mut self) {
        self.stream.advance();
    }

    /// Replaces the rate. Times stay the same as long as both rates are equal.
    pub(crate) fn set_rate(&mut self, rate: Line) {
        self.rate = Arc::new(rate);
    }
}

impl Stream {
    fn advance(&mut self) {
        match self {
            Stream::Uniform { next, step } => *next = next.saturating_add(*step),
            Stream::Poisson { next, step, rng } => {
                // 1 - u is in (0, 1], so the logarithm is finite and not above zero.
                *next -= (1.0 - rng.f64()).ln() * *step;
            }
        }
    }
}

impl Iterator for ArrivalTimes {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let due = self.due();
        self.advance();
        due
    }
}
