//! The counters and histograms of one entry, that is, one (method, name).
//!
//! Latencies of successes and failures are kept apart, because a refused connection fails so fast that
//! it would improve the latencies of the server. Reports that show them together add them up first.
//!
//! Service times run from the start of a request, latencies from the time that a schedule intended for
//! it. Service times are kept from the first sample on in which the two differ; before that they equal
//! the latencies. So a closed loop without a schedule pays nothing for them, and every sample is in
//! both.

use std::ops::AddAssign;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use hdrhistogram::Counter;

use super::phase_times::{PhaseTimes, SparsePhases};
use super::times::{SparseTimes, Times};
use super::{Distribution, Extra, Phases, Statuses, WireBytes};

/// Plain counters. Requests and failures are not among them: they are the counts of the times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Body bytes of all responses: decoded if the body was read, as transferred otherwise.
    pub body_bytes: u64,
    /// Bytes on the wire, including those of cancelled requests.
    pub wire: WireBytes,
    /// Requests that were started and then cancelled at the stop. They have no time, and the server may
    /// have seen them.
    pub cancelled: u64,
    /// Requests that were sent again because a kept-alive connection was dead before any byte of the
    /// response. The server may have seen both.
    pub retries: u64,
    /// Requests sent to follow a redirect, within the time of the redirected request.
    pub redirects: u64,
    /// Requests sent again with the credentials that a 401 asked for, within the same time.
    pub challenges: u64,
    /// Requests sent again without `Expect` after a 417, within the same time.
    pub without_expect: u64,
    /// Connections made.
    pub connections: u64,
    /// TLS handshakes made.
    pub handshakes: Handshakes,
}

/// TLS handshakes by kind; the kinds differ in cost for both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Handshakes {
    /// Full handshakes, with a key exchange and certificates.
    pub full: u64,
    /// Handshakes that resumed an earlier session.
    pub resumed: u64,
}

impl Handshakes {
    /// Returns the number of both kinds.
    pub fn all(&self) -> u64 {
        self.full + self.resumed
    }
}

impl Counts {
    fn count(&mut self, extra: Extra) {
        *match extra {
            Extra::Retry => &mut self.retries,
            Extra::Redirect => &mut self.redirects,
            Extra::Challenge => &mut self.challenges,
            Extra::WithoutExpect => &mut self.without_expect,
            Extra::Connection => &mut self.connections,
            Extra::FullHandshake => &mut self.handshakes.full,
            Extra::ResumedHandshake => &mut self.handshakes.resumed,
        } += 1;
    }
}

impl AddAssign<&Counts> for Counts {
    fn add_assign(&mut self, other: &Counts) {
        let &Counts {
            body_bytes,
            wire,
            cancelled,
            retries,
            redirects,
            challenges,
            without_expect,
            connections,
            handshakes: Handshakes { full, resumed },
        } = other;
        self.body_bytes += body_bytes;
        self.wire += wire;
        self.cancelled += cancelled;
        self.retries += retries;
        self.redirects += redirects;
        self.challenges += challenges;
        self.without_expect += without_expect;
        self.connections += connections;
        self.handshakes.full += full;
        self.handshakes.resumed += resumed;
    }
}

/// What one entry counted in an interval: small plain data that can be sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Delta {
    /// Plain counters.
    pub counts: Counts,
    /// Statuses of the responses.
    pub statuses: Statuses,
    /// Latencies of the successes.
    pub(crate) success: SparseTimes,
    /// Latencies of the failures.
    pub(crate) failure: SparseTimes,
    /// Service times of both; `None` where they are the same as the latencies.
    pub(crate) service: Option<Box<SparseTimes>>,
    /// Times of the phases of both.
    pub(crate) phases: SparsePhases,
    /// From the start of the run to the end of the latest request; zero where there was none.
    pub latest: Duration,
}

impl Delta {
    /// Returns the number of finished requests, including failures.
    pub fn requests(&self) -> u64 {
        self.success.moments.count + self.failure.moments.count
    }
}

/// Counts and histograms of one (method, name).
#[derive(Debug, Clone)]
pub(super) struct Entry<C: Counter> {
    counts: Counts,
    statuses: Statuses,
    success: Times<C>,
    /// Allocated at the first failure, because most entries never fail.
    failure: Option<Box<Times<C>>>,
    /// Service times of all requests, from the first one on that differs from its latency.
    service: Option<Box<Times<C>>>,
    phases: PhaseTimes<C>,
    /// When the latest request ended.
    latest: Duration,
}

impl<C: Counter> Default for Entry<C> {
    fn default() -> Self {
        Entry {
            counts: Counts::default(),
            statuses: Statuses::default(),
            success: Times::default(),
            failure: None,
            service: None,
            phases: PhaseTimes::default(),
            latest: Duration::ZERO,
        }
    }
}

impl<C: Counter> Entry<C> {
    /// Records the service time of the request that is counted next.
    pub(super) fn record_service(&mut self, latency: Duration, service: Duration) {
        if self.service.is_some() || service != latency {
            self.service().record(service);
        }
    }

    /// Returns the histogram of service times and fills it with all times so far on the first call.
    fn service(&mut self) -> &mut Times<C> {
        if self.service.is_none() {
            let mut both = Box::<Times<C>>::default();
            self.add_times_to(&mut both);
            self.service = Some(both);
        }
        self.service.as_mut().expect("it was just made")
    }

    /// Records the phases and bytes of an exchange.
    pub(super) fn record_exchange(&mut self, phases: Phases, wire: WireBytes) {
        self.phases.record(phases);
        self.counts.wire += wire;
    }

    /// Records when the request that is counted next ended, from the start of the run.
    pub(super) fn record_end(&mut self, ended: Duration) {
        self.latest = self.latest.max(ended);
    }

    /// Records the phases and bytes of an exchange over a connection that was already open.
    pub(super) fn record_answer(
        &mut self,
        first_byte: Option<Duration>,
        transfer: Option<Duration>,
        wire: WireBytes,
    ) {
        self.phases.record_answer(first_byte, transfer);
        self.counts.wire += wire;
    }

    /// Records the body length of the request that is counted next.
    pub(super) fn record_body(&mut self, body_bytes: u64) {
        self.counts.body_bytes += body_bytes;
    }

    /// Records the status of the request that is counted next.
    pub(super) fn record_status(&mut self, status: u16) {
        self.statuses.count(status, 1);
    }

    /// Counts a success. Allocates only while its histogram still grows.
    pub(super) fn record_success(&mut self, latency: Duration) {
        self.success.record(latency);
    }

    /// Counts a failure.
    pub(super) fn record_failure(&mut self, latency: Duration) {
        self.failure.get_or_insert_default().record(latency);
    }

    /// Counts a request that was started and then cancelled at the stop.
    pub(super) fn cancel(&mut self) {
        self.counts.cancelled += 1;
    }

    /// Counts an event of a request, such as a retry.
    pub(super) fn count(&mut self, extra: Extra) {
        self.counts.count(extra);
    }

    /// Returns the plain counters.
    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// Returns the statuses of the responses.
    pub(super) fn statuses(&self) -> Statuses {
        self.statuses.iter().collect()
    }

    /// Returns the number of finished requests, including failures.
    pub(super) fn requests(&self) -> u64 {
        self.success.count() + self.failures()
    }

    /// Returns the number of failed requests.
    pub(super) fn failures(&self) -> u64 {
        self.failure.as_ref().map_or(0, |times| times.count())
    }

    /// Returns whether nothing has been counted.
    pub(super) fn is_empty(&self) -> bool {
        self.requests() == 0 && self.counts == Counts::default() && self.phases.is_empty()
    }

    /// Clears everything and keeps the memory.
    pub(super) fn clear(&mut self) {
        let Entry { counts, statuses, success, failure, service, phases, latest } = self;
        statuses.clear();
        *counts = Counts::default();
        *latest = Duration::ZERO;
        success.clear();
        phases.clear();
        for times in [failure, service].into_iter().flatten() {
            times.clear();
        }
    }

    /// Takes out the counts and leaves an empty entry, which keeps its memory.
    pub(super) fn take(&mut self) -> Delta {
        let delta = Delta {
            counts: self.counts,
            statuses: self.statuses(),
            success: self.success.to_sparse(),
            failure: self.failure.as_ref().map(|times| times.to_sparse()).unwrap_or_default(),
            service: self.service.as_ref().map(|times| Box::new(times.to_sparse())),
            phases: self.phases.take(),
            latest: self.latest,
        };
        self.clear();
        delta
    }

    /// Returns the latencies of successes and failures together. Overwrites `scratch` if it needs it.
    pub(super) fn latency(&self, scratch: &mut Times<u64>) -> Distribution {
        if self.failures() == 0 {
            return self.success.distribution();
        }
        scratch.clear();
        self.add_times_to(scratch);
        scratch.distribution()
    }

    /// Returns the service times of successes and failures together; `None` if they equal the
    /// latencies.
    pub(super) fn service_time(&self) -> Option<Distribution> {
        self.service.as_ref().map(|service| service.distribution())
    }

    /// Returns the times of each phase, of successes and failures together.
    pub(super) fn phases(&self) -> Phases<Distribution> {
        self.phases.distributions()
    }

    /// Returns the time from the start of the run to the end of the latest request; zero if there was
    /// none.
    pub(super) fn latest(&self) -> Duration {
        self.latest
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
        match &other.service {
            Some(service) => *self.service() += &**service,
            // An entry without service times of its own: they equal its latencies.
            None if self.service.is_some() => {
                let sum = self.service();
                *sum += &other.success;
                *sum += &other.failure;
            }
            None => {}
        }
        let Delta { counts, statuses, success, failure, service: _, phases, latest } = other;
        statuses.iter().for_each(|(status, requests)| self.statuses.count(status, requests));
        self.latest = self.latest.max(*latest);
        self.counts += counts;
        self.success += success;
        self.phases += phases;
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
        entry.record_success(3 * MS);
        entry.record_failure(MS);
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
        assert_eq!((sum.requests(), sum.failures()), (2, 1));
    }

    #[test]
    fn an_entry_is_empty_again_after_a_take() {
        let mut entry = Entry::<u32>::default();
        assert!(entry.is_empty());
        entry.cancel();
        let extras = [Extra::Retry, Extra::Redirect, Extra::Challenge, Extra::WithoutExpect];
        let handshakes = [
            Extra::Connection,
            Extra::FullHandshake,
            Extra::ResumedHandshake,
            Extra::FullHandshake,
        ];
        extras.into_iter().chain(handshakes).for_each(|extra| entry.count(extra));
        entry.record_body(1);
        entry.record_exchange(Phases::default(), WireBytes { sent: 20, received: 30 });
        assert!(!entry.is_empty(), "a request without a time still counts");
        entry.record_failure(MS);
        let first = entry.take();
        let counts = Counts {
            body_bytes: 1,
            wire: WireBytes { sent: 20, received: 30 },
            cancelled: 1,
            retries: 1,
            redirects: 1,
            challenges: 1,
            without_expect: 1,
            connections: 1,
            handshakes: Handshakes { full: 2, resumed: 1 },
        };
        assert_eq!((first.counts, first.counts.handshakes.all()), (counts, 3));
        assert!(entry.is_empty());
        assert_eq!(entry.take(), Delta::default());
    }

    #[test]
    fn service_times_are_kept_once_they_differ_and_are_of_all() {
        let mut entry = Entry::<u32>::default();
        let mut record = |latency: Duration, service: Duration, fails: bool| {
            entry.record_service(latency, service);
            if fails {
                entry.record_failure(latency)
            } else {
                entry.record_success(latency)
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
        plain.record_success(7 * MS);
        let plain = plain.take();
        for [first, second] in [[&late, &plain], [&plain, &late]] {
            let mut sum = Entry::<u64>::default();
            sum += first;
            sum += second;
            let service = sum.service_time().expect("one differed");
            assert_eq!((service.count, service.figures.expect("five").max), (5, 7 * MS));
        }
    }
}
