//! How a server is slow on purpose: by a script whose every latency can be computed.
//!
//! A [`Pathology`] says how long the answer to a request takes that arrives at some instant of the
//! script. The script's clock starts with the first request that arrives, so that nobody has to
//! start two things at once; on all cores it is the same.
//!
//! | part | flag | what it does |
//! |---|---|---|
//! | `delay` | `--delay 5ms` | every answer takes so long |
//! | [`SlowStart`] | `--slow-start 200ms/5s` | more time, falling from 200 ms to nothing over the first 5 s |
//! | [`Bimodal`] | `--bimodal 5%:50ms` | 50 ms more for one request in twenty |
//! | [`Stall`] | `--stall 100ms/1s` | no answer leaves in the first 100 ms of every second |
//! | [`Stop`] | `--stop-at 3s/2s` | no answer leaves from 3 s to 5 s |
//!
//! The first three add up and say when an answer is ready. The last two are gates: an answer that is
//! ready while one is shut leaves when both are open, together with all others that waited. So a
//! request that came before a stall may be caught by it, and one that came in it may be ready only
//! afterwards: the server goes on working, and is silent.
//!
//! A periodic pause is a [`Stall`]. It has no phase, because over whole periods that would change
//! no latency, only its place.
//!
//! Everything here is arithmetic: no clock, no waiting. The server's script does that.

mod bimodal;
mod error;
mod expected_latencies;
mod slow_start;
mod stall;
mod stop;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use bimodal::Bimodal;
pub use error::PathologyError;
pub use expected_latencies::{ExpectedLatencies, uniform};
pub use slow_start::SlowStart;
pub use stall::Stall;
pub use stop::Stop;

/// What a server does to the time that its answers take.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pathology {
    /// From the arrival of a request to its answer.
    pub delay: Duration,
    /// More of it at the start.
    pub slow_start: Option<SlowStart>,
    /// More of it for some.
    pub bimodal: Option<Bimodal>,
    /// Silence again and again.
    pub stall: Option<Stall>,
    /// Silence once.
    pub stop: Option<Stop>,
}

impl Pathology {
    /// How long the answer takes to the `nth` request, counted from 0 in the order of arrival, when
    /// it arrives at `arrival` since the first one.
    pub fn answer_time(&self, arrival: Duration, nth: u64) -> Duration {
        self.leave(arrival + self.work(arrival, nth)) - arrival
    }

    /// From the arrival of a request until its answer is ready.
    fn work(&self, arrival: Duration, nth: u64) -> Duration {
        let slow_start = self.slow_start.map_or(Duration::ZERO, |slow| slow.extra(arrival));
        let bimodal = self.bimodal.map_or(Duration::ZERO, |bimodal| bimodal.extra(nth));
        self.delay + slow_start + bimodal
    }

    /// When something leaves that is ready at some instant: then, or when both gates are open.
    pub(in crate::target) fn leave(&self, ready: Duration) -> Duration {
        let past_stall = |at| self.stall.map_or(at, |stall| stall.leave(at));
        let past_stop = |at| self.stop.map_or(at, |stop| stop.leave(at));
        // The stop may end in a stall; after that it is over.
        past_stall(past_stop(past_stall(ready)))
    }
}
