//! The last ten complete seconds of one entry.
//!
//! A ring of seconds that are added up for every snapshot. This is exact, while a running sum with
//! subtraction is not: minimum and maximum cannot be subtracted, and rounding errors would accumulate.
//! It is cheap because a second is kept as the short list of its touched bins.
//!
//! Only complete seconds count, also those without a request, so the current rate falls to zero when
//! the server stops answering.

use std::time::Duration;

use super::times::{SparseTimes, Times};
use super::{Delta, Period};

/// The number of complete seconds of "recent" figures, as in Locust's current rates and percentiles.
const SECONDS: u64 = 10;

impl Period {
    /// The length of "recent".
    pub(crate) const WINDOW: Duration = Duration::from_secs(SECONDS);
}

/// Ten complete seconds, and room for seconds that fast cores have shipped while the collector waits
/// for a slow one.
const SLOTS: usize = 16;

/// A second with more bins than this is kept as a histogram, which has about as many.
const SPARSE_BINS: usize = 4096;

/// The latest seconds of one entry.
#[derive(Debug, Default)]
pub(super) struct Window {
    slots: [Slot; SLOTS],
}

/// Requests and failures within a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Recent {
    /// Finished requests, failures included.
    pub(super) requests: u64,
    /// Failed requests.
    pub(super) failures: u64,
}

impl Window {
    /// Adds what was counted in a second. A second that comes so late that a newer one has its slot is
    /// ignored: it is older than any window.
    pub(super) fn add(&mut self, second: u64, delta: &Delta) {
        let slot = &mut self.slots[(second % SLOTS as u64) as usize];
        if slot.second < second {
            slot.second = second;
            slot.failures = 0;
            slot.times.clear();
        }
        if slot.second == second {
            slot.failures += delta.failure.moments.count;
            slot.times.add(&delta.success);
            slot.times.add(&delta.failure);
        }
    }

    /// Adds the latencies of the last ten of the first `complete` seconds to `times`. Returns the
    /// number of their requests and failures.
    pub(super) fn recent(&self, complete: u64, times: &mut Times<u64>) -> Recent {
        let seconds = complete.saturating_sub(SECONDS)..complete;
        let mut recent = Recent::default();
        for slot in self.slots.iter().filter(|slot| seconds.contains(&slot.second)) {
            recent.requests += slot.times.count();
            recent.failures += slot.failures;
            slot.times.add_to(times);
        }
        recent
    }
}

/// Returns how many seconds the window covers when this many are complete.
pub(super) fn seconds(complete: u64) -> u64 {
    complete.min(SECONDS)
}

#[derive(Debug, Default)]
struct Slot {
    second: u64,
    failures: u64,
    /// Of successes and failures.
    times: Held,
}

#[derive(Debug)]
enum Held {
    Sparse(SparseTimes),
    Dense(Box<Times<u32>>),
}

impl Default for Held {
    fn default() -> Self {
        Held::Sparse(SparseTimes::default())
    }
}

impl Held {
    fn add(&mut self, times: &SparseTimes) {
        match self {
            Held::Sparse(sum) => {
                *sum += times;
                if sum.bins.len() > SPARSE_BINS {
                    let mut dense = Box::<Times<u32>>::default();
                    *dense += &*sum;
                    *self = Held::Dense(dense);
                }
            }
            Held::Dense(sum) => **sum += times,
        }
    }

    /// Keeps the histogram, because a busy entry will need it again.
    fn clear(&mut self) {
        match self {
            Held::Sparse(sum) => sum.clear(),
            Held::Dense(sum) => sum.clear(),
        }
    }

    fn count(&self) -> u64 {
        match self {
            Held::Sparse(sum) => sum.moments.count,
            Held::Dense(sum) => sum.count(),
        }
    }

    fn add_to(&self, times: &mut Times<u64>) {
        match self {
            Held::Sparse(sum) => *times += sum,
            Held::Dense(sum) => *times += &**sum,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::Entry;
    use super::*;

    fn delta(successes: u64, failures: u64) -> Delta {
        let mut entry = Entry::<u32>::default();
        for us in 0..successes {
            entry.record_success(Duration::from_micros(us));
        }
        for _ in 0..failures {
            entry.record_failure(Duration::from_millis(9));
        }
        entry.take()
    }

    fn recent(window: &Window, complete: u64) -> (u64, u64) {
        let recent = window.recent(complete, &mut Times::default());
        (recent.requests, recent.failures)
    }

    #[test]
    fn a_window_holds_ten_complete_seconds_and_not_the_one_that_runs() {
        let mut window = Window::default();
        for second in 0..40 {
            window.add(second, &delta(second, 1));
            let complete = second; // The second just added is still running.
            let oldest = complete.saturating_sub(10);
            let failures = complete - oldest;
            let want = ((oldest..complete).sum::<u64>() + failures, failures);
            assert_eq!(recent(&window, complete), want, "after {complete} seconds");
        }
    }

    #[test]
    fn a_window_falls_to_zero_when_nothing_completes() {
        let mut window = Window::default();
        window.add(3, &delta(5, 2));
        let counts: Vec<u64> = (3..=15).map(|complete| recent(&window, complete).0).collect();
        assert_eq!(counts, [0, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0]);
        let times = &mut Times::default();
        window.recent(14, times);
        assert_eq!(times.distribution().figures, None);
    }

    #[test]
    fn a_late_core_still_gets_into_its_second() {
        let mut window = Window::default();
        window.add(7, &delta(1, 0));
        window.add(8, &delta(1, 0));
        window.add(7, &delta(1, 0));
        assert_eq!(recent(&window, 8), (2, 0));
    }

    #[test]
    fn a_second_older_than_the_ring_does_not_push_out_a_newer_one() {
        let mut window = Window::default();
        window.add(SLOTS as u64 + 2, &delta(1, 0));
        window.add(2, &delta(50, 0));
        assert_eq!(recent(&window, SLOTS as u64 + 3), (1, 0));
    }

    #[test]
    fn a_crowded_second_counts_the_same_as_a_histogram() {
        let (mut crowded, mut sum) = (Window::default(), Entry::<u64>::default());
        for _ in 0..6 {
            let second = delta(1000, 3);
            crowded.add(0, &second);
            sum += &second;
        }
        assert!(matches!(crowded.slots[0].times, Held::Dense(_)));
        let times = &mut Times::default();
        assert_eq!(crowded.recent(1, times), Recent { requests: 6018, failures: 18 });
        assert_eq!(times.distribution(), sum.latency(&mut Times::default()));
        crowded.add(SLOTS as u64, &delta(1, 0));
        assert_eq!(recent(&crowded, SLOTS as u64 + 1), (1, 0));
    }
}
