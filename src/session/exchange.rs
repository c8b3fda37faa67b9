//! One request and its response over the session's connections.

use std::mem;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::context::{Context, InFlight};
use super::envelope::Message;
use super::failure::{Failure, Stage};
use super::journey::location;
use super::policy::Policy;
use super::render::Defaults;
use super::request::Request;
use super::response::{Received, Response};
use super::route::Route;
use super::sender::Sender;
use crate::http1::{KeepBody, Limits, ResponseReader};
use crate::reactor::{Alarm, Socket, TimedOut};
use crate::stats::{Clocks, EntryId, Extra, Limit, Outcome, Phases, Sample, WireBytes};
use crate::transport::Stream;
use crate::transport::tls::UserTls;

/// How much of a redirect's body is read, so that its connection can be used again.
const UNSEEN_BODY_MAX: u64 = 64 * 1024;

/// How long a body waits for `100 Continue`: curl's time. A server that knows nothing of it never
/// says so (RFC 9110 section 10.1.1).
const CONTINUE_MAX: Duration = Duration::from_secs(1);

/// A request on its way out.
pub(super) struct Outbound<'r> {
    pub(super) entry: EntryId,
    /// What is asked for, and what its class says to that: for what follows from the response.
    pub(super) request: &'r Request,
    pub(super) defaults: &'r Defaults,
    /// What is sent first.
    pub(super) first: Message<'r>,
    /// From its start to the end of its response.
    pub(super) timeout: Duration,
    pub(super) keep_body: KeepBody,
    /// Whether redirects are followed.
    pub(super) follows: bool,
    /// When a schedule wanted it, where one did.
    pub(super) intended: Option<Instant>,
}

/// One exchange of a request, for its parts.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'r> {
    pub(super) context: &'r Context,
    pub(super) outbound: &'r Outbound<'r>,
    pub(super) message: Message<'r>,
    /// What it is counted as, where it is not the request's first.
    pub(super) extra: Option<Extra>,
    pub(super) started: Instant,
    /// That of the whole request.
    pub(super) deadline: Instant,
}

/// A session's connections, at most one per route. Each stays in its place while it carries a
/// request.
#[derive(Debug)]
pub(super) struct Connections {
    open: Vec<Connection>,
    timeout: Alarm,
    tls: UserTls,
}

/// A connection and where it leads.
#[derive(Debug)]
struct Connection {
    route: Rc<Route>,
    stream: Stream,
    /// Requests that it has carried, with the one on its way.
    requests: u32,
}

/// The request failed without a response. It is in the statistics already.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RequestFailed(pub Failure);

impl Connections {
    pub(super) fn new(context: &Context) -> Self {
        Connections {
            open: Vec::new(),
            timeout: Alarm::new(&context.reactor),
            tls: UserTls::default(),
        }
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
        sender: Sender<'_>,
        outbound: &Outbound<'_>,
    ) -> Result<Response, RequestFailed> {
        context.budget.take().await;
        let in_flight = InFlight::new(context, outbound.entry);
        let started = Instant::now();
        let deadline = started + outbound.timeout;
        let message = outbound.first;
        let attempt = Attempt { context, outbound, message, extra: None, started, deadline };
        let result = match self.exchange(&attempt, sender).await {
            Ok(received) if outbound.may_go_on(received.head.status) => {
                // On the heap, because most requests have ended here.
                Box::pin(self.go_on(&attempt, sender, received)).await
            }
            result => result,
        };
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
    pub(super) async fn exchange(
        &mut self,
        attempt: &Attempt<'_>,
        sender: Sender<'_>,
    ) -> Result<Received, Failure> {
        let Attempt { context, outbound, message, .. } = attempt;
        let mut extra = attempt.extra;
        let mut kept = self.take_up(&message.envelope.origin.route);
        loop {
            let position = match kept {
                Some(position) => position,
                None => self.connect(attempt).await?,
            };
            // Only now: where no connection is made, nothing is sent another time.
            if let Some(extra) = extra.take() {
                context.recorder.borrow_mut().count(outbound.entry, extra);
            }
            let failure = match self.send_and_receive(attempt, sender, position).await {
                Ok(received) => return Ok(received),
                Err(failure) => failure,
            };
            let may_try_again = kept.take().is_some()
                && failure.is_dead_connection()
                && message.envelope.method.is_idempotent();
            if !may_try_again {
                return Err(failure);
            }
            extra = Some(Extra::Retry);
        }
    }

    /// Makes a connection; where it is among those that are open.
    async fn connect(&mut self, attempt: &Attempt<'_>) -> Result<usize, Failure> {
        // On the heap, because otherwise every user would have room for it for all of its life.
        let stream = Box::pin(self.open_stream(attempt)).await?;
        // Most users know one origin, and there are very many users.
        self.open.reserve_exact(1);
        let route = attempt.message.envelope.origin.route.clone();
        self.open.push(Connection { route, stream, requests: 0 });
        Ok(self.open.len() - 1)
    }

    async fn open_stream(&mut self, attempt: &Attempt<'_>) -> Result<Stream, Failure> {
        let Attempt { context, outbound, .. } = *attempt;
        let origin = &attempt.message.envelope.origin;
        let limit = attempt.policy().timeouts.connect;
        let mut lap = Instant::now();
        let by = attempt.deadline(lap, limit);
        let route = &origin.route;
        if !route.is_looked_up() {
            let look_up = Box::pin(route.look_up(context));
            let resolved = self.timeout.until(by, look_up).await;
            attempt.spent(Phases { dns: attempt.lap(&mut lap), ..Phases::default() });
            resolved.map_err(|TimedOut| attempt.timed_out(Stage::Resolve, by, limit))??;
        }
        let connect = route.connect(context, &attempt.policy().tcp);
        let connected = self.timeout.until(by, Box::pin(connect)).await;
        attempt.spent(Phases { connect: attempt.lap(&mut lap), ..Phases::default() });
        let timed_out = |TimedOut| attempt.timed_out(Stage::Connect, by, limit);
        let socket = connected.map_err(timed_out)??;
        context.recorder.borrow_mut().count(outbound.entry, Extra::Connection);
        if origin.secure {
            self.seal(attempt, socket, lap).await
        } else {
            Ok(Stream::Plain(socket))
        }
    }

    /// Makes the TLS handshake on a connection that has just been made.
    async fn seal(
        &mut self,
        attempt: &Attempt<'_>,
        socket: Socket,
        mut lap: Instant,
    ) -> Result<Stream, Failure> {
        let Attempt { context, outbound, .. } = *attempt;
        let (tls, host) = (&outbound.defaults.tls, attempt.message.envelope.origin.host());
        let limit = attempt.policy().timeouts.tls;
        let by = attempt.deadline(lap, limit);
        let sealed = self.timeout.until(by, Box::pin(tls.connect(socket, host, &mut self.tls)));
        let sealed = sealed.await;
        attempt.spent(Phases { tls: attempt.lap(&mut lap), ..Phases::default() });
        let sealed = sealed.map_err(|TimedOut| attempt.timed_out(Stage::Handshake, by, limit))?;
        let (stream, resumed) =
            sealed.map_err(|error| Failure::of_stream(error, Stage::Handshake))?;
        let mut recorder = context.recorder.borrow_mut();
        let kind = if resumed { Extra::ResumedHandshake } else { Extra::FullHandshake };
        recorder.count(outbound.entry, kind);
        if tls.is_insecure() {
            recorder.hit(Limit::UncheckedServer);
        }
        Ok(Stream::Tls(Box::new(stream)))
    }

    async fn send_and_receive(
        &mut self,
        attempt: &Attempt<'_>,
        sender: Sender<'_>,
        position: usize,
    ) -> Result<Received, Failure> {
        let Attempt { context, outbound, message, deadline, .. } = attempt;
        let mut lent = Lent { open: &mut self.open, position };
        let carried = lent.count_request();
        let mut tally = Tally::new(attempt);
        tally.wire.sent = sender.remember(|memory| message.send(context, memory, lent.stream()));
        let mut awaits_continue = message.waits_to_be_asked();
        let limits = match outbound.keep_body {
            KeepBody::Yes => Limits { body_bytes: attempt.policy().max_body, ..context.limits },
            // What is only counted takes no memory, however long it is.
            KeepBody::No => Limits { body_bytes: u64::MAX, ..context.limits },
        };
        let mut reader = ResponseReader::new(&message.envelope.method, outbound.keep_body, limits);
        let mut bytes = context.spare();
        let limit = attempt.policy().timeouts.first_byte;
        // Ready is a connection with the turn that made it, or else when the exchange started.
        let ready = context.reactor.now().max(attempt.started);
        let mut lap = ready;
        loop {
            let by = if reader.has_begun() { *deadline } else { attempt.deadline(ready, limit) };
            let continue_by = ready + CONTINUE_MAX;
            let goes_on = reader.continues() || context.reactor.now() >= continue_by;
            if awaits_continue && goes_on && reader.head().is_none() {
                awaits_continue = false;
                tally.wire.sent += message.send_apart(lent.stream());
            }
            // After a final status it is never sent.
            let waits = awaits_continue && reader.head().is_none() && continue_by < by;
            let until = if waits { continue_by } else { by };
            let came = match self.timeout.until(until, lent.stream().receive()).await {
                Ok(came) => came,
                Err(TimedOut) if waits => continue,
                Err(TimedOut) => {
                    return Err(attempt.timed_out(Stage::of_reader(&reader), by, limit));
                }
            };
            match came {
                Ok(Some(piece)) => {
                    tally.wire.received += piece.wire_bytes();
                    if tally.first_byte.is_none() {
                        tally.first_byte = attempt.lap(&mut lap);
                    }
                    let known = &mut *context.known_head(outbound.entry);
                    match reader.feed_knowing(&piece, &mut bytes, known) {
                        Ok(progress) if progress.done => break,
                        Ok(_) if attempt.has_enough(&reader, &bytes) => break,
                        Ok(_) => {}
                        Err(error) => {
                            let seen = if bytes.is_empty() { &piece[..] } else { &bytes[..] };
                            return Err(Failure::of_reader(error, &reader, seen));
                        }
                    }
                }
                Ok(None) => {
                    let closed = reader.close();
                    break closed.map_err(|error| Failure::of_reader(error, &reader, &bytes))?;
                }
                Err(error) => {
                    return Err(Failure::of_stream(error, Stage::of_reader(&reader)));
                }
            }
        }
        // A connection to an origin that is not remembered would never be found again.
        let keeps = attempt.policy().keeps_after(carried) && message.envelope.origin.remembered;
        // An answer may come before the body has been sent, and a server that has not read all of it
        // takes what follows for its rest (RFC 9112 section 9.3).
        let is_sent = message.apart.is_none() || !awaits_continue && lent.stream().is_sent();
        if keeps && is_sent && reader.keep_alive() {
            lent.give_back();
        }
        tally.transfer = attempt.lap(&mut lap);
        let head = *reader.head().expect("a response that is done has a head");
        let max_body = attempt.policy().max_body;
        let received = Received { head, body_bytes: reader.body_bytes(), bytes, max_body };
        sender.learn(attempt, &received);
        Ok(received)
    }

    /// Where the connection of a route is, if there is one that is still good.
    fn take_up(&mut self, route: &Rc<Route>) -> Option<usize> {
        let position = self.open.iter().position(|open| Rc::ptr_eq(&open.route, route))?;
        if self.open[position].stream.take_up() {
            return Some(position);
        }
        self.open.swap_remove(position);
        None
    }
}

/// What an exchange takes over its connection: counted however that ends.
struct Tally<'r> {
    attempt: &'r Attempt<'r>,
    first_byte: Option<Duration>,
    transfer: Option<Duration>,
    wire: WireBytes,
}

impl<'r> Tally<'r> {
    fn new(attempt: &'r Attempt<'r>) -> Self {
        Tally { attempt, first_byte: None, transfer: None, wire: WireBytes::default() }
    }
}

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        let &mut Tally { attempt, first_byte, transfer, wire } = self;
        let phases = Phases { first_byte, transfer, ..Phases::default() };
        let mut recorder = attempt.context.recorder.borrow_mut();
        recorder.exchanged(attempt.outbound.entry, phases, wire);
    }
}

/// A connection while it carries a request: one that is not given back is closed, however the
/// request ends.
struct Lent<'c> {
    open: &'c mut Vec<Connection>,
    position: usize,
}

impl Lent<'_> {
    fn stream(&mut self) -> &mut Stream {
        &mut self.open[self.position].stream
    }

    /// Which request of its connection this is, from 1.
    fn count_request(&mut self) -> u32 {
        let requests = &mut self.open[self.position].requests;
        *requests += 1;
        *requests
    }

    fn give_back(mut self) {
        self.stream().park();
        mem::forget(self);
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.open.swap_remove(self.position);
    }
}

impl Attempt<'_> {
    pub(super) fn policy(&self) -> &Policy {
        &self.outbound.defaults.policy
    }

    /// Whether the rest of a response is not worth waiting for: nobody sees the body of a redirect,
    /// and a new connection is cheaper than a long one.
    fn has_enough(&self, reader: &ResponseReader, bytes: &[u8]) -> bool {
        let is_long = self.outbound.follows && reader.body_bytes() > UNSEEN_BODY_MAX;
        let head = reader.head().filter(|_| is_long);
        head.is_some_and(|head| location(head, bytes).is_some())
    }

    /// When a part that begins now must be done: by its own limit, or by that of the whole.
    fn deadline(&self, begin: Instant, limit: Option<Duration>) -> Instant {
        limit.map_or(self.deadline, |limit| self.deadline.min(begin + limit))
    }

    /// How long a part took that ends now: from the end of the one before.
    fn lap(&self, begin: &mut Instant) -> Option<Duration> {
        let now = self.context.reactor.now().max(*begin);
        Some(now - mem::replace(begin, now))
    }

    fn spent(&self, phases: Phases) {
        let mut recorder = self.context.recorder.borrow_mut();
        recorder.exchanged(self.outbound.entry, phases, WireBytes::default());
    }

    /// The time is over that was there until `by`, where the part's own limit is `limit`.
    fn timed_out(&self, at: Stage, by: Instant, limit: Option<Duration>) -> Failure {
        match limit.filter(|_| by < self.deadline) {
            Some(after) => Failure::TimedOut { at, after, whole: false },
            None => Failure::TimedOut { at, after: self.outbound.timeout, whole: true },
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
    let message = context.text_of(entry, &failure);
    let outcome = Outcome::Failure(&message);
    let sample = Sample { entry, clocks, body_bytes: 0, outcome };
    let mut recorder = context.recorder.borrow_mut();
    recorder.record(sample);
    failure.limit().into_iter().for_each(|limit| recorder.hit(limit));
    RequestFailed(failure)
}
