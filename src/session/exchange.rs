//! One request and its response over the session's connections.

use std::rc::Rc;
use std::time::{Duration, Instant};

use http::Method;

use super::context::{Context, InFlight};
use super::failure::Failure;
use super::keep_alive::KeepAlive;
use super::origin::Origin;
use super::response::{Received, Response};
use crate::http1::{KeepBody, Limits, ResponseReader};
use crate::reactor::{Alarm, Kept, Socket, TimedOut};
use crate::stats::{Clocks, EntryId, Limit, Outcome, Sample};

/// The kernel sends a connection's first packet again after a second (RFC 6298 section 2).
const SLOW_CONNECT: Duration = Duration::from_secs(1);

/// A request on its way out.
pub(super) struct Outbound<'r> {
    pub(super) entry: EntryId,
    pub(super) origin: &'r Rc<Origin>,
    pub(super) text: Text<'r>,
    pub(super) method: &'r Method,
    pub(super) timeout: Duration,
    pub(super) keep_body: KeepBody,
    pub(super) keep_alive: KeepAlive,
    /// Whose request it is: users are spread over the addresses of an origin by their numbers.
    pub(super) user: u64,
    /// When a schedule wanted it, where one did.
    pub(super) intended: Option<Instant>,
}

/// The bytes of a request.
pub(super) enum Text<'r> {
    /// Rendered once, kept by the reactor.
    Kept(Kept),
    /// Rendered anew for every send.
    Rendered(&'r dyn Fn(&mut Vec<u8>)),
}

/// A request on its way, for the parts of that way.
struct Attempt<'r> {
    context: &'r Context,
    outbound: &'r Outbound<'r>,
    deadline: Instant,
}

/// A session's connections, at most one per origin. Each stays in its place while it carries a
/// request.
#[derive(Debug)]
pub(super) struct Connections {
    open: Vec<(Rc<Origin>, Socket)>,
    timeout: Alarm,
}

/// The request failed without a response. It is in the statistics already.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RequestFailed(pub Failure);

impl Connections {
    pub(super) fn new(context: &Context) -> Self {
        Connections { open: Vec::new(), timeout: Alarm::new(&context.reactor) }
    }

    /// Closes those that are open, and gives back whatever the next request does not need to find:
    /// many users may wait now.
    pub(super) fn close(&mut self) {
        self.open = Vec::new();
        self.timeout.cancel();
    }

    /// Makes a request and waits for its response, within its timeout. However it ends, it is
    /// counted once: a failure here, a response when it is dropped, and as cancelled where this
    /// future is dropped before its end.
    pub(super) async fn request(
        &mut self,
        context: &Rc<Context>,
        outbound: &Outbound<'_>,
    ) -> Result<Response, RequestFailed> {
        context.budget.take().await;
        let in_flight = InFlight::new(context, outbound.entry);
        let started = Instant::now();
        let attempt = Attempt { context, outbound, deadline: started + outbound.timeout };
        let result = self.exchange(&attempt).await;
        // The turn that brought the last byte, or for a failure without a turn no time at all.
        let ended = context.reactor.now().max(started);
        let intended = outbound.intended.map_or(started, |intended| intended.min(started));
        let clocks = Clocks { intended, started, ended };
        in_flight.ended();
        match result {
            Ok(received) => Ok(Response::new(context.clone(), outbound.entry, clocks, received)),
            Err(failure) => Err(record_failure(context, outbound.entry, clocks, failure)),
        }
    }

    /// Sends the request, on a new connection once more where a kept-alive one turns out to be dead.
    /// Both happen inside the request's one clock, and the second send is counted.
    async fn exchange(&mut self, attempt: &Attempt<'_>) -> Result<Received, Failure> {
        let Attempt { context, outbound, .. } = attempt;
        let mut kept = self.take_up(outbound.origin);
        let mut again = false;
        loop {
            let position = match kept {
                Some(position) => position,
                None => self.connect(attempt).await?,
            };
            if again {
                // Only now: where no connection is made, nothing is sent a second time.
                context.recorder.borrow_mut().retry(outbound.entry);
            }
            let failure = match self.send_and_receive(attempt, position).await {
                Ok(received) => return Ok(received),
                Err(failure) => failure,
            };
            again = kept.take().is_some()
                && failure.is_dead_connection()
                && outbound.method.is_idempotent();
            if !again {
                return Err(failure);
            }
        }
    }

    async fn connect(&mut self, attempt: &Attempt<'_>) -> Result<usize, Failure> {
        let Attempt { context, outbound, deadline } = attempt;
        // On the heap, because otherwise every user would have room for it for all of its life.
        let connect = outbound.origin.connect(&context.reactor, &context.sources, outbound.user);
        let begin = context.reactor.now();
        let connected = self.timeout.until(*deadline, Box::pin(connect)).await;
        if context.reactor.now() - begin >= SLOW_CONNECT {
            context.recorder.borrow_mut().hit(Limit::SlowConnect);
        }
        let socket = connected.map_err(|TimedOut| Failure::TimedOut(outbound.timeout))??;
        // Most users know one origin, and there are very many users.
        self.open.reserve_exact(1);
        self.open.push((outbound.origin.clone(), socket));
        Ok(self.open.len() - 1)
    }

    async fn send_and_receive(
        &mut self,
        attempt: &Attempt<'_>,
        position: usize,
    ) -> Result<Received, Failure> {
        let Attempt { context, outbound, deadline } = attempt;
        let lent = Lent { open: &mut self.open, position };
        outbound.text.send(context, lent.socket());
        let limits = match outbound.keep_body {
            KeepBody::Yes => context.limits,
            // What is only counted takes no memory, however long it is.
            KeepBody::No => Limits { body_bytes: u64::MAX, ..context.limits },
        };
        let mut reader = ResponseReader::new(outbound.method, outbound.keep_body, limits);
        let mut bytes = context.spare();
        loop {
            let came = self.timeout.until(*deadline, lent.socket().receive()).await;
            match came.map_err(|TimedOut| Failure::TimedOut(outbound.timeout))? {
                Ok(Some(piece)) => {
                    let known = &mut *context.known_head(outbound.entry);
                    if reader.feed_knowing(&piece, &mut bytes, known).map_err(Failure::Http)?.done {
                        break;
                    }
                }
                Ok(None) => break reader.close().map_err(Failure::Http)?,
                Err(error) => return Err(Failure::Broken { error, answered: reader.has_begun() }),
            }
        }
        // A connection to an origin that is not remembered would never be found again.
        let keeps = outbound.keep_alive != KeepAlive::Never && outbound.origin.remembered;
        if keeps && reader.keep_alive() {
            lent.give_back();
        }
        let head = *reader.head().expect("a response that is done has a head");
        Ok(Received { head, body_bytes: reader.body_bytes(), bytes })
    }

    /// Where the connection to an origin is, if there is one that is still good.
    fn take_up(&mut self, origin: &Rc<Origin>) -> Option<usize> {
        let position = self.open.iter().position(|(of, _)| Rc::ptr_eq(of, origin))?;
        if self.open[position].1.take_up() {
            return Some(position);
        }
        self.open.swap_remove(position);
        None
    }
}

/// A connection while it carries a request: one that is not given back is closed, however the
/// request ends.
struct Lent<'c> {
    open: &'c mut Vec<(Rc<Origin>, Socket)>,
    position: usize,
}

impl Lent<'_> {
    fn socket(&self) -> &Socket {
        &self.open[self.position].1
    }

    fn give_back(self) {
        self.socket().park();
        std::mem::forget(self);
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.open.swap_remove(self.position);
    }
}

impl Text<'_> {
    fn send(&self, context: &Context, socket: &Socket) {
        match self {
            Text::Kept(kept) => socket.send_kept(*kept),
            Text::Rendered(render) => {
                let mut text = context.reactor.buffer();
                render(&mut text);
                socket.send(text);
            }
        }
    }
}

/// Counts a request that cannot even be rendered.
pub(super) fn refuse(
    context: &Context,
    entry: EntryId,
    intended: Option<Instant>,
    reason: String,
) -> RequestFailed {
    let now = Instant::now();
    let intended = intended.map_or(now, |intended| intended.min(now));
    let clocks = Clocks { intended, started: now, ended: now };
    record_failure(context, entry, clocks, Failure::Request(reason))
}

/// Counts a request that brought no response.
fn record_failure(
    context: &Context,
    entry: EntryId,
    clocks: Clocks,
    failure: Failure,
) -> RequestFailed {
    let message = failure.to_string();
    let outcome = Outcome::Failure(&message);
    let sample = Sample { entry, clocks, body_bytes: 0, outcome };
    let mut recorder = context.recorder.borrow_mut();
    recorder.record(sample);
    failure.limit().into_iter().for_each(|limit| recorder.hit(limit));
    RequestFailed(failure)
}
