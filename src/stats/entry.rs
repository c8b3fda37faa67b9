//! What is counted of one (method, name).
//!
//! Latencies of successes and failures are kept apart, because a refused connection that "answers"
//! in no time would flatter the server. Reports that show them together add them up first.
//!
//! Service times, from the start of a request instead of from the time that a schedule intended for
//! it, are kept from the first sample on whose two differ; up to there they are the latencies. So a
//! closed loop without a schedule pays nothing for them, and still every sample is in both.

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
    /// Service times of both; `None` where they are the same as the latencies.
    pub service: Option<Box<SparseTimes>>,
}

impl Delta {
    /// Finished requests, failures included.
    pub fn requests(&self) -> u64 {
        self.success.moments.count + self.failure.moments.count
    }

    /// Bins listed, which is what its memory goes to.
    pub(super) fn bins(&self) -> usize {
        let service = self.service.as_ref().map_or(0, |service| service.bins.len());
        self.success.bins.len() + self.failure.bins.len() + service
    }

    /// Service times of all requests, whether or not they differ from the latencies.
    fn service(&self) -> Box<SparseTimes> {
        self.service.clone().unwrap_or_else(|| {
            let mut both = Box::new(self.success.clone());
            *both += &self.failure;
            both
        })
    }

    /// Forgets everything, keeps the memory.
    pub(super) fn clear(&mut self) {
        let Delta { counts, success, failure, service } = self;
        *counts = Counts::default();
        success.clear();
        failure.clear();
        *service = None;
    }
}

impl AddAssign<&Delta> for Delta {
    fn add_assign(&mut self, other: &Delta) {
        if self.service.is_some() || other.service.is_some() {
            let mut service = self.service();
            *service += &*other.service();
            self.service = Some(service);
        }
        let Delta { counts, success, failure, service: _ } = other;
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
    /// Service times of all, from the first on that differed from its latency.
    service: Option<Box<Times<C>>>,
}

impl<C: Counter> Default for Entry<C> {
    fn default() -> Self {
        Entry { counts: Counts::default(), success: Times::default(), failure: None, service: None }
    }
}

impl<C: Counter> Entry<C> {
    /// Says how long the request that is counted next took from its start.
    pub(super) fn record_service(&mut self, latency: Duration, service: Duration) {
        if self.service.is_some() || service != latency {
            self.service().record(service);
        }
    }

    /// Service times of all so far, to be kept from now on.
    fn service(&mut self) -> &mut Times<C> {
        if self.service.is_none() {
            let mut both = Box::<Times<C>>::default();
            self.add_times_to(&mut both);
            self.service = Some(both);
        }
        self.service.as_mut().expect("it was just made")
    }

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
        let Entry { counts, success, failure, service } = self;
        *counts = Counts::default();
        success.clear();
        for times in [failure, service].into_iter().flatten() {
            times.clear();
        }
    }

    /// Takes out what has gathered and leaves the entry empty, with its memory.
    pub(super) fn take(&mut self) -> Delta {
        let delta = Delta {
            counts: self.counts,
            success: self.success.to_sparse(),
            failure: self.failure.as_ref().map(|times| times.to_sparse()).unwrap_or_default(),
            service: self.service.as_ref().map(|times| Box::new(times.to_sparse())),
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

    /// Service times of successes and failures together; `None` where they are the latencies.
    pub(super) fn service_time(&self) -> Option<Distribution> {
        self.service.as_ref().map(|service| service.distribution())
    }

    /// Adds the latencies of successes and failures to `sum`.
    pub(super) fn add_times_to<D: Counter>(&self, sum: &mut Times<D>) {
        *sum += &self.success;
        if let Some(failure) = &self.failure {
            *sum += &**failure;
        }
    }
}

impl<C: Counter> AddAssign<&Delta> for Entry<C> {
    fn add_assign(&mut self, other: &Delta) {
        if self.service.is_some() || other.service.is_some() {
            *self.service() += &*other.service();
        }
        let Delta { counts, success, failure, service: _ } = other;
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
    fn service_times_are_kept_once_they_differ_and_are_of_all() {
        let mut entry = Entry::<u32>::default();
        let mut record = |latency: Duration, service: Duration, fails: bool| {
            entry.record_service(latency, service);
            if fails {
                entry.record_failure(latency, 0)
            } else {
                entry.record_success(latency, 0)
            }
            entry.clone()
        };
        assert_eq!(record(3 * MS, 3 * MS, false).service_time(), None);
        record(5 * MS, 5 * MS, true);
        record(90 * MS, MS, false);
        let entry = record(4 * MS, 4 * MS, false);
        let service = entry.service_time().expect("one differed");
        let figures = service.figures.expect("four times");
        assert_eq!((service.count, figures.min, figures.max), (4, MS, 5 * MS));

        // Whatever meets first: an entry with service times, or one without.
        let (late, mut plain) = (entry.clone().take(), Entry::<u32>::default());
        plain.record_success(7 * MS, 0);
        let plain = plain.take();
        for [first, second] in [[&late, &plain], [&plain, &late]] {
            let (mut sum, mut dense) = (first.clone(), Entry::<u64>::default());
            sum += second;
            dense += first;
            dense += second;
            let service = dense.service_time().expect("one differed");
            assert_eq!((service.count, service.figures.expect("five").max), (5, 7 * MS));
            let mut from_sparse = Entry::<u64>::default();
            from_sparse += &sum;
            assert_eq!(from_sparse.service_time(), dense.service_time());
        }
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
