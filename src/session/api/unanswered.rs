//! A request that got no response.

use std::rc::Rc;
use std::time::Duration;

use super::counted::renamed;
use super::response::Response;
use crate::credentials::hidden;
use crate::session::failure::Failure;
use crate::session::wire::context::Context;
use crate::stats::{Clocks, EntryId, Outcome, Sample};

/// What came of a request: the response, or a box with it for those who hand it on.
pub(crate) type Made<R = Response> = Result<R, Box<Unanswered>>;

/// A request that failed without a response. It has been counted already.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
#[non_exhaustive]
pub struct RequestFailed(pub Failure);

/// A request that failed without a response and, like a response, is counted when it is dropped: until
/// then a task in another language can judge it.
#[derive(Debug)]
pub(crate) struct Unanswered {
    context: Rc<Context>,
    entry: EntryId,
    clocks: Clocks,
    failure: Failure,
    verdict: Verdict,
    body_bytes: u64,
    is_counted: bool,
}

/// What it counts as.
#[derive(Debug)]
enum Verdict {
    /// A failure under the text that says why there is no response.
    Failed,
    /// A failure under this text.
    FailedAs(String),
    Success,
}

impl Unanswered {
    #[cold]
    pub(super) fn new(
        context: &Rc<Context>,
        entry: EntryId,
        clocks: Clocks,
        failure: Failure,
    ) -> Box<Self> {
        Box::new(Unanswered {
            context: context.clone(),
            entry,
            clocks,
            failure,
            verdict: Verdict::Failed,
            body_bytes: 0,
            is_counted: false,
        })
    }

    /// Counts it, and makes of it what tasks in Rust get.
    #[cold]
    pub(super) fn into_failed(mut self) -> RequestFailed {
        self.count();
        // What is left in its place is not read any more.
        RequestFailed(std::mem::replace(&mut self.failure, Failure::Request(String::new())))
    }

    /// Counts it now. What is said of it later changes nothing.
    pub(crate) fn count(&mut self) {
        if std::mem::replace(&mut self.is_counted, true) {
            return;
        }
        let text = match &self.verdict {
            Verdict::Failed => Some(self.context.failure_text(self.entry, &self.failure)),
            Verdict::FailedAs(text) => Some(text.clone()),
            Verdict::Success => None,
        };
        let text = text.as_deref().map(hidden);
        let outcome = text.as_deref().map_or(Outcome::Success, Outcome::Failure);
        let Unanswered { entry, clocks, body_bytes, .. } = *self;
        let status = self.failure.status();
        let mut recorder = self.context.recorder.borrow_mut();
        recorder.record(Sample { entry, clocks, body_bytes, status, outcome });
        self.failure.limit().into_iter().for_each(|limit| recorder.hit(limit));
    }

    /// Returns why there is no response.
    pub(crate) fn why(&self) -> &Failure {
        &self.failure
    }

    /// Counts it as a success.
    pub(crate) fn success(&mut self) {
        self.verdict = Verdict::Success;
    }

    /// Counts it as a failure under this text.
    pub(crate) fn failure(&mut self, text: String) {
        self.verdict = Verdict::FailedAs(text);
    }

    /// Returns the failure that it counts as so far.
    pub(crate) fn failure_text(&self) -> Option<String> {
        match &self.verdict {
            Verdict::Failed => Some(self.failure.to_string()),
            Verdict::FailedAs(text) => Some(text.clone()),
            Verdict::Success => None,
        }
    }

    /// Returns the name of its row.
    pub(crate) fn name(&self) -> String {
        self.context.recorder.borrow().key(self.entry).name.to_string()
    }

    /// Returns the method of its row.
    pub(crate) fn method(&self) -> String {
        self.context.recorder.borrow().key(self.entry).method.to_string()
    }

    /// Counts it under another method or name.
    pub(crate) fn rename(&mut self, method: Option<&str>, name: Option<&str>) {
        self.entry = renamed(&self.context, self.entry, method, name);
    }

    /// Returns the time from the intended start of the request to its failure.
    pub(crate) fn latency(&self) -> Duration {
        self.clocks.latency()
    }

    /// Counts it with another time.
    pub(crate) fn set_latency(&mut self, latency: Duration) {
        self.clocks.ended = crate::units::after(self.clocks.intended, latency);
    }

    /// Returns how many bytes of body are counted.
    pub(crate) fn counted_bytes(&self) -> u64 {
        self.body_bytes
    }

    /// Counts so many bytes of body.
    pub(crate) fn set_counted_bytes(&mut self, bytes: u64) {
        self.body_bytes = bytes;
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.count();
    }
}
