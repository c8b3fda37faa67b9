//! Decides when a second of the run is complete, or goes on without late cores.

use std::time::{Duration, Instant};

use crate::stats::Interval;

/// How long the collector waits for a core after the end of a second: half a second, so that it never
/// overlaps with the next one.
pub(super) const GRACE: Duration = Duration::from_millis(500);

/// Decides which snapshot is due at which time. It counts complete seconds since the start of the run
/// and never reads a clock.
#[derive(Debug)]
pub(super) struct Schedule {
    started: Instant,
    cores: Vec<Delivered>,
    /// The number of seconds of the latest snapshot.
    made: u64,
}

/// What a core has delivered.
#[derive(Debug, Clone, Default)]
struct Delivered {
    /// The number of complete seconds.
    seconds: u64,
    /// Whether the core has ended. All later seconds count as delivered and empty.
    ended: bool,
}

impl Schedule {
    /// Makes the schedule of a run that started at `started` on this many cores.
    pub(super) fn new(started: Instant, cores: usize) -> Self {
        Schedule { started, cores: vec![Delivered::default(); cores], made: 0 }
    }

    /// Notes that the snapshot of this second has been made.
    pub(super) fn made(&mut self, seconds: u64) {
        self.made = seconds;
    }

    /// Returns the time of the latest snapshot.
    pub(super) fn elapsed(&self) -> Duration {
        Duration::from_secs(self.made)
    }

    /// Notes an interval, which may also hold earlier seconds that could not be sent. The last second
    /// of a run is cut short and never becomes complete.
    pub(super) fn deliver(&mut self, interval: &Interval) {
        let Interval { core, second, to, last, .. } = *interval;
        let complete = second + u64::from(to >= Duration::from_secs(second + 1));
        let core = &mut self.cores[core];
        core.seconds = core.seconds.max(complete);
        core.ended |= last;
    }

    /// Returns the number of seconds that every core has delivered, if there is no snapshot of them
    /// yet. Several seconds that become complete together give one snapshot.
    pub(super) fn complete(&self) -> Option<u64> {
        let running = self.cores.iter().filter(|core| !core.ended).map(|core| core.seconds).min();
        // When all cores have ended, the run has as many seconds as the core that ended last.
        let of_run = || self.cores.iter().map(|core| core.seconds).max();
        let complete = running.or_else(of_run).unwrap_or(0);
        (complete > self.made).then_some(complete)
    }

    /// Returns the number of seconds that late cores are no longer waited for, if there is no snapshot
    /// of them yet.
    pub(super) fn overdue(&self, now: Instant) -> Option<u64> {
        let seconds = now.saturating_duration_since(self.started + GRACE).as_secs();
        (seconds > self.made).then_some(seconds)
    }

    /// Returns whether every core has shipped its last interval. A core that panicked may never close
    /// its channel.
    pub(super) fn is_over(&self) -> bool {
        self.cores.iter().all(|core| core.ended)
    }

    /// Returns when the next second is overdue.
    pub(super) fn deadline(&self) -> Instant {
        self.started + Duration::from_secs(self.made + 1) + GRACE
    }
}
