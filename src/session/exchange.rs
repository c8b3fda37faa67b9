//! One request and its response over the session's connections.

use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use http::Method;

use super::context::{Context, InFlight};
use super::failure::Failure;
use super::origin::Origin;
use super::response::{Received, Response};
use crate::http1::{KeepBody, Limits, ResponseReader};
use crate::reactor::{Alarm, Kept, Socket, TimedOut};
use crate::stats::{Clocks, EntryId, Outcome, Sample};

/// A request on its way out.
pub(super) struct Outbound<'r> {
    pub(super) entry: EntryId,
    pub(super) origin: &'r Rc<Origin>,
    pub(super) text: Text<'r>,
    pub(super) method: &'r Method,
    pub(super) timeout: Duration,
    pub(super) keep_body: KeepBody,
}

/// The bytes of a request.
pub(super) enum Text<'r> {
    /// Rendered once, kept by the reactor.
    Kept(Kept),
    /// Rendered anew for every send.
    Rendered(&'r dyn Fn(&mut Vec<u8>)),
}

/// A session's connections that wait for the next request, at most one per origin.
#[derive(Debug)]
pub(super) struct Connections {
    idle: Vec<(Rc<Origin>, Socket)>,
    timeout: Alarm,
}

/// The request failed without a response. It is in the statistics already.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RequestFailed(pub Failure);

impl Connections {
    pub(super) fn new(context: &Context) -> Self {
        Connections { idle: Vec::new(), timeout: Alarm::new(&context.reactor) }
    }

    /// Makes a request and waits for its response, within its timeout. However it ends, it is
    /// counted once: a failure here, a response when it is dropped, and as cancelled where this
    /// future is dropped before its end.
    pub(super) async fn request(
        &mut self,
        context: &Rc<Context>,
        outbound: &Outbound<'_>,
    ) -> Result<Response, RequestFailed> {
        let in_flight = InFlight::new(context, outbound.entry);
        let started = Instant::now();
        // Pinned here: it would be moved into the wrapper otherwise, and it is large.
        let exchange = pin!(exchange(&mut self.idle, context, outbound));
        let result = match self.timeout.until(started + outbound.timeout, exchange).await {
            Ok(result) => result,
            Err(TimedOut) => Err(Failure::TimedOut(outbound.timeout)),
        };
        let clocks = Clocks { intended: started, started, ended: Instant::now() };
        in_flight.ended();
        match result {
            Ok(received) => Ok(Response::new(context.clone(), outbound.entry, clocks, received)),
            Err(failure) => Err(record_failure(context, outbound.entry, clocks, failure)),
        }
    }
}

/// Sends the request, on a new connection once more where a kept-alive one turns out to be dead.
/// Both happen inside the request's one clock, and the second send is counted.
async fn exchange(
    idle: &mut Vec<(Rc<Origin>, Socket)>,
    context: &Context,
    outbound: &Outbound<'_>,
) -> Result<Received, Failure> {
    let mut again = false;
    if let Some(socket) = take(idle, outbound.origin) {
        match send_and_receive(idle, context, outbound, socket).await {
            Err(failure) if failure.is_dead_connection() && outbound.method.is_idempotent() => {
                again = true;
            }
            result => return result,
        }
    }
    let socket = outbound.origin.connect(&context.reactor).await?;
    if again {
        // Only now: where no connection is made, nothing is sent a second time.
        context.recorder.borrow_mut().retry(outbound.entry);
    }
    send_and_receive(idle, context, outbound, socket).await
}

async fn send_and_receive(
    idle: &mut Vec<(Rc<Origin>, Socket)>,
    context: &Context,
    outbound: &Outbound<'_>,
    socket: Socket,
) -> Result<Received, Failure> {
    match outbound.text {
        Text::Kept(kept) => socket.send_kept(kept),
        Text::Rendered(render) => {
            let mut text = context.reactor.buffer();
            render(&mut text);
            socket.send(text);
        }
    }
    let limits = match outbound.keep_body {
        KeepBody::Yes => context.limits,
        // What is only counted takes no memory, however long it is.
        KeepBody::No => Limits { body_bytes: u64::MAX, ..context.limits },
    };
    let mut reader = ResponseReader::new(outbound.method, outbound.keep_body, limits);
    let mut bytes = context.spare();
    receive(&socket, &mut reader, &mut bytes).await?;
    // A connection to an origin that is not remembered would never be found again.
    if reader.keep_alive() && outbound.origin.remembered {
        socket.park();
        idle.push((outbound.origin.clone(), socket));
    }
    let head = *reader.head().expect("a response that is done has a head");
    Ok(Received { head, body_bytes: reader.body_bytes(), bytes })
}

/// The idle connection to an origin, if there is one that is still good.
fn take(idle: &mut Vec<(Rc<Origin>, Socket)>, origin: &Rc<Origin>) -> Option<Socket> {
    let position = idle.iter().position(|(of, _)| Rc::ptr_eq(of, origin))?;
    let (_, socket) = idle.swap_remove(position);
    socket.take_up().then_some(socket)
}

/// Reads from a socket until the response is whole.
async fn receive(
    socket: &Socket,
    reader: &mut ResponseReader,
    bytes: &mut Vec<u8>,
) -> Result<(), Failure> {
    loop {
        match socket.receive().await {
            Ok(Some(chunk)) => {
                if reader.feed(&chunk, bytes).map_err(Failure::Http)?.done {
                    return Ok(());
                }
            }
            Ok(None) => return reader.close().map_err(Failure::Http),
            Err(error) => return Err(Failure::Broken { error, answered: reader.has_begun() }),
        }
    }
}

/// Counts a request that cannot even be rendered.
pub(super) fn refuse(context: &Context, entry: EntryId, reason: String) -> RequestFailed {
    let now = Instant::now();
    let clocks = Clocks { intended: now, started: now, ended: now };
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
    context.recorder.borrow_mut().record(sample);
    RequestFailed(failure)
}
