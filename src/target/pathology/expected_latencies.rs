//! What a load test ought to report: the latencies of ideal open arrivals.

use std::time::Duration;

use super::Pathology;

/// Latencies of requests that arrive when they were meant to, each on a connection of its own, so
/// that none waits at the client for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedLatencies {
    /// From the shortest to the longest.
    latencies: Vec<Duration>,
}

impl ExpectedLatencies {
    /// What a pathology does to requests that arrive at these instants since the first one, in the
    /// order of arrival. The first instant is 0.
    pub fn new(
        pathology: &Pathology,
        arrivals: impl IntoIterator<Item = Duration>,
    ) -> ExpectedLatencies {
        let numbered = arrivals.into_iter().zip(0..);
        let mut latencies: Vec<Duration> =
            numbered.map(|(arrival, nth)| pathology.answer_time(arrival, nth)).collect();
        latencies.sort_unstable();
        ExpectedLatencies { latencies }
    }

    /// All of them, from the shortest to the longest.
    pub fn latencies(&self) -> &[Duration] {
        &self.latencies
    }

    /// The percentile at a share between 0 and 1, by nearest rank: the shortest latency that at
    /// least this share of the requests did not exceed. `None` where there are no requests.
    ///
    /// Where the share is just that of a stall, so that 90 % is asked of `100ms/1s`, one request
    /// more or less in it decides between nothing and something: no measurement can be held to that.
    pub fn percentile(&self, share: f64) -> Option<Duration> {
        let count = self.latencies.len();
        // The trillionth takes the dust of binary floats away: 0.07 of 100 is the 7th.
        let rank = (count as f64 * (share - 1e-12)).ceil() as usize;
        self.latencies.get(rank.clamp(1, count.max(1)) - 1).copied()
    }
}

/// Arrivals in equal steps, `rate` a second, which is above 0, from 0 to before `lasting`.
pub fn uniform(rate: f64, lasting: Duration) -> impl Iterator<Item = Duration> {
    let instants = (0_u32..).map(move |nth| Duration::from_secs_f64(f64::from(nth) / rate));
    instants.take_while(move |&instant| instant < lasting)
}
