//! Making a request and counting it: once, however it ends.

use std::borrow::Cow;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::response::Response;
use super::session::SessionRefs;
use super::unanswered::Unanswered;
use crate::credentials::stripped;
use crate::session::failure::Failure;
use crate::session::wire::attempt::{Attempt, Outbound};
use crate::session::wire::context::{Context, InFlight};
use crate::session::wire::exchange::Connections;
use crate::session::wire::received::Received;
use crate::stats::{Clocks, EntryId, EntryKey};

impl SessionRefs<'_> {
    /// Makes a request, waits for its response within its timeout, and returns what `judge` makes of it: a
    /// response is large, so it is judged where it was made. The request is counted once: when what
    /// came of it is dropped, and as cancelled if this future is dropped before its end.
    pub(super) async fn request<T>(
        self,
        connections: &mut Connections,
        outbound: &Outbound<'_>,
        judge: impl FnOnce(Response) -> T,
    ) -> Result<T, Box<Unanswered>> {
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
                let context = context.clone();
                Ok(judge(Response::new(context, user, outbound.entry, clocks, received)))
            }
            Err(failure) => Err(Unanswered::new(context, outbound.entry, clocks, failure)),
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

/// Makes the failure of a request that cannot be rendered.
pub(super) fn refuse(
    context: &Rc<Context>,
    entry: EntryId,
    intended: Option<Instant>,
    reason: String,
) -> Box<Unanswered> {
    let now = Instant::now();
    let clocks = Clocks::new(intended, now, now);
    Unanswered::new(context, entry, clocks, Failure::Request(reason))
}

/// Returns the entry that differs from this one in its method or name.
pub(super) fn renamed(
    context: &Context,
    entry: EntryId,
    method: Option<&str>,
    name: Option<&str>,
) -> EntryId {
    let mut recorder = context.recorder.borrow_mut();
    let EntryKey { method: of_method, name: of_name } = recorder.key(entry).clone();
    let name = name.map_or(Cow::Borrowed(&*of_name), stripped);
    recorder.entry(method.unwrap_or(&of_method), &name)
}
