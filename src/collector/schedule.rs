//! When a second of the run is complete, or has to do without the cores that are late.

use std::time::{Duration, Instant};

use crate::stats::Interval;

/// How long after the cut a core's interval is waited for. Half the time to the next cut, so that
/// the seconds stay apart.
pub(super) const GRACE: Duration = Duration::from_millis(500);

/// Which snapshot is due when. Counts complete seconds since the start of the run; never asks what
/// time it is.
#[derive(Debug)]
pub(super) struct Schedule {
    started: Instant,
    cores: Vec<Delivered>,
    /// How many seconds the latest snapshot had.
    made: u64,
}

/// What has come from a core.
#[derive(Debug, Clone, Default)]
struct Delivered {
    /// How many complete seconds.
    seconds: u64,
    /// Nothing more will come. All seconds after count as delivered, without anything in them.
    ended: bool,
}

impl Schedule {
    /// Of a run that started at `started` on so many cores.
    pub(super) fn new(started: Instant, cores: usize) -> Self {
        Schedule { started, cores: vec![Delivered::default(); cores], made: 0 }
    }

    /// The snapshot of so many seconds has been made.
    pub(super) fn made(&mut self, seconds: u64) {
        self.made = seconds;
    }

    /// What the latest snapshot described.
    pub(super) fn elapsed(&self) -> Duration {
        Duration::from_secs(self.made)
    }

    /// A core has shipped a second, and with it whatever it had kept of the ones before. The last
    /// second of a run is cut short, and never becomes complete.
    pub(super) fn deliver(&mut self, interval: &Interval) {
        let Interval { core, second, to, last, .. } = *interval;
        let complete = second + u64::from(to >= Duration::from_secs(second + 1));
        let core = &mut self.cores[core];
        core.seconds = core.seconds.max(complete);
        core.ended |= last;
    }

    /// How many seconds every core has delivered, if that is news. Several seconds that become
    /// complete at once give one snapshot: there are no figures of the ones between.
    pub(super) fn complete(&self) -> Option<u64> {
        let running = self.cores.iter().filter(|core| !core.ended).map(|core| core.seconds).min();
        // When all have ended, the run has as many seconds as the one that ended last.
        let of_run = || self.cores.iter().map(|core| core.seconds).max();
        let complete = running.or_else(of_run).unwrap_or(0);
        (complete > self.made).then_some(complete)
    }

    /// How many seconds must do without the cores that are late, if that is news.
    pub(super) fn overdue(&self, now: Instant) -> Option<u64> {
        let seconds = now.saturating_duration_since(self.started + GRACE).as_secs();
        (seconds > self.made).then_some(seconds)
    }

    /// Whether every core has shipped its last. One that broke is not sure to let go of the channel.
    pub(super) fn is_over(&self) -> bool {
        self.cores.iter().all(|core| core.ended)
    }

    /// When the next second is overdue.
    pub(super) fn deadline(&self) -> Instant {
        self.started + Duration::from_secs(self.made + 1) + GRACE
    }
}
