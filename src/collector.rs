//! The collector: one thread that merges intervals into snapshots and passes them to the reports.
//!
//! Intervals are merged as they come. When every core has delivered second *n*, one [`Snapshot`] is
//! made, and every report gets the same one, so reports cannot disagree. The collector waits half a
//! second for a late core; later intervals of it go into the next snapshot. It does not wait for a core
//! that has shipped its last interval. When the cores drop their senders, the run is over.
//!
//! `Schedule` decides what is due, from times that it is given. Only `Collector::run` reads the clock
//! and waits. Cores never wait for this thread: they keep (`Recorder::restore`) what does not fit into
//! the channel and ship it with the next second. The collector does not wait for reports, which run on
//! threads of their own, so a slow report delays only itself.
//!

mod accept_queue;
mod reports;
mod schedule;
mod threshold_monitor;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, select};

use self::accept_queue::AcceptQueue;
use self::reports::Reports;
use self::schedule::Schedule;
pub(crate) use self::threshold_monitor::ThresholdMonitor;
use crate::control::Control;
use crate::report::Report;
use crate::stats::{Interval, Snapshot, Totals};

/// A report could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{report} failed: {error}")]
#[non_exhaustive]
pub struct ReportError {
    /// The name of the report.
    pub report: String,
    /// The error.
    pub error: io::Error,
}

/// The result of a run.
#[derive(Debug)]
#[non_exhaustive]
pub struct Summary {
    /// The last snapshot, as given to every report.
    pub snapshot: Snapshot,
    /// Reports that could not be finished and are incomplete. A report that failed earlier and was
    /// finished later is not among them, nor is one whose reader closed its pipe.
    pub report_errors: Vec<ReportError>,
}

/// The collector of one run, before its thread starts.
pub(crate) struct Collector {
    totals: Totals,
    schedule: Schedule,
    reports: Reports,
    accept_queue: AcceptQueue,
    control: Arc<Control>,
    /// The number of resets that were carried out.
    resets: u64,
    thresholds: ThresholdMonitor,
}

/// The events that the collector waits for.
#[derive(Debug)]
enum Event {
    /// A core has shipped a second.
    Interval(Box<Interval>),
    /// A core is late.
    Tick,
    /// All cores are done.
    Disconnected,
    /// A report could not be written.
    Failed(ReportError),
}

impl Collector {
    /// Makes a collector for this many cores, numbered from 0, of a run that started at `started`. It
    /// panics if it gets an interval of another core.
    pub(crate) fn new(started: Instant, cores: usize, totals: Totals) -> Self {
        let schedule = Schedule::new(started, cores);
        let (reports, accept_queue) = (Reports::default(), AcceptQueue::new());
        let thresholds = ThresholdMonitor::new(&[], Duration::ZERO, |_| false);
        let control = Arc::default();
        Collector { totals, schedule, reports, accept_queue, control, resets: 0, thresholds }
    }

    /// Carries out the resets that this control asks for, and reports its commands.
    pub(crate) fn control(mut self, control: Arc<Control>) -> Self {
        self.control = control;
        self
    }

    /// Judges thresholds, and stops the run when the first one is broken.
    pub(crate) fn thresholds(mut self, thresholds: ThresholdMonitor) -> Self {
        self.thresholds = thresholds;
        self
    }

    /// Adds a report. Its errors are reported under this name.
    pub(crate) fn report(
        mut self,
        name: impl Into<String>,
        report: Box<dyn Report + Send>,
    ) -> Self {
        self.reports.add(name.into(), report);
        self
    }

    /// Collects until all cores have ended. Reports get the start, every second and the end. `on_error`
    /// is called at once when a report fails, but only once for the same error: the report gets the
    /// next second as usual. Only a report that fails with a broken pipe is dropped, because nobody
    /// reads it any more.
    pub(crate) fn run(
        mut self,
        intervals: &Receiver<Interval>,
        mut on_error: impl FnMut(&ReportError),
    ) -> Summary {
        self.tell_update(0);
        loop {
            let event = next_event(intervals, self.reports.failures(), self.schedule.deadline());
            if let Event::Disconnected = event {
                return self.finish(&mut on_error);
            }
            self.handle(event, Instant::now(), &mut on_error);
            if self.schedule.is_over() {
                return self.finish(&mut on_error);
            }
        }
    }

    /// Merges an interval, and updates the reports if that completes a second.
    fn handle(&mut self, event: Event, now: Instant, on_error: &mut dyn FnMut(&ReportError)) {
        let seconds = match event {
            Event::Interval(interval) => {
                // What is asked for when a report sees a second must not take the next one away.
                self.reset_if_due();
                self.schedule.deliver(&interval);
                self.totals.add(*interval).expect("a core of this process names what it counts");
                self.schedule.complete()
            }
            Event::Tick => self.schedule.overdue(now),
            Event::Disconnected => None,
            Event::Failed(error) => {
                on_error(&error);
                None
            }
        };
        if let Some(seconds) = seconds {
            self.schedule.made(seconds);
            self.tell_update(seconds);
            self.reset_if_due();
        }
    }

    fn tell_update(&mut self, seconds: u64) {
        let mut snapshot = self.totals.snapshot(Duration::from_secs(seconds));
        if self.thresholds.second(&mut snapshot) {
            self.control.stop();
        }
        self.reports.update(&Arc::new(self.complete(snapshot)));
    }

    /// Resets between two seconds: intervals that a core has shipped early are dropped with the old
    /// ones.
    fn reset_if_due(&mut self) {
        let elapsed = self.schedule.elapsed();
        if let Some(asked) = self.control.resets_due(elapsed).filter(|asked| *asked > self.resets) {
            self.resets = asked;
            self.totals.reset(elapsed);
        }
    }

    /// Adds what cores do not know.
    fn complete(&self, mut snapshot: Snapshot) -> Snapshot {
        snapshot.health.accept_queue_overflows = self.accept_queue.overflows();
        snapshot.commands = self.control.commands();
        snapshot
    }

    fn finish(mut self, on_error: &mut dyn FnMut(&ReportError)) -> Summary {
        // The run ends with the last interval of the last core, but time never goes backwards.
        let elapsed = self.totals.end().max(self.schedule.elapsed());
        let mut snapshot = self.totals.last_snapshot(elapsed);
        self.thresholds.end(&mut snapshot);
        let snapshot = Snapshot { ending: self.control.ending(), ..self.complete(snapshot) };
        let snapshot = Arc::new(snapshot);
        let report_errors = self.reports.finish(&snapshot, on_error);
        // No report holds it any more.
        Summary { snapshot: Arc::unwrap_or_clone(snapshot), report_errors }
    }
}

/// Returns what has come, even after the deadline: if the collector itself was late, it must see what
/// the cores have shipped before it calls one of them late.
fn next_event(
    intervals: &Receiver<Interval>,
    failures: &Receiver<ReportError>,
    deadline: Instant,
) -> Event {
    let wait = deadline.saturating_duration_since(Instant::now());
    select! {
        recv(intervals) -> interval => match interval {
            Ok(interval) => Event::Interval(Box::new(interval)),
            Err(_) => Event::Disconnected,
        },
        recv(failures) -> error => error.map_or(Event::Tick, Event::Failed),
        default(wait) => Event::Tick,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::SystemTime;

    use crossbeam_channel::{bounded, never};

    use crate::stats::{Clocks, Outcome, Recorder, RowLimits, Sample};

    use super::schedule::GRACE;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// What reports were told: the verb, the seconds, the requests.
    type Told = Arc<Mutex<Vec<(&'static str, f64, u64)>>>;

    struct Witness {
        told: Told,
    }

    impl Witness {
        fn note(&mut self, verb: &'static str, snapshot: &Snapshot) -> io::Result<()> {
            let mut told = self.told.lock().unwrap();
            told.push((verb, snapshot.elapsed.as_secs_f64(), snapshot.total.requests));
            Ok(())
        }
    }

    impl Report for Witness {
        fn update(&mut self, snapshot: &Snapshot) -> io::Result<()> {
            self.note("update", snapshot)
        }

        fn finish(&mut self, snapshot: &Snapshot) -> io::Result<()> {
            self.note("finish", snapshot)
        }
    }

    /// A run of some cores, driven by hand.
    struct Run {
        start: Instant,
        cores: Vec<Recorder>,
        collector: Collector,
        told: Told,
    }

    impl Run {
        fn new(cores: usize) -> Self {
            let (start, told) = (Instant::now(), Told::default());
            let totals = Totals::new(SystemTime::UNIX_EPOCH, Vec::new(), RowLimits::default());
            let witness = Witness { told: told.clone() };
            Run {
                start,
                cores: (0..cores).map(|n| Recorder::new(n, start, RowLimits::default())).collect(),
                collector: Collector::new(start, cores, totals).report("w", Box::new(witness)),
                told,
            }
        }

        fn record(&mut self, core: usize) {
            let (recorder, at) = (&mut self.cores[core], self.start);
            let entry = recorder.entry("GET", "/");
            let clocks = Clocks { intended: at, started: at, ended: at };
            recorder.record(Sample {
                entry,
                clocks,
                body_bytes: 1,
                status: Some(200),
                outcome: Outcome::Success,
            });
        }

        /// One sample on this core, then its second is shipped and handled.
        fn deliver(&mut self, core: usize, second: u64) {
            self.record(core);
            let cut = self.start + Duration::from_secs(second + 1);
            let interval = Box::new(self.cores[core].take(second, cut));
            self.handle(Event::Interval(interval), cut);
        }

        /// One sample on this core, which ends at this instant.
        fn end(&mut self, core: usize, elapsed: Duration) {
            self.record(core);
            let now = self.start + elapsed;
            let rest = self.cores[core].take(elapsed.as_secs(), now);
            self.handle(Event::Interval(Box::new(Interval { last: true, ..rest })), now);
        }

        fn tick(&mut self, elapsed: Duration) {
            self.handle(Event::Tick, self.start + elapsed);
        }

        fn handle(&mut self, event: Event, now: Instant) {
            self.collector.handle(event, now, &mut |error| panic!("{error}"));
        }

        fn told(&self) -> Vec<(&'static str, f64, u64)> {
            self.collector.reports.settle();
            self.told.lock().unwrap().clone()
        }
    }

    #[test]
    fn a_second_is_told_once_when_the_last_core_has_delivered_it() {
        let mut run = Run::new(2);
        run.deliver(1, 0);
        assert_eq!(run.told(), []);
        run.deliver(0, 0);
        assert_eq!(run.told(), [("update", 1.0, 2)]);
        run.tick(SECOND + GRACE);
        assert_eq!(run.told().len(), 1, "a second that was told is not overdue");
        run.deliver(0, 1);
        run.deliver(1, 1);
        assert_eq!(run.told()[1..], [("update", 2.0, 4)]);
    }

    /// One that a report asks for, when it has seen a second, once took the next second away, too.
    #[test]
    fn a_reset_takes_away_what_came_before_its_time_and_no_more() {
        let mut run = Run::new(1);
        let control = Arc::new(Control::default());
        control.begin(run.start, false);
        run.collector.control = control.clone();
        run.deliver(0, 0);
        control.reset_from(SECOND);
        run.deliver(0, 1);
        assert_eq!(run.told(), [("update", 1.0, 1), ("update", 2.0, 1)]);
        control.reset_from(2 * SECOND + SECOND / 2);
        run.deliver(0, 2);
        run.deliver(0, 3);
        assert_eq!(run.told()[2..], [("update", 3.0, 2), ("update", 4.0, 1)]);
    }

    #[test]
    fn a_late_core_is_waited_for_no_longer_than_the_grace() {
        let mut run = Run::new(2);
        run.deliver(0, 0);
        run.tick(SECOND + GRACE - Duration::from_nanos(1));
        assert_eq!(run.told(), []);
        assert_eq!(run.collector.schedule.deadline(), run.start + SECOND + GRACE);
        run.tick(SECOND + GRACE);
        assert_eq!(run.told(), [("update", 1.0, 1)]);
        run.deliver(1, 0);
        assert_eq!(run.told().len(), 1, "the late second is not told again");
        run.deliver(0, 1);
        run.deliver(1, 1);
        assert_eq!(run.told()[1..], [("update", 2.0, 4)], "but its samples are in the next");
    }

    /// A core that panicked leaves tasks behind that hold its sender.
    #[test]
    fn a_sender_that_is_left_behind_does_not_hold_the_end_up() {
        let (sender, intervals) = bounded(4);
        let totals = Totals::new(SystemTime::UNIX_EPOCH, Vec::new(), RowLimits::default());
        let collector = Collector::new(Instant::now(), 2, totals);
        (0..2).for_each(|core| sender.send(Interval::empty_last(core)).unwrap());
        let summary = collector.run(&intervals, |error| panic!("{error}"));
        assert_eq!(summary.snapshot.total.requests, 0);
        drop(sender);
    }

    /// It once was late in every second that the others still ran.
    #[test]
    fn a_core_that_has_ended_is_not_waited_for() {
        let mut run = Run::new(2);
        run.end(1, Duration::ZERO);
        assert_eq!(run.told(), []);
        run.deliver(0, 0);
        assert_eq!(run.told(), [("update", 1.0, 2)]);
        run.tick(SECOND + GRACE);
        run.deliver(0, 1);
        assert_eq!(run.told()[1..], [("update", 2.0, 3)]);
    }

    #[test]
    fn a_core_that_ends_while_it_is_waited_for_completes_the_second() {
        let mut run = Run::new(2);
        run.deliver(0, 0);
        run.end(1, SECOND / 2);
        assert_eq!(run.told(), [("update", 1.0, 2)]);
    }

    #[test]
    fn when_all_cores_have_ended_no_second_is_told_beyond_the_end() {
        let mut run = Run::new(2);
        run.end(0, 2 * SECOND + SECOND / 2);
        assert_eq!(run.told(), []);
        run.end(1, 3 * SECOND + SECOND / 2);
        assert_eq!(run.told(), [("update", 3.0, 2)]);
    }

    #[test]
    fn seconds_that_become_complete_or_overdue_at_once_are_told_once() {
        let mut run = Run::new(1);
        run.deliver(0, 4);
        assert_eq!(run.told(), [("update", 5.0, 1)]);
        run.tick(9 * SECOND + GRACE);
        assert_eq!(run.told()[1..], [("update", 9.0, 1)]);
    }

    #[test]
    fn what_lies_in_the_channel_comes_before_the_tick() {
        let (sender, receiver) = bounded(1);
        let start = Instant::now();
        sender.send(Recorder::new(0, start, RowLimits::default()).take(0, start)).unwrap();
        assert!(matches!(next_event(&receiver, &never(), start), Event::Interval(_)));
        assert!(matches!(next_event(&receiver, &never(), start), Event::Tick));
        drop(sender);
        assert!(matches!(next_event(&receiver, &never(), start), Event::Disconnected));
    }

    #[test]
    fn a_run_ends_with_one_finish_at_the_end_of_the_last_interval() {
        let mut run = Run::new(2);
        let (sender, receiver) = bounded(8);
        for core in [0, 1] {
            run.record(core);
            let end = run.start + Duration::from_millis(300 + core as u64);
            sender.send(run.cores[core].take(0, end)).unwrap();
        }
        drop(sender);
        let summary = run.collector.run(&receiver, |error| panic!("{error}"));
        let told = run.told.lock().unwrap().clone();
        let expected = [("update", 0.0, 0), ("finish", 0.301, 2)];
        assert_eq!(told, expected, "the start and the end: no second was complete");
        assert_eq!(summary.snapshot.total.rates.requests, 2.0 / 0.301);
    }

    #[test]
    fn a_run_without_an_interval_has_an_end_too() {
        let (_, receiver) = bounded(1);
        let summary = Run::new(1).collector.run(&receiver, |error| panic!("{error}"));
        assert_eq!(summary.snapshot.elapsed, Duration::ZERO);
    }
}
