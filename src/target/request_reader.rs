//! Reads the requests of a connection and writes the responses into an [`Outbox`], without I/O.
//!
//! Requests that were received whole are read in place; only a split head is copied. Bodies are
//! discarded, unless they are echoed.

use std::cell::RefCell;
use std::mem;

use super::constant_responses::{Connection, ConstantResponses, ResponseForm};
use super::counters::CoreCounters;
use super::faults::{Fault, Faults};
use super::options::Close;
use super::outbox::Outbox;
use super::routes::{BODY_BYTES_MAX, Constant, Route};
use crate::http1::{
    Decoder, Error, Framing, IncomingRequest, Limits, Parsed, header, parse_request,
};

const LIMITS: Limits = Limits {
    head_bytes: 64 << 10,
    headers: Limits::HEADERS_MAX,
    body_bytes: BODY_BYTES_MAX as u64,
};

/// What the connections of a core share.
#[derive(Debug)]
pub(super) struct Shared<'c> {
    pub(super) answers: &'c ConstantResponses,
    pub(super) counters: &'c CoreCounters,
    pub(super) faults: &'c RefCell<Faults>,
    pub(super) close: Close,
}

/// What the connection does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextStep {
    /// Receive more: everything has been read.
    Receive,
    /// Send the responses before the rest is read, then call [`feed`](RequestReader::feed) with nothing.
    Send,
    /// Send the responses and close.
    Close,
    /// Do the same, but receive what the peer still sends: otherwise a reset would discard the responses (RFC
    /// 9112 section 9.6).
    Refuse,
}

/// The state of a connection between two pieces.
#[derive(Debug, Default)]
pub(super) struct RequestReader {
    /// The start of a head, or requests that wait until responses are sent.
    unread: Vec<u8>,
    body: Option<Box<Body>>,
    /// How many requests have been read.
    requests: u32,
}

/// A request whose body is being read.
#[derive(Debug)]
struct Body {
    reply: Reply,
    decoder: Decoder,
    content_type: Vec<u8>,
    bytes: Vec<u8>,
}

/// The response that a request will get.
#[derive(Debug, Clone, Copy)]
struct Reply {
    route: Route,
    form: ResponseForm,
    /// Whether it is the last one on the connection.
    last: bool,
}

impl RequestReader {
    /// Reads a piece and responds to every request that it completes.
    pub(super) fn feed(&mut self, piece: &[u8], shared: &Shared<'_>, out: &mut Outbox) -> NextStep {
        if self.unread.is_empty() {
            return self.read(piece, shared, out);
        }
        self.unread.extend_from_slice(piece);
        // A head ends with a line feed, so other pieces cannot complete it.
        let is_incomplete = !piece.is_empty() && !piece.contains(&b'\n');
        if is_incomplete && self.unread.len() < LIMITS.head_bytes {
            return NextStep::Receive;
        }
        let unread = mem::take(&mut self.unread);
        self.read(&unread, shared, out)
    }

    fn read(&mut self, mut input: &[u8], shared: &Shared<'_>, out: &mut Outbox) -> NextStep {
        while !input.is_empty() {
            if out.is_full() && self.body.is_none() {
                self.unread.extend_from_slice(input);
                return NextStep::Send;
            }
            let read = match self.body.take() {
                Some(body) => self.read_body(body, input, shared, out),
                None => self.read_head(input, shared, out),
            };
            match read {
                Ok(Read::Part(len)) => input = &input[len..],
                Ok(Read::All) => return NextStep::Receive,
                Ok(Read::Last(len)) if len == input.len() => return NextStep::Close,
                Ok(Read::Last(_)) => return NextStep::Refuse,
                Err(error) => {
                    refuse(error, shared, out);
                    return NextStep::Refuse;
                }
            }
        }
        NextStep::Receive
    }

    fn read_head(
        &mut self,
        input: &[u8],
        shared: &Shared<'_>,
        out: &mut Outbox,
    ) -> Result<Read, Error> {
        let Parsed::Complete(request) = parse_request(input, &LIMITS)? else {
            self.unread.extend_from_slice(input);
            return Ok(Read::All);
        };
        shared.counters.request();
        self.requests += 1;
        let (head, rest) = input.split_at(request.head_len);
        let reply = self.reply(&request, head, shared);
        if matches!(request.framing, Framing::None | Framing::Length(0)) {
            reply.write(&[], &[], shared.answers, out);
            return Ok(reply.read(head.len()));
        }
        let decoder = Decoder::new(request.framing, &LIMITS)?;
        if request.expect_continue && rest.is_empty() {
            out.go_on(shared.answers);
        }
        let content_type = match reply.route {
            Route::Echo => header(head, "content-type").unwrap_or(b"application/octet-stream"),
            _ => &[],
        };
        let (content_type, bytes) = (content_type.to_vec(), Vec::new());
        self.body = Some(Box::new(Body { reply, decoder, content_type, bytes }));
        Ok(Read::Part(head.len()))
    }

    fn read_body(
        &mut self,
        mut body: Box<Body>,
        input: &[u8],
        shared: &Shared<'_>,
        out: &mut Outbox,
    ) -> Result<Read, Error> {
        let step = body.decoder.decode(input)?;
        if body.reply.route == Route::Echo {
            body.bytes.extend_from_slice(step.payload);
        }
        if step.done {
            let Body { reply, content_type, bytes, .. } = *body;
            reply.write(&content_type, &bytes, shared.answers, out);
            return Ok(reply.read(step.consumed));
        }
        self.body = Some(body);
        Ok(Read::Part(step.consumed))
    }

    /// Chooses the response to a request that has been counted.
    fn reply(&self, request: &IncomingRequest<'_>, head: &[u8], shared: &Shared<'_>) -> Reply {
        let asked = Route::find(request.method, request.path);
        let route = match (shared.faults.borrow_mut().next(), asked) {
            (Some(Fault::Error), _) => Route::Constant(Constant::Injected),
            (Some(Fault::Drop), Route::Constant(constant)) if constant.promises() => {
                Route::Constant(Constant::Dropped)
            }
            _ => asked,
        };
        let (announced, silent) = match shared.close {
            Close::Never => (false, false),
            Close::Announced(after) => (self.requests >= after, false),
            Close::Silent(after) => (false, self.requests >= after),
        };
        let close = announced || !request.keep_alive;
        let connection = match close {
            true => Connection::Close,
            false if is_http10(head) => Connection::KeepAlive,
            false => Connection::Implied,
        };
        let form = ResponseForm { head_only: request.method == "HEAD", connection };
        Reply { route, form, last: close || silent }
    }
}

/// The result of a step of reading.
enum Read {
    /// So many bytes were read.
    Part(usize),
    /// All bytes were read, and the head is incomplete.
    All,
    /// So many bytes were read, and no more will be.
    Last(usize),
}

impl Reply {
    fn read(&self, len: usize) -> Read {
        if self.last { Read::Last(len) } else { Read::Part(len) }
    }

    fn write(
        &self,
        content_type: &[u8],
        body: &[u8],
        answers: &ConstantResponses,
        out: &mut Outbox,
    ) {
        match self.route {
            Route::Constant(constant) => out.constant(constant, self.form, answers),
            Route::Bytes(len) => out.filler(len, self.form, answers),
            Route::Echo => out.body(content_type, body, self.form.connection, answers),
        }
    }
}

/// Responds to bytes that are not a request, or to one that is too long.
fn refuse(error: Error, shared: &Shared<'_>, out: &mut Outbox) {
    let constant = match error {
        Error::BodyTooLarge => Constant::TooLarge,
        _ => Constant::Malformed,
    };
    out.constant(
        constant,
        ResponseForm { head_only: false, connection: Connection::Close },
        shared.answers,
    );
}

/// Returns whether a head's request line has HTTP/1.0.
fn is_http10(head: &[u8]) -> bool {
    let line = head.trim_ascii_start().split(|&byte| byte == b'\n').next().unwrap_or_default();
    line.trim_ascii_end().ends_with(b"HTTP/1.0")
}
