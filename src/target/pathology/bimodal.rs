//! Answers that take one of two times.

use std::str::FromStr;
use std::time::Duration;

use super::PathologyError;
use super::error::{pair, within_limit};
use crate::units::{parse_duration, parse_share};

/// Spreads neighbouring numbers over all 64 bits; any odd number without a pattern would do.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// An extra time for a share of the requests.
///
/// Which ones is drawn for each request by itself, from the seed and its number in the order of
/// arrival: the same run again hits the same ones, on any number of cores. Not every *k*th, because
/// users who ask in turn, or in equal intervals, could be in step with that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bimodal {
    share: f64,
    slow: Duration,
    seed: u64,
}

impl Bimodal {
    /// So much more for this share of the requests.
    ///
    /// # Errors
    ///
    /// What is no share, and a time that is too long.
    pub fn new(share: f64, slow: Duration) -> Result<Bimodal, PathologyError> {
        within_limit([slow])?;
        if !(0.0..=1.0).contains(&share) {
            return Err(PathologyError::Share(crate::units::NoShare));
        }
        Ok(Bimodal { share, slow, seed: 0 })
    }

    /// The same with other requests.
    pub fn seed(self, seed: u64) -> Bimodal {
        Bimodal { seed, ..self }
    }

    pub(super) fn extra(&self, nth: u64) -> Duration {
        if self.is_slow(nth) { self.slow } else { Duration::ZERO }
    }

    pub(super) fn is_slow(&self, nth: u64) -> bool {
        let seed = self.seed.wrapping_add(nth.wrapping_mul(SPREAD));
        fastrand::Rng::with_seed(seed).f64() < self.share
    }
}

impl FromStr for Bimodal {
    type Err = PathologyError;

    /// `5%:50ms`, `0.05:50ms`: which share, and how much more.
    fn from_str(text: &str) -> Result<Bimodal, PathologyError> {
        let (share, slow) = pair(text, ':', "a share and a time, such as 5%:50ms")?;
        Bimodal::new(parse_share(share)?, parse_duration(slow)?)
    }
}
