//! A request that is being made, and one exchange of it.

use std::mem;
use std::time::{Duration, Instant};

use super::context::Context;
use super::render::Defaults;
use super::rendered::Rendered;
use crate::http1::KeepBody;
use crate::session::failure::redirect::REDIRECTS_MAX;
use crate::session::failure::{Failure, RequestPhase};
use crate::session::request::policy::{Policy, Timeouts};
use crate::stats::{EntryId, Extra, Phases, WireBytes};
use crate::units;

/// A request that is being made, with all of its exchanges.
pub(in crate::session) struct Outbound<'r> {
    pub(in crate::session) entry: EntryId,
    /// The defaults of its class, also for follow-ups.
    pub(in crate::session) defaults: &'r Defaults,
    /// The request that is sent first.
    pub(in crate::session) first: &'r Rendered,
    /// From its start to the end of its response.
    pub(in crate::session) timeout: Duration,
    pub(in crate::session) keep_body: KeepBody,
    /// Whether redirects are followed.
    pub(in crate::session) follows: bool,
    /// The settings that are its class's, unless it has its own.
    pub(in crate::session) settings: &'r Settings,
    /// Whether the response has the redirects that led to it.
    pub(in crate::session) keeps_trail: bool,
    /// Its intended start, if a schedule set one.
    pub(in crate::session) intended: Option<Instant>,
}

/// What few requests set in place of their class.
#[derive(Debug, Clone)]
pub(in crate::session) struct Settings {
    pub(in crate::session) timeouts: Timeouts,
    /// The most redirects that are followed.
    pub(in crate::session) redirects_max: u32,
    /// Cookies that are sent after redirects too, beside those of the user: `a=1; b=2`.
    pub(in crate::session) cookies: Option<String>,
}

/// One exchange of a request: one send and its response.
#[derive(Clone, Copy)]
pub(in crate::session) struct Attempt<'r> {
    pub(super) context: &'r Context,
    pub(super) outbound: &'r Outbound<'r>,
    pub(super) request: &'r Rendered,
    /// What the exchange is counted as, unless it is the request's first.
    pub(super) extra: Option<Extra>,
    pub(super) started: Instant,
    /// The deadline of the whole request.
    pub(super) deadline: Instant,
}

impl Settings {
    /// Returns those of the requests of a class with this policy.
    pub(super) fn of_class(policy: &Policy) -> Self {
        Settings { timeouts: policy.timeouts, redirects_max: REDIRECTS_MAX, cookies: None }
    }
}

impl Outbound<'_> {
    /// Returns how long the response's body may be. One that is only counted takes no memory, so it may
    /// have any length.
    pub(super) fn body_bytes_max(&self) -> u64 {
        match self.keep_body {
            KeepBody::Yes => self.defaults.policy.max_body,
            KeepBody::No => u64::MAX,
        }
    }
}

impl<'r> Attempt<'r> {
    /// Makes the first exchange of a request that starts now.
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

    /// Returns the deadline of a phase that begins at `begin`: by its own limit or that of the request,
    /// whichever is earlier.
    pub(super) fn deadline(&self, begin: Instant, limit: Option<Duration>) -> Instant {
        limit.map_or(self.deadline, |limit| self.deadline.min(units::after(begin, limit)))
    }

    /// Returns the time since `begin`, which becomes the current time. Zero if both are in the same turn,
    /// as with most responses.
    pub(super) fn lap(&self, begin: &mut Instant) -> Option<Duration> {
        let now = self.context.reactor.now();
        if now <= *begin {
            return Some(Duration::ZERO);
        }
        Some(now - mem::replace(begin, now))
    }

    /// Records the time and the bytes of a phase.
    pub(super) fn record(&self, phases: Phases, wire: WireBytes) {
        self.context.recorder.borrow_mut().exchanged(self.outbound.entry, phases, wire);
    }

    /// Returns the failure of a phase with the deadline `by` and a limit of its own, if it has one.
    pub(super) fn timed_out(
        &self,
        at: RequestPhase,
        by: Instant,
        limit: Option<Duration>,
    ) -> Failure {
        match limit.filter(|_| by < self.deadline) {
            Some(after) => Failure::TimedOut { at, after, whole: false },
            None => Failure::TimedOut { at, after: self.outbound.timeout, whole: true },
        }
    }
}
