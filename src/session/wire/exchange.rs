//! One request and its response over the session's connections.

use std::mem;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::journey::location;
use super::render::Defaults;
use super::rendered::Rendered;
use super::sender::Sender;
use crate::credentials::hidden;
use crate::http1::{KeepBody, Limits, ResponseReader};
use crate::reactor::{Alarm, Socket, TimedOut};
use crate::session::api::response::{Received, Response};
use crate::session::connection::pool::Pool;
use crate::session::context::{Context, InFlight};
use crate::session::failure::{Failure, Stage};
use crate::session::request::authority::without_zone;
use crate::session::request::policy::Policy;
use crate::stats::{Clocks, EntryId, EntryKey, Extra, Limit, Outcome, Phases, Sample, WireBytes};
use crate::transport::Stream;
use crate::transport::tls::UserTls;
use crate::units;

/// How much of a redirect's body is read, so that its connection can be used again.
const UNSEEN_BODY_MAX: u64 = 64 * 1024;

/// How long a body waits for `100 Continue`: curl's time. A server that knows nothing of it never
/// says so (RFC 9110 section 10.1.1).
const CONTINUE_MAX: Duration = Duration::from_secs(1);

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
    pub(in crate::session) context: &'r Context,
    pub(in crate::session) outbound: &'r Outbound<'r>,
    pub(in crate::session) request: &'r Rendered,
    /// What it is counted as, where it is not the request's first.
    pub(in crate::session) extra: Option<Extra>,
    pub(in crate::session) started: Instant,
    /// That of the whole request.
    pub(in crate::session) deadline: Instant,
}

/// A session's connections, at most one per route. Each stays in its place while it carries a
/// request.
#[derive(Debug)]
pub(in crate::session) struct Connections {
    open: Pool,
    timeout: Alarm,
    tls: UserTls,
}

/// The request failed without a response. It is in the statistics already.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RequestFailed(pub Failure);

impl Connections {
    pub(in crate::session) fn new(context: &Context) -> Self {
        Connections {
            open: Pool::default(),
            timeout: Alarm::new(&context.reactor),
            tls: UserTls::default(),
        }
    }

    /// Closes those that are open, and gives back whatever the next request does not need to find:
    /// many users may wait now.
    pub(in crate::session) fn close(&mut self) {
        self.open.close();
        self.timeout.cancel();
    }

    /// Makes a request and waits for its response, within its timeout. However it ends, it is
    /// counted once: a failure here, a response when it is dropped, and as cancelled where this
    /// future is dropped before its end.
    pub(in crate::session) async fn request(
        &mut self,
        context: &Rc<Context>,
        sender: &Sender,
        outbound: &Outbound<'_>,
    ) -> Result<Response, RequestFailed> {
        context.budget.take().await;
        let in_flight = InFlight::new(context, outbound.entry);
        let started = Instant::now();
        let deadline = units::after(started, outbound.timeout);
        let request = outbound.first;
        let attempt = Attempt { context, outbound, request, extra: None, started, deadline };
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
        context.recorder.borrow_mut().tell(sender.user, |recorder| {
            described(recorder.key(outbound.entry), &result, ended - started)
        });
        match result {
            Ok(received) => {
                let user = sender.user;
                Ok(Response::new(context.clone(), user, outbound.entry, clocks, received))
            }
            Err(failure) => Err(record_failure(context, outbound.entry, clocks, failure)),
        }
    }

    /// Sends the request, on a new connection once more where a kept-alive one turns out to be dead.
    /// Both happen inside the request's one clock, and the second send is counted.
    pub(in crate::session) async fn exchange(
        &mut self,
        attempt: &Attempt<'_>,
        sender: &Sender,
    ) -> Result<Received, Failure> {
        let Attempt { context, outbound, request, .. } = *attempt;
        let mut extra = attempt.extra;
        let mut kept = self.open.take_up(&request.origin.route, request.apart_len());
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
                && request.method.is_idempotent();
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
        Ok(self.open.add(attempt.request.origin.route.clone(), stream))
    }

    async fn open_stream(&mut self, attempt: &Attempt<'_>) -> Result<Stream, Failure> {
        let Attempt { context, outbound, .. } = *attempt;
        let origin = &attempt.request.origin;
        let limit = attempt.policy().timeouts.connect;
        let mut lap = Instant::now();
        let by = attempt.deadline(lap, limit);
        let route = &origin.route;
        if !route.is_looked_up() {
            let look_up = Box::pin(route.look_up(context.network()));
            let resolved = self.timeout.until(by, look_up).await;
            let dns = attempt.lap(&mut lap);
            attempt.spent(Phases { dns, ..Phases::default() }, WireBytes::default());
            resolved.map_err(|TimedOut| attempt.timed_out(Stage::Resolve, by, limit))??;
        }
        let connect = route.connect(context.network(), &attempt.policy().tcp);
        let connected = self.timeout.until(by, Box::pin(connect)).await;
        let took = attempt.lap(&mut lap);
        attempt.spent(Phases { connect: took, ..Phases::default() }, WireBytes::default());
        let timed_out = |TimedOut| route.blame(attempt.timed_out(Stage::Connect, by, limit));
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
        let tls = &outbound.defaults.tls;
        let host = without_zone(attempt.request.origin.host());
        let limit = attempt.policy().timeouts.tls;
        let by = attempt.deadline(lap, limit);
        let sealed = self.timeout.until(by, Box::pin(tls.connect(socket, host, &mut self.tls)));
        let sealed = sealed.await;
        let took = attempt.lap(&mut lap);
        let moved = sealed.as_ref().ok().and_then(|sealed| sealed.as_ref().ok());
        let wire = moved.map_or_else(WireBytes::default, |(stream, _)| {
            let (sent, received) = stream.handshake_bytes();
            WireBytes { sent, received }
        });
        attempt.spent(Phases { tls: took, ..Phases::default() }, wire);
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
        sender: &Sender,
        position: usize,
    ) -> Result<Received, Failure> {
        let Attempt { context, outbound, request, deadline, .. } = *attempt;
        let mut lent = self.open.lend(position, attempt);
        let keeps = attempt.policy().keeps_after(lent.requests);
        let (stream, tally) = lent.parts();
        tally.wire.sent = sender.remember(|memory| request.send(context, memory, stream));
        let limits = Limits { body_bytes: outbound.body_bytes_max(), ..context.limits };
        let mut reader = ResponseReader::new(&request.method, outbound.keep_body, limits);
        let mut bytes = context.spare();
        let limit = attempt.policy().timeouts.first_byte;
        // Ready is a connection with the turn that made it, or else when the exchange started.
        let mut lap = context.reactor.now().max(attempt.started);
        let mut first_by = attempt.deadline(lap, limit);
        // How long the body waits to be asked for, as long as it does.
        let mut continue_by =
            request.waits_to_be_asked().then(|| lap + CONTINUE_MAX.min((first_by - lap) / 2));
        loop {
            // After a final status it is never sent.
            let waits = continue_by.filter(|_| reader.head().is_none());
            let goes_on = |by| reader.continues() || context.reactor.now() >= by;
            if waits.is_some_and(goes_on) {
                continue_by = None;
                // The server's time begins anew: it has waited for us.
                first_by = attempt.deadline(context.reactor.now(), limit);
                tally.wire.sent += request.send_apart(context, stream);
                continue;
            }
            let by = if reader.has_begun_final() { deadline } else { first_by };
            let came = match self.timeout.until(waits.unwrap_or(by), stream.receive()).await {
                Ok(came) => came,
                Err(TimedOut) if waits.is_some() => continue,
                Err(TimedOut) => return Err(attempt.late_answer(&reader, by, limit)),
            };
            match came {
                Ok(Some(piece)) => {
                    tally.wire.received += piece.wire_bytes();
                    let known = &mut *context.known_head(outbound.entry);
                    let progress = reader.feed_knowing(&piece, &mut bytes, known);
                    if tally.first_byte.is_none() && reader.has_begun_final() {
                        tally.first_byte = attempt.lap(&mut lap);
                    }
                    attempt.note_malformed_lines(&mut reader);
                    match progress {
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
        tally.transfer = attempt.lap(&mut lap);
        // An answer may come before the body has been sent, and a server that has not read all of it
        // takes what follows for its rest (RFC 9112 section 9.3).
        let is_sent = request.apart.is_none() || continue_by.is_none() && stream.is_sent();
        // A connection to an origin that is not remembered would never be found again.
        let is_found = request.origin.remembered;
        lent.keeps = keeps && is_found && is_sent && reader.keep_alive();
        let head = *reader.head().expect("a response that is done has a head");
        let max_body = attempt.policy().max_body;
        let is_kept = outbound.keep_body == KeepBody::Yes;
        let received = Received { head, body_bytes: reader.body_bytes(), bytes, is_kept, max_body };
        sender.learn(attempt, &received);
        Ok(received)
    }
}

impl Outbound<'_> {
    /// How long a body may be: one that is only counted takes no memory, however long it is.
    fn body_bytes_max(&self) -> u64 {
        match self.keep_body {
            KeepBody::Yes => self.defaults.policy.max_body,
            KeepBody::No => u64::MAX,
        }
    }
}

impl Attempt<'_> {
    pub(in crate::session) fn policy(&self) -> &Policy {
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

    /// How long a part took that ends now: from the end of the one before. No time at all where both
    /// came with one turn, as most responses do.
    fn lap(&self, begin: &mut Instant) -> Option<Duration> {
        let now = self.context.reactor.now();
        if now <= *begin {
            return Some(Duration::ZERO);
        }
        Some(now - mem::replace(begin, now))
    }

    /// Counts what a part took and moved.
    pub(in crate::session) fn spent(&self, phases: Phases, wire: WireBytes) {
        self.context.recorder.borrow_mut().exchanged(self.outbound.entry, phases, wire);
    }

    /// Counts the lines that a head was read without, if there were any.
    fn note_malformed_lines(&self, reader: &mut ResponseReader) {
        if reader.has_malformed_lines() {
            let mut recorder = self.context.recorder.borrow_mut();
            let names = reader.take_malformed_lines();
            names.iter().for_each(|name| recorder.malformed_line(name));
        }
    }

    /// The time for the first byte is over, or that of the whole request; interim responses are no
    /// answer.
    #[cold]
    fn late_answer(
        &self,
        reader: &ResponseReader,
        by: Instant,
        limit: Option<Duration>,
    ) -> Failure {
        let begun = reader.has_begun_final();
        let at = if begun { Stage::of_reader(reader) } else { Stage::FirstByte };
        self.timed_out(at, by, limit)
    }

    /// The time is over that was there until `by`, where the part's own limit is `limit`.
    fn timed_out(&self, at: Stage, by: Instant, limit: Option<Duration>) -> Failure {
        match limit.filter(|_| by < self.deadline) {
            Some(after) => Failure::TimedOut { at, after, whole: false },
            None => Failure::TimedOut { at, after: self.outbound.timeout, whole: true },
        }
    }
}

/// How a request went, in words.
#[cold]
fn described(key: &EntryKey, result: &Result<Received, Failure>, took: Duration) -> String {
    let EntryKey { method, name } = key;
    let ms = took.as_secs_f64() * 1e3;
    match result {
        Ok(received) => format!("{method} {name}: {} after {ms:.2} ms", received.head.status),
        Err(failure) => format!("{method} {name}: {failure} after {ms:.2} ms"),
    }
}

/// Counts a request that cannot even be rendered.
pub(in crate::session) fn refuse(
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
#[cold]
fn record_failure(
    context: &Context,
    entry: EntryId,
    clocks: Clocks,
    failure: Failure,
) -> RequestFailed {
    let message = context.text_of(entry, &failure);
    let message = hidden(&message);
    let outcome = Outcome::Failure(&message);
    let sample = Sample { entry, clocks, body_bytes: 0, status: failure.status(), outcome };
    let mut recorder = context.recorder.borrow_mut();
    recorder.record(sample);
    failure.limit().into_iter().for_each(|limit| recorder.hit(limit));
    RequestFailed(failure)
}
