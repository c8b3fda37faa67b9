//! The times of the phases of one entry.
//!
//! The histogram of a phase is allocated at its first time, because most requests go over a kept-alive
//! connection and have two phases only. The second of these takes no time if the response comes in one
//! piece: such zeros are only counted, and become times when they are taken.
//!
//! Two significant digits instead of three need an eighth of the memory and of the cache. There is one
//! such histogram for every name and phase on every core.

use std::ops::AddAssign;
use std::time::Duration;

use hdrhistogram::Counter;

use super::times::{SparseTimes, Times};
use super::{Distribution, Phases};

/// A percentile of a phase is at most 1 % above the exact value.
const DIGITS: u8 = 2;

/// The times of each phase as they are shipped; `None` if there are none.
pub(crate) type SparsePhases = Phases<Option<Box<SparseTimes>>>;

/// The times of each phase.
#[derive(Debug, Clone)]
pub(super) struct PhaseTimes<C: Counter> {
    times: Phases<Option<Box<Times<C>>>>,
    /// The number of zeros that are in no histogram yet: fewer than one second of them.
    zeros: Phases<u32>,
}

impl<C: Counter> Default for PhaseTimes<C> {
    fn default() -> Self {
        PhaseTimes { times: Phases::default().map(|()| None), zeros: Phases::default() }
    }
}

impl<C: Counter> PhaseTimes<C> {
    /// Returns whether no time has been recorded.
    pub(super) fn is_empty(&self) -> bool {
        let PhaseTimes { times, zeros } = self;
        let mut times = times.each_ref().into_array().into_iter().flatten();
        *zeros == Phases::default() && times.all(|times| times.count() == 0)
    }

    /// Adds the phases of one exchange.
    pub(super) fn record(&mut self, phases: Phases) {
        let kept = self.times.each_mut().zip(self.zeros.each_mut());
        for ((times, zeros), time) in kept.zip(phases).into_array() {
            record(times, zeros, time);
        }
    }

    /// Adds the phases of an exchange over a connection that was already open.
    pub(super) fn record_answer(
        &mut self,
        first_byte: Option<Duration>,
        transfer: Option<Duration>,
    ) {
        let PhaseTimes { times, zeros } = self;
        record(&mut times.first_byte, &mut zeros.first_byte, first_byte);
        record(&mut times.transfer, &mut zeros.transfer, transfer);
    }

    /// Takes out the times and keeps the memory.
    pub(super) fn take(&mut self) -> SparsePhases {
        self.count_zeros();
        let taken = self.times.each_ref().map(|times| {
            let times = times.as_ref().filter(|times| times.count() > 0)?;
            Some(Box::new(times.to_sparse()))
        });
        self.clear();
        taken
    }

    /// Returns the figures of each phase.
    pub(super) fn distributions(&self) -> Phases<Distribution> {
        if self.zeros != Phases::default() {
            let mut all = self.clone();
            all.count_zeros();
            return all.distributions();
        }
        let figures =
            |times: &Option<Box<Times<C>>>| times.as_ref().map(|times| times.distribution());
        self.times.each_ref().map(|times| figures(times).unwrap_or_default())
    }

    /// Clears everything and keeps the memory.
    pub(super) fn clear(&mut self) {
        let PhaseTimes { times, zeros } = self;
        times.each_mut().into_array().into_iter().flatten().for_each(|times| times.clear());
        *zeros = Phases::default();
    }

    fn count_zeros(&mut self) {
        let zeros = std::mem::take(&mut self.zeros);
        for (times, zeros) in self.times.each_mut().zip(zeros).into_array() {
            if zeros > 0 {
                histogram(times).record_zeros(zeros);
            }
        }
    }
}

impl<C: Counter> AddAssign<&SparsePhases> for PhaseTimes<C> {
    fn add_assign(&mut self, other: &SparsePhases) {
        for (times, other) in self.times.each_mut().zip(other.each_ref()).into_array() {
            if let Some(other) = other {
                *histogram(times) += &**other;
            }
        }
    }
}

fn record<C: Counter>(times: &mut Option<Box<Times<C>>>, zeros: &mut u32, time: Option<Duration>) {
    match time {
        None => {}
        Some(Duration::ZERO) => *zeros += 1,
        Some(time) => histogram(times).record(time),
    }
}

fn histogram<C: Counter>(times: &mut Option<Box<Times<C>>>) -> &mut Times<C> {
    times.get_or_insert_with(|| Box::new(Times::with_digits(DIGITS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A request over a connection that was kept.
    fn kept_alive(first_byte: Duration, transfer: Duration) -> Phases {
        Phases { first_byte: Some(first_byte), transfer: Some(transfer), ..Phases::default() }
    }

    #[test]
    fn a_phase_that_did_not_happen_is_not_a_time_of_nothing() {
        let mut times = PhaseTimes::<u32>::default();
        times.record(Phases { connect: Some(2 * MS), tls: Some(5 * MS), ..Phases::default() });
        times.record(kept_alive(3 * MS, MS));
        let counts = times.distributions().map(|times| times.count).into_array();
        assert_eq!(counts, [0, 1, 1, 1, 1]);
        let longest = times.distributions().map(|times| times.figures.map(|figures| figures.max));
        assert_eq!(
            longest.into_array(),
            [None, Some(2 * MS), Some(5 * MS), Some(3 * MS), Some(MS)]
        );
    }

    #[test]
    fn times_of_nothing_need_no_histogram_and_are_counted_all_the_same() {
        let mut times = PhaseTimes::<u32>::default();
        (0..9).for_each(|_| times.record(kept_alive(MS, Duration::ZERO)));
        assert!(times.times.transfer.is_none());
        times.record(kept_alive(MS, 4 * MS));
        let taken = times.take();
        let mut sum = PhaseTimes::<u64>::default();
        sum += &taken;
        let transfer = sum.distributions().transfer;
        let figures = transfer.figures.expect("ten times");
        assert_eq!((transfer.count, figures.min, figures.max), (10, Duration::ZERO, 4 * MS));
        assert_eq!((figures.median(), figures.mean), (Duration::ZERO, 4 * MS / 10));
        assert_eq!(times.take(), SparsePhases::default(), "nothing is left");
    }

    #[test]
    fn a_percentile_is_within_a_hundredth_above() {
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..200 {
            let mut times = PhaseTimes::<u32>::default();
            let time = Duration::from_micros(rng.u64(1..100_000_000));
            let long = 200 * Duration::from_secs(1);
            [MS / 1000, time, long]
                .into_iter()
                .for_each(|time| times.record(kept_alive(time, time)));
            let median = times.distributions().first_byte.figures.expect("three times").median();
            assert!((time..=time.mul_f64(1.01)).contains(&median), "{median:?} for {time:?}");
        }
    }
}
