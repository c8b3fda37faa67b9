//! What is counted of one (method, name).
//!
//! Latencies of successes and failures are kept apart, because a refused connection that "answers"
//! in no time would flatter the server. Reports that show them together add them up first.
//!
//! Service time, once a schedule can make it differ from latency, is one more [`Times`] in
//! [`Entry`] and one more [`SparseTimes`] in [`Delta`]; the compiler then names every place that
//! has to merge it.

use std::ops::AddAssign;
use std::time::Duration;

use hdrhistogram::Counter;

use super::Distribution;
use super::times::{SparseTimes, Times};

/// What is simply counted. Requests and failures are not here: they are the counts of the times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Body bytes of all responses, as decoded.
    pub body_bytes: u64,
    /// Requests started and cancelled at the stop; they have no time.
    pub cancelled: u64,
    /// Requests sent a second time inside the same sample.
    pub retries: u64,
}

impl AddAssign<&Counts> for Counts {
    fn add_assign(&mut self, other: &Counts) {
        let &Counts { body_bytes, cancelled, retries } = other;
        self.body_bytes += body_bytes;
        self.cancelled += cancelled;
        self.retries += retries;
    }
}

/// What one entry gathered in an interval: small, plain, and good to send.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delta {
    /// What is simply counted.
    pub counts: Counts,
    /// Latencies of the successes.
    pub success: SparseTimes,
    /// Latencies of the failures.
    pub failure: SparseTimes,
}

impl Delta {
    /// Finished requests, failures included.
    pub fn requests(&self) -> u64 {
        self.success.moments.count + self.failure.moments.count
    }

    /// Bins listed, which is what its memory goes to.
    pub(super) fn bins(&self) -> usize {
        self.success.bins.len() + self.failure.bins.len()
    }

    /// Forgets everything, keeps the memory.
    pub(super) fn clear(&mut self) {
        let Delta { counts, success, failure } = self;
        *counts = Counts::default();
        success.clear();
        failure.clear();
    }
}

impl AddAssign<&Delta> for Delta {
    fn add_assign(&mut self, other: &Delta) {
        let Delta { counts, success, failure } = other;
        self.counts += counts;
        self.success += success;
        self.failure += failure;
    }
}

/// Counts and histograms of one (method, name).
#[derive(Debug, Clone)]
pub(super) struct Entry<C: Counter> {
    counts: Counts,
    success: Times<C>,
    /// Most entries never fail: their second histogram comes with the first failure.
    failure: Option<Box<Times<C>>>,
}

impl<C: Counter> Default for Entry<C> {
    fn default() -> Self {
        Entry { counts: Counts::default(), success: Times::default(), failure: None }
    }
}

impl<C: Counter> Entry<C> {
    /// Counts a success. Allocates only while its histogram still grows.
    pub(super) fn record_success(&mut self, latency: Duration, body_bytes: u64) {
        self.counts.body_bytes += body_bytes;
        self.success.record(latency);
    }

    /// Counts a failure.
    pub(super) fn record_failure(&mut self, latency: Duration, body_bytes: u64) {
        self.counts.body_bytes += body_bytes;
        self.failure.get_or_insert_default().record(latency);
    }

    /// Counts a request that was started and then cancelled at the stop.
    pub(super) fn cancel(&mut self) {
        self.counts.cancelled += 1;
    }

    /// Counts a request that had to be sent a second time.
    pub(super) fn retry(&mut self) {
        self.counts.retries += 1;
    }

    /// What is simply counted.
    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// Finished requests, failures included.
    pub(super) fn requests(&self) -> u64 {
        self.success.count() + self.failures()
    }

    /// Failed requests.
    pub(super) fn failures(&self) -> u64 {
        self.failure.as_ref().map_or(0, |times| times.count())
    }

    /// Whether nothing at all has been counted.
    pub(super) fn is_empty(&self) -> bool {
        self.requests() == 0 && self.counts == Counts::default()
    }

    /// Forgets everything, keeps the memory.
    pub(super) fn clear(&mut self) {
        let Entry { counts, success, failure } = self;
        *counts = Counts::default();
        success.clear();
        if let Some(failure) = failure {
            failure.clear();
        }
    }

    /// Takes out what has gathered and leaves the entry empty, with its memory.
    pub(super) fn take(&mut self) -> Delta {
        let delta = Delta {
            counts: self.counts,
            success: self.success.to_sparse(),
            failure: self.failure.as_ref().map(|times| times.to_sparse()).unwrap_or_default(),
        };
        self.clear();
        delta
    }

    /// Latency of successes and failures together; `scratch` is overwritten where it is needed.
    pub(super) fn latency(&self, scratch: &mut Times<u64>) -> Distribution {
        if self.failures() == 0 {
            return self.success.distribution();
        }
        scratch.clear();
        self.add_times_to(scratch);
        scratch.distribution()
    }

    /// Adds the latencies of successes and failures to `sum`.
    pub(super) fn add_times_to(&self, sum: &mut Times<u64>) {
        *sum += &self.success;
        if let Some(failure) = &self.failure {
            *sum += &**failure;
        }
    }
}

impl<C: Counter> AddAssign<&Delta> for Entry<C> {
    fn add_assign(&mut self, other: &Delta) {
        let Delta { counts, success, failure } = other;
        self.counts += counts;
        self.success += success;
        if failure.moments.count > 0 {
            **self.failure.get_or_insert_default() += failure;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn successes_and_failures_are_kept_apart_and_shown_together() {
        let mut entry = Entry::<u32>::default();
        entry.record_success(3 * MS, 10);
        entry.record_failure(MS, 2);
        let delta = entry.take();
        assert_eq!((delta.success.moments.count, delta.failure.moments.count), (1, 1));
        assert_eq!(
            (delta.success.moments.min_ns, delta.failure.moments.max_ns),
            (3_000_000, 1_000_000)
        );

        let mut sum = Entry::<u64>::default();
        sum += &delta;
        let figures = sum.latency(&mut Times::default()).figures.expect("two times");
        assert_eq!((figures.min, figures.mean, figures.max), (MS, 2 * MS, 3 * MS));
        assert_eq!((sum.requests(), sum.failures(), sum.counts().body_bytes), (2, 1, 12));
    }

    #[test]
    fn an_entry_is_empty_again_after_a_take() {
        let mut entry = Entry::<u32>::default();
        assert!(entry.is_empty());
        entry.cancel();
        entry.retry();
        assert!(!entry.is_empty(), "a request without a time still counts");
        entry.record_failure(MS, 1);
        let first = entry.take();
        assert_eq!(first.counts, Counts { body_bytes: 1, cancelled: 1, retries: 1 });
        assert!(entry.is_empty());
        assert_eq!(entry.take(), Delta::default());
    }

    #[test]
    fn deltas_add_up_sparse_as_they_do_dense() {
        for seed in 0..30 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let (mut sparse, mut dense) = (Delta::default(), Entry::<u64>::default());
            for _ in 0..rng.u32(1..5) {
                let mut second = Entry::<u32>::default();
                for _ in 0..rng.u32(0..200) {
                    let latency = Duration::from_nanos(rng.u64(0..50_000_000));
                    if rng.bool() {
                        second.record_success(latency, rng.u64(0..9));
                    } else {
                        second.record_failure(latency, rng.u64(0..9));
                    }
                }
                let second = second.take();
                sparse += &second;
                dense += &second;
            }
            let mut from_sparse = Entry::<u64>::default();
            from_sparse += &sparse;
            let scratch = &mut Times::default();
            assert_eq!(from_sparse.latency(scratch), dense.latency(scratch), "seed {seed}");
            assert_eq!(from_sparse.counts(), dense.counts(), "seed {seed}");
            assert_eq!(sparse.requests(), dense.requests(), "seed {seed}");
        }
    }
}
