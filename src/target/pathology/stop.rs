//! One silence.

use std::str::FromStr;
use std::time::Duration;

use super::PathologyError;
use super::error::{pair, within_limit};
use crate::units::parse_duration;

/// The server answers nothing from some instant of the script on, for some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    at: Duration,
    lasting: Duration,
}

impl Stop {
    /// Makes a stop at an instant of the script.
    ///
    /// # Errors
    ///
    /// Returns an error if a time is too long.
    pub fn new(at: Duration, lasting: Duration) -> Result<Stop, PathologyError> {
        within_limit([at, lasting])?;
        Ok(Stop { at, lasting })
    }

    /// Returns when a response is sent that is ready at this instant.
    pub(super) fn leave(&self, ready: Duration) -> Duration {
        let end = self.at + self.lasting;
        if (self.at..end).contains(&ready) { end } else { ready }
    }
}

impl FromStr for Stop {
    type Err = PathologyError;

    /// Parses the instant and the length: `3s/2s`.
    fn from_str(text: &str) -> Result<Stop, PathologyError> {
        let (at, lasting) = pair(text, '/', "an instant and how long it lasts, such as 3s/2s")?;
        Stop::new(parse_duration(at)?, parse_duration(lasting)?)
    }
}
