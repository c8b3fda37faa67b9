//! Responses that take longer at first.

use std::str::FromStr;
use std::time::Duration;

use super::PathologyError;
use super::error::{pair, within_limit};
use crate::units::parse_duration;

/// An extra time that falls from some length to nothing, linearly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowStart {
    from: Duration,
    over: Duration,
}

impl SlowStart {
    /// Adds `from` for a request that arrives at the start, nothing for one that arrives `over` later, and in
    /// proportion between.
    ///
    /// # Errors
    ///
    /// Returns an error if `over` is zero, or a time is too long.
    pub fn new(from: Duration, over: Duration) -> Result<SlowStart, PathologyError> {
        within_limit([from, over])?;
        if over.is_zero() {
            return Err(PathologyError::StartInNoTime);
        }
        Ok(SlowStart { from, over })
    }

    /// Returns `from * (1 - arrival / over)`, and 0 after that, truncated to nanoseconds.
    pub(super) fn extra(&self, arrival: Duration) -> Duration {
        let left = self.over.saturating_sub(arrival);
        // Two times within the limit have 62 bits each.
        let nanos = self.from.as_nanos() * left.as_nanos() / self.over.as_nanos();
        Duration::from_nanos_u128(nanos)
    }
}

impl FromStr for SlowStart {
    type Err = PathologyError;

    /// Parses the time at the start and how long it takes to fall to nothing: `200ms/5s`.
    fn from_str(text: &str) -> Result<SlowStart, PathologyError> {
        let (from, over) = pair(text, '/', "a time and how long it takes to go, such as 200ms/5s")?;
        SlowStart::new(parse_duration(from)?, parse_duration(over)?)
    }
}
