//! The latencies that a load test should report, for ideal open arrivals.

use std::time::Duration;

use super::Pathology;

/// The latencies of requests that arrive at their intended times, each on its own connection, so that none
/// waits for another at the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedLatencies {
    /// Sorted.
    latencies: Vec<Duration>,
}

impl ExpectedLatencies {
    /// Computes the latencies of requests that arrive at these instants since the first one, in order. The
    /// first instant is 0.
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

    /// Returns all latencies, sorted.
    pub fn latencies(&self) -> &[Duration] {
        &self.latencies
    }

    /// Returns the percentile at a share between 0 and 1, by nearest rank: the shortest latency that at least
    /// this share of the requests did not exceed. `None` if there are no requests.
    ///
    /// If the share is exactly that of a stall, such as 90 % for `100ms/1s`, a single request decides between
    /// no latency and some. A measurement cannot be compared with that.
    pub fn percentile(&self, share: f64) -> Option<Duration> {
        let count = self.latencies.len();
        // The subtraction removes rounding errors of floats: 0.07 of 100 is the 7th.
        let rank = (count as f64 * (share - 1e-12)).ceil() as usize;
        self.latencies.get(rank.clamp(1, count.max(1)) - 1).copied()
    }
}

/// Returns arrivals at equal intervals, `rate` per second, which must be above 0, from 0 to before
/// `lasting`.
pub fn uniform(rate: f64, lasting: Duration) -> impl Iterator<Item = Duration> {
    let instants = (0_u32..).map(move |nth| Duration::from_secs_f64(f64::from(nth) / rate));
    instants.take_while(move |&instant| instant < lasting)
}
