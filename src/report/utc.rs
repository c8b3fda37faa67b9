//! Wall-clock times as the reports write them.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// Returns the time in whole seconds, as in Locust: `2026-09-21T14:13:20Z`; empty for a year beyond
/// four digits.
pub(crate) fn utc(time: SystemTime) -> String {
    Timestamp::from_second(unix_seconds(time)).map(|time| time.to_string()).unwrap_or_default()
}

/// Returns whole seconds since 1970; 0 for anything earlier.
pub(crate) fn unix_seconds(time: SystemTime) -> i64 {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn check(after_epoch: Duration, expected: &str) {
        assert_eq!(utc(UNIX_EPOCH + after_epoch), expected);
    }

    #[test]
    fn times_are_utc_in_whole_seconds_cut_not_rounded() {
        check(Duration::ZERO, "1970-01-01T00:00:00Z");
        check(Duration::from_secs(1_790_000_000), "2026-09-21T14:13:20Z");
        check(Duration::from_millis(1_790_000_000_999), "2026-09-21T14:13:20Z");
        check(Duration::from_secs(951_782_399), "2000-02-28T23:59:59Z");
        check(Duration::from_secs(951_782_400), "2000-02-29T00:00:00Z");
    }

    #[test]
    fn a_time_beyond_the_calendar_is_left_empty_and_one_before_1970_is_1970() {
        check(Duration::from_secs(300_000_000_000), "");
        assert_eq!(utc(UNIX_EPOCH - Duration::from_secs(1)), "1970-01-01T00:00:00Z");
    }
}
