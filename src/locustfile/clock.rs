//! Instants that all processes of a host share: `CLOCK_MONOTONIC` is one clock for all of them, and what
//! [`Instant`] reads.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Returns an instant as the time of the clock.
pub(super) fn to_clock(instant: Instant) -> Duration {
    let (clock, now) = now();
    match instant.checked_duration_since(now) {
        Some(ahead) => clock + ahead,
        None => clock.saturating_sub(now - instant),
    }
}

/// Returns the instant of a time of the clock.
pub(super) fn from_clock(time: Duration) -> Instant {
    let (clock, now) = now();
    match time.checked_sub(clock) {
        Some(ahead) => now + ahead,
        None => now.checked_sub(clock - time).unwrap_or(now),
    }
}

/// Returns the same moment on both.
fn now() -> (Duration, Instant) {
    let clock = clock_gettime(ClockId::Monotonic);
    let now = Instant::now();
    let seconds = u64::try_from(clock.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(clock.tv_nsec).unwrap_or_default();
    (Duration::new(seconds, nanoseconds), now)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As near as two readings of the clock are, unless this thread is interrupted between them each time.
    #[test]
    fn an_instant_that_goes_to_the_clock_and_back_is_the_same() {
        let now = Instant::now();
        for instant in [now, now + Duration::from_secs(5), now - Duration::from_millis(5)] {
            let off = |_| {
                let back = from_clock(to_clock(instant));
                back.max(instant) - back.min(instant)
            };
            let nearest = (0..50).map(off).min().unwrap();
            assert!(nearest < Duration::from_micros(20), "{nearest:?}");
        }
    }
}
