//! A request on its way out, and one exchange of it.

use std::mem;
use std::time::{Duration, Instant};

use super::context::Context;
use super::render::Defaults;
use super::rendered::Rendered;
use crate::http1::KeepBody;
use crate::session::failure::{Failure, Stage};
use crate::session::request::policy::Policy;
use crate::stats::{EntryId, Extra, Phases, WireBytes};
use crate::units;

/// A request on its way out.
pub(in crate::session) struct Outbound<'r> {
    pub(in crate::session) entry: EntryId,
    /// What its class says, also for what follows from the response.
    pub(in crate::session) defaults: &'r Defaults,
    /// What is sent first.
    pub(in crate::session) first: &'r Rendered,
    /// From its start to the end of its response.
    pub(in crate::session) timeout: Duration,
    pub(in crate::session) keep_body: KeepBody,
    /// Whether redirects are followed.
    pub(in crate::session) follows: bool,
    /// When a schedule wanted it, where one did.
    pub(in crate::session) intended: Option<Instant>,
}

/// One exchange of a request, for its parts.
#[derive(Clone, Copy)]
pub(in crate::session) struct Attempt<'r> {
    pub(super) context: &'r Context,
    pub(super) outbound: &'r Outbound<'r>,
    pub(super) request: &'r Rendered,
    /// What it is counted as, where it is not the request's first.
    pub(super) extra: Option<Extra>,
    pub(super) started: Instant,
    /// That of the whole request.
    pub(super) deadline: Instant,
}

impl Outbound<'_> {
    /// How long a body may be: one that is only counted takes no memory, however long it is.
    pub(super) fn body_bytes_max(&self) -> u64 {
        match self.keep_body {
            KeepBody::Yes => self.defaults.policy.max_body,
            KeepBody::No => u64::MAX,
        }
    }
}

impl<'r> Attempt<'r> {
    /// The first exchange of a request that starts now.
    pub(in crate::session) fn first(
        context: &'r Context,
        outbound: &'r Outbound<'r>,
        started: Instant,
    ) -> Self {
        let deadline = units::after(started, outbound.timeout);
        let request = outbound.first;
        Attempt { context, outbound, request, extra: None, started, deadline }
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.outbound.defaults.policy
    }

    /// When a part that begins now must be done: by its own limit, or by that of the whole.
    pub(super) fn deadline(&self, begin: Instant, limit: Option<Duration>) -> Instant {
        limit.map_or(self.deadline, |limit| self.deadline.min(begin + limit))
    }

    /// How long a part took that ends now: from the end of the one before. No time at all where both
    /// came with one turn, as most responses do.
    pub(super) fn lap(&self, begin: &mut Instant) -> Option<Duration> {
        let now = self.context.reactor.now();
        if now <= *begin {
            return Some(Duration::ZERO);
        }
        Some(now - mem::replace(begin, now))
    }

    /// Counts what a part took and moved.
    pub(super) fn spent(&self, phases: Phases, wire: WireBytes) {
        self.context.recorder.borrow_mut().exchanged(self.outbound.entry, phases, wire);
    }

    /// The time is over that was there until `by`, where the part's own limit is `limit`.
    pub(super) fn timed_out(&self, at: Stage, by: Instant, limit: Option<Duration>) -> Failure {
        match limit.filter(|_| by < self.deadline) {
            Some(after) => Failure::TimedOut { at, after, whole: false },
            None => Failure::TimedOut { at, after: self.outbound.timeout, whole: true },
        }
    }
}
