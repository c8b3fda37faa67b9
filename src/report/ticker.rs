//! Decides when a report that is updated every second is due.

use std::time::Duration;

/// Updates are a second apart, but not exactly. With half a second of tolerance a late one does not
/// delay all that follow by a second.
const TOLERANCE: Duration = Duration::from_millis(500);

/// Fires at once, then every `period`, in the time of the run.
#[derive(Debug)]
pub(super) struct Ticker {
    period: Duration,
    last: Option<Duration>,
}

impl Ticker {
    pub(super) const fn every(period: Duration) -> Self {
        Self { period, last: None }
    }

    /// Returns whether it is due at `elapsed`; if so, this counts as done.
    pub(super) fn due(&mut self, elapsed: Duration) -> bool {
        let due = self.last.is_none_or(|last| elapsed + TOLERANCE >= last + self.period);
        if due {
            self.last = Some(elapsed);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticker_fires_at_once_and_then_every_period_whatever_the_jitter() {
        let mut ticker = Ticker::every(Duration::from_secs(2));
        let fired: Vec<u64> = [3, 998, 2001, 2990, 3998, 5003, 6004]
            .into_iter()
            .filter(|&ms| ticker.due(Duration::from_millis(ms)))
            .collect();
        assert_eq!(fired, [3, 2001, 3998, 6004]);
    }
}
