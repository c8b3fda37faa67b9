//! The totals of one entry since the start of the run, and over the last seconds.

use std::time::Duration;

use super::entry::{Delta, Entry};
use super::times::Times;
use super::window::{self, Window};
use super::{Detail, EntryKey, Period, Rates, Row, Timeline};

/// Everything about one entry, of all cores.
#[derive(Debug)]
pub(super) struct EntryTotals {
    key: EntryKey,
    sum: Entry<u64>,
    window: Window,
    timeline: Timeline,
}

impl EntryTotals {
    /// Makes totals in which nothing has been counted.
    pub(super) fn new(key: EntryKey) -> Self {
        EntryTotals {
            key,
            sum: Entry::default(),
            window: Window::default(),
            timeline: Timeline::default(),
        }
    }

    /// Returns the method and name.
    pub(super) fn key(&self) -> &EntryKey {
        &self.key
    }

    /// Returns what has been counted since the start.
    pub(super) fn sum(&self) -> &Entry<u64> {
        &self.sum
    }

    /// Adds what one core counted in a second.
    pub(super) fn add(&mut self, second: u64, delta: &Delta) {
        self.sum += delta;
        self.window.add(second, delta);
        self.timeline.add(second, delta);
    }

    /// Clears everything but the method and name.
    pub(super) fn reset(&mut self) {
        self.sum.clear();
        self.window = Window::default();
        self.timeline = Timeline::default();
    }

    /// Returns the row that reports show at `elapsed` after the start of the run, of what was counted
    /// since `since`. Overwrites `scratch`.
    pub(super) fn row(&self, since: Duration, elapsed: Duration, scratch: &mut Times<u64>) -> Row {
        let complete = elapsed.as_secs();
        let latency = self.sum.latency(scratch);
        scratch.clear();
        let recent = self.window.recent(complete, scratch);
        let counted = elapsed.saturating_sub(since);
        let window = Duration::from_secs(window::seconds(complete)).min(counted);
        Row {
            key: self.key.clone(),
            requests: self.sum.requests(),
            failures: self.sum.failures(),
            counts: self.sum.counts(),
            statuses: self.sum.statuses(),
            latency,
            service_time: self.sum.service_time(),
            phases: self.sum.phases(),
            latest: self.sum.latest(),
            detail: None,
            recent_latency: scratch.distribution(),
            rates: rates(self.sum.requests(), self.sum.failures(), counted),
            recent_rates: rates(recent.requests, recent.failures, window),
        }
    }

    /// Returns pairs of a share of the requests and the longest time of that share. Overwrites
    /// `scratch`.
    pub(super) fn quantiles(&self, scratch: &mut Times<u64>) -> Vec<(f64, Duration)> {
        scratch.clear();
        self.sum.add_times_to(scratch);
        scratch.quantiles()
    }

    /// Returns the details that a row does not have every second. Overwrites `scratch`.
    pub(super) fn detail(
        &self,
        since: Duration,
        elapsed: Duration,
        scratch: &mut Times<u64>,
    ) -> Box<Detail> {
        scratch.clear();
        self.sum.add_times_to(scratch);
        let (total_latency, rounded) = scratch.rounded();
        let ending = self.ending(since, elapsed, scratch);
        Box::new(Detail { total_latency, rounded, timeline: self.timeline.clone(), ending })
    }

    fn ending(&self, since: Duration, elapsed: Duration, scratch: &mut Times<u64>) -> Period {
        let begun = elapsed.as_secs() + u64::from(elapsed.subsec_nanos() > 0);
        scratch.clear();
        let recent = self.window.recent(begun, scratch);
        let from = Duration::from_secs(begun).saturating_sub(Period::WINDOW).max(since);
        let over = elapsed.saturating_sub(from);
        Period {
            from,
            to: elapsed,
            latency: scratch.distribution(),
            rates: rates(recent.requests, recent.failures, over),
        }
    }
}

fn rates(requests: u64, failures: u64, over: Duration) -> Rates {
    if over.is_zero() {
        return Rates::default();
    }
    let seconds = over.as_secs_f64();
    Rates { requests: requests as f64 / seconds, failures: failures as f64 / seconds }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seconds: &[u64]) -> EntryTotals {
        let key = EntryKey { method: "GET".to_owned(), name: "/".to_owned() };
        let mut line = EntryTotals::new(key);
        for (second, &requests) in (0..).zip(seconds) {
            let mut entry = Entry::<u32>::default();
            (0..requests).for_each(|_| entry.record_success(Duration::from_millis(5)));
            line.add(second, &entry.take());
        }
        line
    }

    fn rates_at(line: &EntryTotals, elapsed: f64) -> (f64, f64) {
        let elapsed = Duration::from_secs_f64(elapsed);
        let row = line.row(Duration::ZERO, elapsed, &mut Times::default());
        (row.rates.requests, row.recent_rates.requests)
    }

    #[test]
    fn rates_since_the_start_divide_by_the_time_since_the_start() {
        assert_eq!(rates_at(&line(&[10, 20]), 2.0), (15.0, 15.0));
        assert_eq!(rates_at(&line(&[10, 20]), 2.5), (12.0, 15.0));
        assert_eq!(rates_at(&line(&[10, 20]), 30.0), (1.0, 0.0));
    }

    #[test]
    fn recent_rates_divide_by_the_complete_seconds_but_at_most_ten() {
        assert_eq!(rates_at(&line(&[7, 7, 7]), 3.0).1, 7.0);
        assert_eq!(rates_at(&line(&[70, 7, 7]), 12.0).1, 0.7, "the last ten of twelve");
    }

    #[test]
    fn rates_of_no_time_at_all_are_zero() {
        assert_eq!(rates_at(&line(&[10]), 0.0), (0.0, 0.0));
        assert_eq!(rates_at(&line(&[10]), 0.5), (20.0, 0.0), "no second is complete yet");
    }

    #[test]
    fn the_ending_has_the_second_that_was_cut_short() {
        let line = line(&[70, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12]);
        let ending = |since: f64, elapsed: f64| {
            let [since, elapsed] = [since, elapsed].map(Duration::from_secs_f64);
            let Period { from, to, latency, rates } =
                line.detail(since, elapsed, &mut Times::default()).ending;
            assert_eq!(to, elapsed);
            (from.as_secs_f64(), latency.count, rates.requests)
        };
        assert_eq!(ending(0.0, 11.5), (2.0, 12, 12.0 / 9.5));
        assert_eq!(ending(0.0, 10.0), (0.0, 77, 7.7));
        assert_eq!(ending(0.0, 1.5), (0.0, 77, 77.0 / 1.5));
        assert_eq!(ending(11.0, 11.5), (11.0, 12, 24.0));
        assert_eq!(ending(11.5, 11.5), (11.5, 12, 0.0), "no time, no rate");
    }
}
