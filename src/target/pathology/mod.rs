//! Scripted slowness of a server, for which every latency can be computed.
//!
//! A [`Pathology`] decides how long the response to a request takes that arrives at some instant of the
//! script. The script's clock starts with the first request that arrives, so that server and client need
//! not be started together. All cores have the same clock.
//!
//! | part | flag | what it does |
//! |---|---|---|
//! | `delay` | `--delay 5ms` | every response takes so long |
//! | [`SlowStart`] | `--slow-start 200ms/5s` | more time, falling from 200 ms to nothing over the first 5 s |
//! | [`Bimodal`] | `--bimodal 5%:50ms` | 50 ms more for one request in twenty |
//! | [`Stall`] | `--stall 100ms/1s` | no response is sent in the first 100 ms of every second |
//! | [`Stop`] | `--stop-at 3s/2s` | no response is sent from 3 s to 5 s |
//!
//! The first three add up to the time until a response is ready. The last two are gates: a response that
//! is ready while one is closed is sent when both are open, together with all others that wait. So a
//! stall may catch a request that arrived before it, and the response to one that arrived in it may be
//! ready only afterwards: the server works on in silence.
//!
//! A [`Stall`] has no phase, because over whole periods a phase would not change the latencies.
//!
//! Everything here is arithmetic, without a clock. The server's script waits.

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

/// The scripted slowness of a server.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pathology {
    /// The time from the arrival of a request to its response.
    pub delay: Duration,
    /// An extra time at the start.
    pub slow_start: Option<SlowStart>,
    /// An extra time for some requests.
    pub bimodal: Option<Bimodal>,
    /// Periodic silence.
    pub stall: Option<Stall>,
    /// One silence.
    pub stop: Option<Stop>,
}

impl Pathology {
    /// Returns how long the response takes to the `nth` request, from 0 in the order of arrival, which
    /// arrives at `arrival` since the first one.
    pub fn answer_time(&self, arrival: Duration, nth: u64) -> Duration {
        self.leave(arrival + self.work(arrival, nth)) - arrival
    }

    /// Returns the time from the arrival of a request until its response is ready.
    fn work(&self, arrival: Duration, nth: u64) -> Duration {
        let slow_start = self.slow_start.map_or(Duration::ZERO, |slow| slow.extra(arrival));
        let bimodal = self.bimodal.map_or(Duration::ZERO, |bimodal| bimodal.extra(nth));
        self.delay + slow_start + bimodal
    }

    /// Returns when a response is sent that is ready at this instant: then, or when both gates are open.
    pub(in crate::target) fn leave(&self, ready: Duration) -> Duration {
        let past_stall = |at| self.stall.map_or(at, |stall| stall.leave(at));
        let past_stop = |at| self.stop.map_or(at, |stop| stop.leave(at));
        // The stop may end in a stall, so the stall is applied twice.
        past_stall(past_stop(past_stall(ready)))
    }
}
