//! The arrivals of an open load: how many were expected and started, how late they were, and whether
//! the starts form the arrival process that was asked for.

use std::ops::AddAssign;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Distribution;
use super::gaps::{Gaps, anderson_darling};
use super::times::{SparseTimes, Times};

/// The arrivals of one core in an interval.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct ArrivalCounts {
    /// Expected number of arrivals at the rate that was asked for, in thousandths. The actual number of
    /// a Poisson process varies around it.
    pub asked_milli: u64,
    /// Arrivals whose time had come.
    pub due: u64,
    /// How many of them a user started.
    pub started: u64,
    /// How many had to wait because all users that the load may have were busy.
    pub delayed: u64,
    /// The largest number that waited at the same time.
    pub backlog_peak: u64,
    /// Times from the intended start to the actual start of each arrival.
    pub lateness: SparseTimes,
    /// Differences between the actual and the intended time between two starts.
    pub gap_errors: SparseTimes,
    /// A sample of the times between two starts, in thousandths of the mean at that moment. They are
    /// exponential with mean 1,000 if the arrivals are a Poisson process.
    pub gaps: Vec<u32>,
}

/// Records the arrivals of one core between two takes.
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

/// The start of an iteration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct IterationStart {
    /// The delay from its arrival time.
    pub lateness: Duration,
    /// Whether it had to wait for a free user.
    pub delayed: bool,
    /// The time since the previous start on the same core.
    pub gap: Option<StartGap>,
}

/// The time between two starts on a core.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StartGap {
    /// The absolute difference from the intended time.
    pub error: Duration,
    /// Its length divided by the mean at that moment, if the process is to be exponential.
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

/// Adds up the arrivals of all cores since the start, in the collector.
#[derive(Debug, Default)]
pub(super) struct ArrivalTotals {
    asked_milli: u64,
    due: u64,
    started: u64,
    delayed: u64,
    /// By core: the largest number that waited at the same time.
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

    /// Returns what reports show.
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
    /// Expected number of arrivals at the rate that was asked for.
    pub asked: f64,
    /// Arrivals whose time had come.
    pub due: u64,
    /// How many of them a user started.
    pub started: u64,
    /// How many had to wait because all users that the load may have were busy.
    pub delayed: u64,
    /// Arrivals that are due and not started; at the end of the run, those that were never started.
    pub backlog: u64,
    /// The sum over all cores of the largest number that waited at the same time: an upper bound of the
    /// whole load's number.
    pub backlog_peak: u64,
    /// Delays of the starts.
    pub lateness: Distribution,
    /// Differences between the actual and the intended time between two starts on a core.
    pub gap_errors: Distribution,
    /// Whether the times between two starts look exponential; `None` if they are not meant to, or if
    /// there are too few.
    pub anderson_darling: Option<AndersonDarling>,
}

/// An Anderson-Darling test of whether the times between starts are exponential with the mean that was
/// asked for, that is, whether the arrivals are a Poisson process.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AndersonDarling {
    /// The statistic A², which is near 1 for a Poisson process.
    pub statistic: f64,
    /// The number of times in the sample.
    pub sample: usize,
}

impl AndersonDarling {
    /// The value that the statistic of a Poisson process exceeds once in a hundred times (all
    /// parameters known; Stephens 1974).
    pub const LIMIT: f64 = 3.857;

    /// Returns whether the times may come from a Poisson process.
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
