//! Responses that take one of two times.

use std::str::FromStr;
use std::time::Duration;

use super::PathologyError;
use super::error::{pair, within_limit};
use crate::units::{parse_duration, parse_share};

/// Spreads successive numbers over all 64 bits; any odd number without a pattern would do.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// An extra time for a share of the requests.
///
/// The choice for a request depends on the seed and on its number in the order of arrival, so a repeated
/// run has the same slow requests, on any number of cores. It is not every *k*th request, because users
/// could be in step with that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bimodal {
    share: f64,
    slow: Duration,
    seed: u64,
}

impl Bimodal {
    /// Adds this time to this share of the requests.
    ///
    /// # Errors
    ///
    /// Returns an error if the share is not between 0 and 1, or the time is too long.
    pub fn new(share: f64, slow: Duration) -> Result<Bimodal, PathologyError> {
        within_limit([slow])?;
        if !(0.0..=1.0).contains(&share) {
            return Err(PathologyError::Share(crate::units::NoShare));
        }
        Ok(Bimodal { share, slow, seed: 0 })
    }

    /// Sets the seed, which chooses the requests.
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

    /// Parses a share and a time: `5%:50ms`, `0.05:50ms`.
    fn from_str(text: &str) -> Result<Bimodal, PathologyError> {
        let (share, slow) = pair(text, ':', "a share and a time, such as 5%:50ms")?;
        Bimodal::new(parse_share(share)?, parse_duration(slow)?)
    }
}
