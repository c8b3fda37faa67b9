//! Chooses which requests get a faulty response.

use super::Options;

/// A faulty response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// 500.
    Error,
    /// 200 without the promised key.
    Drop,
}

/// The faults of a core, drawn in the order of its requests.
#[derive(Debug)]
pub(super) struct Faults {
    error_rate: f64,
    drop_rate: f64,
    rng: fastrand::Rng,
}

impl Faults {
    /// Makes the faults of the core at this position among the server's cores.
    pub(super) fn new(options: &Options, position: usize) -> Self {
        let Options { error_rate, drop_rate, seed, .. } = *options;
        let rng = fastrand::Rng::with_seed(seed.wrapping_add(position as u64));
        Faults { error_rate, drop_rate, rng }
    }

    /// Draws the fault of the next request. No random number is drawn for a rate of zero.
    pub(super) fn next(&mut self) -> Option<Fault> {
        let mut hit = |rate: f64| rate > 0.0 && self.rng.f64() < rate;
        if hit(self.error_rate) {
            return Some(Fault::Error);
        }
        hit(self.drop_rate).then_some(Fault::Drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(error_rate: f64, drop_rate: f64, seed: u64) -> (usize, usize) {
        let options = Options { error_rate, drop_rate, seed, ..Options::default() };
        let mut faults = Faults::new(&options, 0);
        let all: Vec<_> = (0..10_000).map(|_| faults.next()).collect();
        let count = |fault| all.iter().filter(|&&one| one == Some(fault)).count();
        (count(Fault::Error), count(Fault::Drop))
    }

    #[test]
    fn faults_come_at_their_rates_and_repeat_with_their_seed() {
        assert_eq!(shares(0.0, 0.0, 1), (0, 0));
        assert_eq!(shares(1.0, 1.0, 1), (10_000, 0));
        for seed in 0..10 {
            let (errors, drops) = shares(0.1, 0.5, seed);
            assert!((850..1150).contains(&errors), "seed {seed}: {errors}");
            assert!((4200..4800).contains(&drops), "seed {seed}: {drops}");
            assert_eq!(shares(0.1, 0.5, seed), (errors, drops), "seed {seed}");
        }
    }
}
