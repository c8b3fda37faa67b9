//! Silence at the start of every period.

use std::str::FromStr;
use std::time::Duration;

use super::PathologyError;
use super::error::{pair, within_limit};
use crate::units::parse_duration;

/// The server answers nothing in the first part of every period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    lasting: Duration,
    every: Duration,
}

impl Stall {
    /// Makes a stall at the start of every period. The first period begins with the script.
    ///
    /// # Errors
    ///
    /// Returns an error if the stall is not shorter than its period, or a time is too long.
    pub fn new(lasting: Duration, every: Duration) -> Result<Stall, PathologyError> {
        within_limit([lasting, every])?;
        if lasting >= every {
            return Err(PathologyError::EndlessStall);
        }
        Ok(Stall { lasting, every })
    }

    /// Returns when a response is sent that is ready at this instant.
    pub(super) fn leave(&self, ready: Duration) -> Duration {
        let into_period = Duration::from_nanos_u128(ready.as_nanos() % self.every.as_nanos());
        ready + self.lasting.saturating_sub(into_period)
    }
}

impl FromStr for Stall {
    type Err = PathologyError;

    /// Parses the length of the stall and its period: `100ms/1s`.
    fn from_str(text: &str) -> Result<Stall, PathologyError> {
        let (lasting, every) = pair(text, '/', "a stall and its period, such as 100ms/1s")?;
        Stall::new(parse_duration(lasting)?, parse_duration(every)?)
    }
}
