//! A collection of times: exact moments, and a histogram of microseconds.
//!
//! There are two representations. [`Times`] is dense: an HdrHistogram, quick to record into and to read
//! percentiles from. [`SparseTimes`] lists only the bins that are not empty: cores ship it to the
//! collector, and the window keeps it of each second. One second of one name has a few hundred such
//! bins; its histogram has 6,000 (longest time 20 ms) to 17,000 (60 s).
//!
//! A `Times` remembers which bins it has touched, so that the conversion to sparse and every merge
//! visit these only.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use hdrhistogram::{Counter, Histogram};

use super::{Distribution, Figures, PERCENTILES, rounded_ms};

/// The default number of significant digits: a percentile is at most 0.1 % above the exact value.
const DIGITS: u8 = 3;

/// Points of the quantile curve for each halving of the rest; HdrHistogram's own plots have five.
const TICKS_PER_HALF: u32 = 5;

/// Count, sum, minimum and maximum of some times, exact, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moments {
    /// Number of times.
    pub count: u64,
    /// Their sum. It grows by one second per second and waiting user, so 64 bits would overflow after
    /// two days of 100,000 users. The wider addition costs one instruction.
    pub sum_ns: u128,
    /// The shortest time; `u64::MAX` without any, so that merging is a plain minimum.
    pub min_ns: u64,
    /// The longest time; 0 without any.
    pub max_ns: u64,
}

impl Default for Moments {
    fn default() -> Self {
        Moments { count: 0, sum_ns: 0, min_ns: u64::MAX, max_ns: 0 }
    }
}

impl Moments {
    fn record(&mut self, ns: u64) {
        *self += &Moments { count: 1, sum_ns: u128::from(ns), min_ns: ns, max_ns: ns };
    }
}

impl AddAssign<&Moments> for Moments {
    fn add_assign(&mut self, other: &Moments) {
        let &Moments { count, sum_ns, min_ns, max_ns } = other;
        self.count += count;
        self.sum_ns += sum_ns;
        self.min_ns = self.min_ns.min(min_ns);
        self.max_ns = self.max_ns.max(max_ns);
    }
}

/// A bin of a histogram that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Bin {
    /// The shortest time of the bin, in microseconds.
    pub us: u32,
    /// The number of times in it. It covers one second of one core: to saturate, a bin would have to
    /// count a million times a second for an hour, without a collector.
    pub count: u32,
}

/// Times as a list of bins that are not empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct SparseTimes {
    /// The exact moments.
    pub moments: Moments,
    /// The bins, in any order. A bin may be listed more than once; its counts add up.
    pub bins: Vec<Bin>,
}

impl SparseTimes {
    /// Clears everything and keeps the memory.
    pub(super) fn clear(&mut self) {
        let SparseTimes { moments, bins } = self;
        *moments = Moments::default();
        bins.clear();
    }
}

impl AddAssign<&SparseTimes> for SparseTimes {
    fn add_assign(&mut self, other: &SparseTimes) {
        let SparseTimes { moments, bins } = other;
        self.moments += moments;
        self.bins.extend_from_slice(bins);
    }
}

/// Times as a histogram. Its counters are as wide as their period needs: `u32` for a second, `u64` for
/// a run.
#[derive(Debug, Clone)]
pub(super) struct Times<C: Counter> {
    moments: Moments,
    histogram: Histogram<C>,
    /// One time, in microseconds, of every bin that is not empty.
    touched: Vec<u32>,
}

impl<C: Counter> Default for Times<C> {
    fn default() -> Self {
        Times::with_digits(DIGITS)
    }
}

impl<C: Counter> Times<C> {
    /// Makes an empty collection with this number of significant digits.
    pub(super) fn with_digits(digits: u8) -> Self {
        // It grows when longer times come. With three digits, a service that answers within 2 ms needs
        // 8 KB here (of u32), one that takes a minute 70 KB; with two digits, 2 KB and 10 KB.
        let histogram = Histogram::new(digits).expect("1 to 5 significant digits are allowed");
        Times { moments: Moments::default(), histogram, touched: Vec::new() }
    }

    /// Adds one time.
    pub(super) fn record(&mut self, time: Duration) {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.moments.record(ns);
        self.put(microseconds(ns), C::one());
    }

    /// Adds a number of zeros, at least one.
    pub(super) fn record_zeros(&mut self, count: u32) {
        self.moments += &Moments { count: count.into(), sum_ns: 0, min_ns: 0, max_ns: 0 };
        self.put(0, counter(count));
    }

    /// Returns the number of times.
    pub(super) fn count(&self) -> u64 {
        self.moments.count
    }

    /// Clears everything and keeps the memory.
    pub(super) fn clear(&mut self) {
        let Times { moments, histogram, touched } = self;
        if moments.count > 0 {
            *moments = Moments::default();
            histogram.reset();
            touched.clear();
        }
    }

    /// Returns the same times as a list of bins.
    pub(super) fn to_sparse(&self) -> SparseTimes {
        let bins = self.touched.iter().map(|&us| Bin {
            us: u32::try_from(self.histogram.lowest_equivalent(u64::from(us))).unwrap_or(us),
            count: u32::try_from(self.count_at(us)).unwrap_or(u32::MAX),
        });
        SparseTimes { moments: self.moments, bins: bins.collect() }
    }

    /// Returns the figures that reports show.
    ///
    /// A percentile follows HdrHistogram's nearest rank: the smallest time such that at least that
    /// share of all times is at or below it, rounded up to the top of its bin. It is then clamped to
    /// the exact minimum and maximum; the last one is the maximum.
    pub(super) fn distribution(&self) -> Distribution {
        let Moments { count, sum_ns, min_ns, max_ns } = self.moments;
        if count == 0 {
            return Distribution::default();
        }
        let (min, max) = (Duration::from_nanos(min_ns), Duration::from_nanos(max_ns));
        let mut percentiles = [max; PERCENTILES.len()];
        let (_, below_max) = percentiles.split_last_mut().expect("there are eleven");
        for (time, us) in below_max.iter_mut().zip(self.histogram.value_at_quantiles(PERCENTILES)) {
            *time = Duration::from_micros(us).clamp(min, max);
        }
        let mean_ns = u64::try_from(sum_ns / u128::from(count)).expect("a mean is below the max");
        let mean = Duration::from_nanos(mean_ns);
        Distribution { count, figures: Some(Figures { min, max, mean, percentiles }) }
    }

    /// Returns pairs of a share and the longest time of that share, from the shortest to the longest
    /// and ever finer towards the end, as in HdrHistogram's percentile plots. Empty without times.
    pub(super) fn quantiles(&self) -> Vec<(f64, Duration)> {
        let Moments { count, min_ns, max_ns, .. } = self.moments;
        if count == 0 {
            return Vec::new();
        }
        let (min, max) = (Duration::from_nanos(min_ns), Duration::from_nanos(max_ns));
        let steps = self.histogram.iter_quantiles(TICKS_PER_HALF);
        let between = steps.map(|step| {
            let us = self.histogram.highest_equivalent(step.value_iterated_to());
            (step.quantile(), Duration::from_micros(us).clamp(min, max))
        });
        let mut curve = vec![(0.0, min)];
        curve.extend(between.filter(|&(share, _)| share < 1.0));
        curve.push((1.0, max));
        curve
    }

    /// Returns their sum, and their counts by Locust's rounding.
    pub(super) fn rounded(&self) -> (Duration, BTreeMap<u64, u64>) {
        let Moments { sum_ns, min_ns, max_ns, .. } = self.moments;
        let mut counts = BTreeMap::new();
        for &us in &self.touched {
            // The middle of its bin, limited to the exact minimum and maximum.
            let middle = Duration::from_micros(self.histogram.median_equivalent(u64::from(us)));
            let time = middle.max(Duration::from_nanos(min_ns)).min(Duration::from_nanos(max_ns));
            *counts.entry(rounded_ms(time)).or_default() += self.count_at(us);
        }
        let sum = Duration::new(
            u64::try_from(sum_ns / 1_000_000_000).unwrap_or(u64::MAX),
            (sum_ns % 1_000_000_000) as u32,
        );
        (sum, counts)
    }

    fn put(&mut self, us: u32, count: C) {
        let value = u64::from(us);
        self.histogram.record_n(value, count).expect("it grows to whatever 32 bits can say");
        // The bin was empty before if it holds only this count now.
        if self.histogram.count_at(value) == count {
            self.touched.push(us);
        }
    }

    fn count_at(&self, us: u32) -> u64 {
        self.histogram.count_at(u64::from(us)).as_u64()
    }
}

impl<C: Counter> AddAssign<&SparseTimes> for Times<C> {
    fn add_assign(&mut self, other: &SparseTimes) {
        let SparseTimes { moments, bins } = other;
        self.moments += moments;
        for bin in bins {
            self.put(bin.us, counter(bin.count));
        }
    }
}

impl<C: Counter, D: Counter> AddAssign<&Times<D>> for Times<C> {
    fn add_assign(&mut self, other: &Times<D>) {
        let Times { moments, histogram: _, touched } = other;
        self.moments += moments;
        for &us in touched {
            let count = C::from_u64(other.count_at(us)).expect("sums go into wider counters");
            self.put(us, count);
        }
    }
}

fn counter<C: Counter>(count: u32) -> C {
    C::from_u32(count).expect("no counter is narrower than 32 bits")
}

/// Rounds to the nearest microsecond. A time longer than 71 minutes counts as 71 minutes in
/// percentiles; minimum, maximum and mean stay exact.
fn microseconds(ns: u64) -> u32 {
    u32::try_from(ns.saturating_add(500) / 1000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(us: impl IntoIterator<Item = u64>) -> Times<u64> {
        let mut times = Times::default();
        us.into_iter().for_each(|us| times.record(Duration::from_micros(us)));
        times
    }

    #[test]
    fn microseconds_are_rounded_to_the_nearest_and_saturate() {
        let rounded = [0, 499, 500, 1499, 1500, u64::MAX].map(microseconds);
        assert_eq!(rounded, [0, 0, 1, 1, 2, u32::MAX]);
    }

    #[test]
    fn no_times_have_no_figures() {
        assert_eq!(times([]).distribution(), Distribution::default());
    }

    #[test]
    fn one_time_is_every_percentile_to_the_nanosecond() {
        let mut times = Times::<u32>::default();
        let time = Duration::from_nanos(123_456_789);
        times.record(time);
        let figures = times.distribution().figures.expect("one time");
        assert_eq!((figures.min, figures.mean, figures.max), (time, time, time));
        assert_eq!(figures.percentiles, [time; PERCENTILES.len()]);
    }

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let figures = times((1..=100).map(|n| n * 10)).distribution().figures.expect("hundred");
        let us = figures.percentiles.map(|time| time.as_micros());
        assert_eq!(us, [500, 660, 750, 800, 900, 950, 980, 990, 1000, 1000, 1000]);
        assert_eq!(figures.mean, Duration::from_micros(505));
    }

    #[test]
    fn percentiles_are_within_a_thousandth_of_a_sorted_list() {
        for seed in 0..50 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let n = rng.usize(1..5000);
            // Spread over six decades, as latencies are.
            let mut sorted: Vec<u64> =
                (0..n).map(|_| (10f64.powf(rng.f64() * 6.0 + 1.0)) as u64).collect();
            let figures = times(sorted.iter().copied()).distribution().figures.expect("n > 0");
            sorted.sort_unstable();
            for (q, got) in PERCENTILES.iter().zip(figures.percentiles) {
                let rank = ((q * n as f64).ceil() as usize).clamp(1, n);
                let (want, got) = (sorted[rank - 1] as f64, got.as_secs_f64() * 1e6);
                assert!(
                    want <= got + 1e-6 && got <= want * 1.001,
                    "seed {seed}: {q} of {n} is {got}, wanted {want}"
                );
            }
        }
    }

    #[test]
    fn the_curve_of_quantiles_rises_from_the_shortest_to_the_longest_and_is_short() {
        assert_eq!(times([]).quantiles(), []);
        let curve = times((1..=100_000).map(|n| n * 10)).quantiles();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        assert_eq!((curve[0], curve[curve.len() - 1].0), ((0.0, Duration::from_micros(10)), 1.0));
        assert_eq!(ms(curve[curve.len() - 1].1), 1000.0);
        assert!((60..120).contains(&curve.len()), "{} points", curve.len());
        assert!(curve.is_sorted());
        for (share, time) in curve.into_iter().skip(1) {
            let want = share * 1000.0;
            assert!((ms(time) - want).abs() <= want * 0.002 + 0.02, "{share}: {time:?}");
        }
    }

    #[test]
    fn a_time_too_long_for_the_histogram_keeps_its_exact_maximum() {
        let mut times = Times::<u32>::default();
        let long = Duration::from_secs(7 * 24 * 3600);
        times.record(Duration::from_millis(1));
        times.record(long);
        times.record(Duration::MAX);
        let distribution = times.distribution();
        let figures = distribution.figures.expect("three times");
        assert_eq!(distribution.count, 3);
        assert_eq!(figures.max, Duration::from_nanos(u64::MAX));
        assert_eq!(figures.median(), Duration::from_micros(u64::from(u32::MAX)));
    }

    #[test]
    fn counts_by_locusts_rounding_are_those_of_the_times_but_at_its_edges() {
        for seed in 0..50 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let sorted: Vec<_> = (0..rng.usize(1..3000))
                .map(|_| Duration::from_nanos((10f64.powf(rng.f64() * 7.0 + 3.5)) as u64))
                .collect();
            let mut times = Times::<u64>::default();
            sorted.iter().for_each(|&time| times.record(time));
            let (sum, counts) = times.rounded();
            assert_eq!(sum, sorted.iter().sum::<Duration>());
            assert_eq!(counts.values().sum::<u64>(), sorted.len() as u64);
            for (&ms, &count) in &counts {
                // What a bin's width more or less makes of the times.
                let around = |time: Duration| {
                    let off = time.mul_f64(0.0006).max(Duration::from_nanos(600));
                    [time.saturating_sub(off), time + off].map(rounded_ms)
                };
                let may = |time: &&Duration| around(**time).contains(&ms);
                let sure = |time: &&Duration| around(**time) == [ms, ms];
                let range = sorted.iter().filter(sure).count()..=sorted.iter().filter(may).count();
                assert!(range.contains(&(count as usize)), "seed {seed}: {count} of {ms} ms");
            }
        }
        let mut one = Times::<u64>::default();
        one.record(Duration::from_nanos(1_050_000_001));
        assert_eq!(one.rounded().1, BTreeMap::from([(1100, 1)]), "one time is itself");
    }

    #[test]
    fn there_and_back_through_bins_is_the_same() {
        for seed in 0..50 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let n = rng.usize(0..3000);
            let dense = times((0..n).map(|_| {
                let shift = rng.u32(28..63);
                rng.u64(..) >> shift
            }));
            let mut through_bins = Times::<u64>::default();
            through_bins += &dense.to_sparse();
            let mut merged = Times::<u64>::default();
            merged += &dense;
            assert_eq!(through_bins.distribution(), dense.distribution(), "seed {seed}");
            assert_eq!(merged.distribution(), dense.distribution(), "seed {seed}");
            let listed: u64 = dense.to_sparse().bins.iter().map(|bin| u64::from(bin.count)).sum();
            assert_eq!(listed, dense.count(), "seed {seed}: every time is in one listed bin");
        }
    }

    #[test]
    fn cleared_times_are_as_new() {
        let mut reused = times([5, 5_000, 5_000_000]);
        reused.clear();
        assert_eq!(reused.distribution(), Distribution::default());
        assert_eq!(reused.to_sparse(), SparseTimes::default());
        reused.record(Duration::from_micros(7));
        assert_eq!(reused.distribution(), times([7]).distribution());
    }
}
