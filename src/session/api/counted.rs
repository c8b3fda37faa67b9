//! Making a request and counting it: once, however it ends.

use std::time::{Duration, Instant};

use super::response::Response;
use super::session::SessionRefs;
use crate::credentials::hidden;
use crate::session::failure::Failure;
use crate::session::wire::attempt::{Attempt, Outbound};
use crate::session::wire::context::{Context, InFlight};
use crate::session::wire::exchange::Connections;
use crate::session::wire::received::Received;
use crate::stats::{Clocks, EntryId, EntryKey, Outcome, Sample};

/// A request that failed without a response. It has been counted already.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RequestFailed(pub Failure, Duration);

impl RequestFailed {
    /// Returns the time from the intended start of the request to its failure.
    pub(crate) fn latency(&self) -> Duration {
        self.1
    }
}

impl SessionRefs<'_> {
    /// Makes a request and waits for its response, within its timeout. It is counted once: a failure
    /// here, a response when it is dropped, and as cancelled if this future is dropped before its end.
    pub(super) async fn request(
        self,
        connections: &mut Connections,
        outbound: &Outbound<'_>,
    ) -> Result<Response, RequestFailed> {
        let SessionRefs { context, user, .. } = self;
        context.budget.take().await;
        let in_flight = InFlight::new(context, outbound.entry);
        let started = Instant::now();
        let attempt = Attempt::first(context, outbound, started);
        let result = match connections.exchange(&attempt, user).await {
            Ok(received) if outbound.may_have_follow_up(received.head.status) => {
                // On the heap, because few requests need it.
                Box::pin(connections.follow_up(&attempt, user, received)).await
            }
            result => result,
        };
        // The time of the turn that received the last byte. A failure without a turn took no time.
        let ended = context.reactor.now().max(started);
        let clocks = Clocks::new(outbound.intended, started, ended);
        in_flight.ended();
        context.recorder.borrow_mut().tell(user.number, |recorder| {
            described(recorder.key(outbound.entry), &result, ended - started)
        });
        match result {
            Ok(received) => {
                let user = user.number;
                Ok(Response::new(context.clone(), user, outbound.entry, clocks, received))
            }
            Err(failure) => Err(record_failure(context, outbound.entry, clocks, failure)),
        }
    }
}

/// Describes the outcome of a request, for the log.
#[cold]
fn described(key: &EntryKey, result: &Result<Received, Failure>, took: Duration) -> String {
    let EntryKey { method, name } = key;
    let ms = took.as_secs_f64() * 1e3;
    match result {
        Ok(received) => format!("{method} {name}: {} after {ms:.2} ms", received.head.status),
        Err(failure) => format!("{method} {name}: {failure} after {ms:.2} ms"),
    }
}

/// Counts a request that cannot be rendered.
pub(super) fn refuse(
    context: &Context,
    entry: EntryId,
    intended: Option<Instant>,
    reason: String,
) -> RequestFailed {
    let now = Instant::now();
    let clocks = Clocks::new(intended, now, now);
    record_failure(context, entry, clocks, Failure::Request(reason))
}

/// Counts a request that failed without a response.
#[cold]
fn record_failure(
    context: &Context,
    entry: EntryId,
    clocks: Clocks,
    failure: Failure,
) -> RequestFailed {
    let message = context.failure_text(entry, &failure);
    let message = hidden(&message);
    let outcome = Outcome::Failure(&message);
    let sample = Sample { entry, clocks, body_bytes: 0, status: failure.status(), outcome };
    let mut recorder = context.recorder.borrow_mut();
    recorder.record(sample);
    failure.limit().into_iter().for_each(|limit| recorder.hit(limit));
    RequestFailed(failure, clocks.latency())
}
