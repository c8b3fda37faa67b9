//! A sample of the times between arrivals, and the test of whether they are exponential.

use super::AndersonDarling;

/// The size of the sample: enough to tell an exponential distribution from others, and few enough to
/// sort once a second.
const SAMPLE_MAX: usize = 2000;
/// The test needs at least this many.
const SAMPLE_MIN: usize = 50;
/// Gaps are stored in thousandths of their mean.
const MILLI: f64 = 1000.0;

/// Every n-th gap, in thousandths of its mean. n doubles whenever the sample is full, so that the
/// sample covers all of its time.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    kept: Vec<u32>,
    /// n is two to this power.
    halvings: u32,
    seen: u64,
}

impl Gaps {
    /// Adds a gap of this many mean lengths.
    pub(super) fn note(&mut self, of_mean: f64) {
        // The conversion limits it to about four million means.
        self.keep((of_mean * MILLI).round().max(0.0) as u32);
    }

    /// Adds the sample of another core or interval.
    pub(super) fn add(&mut self, gaps: &[u32]) {
        gaps.iter().for_each(|&gap| self.keep(gap));
    }

    pub(super) fn sample(&self) -> &[u32] {
        &self.kept
    }

    /// Takes the sample out. The next one begins with every gap.
    pub(super) fn take(&mut self) -> Vec<u32> {
        self.halvings = 0;
        self.seen = 0;
        std::mem::take(&mut self.kept)
    }

    fn keep(&mut self, gap: u32) {
        let chosen = self.seen.trailing_zeros() >= self.halvings || self.seen == 0;
        self.seen += 1;
        if !chosen {
            return;
        }
        if self.kept.len() == SAMPLE_MAX {
            let mut nth = 0;
            self.kept.retain(|_| {
                nth += 1;
                nth % 2 == 1
            });
            self.halvings += 1;
            if (self.seen - 1).trailing_zeros() < self.halvings {
                return;
            }
        }
        self.kept.push(gap);
    }
}

/// Returns A² of gaps against the exponential distribution with mean 1,000 thousandths, all parameters
/// known: -n - 1/n Σ (2i - 1) (ln F(xᵢ) + ln(1 - F(xₙ₊₁₋ᵢ))) over the sorted gaps x, with F(x) = 1 -
/// exp(-x) (Anderson and Darling 1954).
pub(super) fn anderson_darling(gaps: &[u32]) -> Option<AndersonDarling> {
    let n = gaps.len();
    if n < SAMPLE_MIN {
        return None;
    }
    // Gaps are rounded. Those that were rounded to 0 count as a half, so that their logarithm is
    // finite.
    let mut sorted: Vec<f64> = gaps.iter().map(|&gap| f64::from(gap).max(0.5) / MILLI).collect();
    sorted.sort_by(f64::total_cmp);
    let sum: f64 = (0..n)
        .map(|i| {
            let below = (-(-sorted[i]).exp_m1()).ln();
            let above = -sorted[n - 1 - i];
            (2 * i + 1) as f64 * (below + above)
        })
        .sum();
    let statistic = -(n as f64) - sum / n as f64;
    Some(AndersonDarling { statistic, sample: n })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exponential(rng: &mut fastrand::Rng) -> f64 {
        -(1.0 - rng.f64()).ln()
    }

    /// How many of two hundred samples of 1,000 gaps pass.
    fn passes(gap: impl Fn(&mut fastrand::Rng) -> f64) -> usize {
        let of_seed = |seed| {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut gaps = Gaps::default();
            (0..1000).for_each(|_| gaps.note(gap(&mut rng)));
            anderson_darling(gaps.sample()).expect("there are enough")
        };
        (0..200).filter(|&seed| of_seed(seed).holds()).count()
    }

    #[test]
    fn a_poisson_process_passes_nearly_always_and_nothing_else_does() {
        let poisson = passes(exponential);
        assert!((193..=200).contains(&poisson), "{poisson} of 200, expected 198");
        assert_eq!(passes(|_| 1.0), 0, "even spacing");
        assert_eq!(passes(|rng| 2.0 * rng.f64()), 0, "uniform gaps");
        assert_eq!(passes(|rng| 1.25 * exponential(rng)), 0, "a slower process");
        let bursts = passes(|rng| if rng.bool() { 0.02 } else { 2.0 * exponential(rng) });
        assert_eq!(bursts, 0, "bursts");
    }

    #[test]
    fn a_sample_is_bounded_and_spread_over_all_of_its_time() {
        let mut gaps = Gaps::default();
        for n in 0..100_000_u32 {
            gaps.keep(n);
            assert!(gaps.sample().len() <= SAMPLE_MAX);
        }
        let sample = gaps.sample();
        assert!(sample.len() > SAMPLE_MAX / 2);
        let steps: Vec<u32> = sample.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.iter().all(|&step| step == 64), "{steps:?}");
        assert_eq!(gaps.take().len(), steps.len() + 1);
        gaps.keep(7);
        assert_eq!(gaps.sample(), [7]);
    }

    #[test]
    fn the_statistic_is_that_of_the_books() {
        // By hand for gaps at the quantiles (i - 0.5) / n, where it is smallest.
        let n = 100;
        let gap = |i: usize| -(1.0 - (i as f64 + 0.5) / n as f64).ln();
        let gaps: Vec<u32> = (0..n).map(|i| (gap(i) * MILLI).round() as u32).collect();
        let test = anderson_darling(&gaps).expect("a hundred");
        assert!((0.0..0.05).contains(&test.statistic), "{test:?}");
        assert_eq!((test.sample, test.holds()), (100, true));
        assert_eq!(anderson_darling(&gaps[..49]), None);
    }
}
