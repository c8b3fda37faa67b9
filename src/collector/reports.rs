//! The reports of one run: tells them, and copes with those that fail.
//!
//! A report that fails stays. A disk that was full has room again, and reports are written to
//! repeat what did not get through. Only one whose reader went away has nobody left to write for.

use std::io::{self, ErrorKind};

use super::ReportError;
use crate::report::Report;
use crate::stats::Snapshot;

/// The reports that still have a reader.
#[derive(Default)]
pub(super) struct Reports {
    active: Vec<Active>,
}

struct Active {
    name: String,
    report: Box<dyn Report + Send>,
    /// The error that was told last: one that lasts an hour is still one line of the log.
    told: Option<String>,
}

impl Reports {
    pub(super) fn add(&mut self, name: String, report: Box<dyn Report + Send>) {
        self.active.push(Active { name, report, told: None });
    }

    /// Tells every report how the run stands.
    pub(super) fn update(&mut self, snapshot: &Snapshot, on_error: &mut dyn FnMut(&ReportError)) {
        self.active.retain_mut(|active| match active.report.update(snapshot) {
            Ok(()) => true,
            Err(error) => !reader_left(&active.tell(error, on_error)),
        });
    }

    /// Tells every report that the run is over. What comes back are the errors of those that are
    /// now incomplete: what failed before, this call has made good.
    pub(super) fn finish(
        self,
        snapshot: &Snapshot,
        on_error: &mut dyn FnMut(&ReportError),
    ) -> Vec<ReportError> {
        let mut errors = Vec::new();
        for mut active in self.active {
            if let Err(error) = active.report.finish(snapshot) {
                errors.push(active.tell(error, on_error));
            }
        }
        errors.retain(|error| !reader_left(error));
        errors
    }
}

impl Active {
    fn tell(&mut self, error: io::Error, on_error: &mut dyn FnMut(&ReportError)) -> ReportError {
        let error = ReportError { report: self.name.clone(), error };
        let text = error.to_string();
        if self.told.as_ref() != Some(&text) {
            on_error(&error);
            self.told = Some(text);
        }
        error
    }
}

/// A closed pipe is no error: its reader has read what it wanted.
fn reader_left(error: &ReportError) -> bool {
    error.error.kind() == ErrorKind::BrokenPipe
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, SystemTime};

    use crate::stats::{Limits, Totals};

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

        let mut totals = Totals::new(SystemTime::UNIX_EPOCH, Vec::new(), Limits::default());
        let snapshot = totals.snapshot(Duration::ZERO);
        let mut complaints = Vec::new();
        let mut on_error = |error: &ReportError| complaints.push(error.to_string());
        for _ in 0..updates {
            reports.update(&snapshot, &mut on_error);
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
}
