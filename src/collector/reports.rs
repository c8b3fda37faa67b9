//! The reports of one run, each on a thread of its own.
//!
//! A report that is slow, such as one whose pipe nobody reads, delays neither the collector nor another
//! report. Updates wait for it: at most [`WAITING_MAX`], of which the oldest is dropped when another one
//! comes. For a report that needs the newest only, at most one update waits, and none at the end of the
//! run. The end is never dropped, and the collector waits until each report has dealt with it.
//!
//! A report that fails stays: a full disk may have room again, and reports repeat what they could not
//! write. Only a report whose reader closed its pipe is dropped.

use std::io::{self, ErrorKind};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, unbounded};

use super::ReportError;
use crate::report::Report;
use crate::stats::Snapshot;

/// How many updates may wait for a report. They share their memory with those that wait for others.
const WAITING_MAX: usize = 10;

/// The reports of a run.
pub(super) struct Reports {
    reporters: Vec<Reporter>,
    failed: Sender<ReportError>,
    failures: Receiver<ReportError>,
}

impl Default for Reports {
    fn default() -> Self {
        let (failed, failures) = unbounded();
        Reports { reporters: Vec::new(), failed, failures }
    }
}

/// A report's thread, and the events that wait for it.
struct Reporter {
    waiting: Sender<Event>,
    /// Takes out the oldest event if there are too many.
    oldest: Receiver<Event>,
    needs_every: bool,
    /// Returns an error if the report is incomplete.
    thread: JoinHandle<Option<ReportError>>,
}

/// An event for a report.
enum Event {
    Update(Arc<Snapshot>),
    Finish(Arc<Snapshot>),
    /// Answered when all earlier events are handled.
    #[cfg(test)]
    Settle(Sender<()>),
}

struct Active {
    name: String,
    report: Box<dyn Report + Send>,
    failed: Sender<ReportError>,
    /// The error that was reported last, so that an error that lasts for an hour is one line of the
    /// log.
    told: Option<String>,
}

impl Reports {
    /// Adds a report and starts its thread.
    pub(super) fn add(&mut self, name: String, report: Box<dyn Report + Send>) {
        let needs_every = report.needs_every_update();
        let active = Active { name, report, failed: self.failed.clone(), told: None };
        let (waiting, oldest) = bounded(if needs_every { WAITING_MAX } else { 1 });
        let news = oldest.clone();
        let thread = thread::Builder::new().name("report".to_owned()).spawn(|| active.run(news));
        let thread = thread.expect("the system has a thread for a report");
        self.reporters.push(Reporter { waiting, oldest, needs_every, thread });
    }

    /// Returns the channel of new errors.
    pub(super) fn failures(&self) -> &Receiver<ReportError> {
        &self.failures
    }

    /// Gives every report an update, and does not wait.
    pub(super) fn update(&self, snapshot: &Arc<Snapshot>) {
        self.reporters.iter().for_each(|reporter| reporter.tell(Event::Update(snapshot.clone())));
    }

    /// Ends the reports one after the other, so that their output keeps their order. Returns the errors
    /// of reports that are incomplete; those that failed before may be complete now.
    pub(super) fn finish(
        self,
        snapshot: &Arc<Snapshot>,
        on_error: &mut dyn FnMut(&ReportError),
    ) -> Vec<ReportError> {
        let Reports { reporters, failures, .. } = self;
        let mut errors = Vec::new();
        for Reporter { oldest, .. } in reporters.iter().filter(|reporter| !reporter.needs_every) {
            let _ = oldest.try_recv();
        }
        for Reporter { waiting, oldest, thread, .. } in reporters {
            drop(oldest);
            // A dropped report receives nothing any more.
            let _ = waiting.send(Event::Finish(snapshot.clone()));
            errors.extend(thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
            failures.try_iter().for_each(|error| on_error(&error));
        }
        errors
    }

    /// Waits until all earlier events are handled.
    #[cfg(test)]
    pub(super) fn settle(&self) {
        for reporter in &self.reporters {
            let (heard, answer) = bounded(1);
            let _ = reporter.waiting.send(Event::Settle(heard));
            let _ = answer.recv();
        }
    }
}

impl Reporter {
    fn tell(&self, news: Event) {
        if let Err(TrySendError::Full(news)) = self.waiting.try_send(news) {
            let _ = self.oldest.try_recv();
            let _ = self.waiting.try_send(news);
        }
    }
}

impl Active {
    /// Handles the events up to the end of the run. Returns an error if the report is incomplete.
    fn run(mut self, news: Receiver<Event>) -> Option<ReportError> {
        let mut is_read = true;
        for news in news {
            match news {
                Event::Update(snapshot) if is_read => {
                    if let Err(error) = self.report.update(&snapshot) {
                        is_read = !reader_left(&self.tell(error));
                    }
                }
                Event::Finish(snapshot) if is_read => {
                    let error = self.report.finish(&snapshot).err()?;
                    return Some(self.tell(error)).filter(|error| !reader_left(error));
                }
                Event::Finish(_) => return None,
                Event::Update(_) => {}
                #[cfg(test)]
                Event::Settle(heard) => drop(heard.send(())),
            }
        }
        None
    }

    fn tell(&mut self, error: io::Error) -> ReportError {
        let error = ReportError { report: self.name.clone(), error };
        let text = error.to_string();
        if self.told.as_ref() != Some(&text) {
            let same = io::Error::new(error.error.kind(), error.error.to_string());
            let _ = self.failed.send(ReportError { report: self.name.clone(), error: same });
            self.told = Some(text);
        }
        error
    }
}

/// A closed pipe is not an error: its reader has read what it wanted.
fn reader_left(error: &ReportError) -> bool {
    error.error.kind() == ErrorKind::BrokenPipe
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, SystemTime};

    use crate::stats::{RowLimits, Totals};

    use super::*;

    /// Answers each call from a list, and says how often it was called.
    struct Scripted {
        answers: std::vec::IntoIter<Option<io::Error>>,
        calls: Arc<Mutex<usize>>,
    }

    impl Report for Scripted {
        fn update(&mut self, _: &Snapshot) -> io::Result<()> {
            *self.calls.lock().unwrap() += 1;
            self.answers.next().flatten().map_or(Ok(()), Err)
        }

        fn finish(&mut self, snapshot: &Snapshot) -> io::Result<()> {
            self.update(snapshot)
        }
    }

    /// Tells a report that answers like this, the last answer being the one to `finish`. Expects
    /// so many calls, these complaints on the way, and these errors at the end.
    #[track_caller]
    fn check(answers: Vec<Option<io::Error>>, calls: usize, told: &[&str], left: &[&str]) {
        let (updates, counted) = (answers.len() - 1, Arc::default());
        let failing = Scripted { answers: answers.into_iter(), calls: Arc::clone(&counted) };
        let others = Arc::default();
        let fine = Scripted { answers: Vec::new().into_iter(), calls: Arc::clone(&others) };
        let mut reports = Reports::default();
        reports.add("csv".to_owned(), Box::new(failing));
        reports.add("fine".to_owned(), Box::new(fine));

        let mut totals = Totals::new(SystemTime::UNIX_EPOCH, Vec::new(), RowLimits::default());
        let snapshot = Arc::new(totals.snapshot(Duration::ZERO));
        let mut complaints = Vec::new();
        let mut on_error = |error: &ReportError| complaints.push(error.to_string());
        for _ in 0..updates {
            reports.update(&snapshot);
        }
        let errors = reports.finish(&snapshot, &mut on_error);
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!((complaints, errors), (owned(told), owned(left)));
        assert_eq!(*counted.lock().unwrap(), calls);
        assert_eq!(*others.lock().unwrap(), updates + 1, "the others are told as ever");
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().copied().map(str::to_owned).collect()
    }

    fn full() -> Option<io::Error> {
        Some(io::Error::other("disk full"))
    }

    fn denied() -> Option<io::Error> {
        Some(io::Error::other("denied"))
    }

    fn closed() -> Option<io::Error> {
        Some(io::Error::new(ErrorKind::BrokenPipe, "closed"))
    }

    /// It once was dropped at its first error, and the files stayed as the full disk had left them.
    #[test]
    fn a_report_that_failed_for_a_while_is_complete_in_the_end() {
        check(vec![None, full(), None, None], 4, &["csv failed: disk full"], &[]);
    }

    #[test]
    fn the_same_error_is_told_once_and_another_one_again() {
        let answers = vec![full(), full(), None, full(), denied(), denied(), full(), None];
        let told = ["csv failed: disk full", "csv failed: denied", "csv failed: disk full"];
        check(answers, 8, &told, &[]);
    }

    #[test]
    fn a_report_that_cannot_be_finished_is_incomplete_even_if_its_error_is_no_news() {
        check(vec![full(), full()], 2, &["csv failed: disk full"], &["csv failed: disk full"]);
        check(vec![None, denied()], 2, &["csv failed: denied"], &["csv failed: denied"]);
    }

    #[test]
    fn a_report_whose_reader_left_is_given_up_and_nothing_is_missing() {
        check(vec![None, closed(), None, None], 2, &["csv failed: closed"], &[]);
        check(vec![None, closed()], 2, &["csv failed: closed"], &[]);
    }

    /// Tells how often it was updated, after it has slept.
    struct Slow {
        pause: Duration,
        told: Arc<Mutex<Vec<u64>>>,
    }

    impl Report for Slow {
        fn update(&mut self, snapshot: &Snapshot) -> io::Result<()> {
            std::thread::sleep(self.pause);
            self.told.lock().unwrap().push(snapshot.elapsed.as_secs());
            Ok(())
        }

        fn finish(&mut self, snapshot: &Snapshot) -> io::Result<()> {
            self.told.lock().unwrap().push(1000 + snapshot.elapsed.as_secs());
            Ok(())
        }
    }

    /// The collector once told its reports itself, and waited for each.
    #[test]
    fn a_report_that_sleeps_delays_neither_another_nor_whoever_tells_it_and_hears_the_end() {
        let [slow, quick] = [Duration::from_millis(300), Duration::ZERO].map(|pause| {
            let told = Arc::default();
            (Slow { pause, told: Arc::clone(&told) }, told)
        });
        let mut reports = Reports::default();
        reports.add("slow".to_owned(), Box::new(slow.0));
        reports.add("quick".to_owned(), Box::new(quick.0));
        let mut totals = Totals::new(SystemTime::UNIX_EPOCH, Vec::new(), RowLimits::default());
        let mut at = |second| Arc::new(totals.snapshot(Duration::from_secs(second)));
        let told = |of: &Arc<Mutex<Vec<u64>>>| of.lock().unwrap().clone();
        for second in 0..30 {
            reports.update(&at(second));
            while told(&quick.1).len() <= second as usize {
                std::thread::yield_now();
            }
        }
        assert!(told(&slow.1).len() < 10, "{:?}", told(&slow.1));
        assert!(reports.finish(&at(30), &mut |error| panic!("{error}")).is_empty());
        assert_eq!(told(&quick.1)[..30], (0..30).collect::<Vec<_>>());
        let slow = told(&slow.1);
        assert_eq!(slow[slow.len() - 2..], [29, 1030], "the last update and the end: {slow:?}");
        assert!(slow.len() <= WAITING_MAX + 3 && slow.is_sorted(), "{slow:?}");
    }

    /// Is held up in its first update until it may go on.
    struct Held {
        needs_every: bool,
        begun: Sender<()>,
        go_on: Receiver<()>,
        told: Arc<Mutex<Vec<u64>>>,
    }

    impl Report for Held {
        fn update(&mut self, snapshot: &Snapshot) -> io::Result<()> {
            let _ = self.begun.send(());
            let _ = self.go_on.recv();
            self.told.lock().unwrap().push(snapshot.elapsed.as_secs());
            Ok(())
        }

        fn finish(&mut self, snapshot: &Snapshot) -> io::Result<()> {
            self.update(snapshot)
        }

        fn needs_every_update(&self) -> bool {
            self.needs_every
        }
    }

    /// Lets a report go on when it is finished itself.
    struct Gate(Option<Sender<()>>);

    impl Report for Gate {
        fn update(&mut self, _: &Snapshot) -> io::Result<()> {
            Ok(())
        }

        fn finish(&mut self, _: &Snapshot) -> io::Result<()> {
            self.0 = None;
            Ok(())
        }
    }

    /// Expects these seconds of a run of nine to be told to a report that is held up in the first one: up
    /// to its fifth, or to its end.
    #[track_caller]
    fn check_held(needs_every: bool, until_end: bool, expected: &[u64]) {
        let ((begun, has_begun), (gate, go_on)) = (unbounded(), bounded(0));
        let told = Arc::default();
        let held = Held { needs_every, begun, go_on, told: Arc::clone(&told) };
        let mut reports = Reports::default();
        let gate = if until_end {
            reports.add("gate".to_owned(), Box::new(Gate(Some(gate))));
            None
        } else {
            Some(gate)
        };
        reports.add("held".to_owned(), Box::new(held));
        let mut totals = Totals::new(SystemTime::UNIX_EPOCH, Vec::new(), RowLimits::default());
        let mut at = |second| Arc::new(totals.snapshot(Duration::from_secs(second)));
        reports.update(&at(0));
        has_begun.recv().unwrap();
        (1..6).for_each(|second| reports.update(&at(second)));
        drop(gate);
        if until_end {
            assert!(reports.finish(&at(9), &mut |error| panic!("{error}")).is_empty());
        } else {
            reports.settle();
        }
        assert_eq!(*told.lock().unwrap(), expected);
    }

    #[test]
    fn a_slow_report_gets_every_update_or_the_newest_and_at_the_end_none_that_is_of_no_use() {
        check_held(true, false, &[0, 1, 2, 3, 4, 5]);
        check_held(true, true, &[0, 1, 2, 3, 4, 5, 9]);
        check_held(false, false, &[0, 5]);
        check_held(false, true, &[0, 9]);
    }
}
