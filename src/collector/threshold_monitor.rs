//! Judges the levels that a run must not break: every second, and at its end.

use std::time::Duration;

use crate::stats::{Breach, Period, Row, Snapshot};
use crate::threshold::Threshold;

/// Judges the thresholds of one run.
///
/// At the end of the run a threshold that was never judged is judged over the whole run. Any other is
/// judged over the last ten seconds again, because the last part of a second may have broken it. Rates
/// are not judged again: at the end users only finish what they have begun.
pub(crate) struct ThresholdMonitor {
    levels: Vec<Level>,
    after: Duration,
    is_over: Box<dyn Fn(Duration) -> bool + Send>,
    broken: Option<Breach>,
}

struct Level {
    threshold: Threshold,
    /// Whether there was a value to compare it with.
    was_judged: bool,
}

impl ThresholdMonitor {
    /// Judges these thresholds from `after` the start on. `is_over` says whether the load has ended at
    /// a time after the start.
    pub(crate) fn new(
        levels: &[Threshold],
        after: Duration,
        is_over: impl Fn(Duration) -> bool + Send + 'static,
    ) -> Self {
        let level =
            |threshold: &Threshold| Level { threshold: threshold.clone(), was_judged: false };
        let (levels, is_over) = (levels.iter().map(level).collect(), Box::new(is_over));
        ThresholdMonitor { levels, after, is_over, broken: None }
    }

    /// Judges the seconds up to this snapshot. Returns whether a level has broken now.
    pub(super) fn second(&mut self, snapshot: &mut Snapshot) -> bool {
        let is_over = (self.is_over)(snapshot.elapsed);
        if self.broken.is_none() && self.is_due(snapshot) {
            for level in &mut self.levels {
                if is_over && level.threshold.is_of_rates() {
                    continue;
                }
                self.broken = level.judge(snapshot, |row| snapshot.recent(row));
                if self.broken.is_some() {
                    break;
                }
            }
        }
        let is_new = snapshot.broken.is_none() && self.broken.is_some();
        snapshot.broken.clone_from(&self.broken);
        is_new
    }

    /// Judges what is left at the end of the run.
    pub(super) fn end(&mut self, snapshot: &mut Snapshot) {
        if self.broken.is_none() {
            for level in &mut self.levels {
                let breach = match (level.was_judged, level.threshold.is_of_rates()) {
                    (false, _) => level.judge(snapshot, |row| snapshot.whole(row)),
                    (true, false) => level.judge_ending(snapshot),
                    (true, true) => None,
                };
                if breach.is_some() {
                    self.broken = breach.map(|breach| Breach { at_end: true, ..breach });
                    break;
                }
                if !level.was_judged {
                    snapshot.unjudged.push(level.threshold.to_string());
                }
            }
        }
        snapshot.broken.clone_from(&self.broken);
    }

    /// After a reset of the statistics, judging waits again, until there are ten seconds of them at
    /// most.
    fn is_due(&self, snapshot: &Snapshot) -> bool {
        let counted = snapshot.elapsed.saturating_sub(snapshot.since);
        snapshot.elapsed >= self.after && counted >= self.after.min(Period::WINDOW)
    }
}

impl Level {
    fn judge(&mut self, snapshot: &Snapshot, period: impl Fn(&Row) -> Period) -> Option<Breach> {
        let judged = period(&snapshot.total);
        let measured = self.threshold.measure(&judged)?;
        self.was_judged = true;
        if !self.threshold.is_past(measured) {
            return None;
        }
        let measure = |row: &Row| Some((row.key.clone(), self.threshold.measure(&period(row))?));
        let worst = self.threshold.worst(snapshot.entries.iter().filter_map(measure));
        Some(Breach {
            level: self.threshold.to_string(),
            entry: snapshot.total.key.clone(),
            measured,
            worst,
            from: judged.from,
            to: judged.to,
            at_end: false,
        })
    }

    /// Without a response while users were waiting there is nothing to judge, and the level counts as
    /// not judged.
    fn judge_ending(&mut self, snapshot: &Snapshot) -> Option<Breach> {
        let ending =
            |row: &Row| row.detail.as_deref().map(|d| d.ending.clone()).unwrap_or_default();
        let silent = ending(&snapshot.total).latency.count == 0;
        self.was_judged = !(silent && snapshot.total.counts.cancelled > 0);
        self.judge(snapshot, ending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{row, snapshot};
    use crate::stats::{Detail, Measured, Rates};

    const SECOND: Duration = Duration::from_secs(1);
    const MS: Duration = Duration::from_millis(1);

    /// A run of 200 ms in the whole and lately, of 2 requests per second lately and of 1 in the whole.
    fn run(elapsed: Duration) -> Snapshot {
        let rows = vec![row("GET", "/a", 10, 150 * MS), row("GET", "/b", 10, 250 * MS)];
        Snapshot { elapsed, ..snapshot(rows, 200 * MS) }
    }

    fn judge(levels: &[&str], after: Duration) -> ThresholdMonitor {
        let levels: Vec<Threshold> = levels.iter().map(|level| level.parse().unwrap()).collect();
        ThresholdMonitor::new(&levels, after, |elapsed| elapsed > 20 * SECOND)
    }

    fn second(judge: &mut ThresholdMonitor, mut run: Snapshot) -> Option<Breach> {
        let is_new = judge.second(&mut run);
        assert_eq!(is_new, run.broken.is_some());
        run.broken
    }

    fn end(judge: &mut ThresholdMonitor, mut run: Snapshot) -> (Option<Breach>, Vec<String>) {
        judge.end(&mut run);
        (run.broken, run.unjudged)
    }

    #[test]
    fn a_breach_names_what_was_measured_of_all_and_of_the_worst() {
        let breach = second(&mut judge(&["p50 > 1s", "p95 > 100ms"], SECOND), run(12 * SECOND));
        let breach = breach.unwrap();
        assert_eq!((&*breach.level, &*breach.entry.name), ("p95 > 100ms", "Aggregated"));
        assert_eq!(breach.measured, Measured::Time(200 * MS));
        let (worst, measured) = breach.worst.unwrap();
        assert_eq!((&*worst.name, measured), ("/b", Measured::Time(250 * MS)));
        assert_eq!((breach.from, breach.to, breach.at_end), (2 * SECOND, 12 * SECOND, false));
        // The entry at the other end is the worst where times are to be long, and none of a rate that
        // is to be high: each is only a part of it.
        let worst = |level| second(&mut judge(&[level], SECOND), run(12 * SECOND)).unwrap().worst;
        assert_eq!(worst("avg < 1s").unwrap().0.name, "/a");
        assert_eq!(worst("rate < 10"), None);
    }

    #[test]
    fn a_level_is_judged_from_its_time_on_and_again_after_a_reset() {
        let mut judge = judge(&["p95 > 100ms"], 5 * SECOND);
        assert_eq!(second(&mut judge, run(4 * SECOND)), None);
        let reset = Snapshot { since: 2 * SECOND, ..run(6 * SECOND) };
        assert_eq!(second(&mut judge, reset), None);
        assert!(second(&mut judge, run(5 * SECOND)).is_some());
    }

    #[test]
    fn what_was_not_judged_is_judged_at_the_end_by_all_there_is() {
        let (broken, unjudged) = end(&mut judge(&["p95 > 100ms"], 10 * SECOND), run(SECOND / 2));
        let broken = broken.unwrap();
        assert_eq!((broken.from, broken.to), (Duration::ZERO, SECOND / 2));
        assert!(broken.at_end && unjudged.is_empty());
        let (broken, _) = end(&mut judge(&["rate < 2"], 10 * SECOND), run(SECOND / 2));
        assert_eq!(broken.unwrap().measured, Measured::PerSecond(1.0));
        let kept = end(&mut judge(&["rate < 1", "p95 > 200ms"], 10 * SECOND), run(SECOND / 2));
        assert_eq!(kept, (None, vec![]));
    }

    /// The last second of a run, which is seldom a whole one.
    #[test]
    fn the_ending_is_judged_but_no_rate_of_it() {
        let latency = row("GET", "/", 3, 900 * MS).latency;
        let rates = Rates { requests: 0.1, failures: 0.0 };
        let ending = Period { from: 2 * SECOND, to: 12 * SECOND, latency, rates };
        let mut last = run(12 * SECOND);
        last.total.detail = Some(Box::new(Detail { ending, ..Detail::default() }));
        let mut judge = judge(&["max > 500ms", "rate < 1"], SECOND);
        assert_eq!(second(&mut judge, run(11 * SECOND)), None);
        let (broken, unjudged) = end(&mut judge, last);
        assert_eq!(broken.unwrap().measured, Measured::Time(900 * MS));
        assert!(unjudged.is_empty());
    }

    #[test]
    fn a_rate_is_not_judged_when_the_load_is_over() {
        let mut judge = judge(&["rate < 100"], SECOND);
        assert_eq!(second(&mut judge, run(21 * SECOND)), None);
        assert!(second(&mut judge, run(20 * SECOND)).is_some());
    }

    #[test]
    fn what_nothing_could_be_compared_with_is_told() {
        let mut nothing = snapshot(Vec::new(), MS);
        nothing.total = row("", "Aggregated", 0, MS);
        (nothing.total.rates, nothing.total.recent_rates) = Default::default();
        let levels = ["p95 > 100ms", "fail_ratio > 1%", "rate < 0.5"];
        let (broken, unjudged) = end(&mut judge(&levels[..2], SECOND), nothing);
        assert_eq!(
            (broken, unjudged),
            (None, vec!["p95 > 100ms".into(), "fail_ratio > 1%".into()])
        );

        // There were responses, and then none while users waited.
        let levels = ["p95 > 1s", "fail_ratio > 1%", "rate < 0.5"];
        let mut judge = judge(&levels, SECOND);
        assert_eq!(second(&mut judge, Snapshot { elapsed: 2 * SECOND, ..run(SECOND) }), None);
        let mut silent = run(30 * SECOND);
        silent.total.counts.cancelled = 20;
        assert_eq!(end(&mut judge, silent).1, ["p95 > 1s", "fail_ratio > 1%"]);
    }

    #[test]
    fn users_who_wait_for_their_next_task_leave_nothing_unjudged() {
        let mut judge = judge(&["p95 > 1s"], SECOND);
        assert_eq!(second(&mut judge, run(2 * SECOND)), None);
        assert_eq!(end(&mut judge, run(30 * SECOND)), (None, vec![]));
    }
}
