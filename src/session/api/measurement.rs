//! Samples that a task takes itself: of another protocol, or of several requests as one.

use std::rc::Rc;
use std::time::Instant;

use super::session::Session;
use crate::credentials::{hidden, stripped};
use crate::session::wire::context::Context;
use crate::stats::{Clocks, EntryId, GROUP, Outcome, Sample};

/// The failure of a measurement that its task has dropped.
const UNFINISHED: &str = "the task ended before its measurement";

/// A measurement that has started and is counted like a request when it ends, under a type and a name
/// of its own. If the task drops it before [`success`](Self::success) or [`failure`](Self::failure), as
/// it does where it ends with an error, that is a failure. If the run stops before, it counts as cancelled.
#[derive(Debug)]
#[must_use = "it is counted by success() or failure()"]
pub struct Measurement {
    context: Rc<Context>,
    entry: EntryId,
    intended: Option<Instant>,
    started: Instant,
    is_counted: bool,
}

impl Session {
    /// Starts a measurement. Its type (`REDIS`, `TRANSACTION`) is shown in the column of the methods. If
    /// the task had an intended start and this is the first thing that it measures, the latency counts
    /// from there, as that of a request does.
    ///
    /// ```
    /// # use gregaria::session::Session;
    /// # async fn task(http: &mut Session) -> gregaria::scenario::TaskResult {
    /// let checkout = http.measure("TRANSACTION", "checkout");
    /// http.post("/cart").send().await?;
    /// let paid = http.post("/pay").send().await?;
    /// if paid.is_success() { checkout.success(0) } else { checkout.failure("not paid") }
    /// # Ok(())
    /// # }
    /// ```
    pub fn measure(&self, kind: &str, name: &str) -> Measurement {
        let context = self.context.clone();
        let entry = context.recorder.borrow_mut().entry(&stripped(kind), &stripped(name));
        let (intended, started) = (self.intended.take(&context), Instant::now());
        Measurement { context, entry, intended, started, is_counted: false }
    }
}

impl Session {
    /// Returns the entry of a group of requests.
    pub(crate) fn entry_of_group(&self, name: &str) -> EntryId {
        self.context.recorder.borrow_mut().entry(GROUP, &stripped(name))
    }

    /// Counts a group of requests that has started then and ends now.
    pub(crate) fn count_group(&self, entry: EntryId, started: Instant, failure: Option<&str>) {
        let clocks = Clocks::new(None, started, Instant::now());
        let outcome = failure.map_or(Outcome::Success, Outcome::Failure);
        let sample = Sample { entry, clocks, body_bytes: 0, status: None, outcome };
        self.context.recorder.borrow_mut().record(sample);
    }
}

impl Measurement {
    /// Counts a success. `bytes` is how much was read, for the column of the average size.
    pub fn success(self, bytes: u64) {
        self.count(bytes, Outcome::Success);
    }

    /// Counts a failure. Failures are grouped by their text, so leave out what differs each time.
    pub fn failure(self, message: &str) {
        let message = hidden(message);
        let message = self.context.secrets().mask_text(&message);
        self.count(0, Outcome::Failure(&message));
    }

    fn count(mut self, body_bytes: u64, outcome: Outcome<'_>) {
        self.is_counted = true;
        self.record(body_bytes, outcome);
    }

    fn record(&self, body_bytes: u64, outcome: Outcome<'_>) {
        let clocks = Clocks::new(self.intended, self.started, Instant::now());
        let sample = Sample { entry: self.entry, clocks, body_bytes, status: None, outcome };
        self.context.recorder.borrow_mut().record(sample);
    }
}

impl Drop for Measurement {
    fn drop(&mut self) {
        if self.is_counted {
            return;
        }
        if self.context.is_task_running.get() {
            self.record(0, Outcome::Failure(UNFINISHED));
        } else {
            self.context.recorder.borrow_mut().cancel(self.entry);
        }
    }
}
