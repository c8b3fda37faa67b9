//! How the releases of an open load went: what was asked for, what was started, how late, and
//! whether what came out is the process that was asked for.

use std::ops::AddAssign;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Distribution;
use super::gaps::{Gaps, anderson_darling};
use super::times::{SparseTimes, Times};

/// The releases of one core in an interval.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct ArrivalCounts {
    /// Expected number of releases by the rate that was asked for, in thousandths: of a Poisson
    /// process the actual number varies around it.
    pub asked_milli: u64,
    /// Releases whose time had come.
    pub due: u64,
    /// Those of them that a user started.
    pub started: u64,
    /// How many had to wait for a user, because all that there may be were busy.
    pub delayed: u64,
    /// The most that waited at once.
    pub backlog_peak: u64,
    /// From the intended time of each that was started to its start.
    pub lateness: SparseTimes,
    /// By how much the time between two starts differed from the time that was intended.
    pub gap_errors: SparseTimes,
    /// A sample of the times between two starts, as shares of a thousandth of the mean at that
    /// moment: of a Poisson process exponential with mean 1,000.
    pub gaps: Vec<u32>,
}

/// What a core has released since the last take.
#[derive(Debug, Default)]
pub(super) struct ArrivalRecorder {
    asked_milli: u64,
    due: u64,
    started: u64,
    delayed: u64,
    backlog_peak: u64,
    lateness: Times<u32>,
    gap_errors: Times<u32>,
    gaps: Gaps,
}

/// One start of an iteration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct IterationStart {
    /// How late it was.
    pub lateness: Duration,
    /// Whether it had to wait for a user.
    pub delayed: bool,
    /// From the start before, on the same core.
    pub gap: Option<StartGap>,
}

/// The time between two starts on a core.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StartGap {
    /// How far it was from what was intended.
    pub error: Duration,
    /// Its length in mean lengths at that moment, where it is to be exponential.
    pub of_mean: Option<f64>,
}

impl ArrivalRecorder {
    pub(super) fn due(&mut self, releases: u64, backlog: u64) {
        self.due += releases;
        self.backlog_peak = self.backlog_peak.max(backlog);
    }

    pub(super) fn asked(&mut self, milli: u64) {
        self.asked_milli = self.asked_milli.saturating_add(milli);
    }

    pub(super) fn start(&mut self, start: IterationStart) {
        self.started += 1;
        self.delayed += u64::from(start.delayed);
        self.lateness.record(start.lateness);
        if let Some(gap) = start.gap {
            self.gap_errors.record(gap.error);
            gap.of_mean.into_iter().for_each(|gap| self.gaps.note(gap));
        }
    }

    pub(super) fn take(&mut self) -> ArrivalCounts {
        let arrivals = ArrivalCounts {
            asked_milli: self.asked_milli,
            due: self.due,
            started: self.started,
            delayed: self.delayed,
            backlog_peak: self.backlog_peak,
            lateness: self.lateness.to_sparse(),
            gap_errors: self.gap_errors.to_sparse(),
            gaps: self.gaps.take(),
        };
        let ArrivalRecorder { asked_milli, due, started, delayed, backlog_peak, .. } = self;
        for count in [asked_milli, due, started, delayed, backlog_peak] {
            *count = 0;
        }
        self.lateness.clear();
        self.gap_errors.clear();
        arrivals
    }
}

impl AddAssign<&ArrivalCounts> for ArrivalRecorder {
    fn add_assign(&mut self, other: &ArrivalCounts) {
        let ArrivalCounts { asked_milli, due, started, delayed, backlog_peak, .. } = *other;
        self.asked_milli = self.asked_milli.saturating_add(asked_milli);
        self.due += due;
        self.started += started;
        self.delayed += delayed;
        self.backlog_peak = self.backlog_peak.max(backlog_peak);
        self.lateness += &other.lateness;
        self.gap_errors += &other.gap_errors;
        self.gaps.add(&other.gaps);
    }
}

/// The releases of all cores since the start, in the collector.
#[derive(Debug, Default)]
pub(super) struct ArrivalTotals {
    asked_milli: u64,
    due: u64,
    started: u64,
    delayed: u64,
    /// By core: the most that waited on each.
    backlog_peaks: Vec<u64>,
    lateness: Times<u64>,
    gap_errors: Times<u64>,
    gaps: Gaps,
}

impl ArrivalTotals {
    pub(super) fn add(&mut self, core: usize, other: &ArrivalCounts) {
        if self.backlog_peaks.len() <= core {
            self.backlog_peaks.resize(core + 1, 0);
        }
        let peak = &mut self.backlog_peaks[core];
        *peak = other.backlog_peak.max(*peak);
        self.asked_milli = self.asked_milli.saturating_add(other.asked_milli);
        self.due += other.due;
        self.started += other.started;
        self.delayed += other.delayed;
        self.lateness += &other.lateness;
        self.gap_errors += &other.gap_errors;
        self.gaps.add(&other.gaps);
    }

    /// The releases as reports see them.
    pub(super) fn report(&self) -> OpenLoad {
        OpenLoad {
            asked: self.asked_milli as f64 / 1000.0,
            due: self.due,
            started: self.started,
            delayed: self.delayed,
            backlog: self.due.saturating_sub(self.started),
            backlog_peak: self.backlog_peaks.iter().sum(),
            lateness: self.lateness.distribution(),
            gap_errors: self.gap_errors.distribution(),
            anderson_darling: anderson_darling(self.gaps.sample()),
        }
    }
}

/// An open load as reports see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenLoad {
    /// Expected number of releases by the rate that was asked for.
    pub asked: f64,
    /// Releases whose time had come.
    pub due: u64,
    /// Those of them that a user started.
    pub started: u64,
    /// How many had to wait for a user, because all that there may be were busy.
    pub delayed: u64,
    /// Releases that are due and not started: at the end of the run, those that never were.
    pub backlog: u64,
    /// The most that waited at once: the sum of what each core saw, so no less than there were.
    pub backlog_peak: u64,
    /// How late the starts were.
    pub lateness: Distribution,
    /// How far the times between two starts on a core were from what was intended.
    pub gap_errors: Distribution,
    /// Whether the times between two starts look exponential; `None` where they are not meant to, or
    /// are too few.
    pub anderson_darling: Option<AndersonDarling>,
}

/// The Anderson-Darling test of whether times between starts are exponential with the mean that was
/// asked for: whether what came out of the generator is a Poisson process.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AndersonDarling {
    /// The statistic A², near 1 for the process itself.
    pub statistic: f64,
    /// The number of times that it was made from.
    pub sample: usize,
}

impl AndersonDarling {
    /// What the statistic of a Poisson process exceeds once in a hundred times (all parameters
    /// known; Stephens 1974).
    pub const LIMIT: f64 = 3.857;

    /// Whether the times may be those of a Poisson process.
    pub fn holds(&self) -> bool {
        self.statistic <= Self::LIMIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: Duration = Duration::from_micros(1);

    fn start(lateness: Duration, delayed: bool) -> IterationStart {
        IterationStart {
            lateness,
            delayed,
            gap: Some(StartGap { error: 3 * US, of_mean: Some(1.0) }),
        }
    }

    #[test]
    fn releases_add_up_over_cores_and_over_what_could_not_be_shipped() {
        let mut released = ArrivalRecorder::default();
        released.asked(2500);
        released.due(3, 2);
        released.start(start(5 * US, false));
        released.start(start(9 * US, true));
        let first = released.take();
        assert_eq!(released.take(), ArrivalCounts::default());
        released += &first;
        released.asked(500);
        released.due(1, 1);
        let both = released.take();
        assert_eq!((both.asked_milli, both.due, both.started), (3000, 4, 2));

        let mut sum = ArrivalTotals::default();
        sum.add(0, &both);
        sum.add(1, &both);
        let report = sum.report();
        assert_eq!((report.asked, report.due, report.started, report.delayed), (6.0, 8, 4, 2));
        assert_eq!((report.backlog, report.backlog_peak), (4, 4));
        assert_eq!(report.lateness.figures.expect("four starts").max, 9 * US);
        assert_eq!(report.gap_errors.count, 4);
        assert_eq!(report.anderson_darling, None, "four gaps say nothing");
    }
}
