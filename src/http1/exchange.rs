//! Defines the client's side of an exchange: slices from a socket in, one response out.
//!
//! A response that arrives in one piece, as nearly all do, is parsed where it lies and copied once,
//! into the caller's store. Only a head that is split over slices is put together first, in that
//! same store, and only one that the parser refuses is [mended](super::mend). No I/O, no clock, and
//! no memory beyond the store, so the reader is tested with byte strings.

use std::mem;

use http::Method;

use super::mend::mend;
use super::response::{Head, Status, parse_response};
use super::{Decoder, Error, Framing, KnownHead, Limits};

/// Whether the decoded body is stored, or only counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepBody {
    /// Stored after the head: something will look at it.
    Yes,
    /// Counted and dropped, but for the [first bytes](KeepBody::BEGINNING) of what a status of 400 and
    /// above comes with: somebody may want to see why.
    No,
}

impl KeepBody {
    /// How much of a body is kept that nobody will look at where it does not go well.
    pub const BEGINNING: usize = 1024;

    /// How many bytes are stored of the body of a response with this status.
    fn of_status(self, status: u16) -> usize {
        match self {
            KeepBody::Yes => usize::MAX,
            KeepBody::No if status >= 400 => Self::BEGINNING,
            KeepBody::No => 0,
        }
    }
}

/// What one call of [`ResponseReader::feed`] got done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the input that belong to the response: all of them unless it is done.
    pub consumed: usize,
    /// Whether the response is complete.
    pub done: bool,
}

/// Reads one response. Interim responses before it are read and dropped (101 is final).
///
/// The store given to [`feed`](Self::feed) must be the same from call to call, and nobody else's
/// until the response is done. What stood in it before stays. If it was empty, `store[..head_len]`
/// is the head afterwards and `store[head_len..]` the body, with `head_len` from
/// [`head`](Self::head). The head is as it came, unless it had folded lines, which are one line each
/// then, or malformed ones, which are [left out](Self::take_malformed_lines).
#[derive(Debug, Clone)]
pub struct ResponseReader {
    limits: Limits,
    method: Method,
    keep_body: KeepBody,
    /// Bytes of the body that are still to be stored.
    to_store: usize,
    stage: Stage,
    head: Option<Head>,
    decoder: Decoder,
    /// Bytes of an incomplete head at the end of the store.
    held: usize,
    /// How many of them the parser has seen: it sees them again only when twice as many are there.
    tried: usize,
    /// Bytes before the response that are not part of it: blank lines and interim responses.
    passed: usize,
    /// Names of malformed lines of the head.
    malformed_lines: Box<[String]>,
    /// Whether a byte of this response, or of an interim one, has come.
    begun: bool,
    /// Whether an interim 100 has come.
    continues: bool,
    /// Whether the last byte that came was the end of an interim response.
    interim: bool,
    unsolicited: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Head,
    Body,
    Done,
    Failed(Error),
}

impl ResponseReader {
    /// A reader of the response to a request made with `method`.
    pub fn new(method: &Method, keep_body: KeepBody, limits: Limits) -> Self {
        ResponseReader {
            limits,
            method: method.clone(),
            keep_body,
            to_store: 0,
            stage: Stage::Head,
            head: None,
            decoder: no_body(&limits),
            held: 0,
            tried: 0,
            passed: 0,
            malformed_lines: Box::default(),
            begun: false,
            continues: false,
            interim: false,
            unsolicited: false,
        }
    }

    /// Makes the reader ready for the next response, under the same limits. Does not allocate,
    /// unless the method is an unregistered one with a long name.
    pub fn reset(&mut self, method: &Method, keep_body: KeepBody) {
        *self = ResponseReader::new(method, keep_body, self.limits);
    }

    /// Takes the next bytes from the connection. What is not consumed, once the response is done,
    /// was sent without being asked for, and [`keep_alive`](Self::keep_alive) is false then.
    ///
    /// An error is final: the connection must be closed, and further calls repeat it.
    pub fn feed(&mut self, input: &[u8], store: &mut Vec<u8>) -> Result<Progress, Error> {
        self.advance(input, store, None)
    }

    /// As [`feed`](Self::feed), with a head that may be the same again, and is kept up to date.
    pub fn feed_knowing(
        &mut self,
        input: &[u8],
        store: &mut Vec<u8>,
        known: &mut KnownHead,
    ) -> Result<Progress, Error> {
        self.advance(input, store, Some(known))
    }

    fn advance(
        &mut self,
        input: &[u8],
        store: &mut Vec<u8>,
        mut known: Option<&mut KnownHead>,
    ) -> Result<Progress, Error> {
        let mut consumed = 0;
        while consumed < input.len() {
            let rest = &input[consumed..];
            let taken = match self.stage {
                Stage::Head => self.feed_head(rest, store, known.as_deref_mut()),
                Stage::Body => self.feed_body(rest, store),
                Stage::Done => break,
                Stage::Failed(error) => Err(error),
            };
            match taken {
                Ok(taken) => consumed += taken,
                Err(error) => {
                    self.stage = Stage::Failed(error);
                    return Err(error);
                }
            }
        }
        let done = self.stage == Stage::Done;
        self.unsolicited |= consumed < input.len();
        Ok(Progress { consumed, done })
    }

    /// The connection was closed by the server. Fine if the response is done, or is done by that.
    pub fn close(&mut self) -> Result<(), Error> {
        let closed = match self.stage {
            Stage::Head if self.begun => Err(Error::TornHead),
            Stage::Head => Err(Error::ClosedBeforeResponse),
            Stage::Body => self.decoder.finish_at_close(),
            Stage::Done => Ok(()),
            Stage::Failed(error) => Err(error),
        };
        self.stage = closed.map_or_else(Stage::Failed, |()| Stage::Done);
        closed
    }

    /// The head of the final response, as soon as it is complete.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Whether any byte of a response has come. Until then a request on a kept-alive connection that
    /// fails may be sent again on a new one; afterwards the server has acted on it.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// Whether a byte has come of the response itself, and not only of interim ones before it.
    pub fn has_begun_final(&self) -> bool {
        self.begun && !self.interim
    }

    /// Whether the server has asked for the body of the request: an interim 100 has come (RFC 9110
    /// section 15.2.1).
    pub fn continues(&self) -> bool {
        self.continues
    }

    /// Whether malformed lines were left out of the head, and nobody has taken their names.
    pub fn has_malformed_lines(&self) -> bool {
        !self.malformed_lines.is_empty()
    }

    /// Takes the names of the malformed lines that were left out of the head, as they can be shown;
    /// none of interim responses.
    pub fn take_malformed_lines(&mut self) -> Box<[String]> {
        mem::take(&mut self.malformed_lines)
    }

    /// Length of the decoded body so far, kept or not.
    pub fn body_bytes(&self) -> u64 {
        self.decoder.decoded()
    }

    /// Whether the connection may carry another request: the response is done, its head allows it
    /// and nothing was sent after it.
    pub fn keep_alive(&self) -> bool {
        let allowed = self.head.is_some_and(|head| head.keep_alive);
        self.stage == Stage::Done && allowed && !self.unsolicited
    }

    fn feed_head(
        &mut self,
        input: &[u8],
        store: &mut Vec<u8>,
        known: Option<&mut KnownHead>,
    ) -> Result<usize, Error> {
        if self.held > 0 {
            return self.feed_split_head(input, store);
        }
        if let Some(head) = known.as_ref().and_then(|known| known.recognise(input, &self.method)) {
            self.begun = true;
            self.interim = false;
            store.extend_from_slice(&input[..head.head_len]);
            self.accept(head)?;
            return Ok(head.head_len);
        }
        // Old servers send an extra line end after a body; it is not a byte of a response, so a
        // connection that dies after it is one that died before the response.
        let blank = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if blank > 0 {
            self.pass(blank)?;
            return Ok(blank);
        }
        self.begun = true;
        self.interim = false;
        match parse_response(input, &self.method, &self.limits) {
            Ok(Status::Complete(head)) => {
                if head.is_interim() {
                    self.end_interim(&head, head.head_len)?;
                } else {
                    let text = &input[..head.head_len];
                    store.extend_from_slice(text);
                    self.accept(head)?;
                    if let Some(known) = known {
                        known.learn(text, &self.method, head);
                    }
                }
                Ok(head.head_len)
            }
            Ok(Status::Partial) => Ok(self.hold(input, store)),
            Err(Error::MalformedHead(_)) => self.feed_bent_head(input, store),
            Err(error) => Err(error),
        }
    }

    /// Keeps the beginning of a head for what follows.
    fn hold(&mut self, input: &[u8], store: &mut Vec<u8>) -> usize {
        store.extend_from_slice(input);
        self.held = input.len();
        self.tried = input.len();
        input.len()
    }

    /// Takes a head that the parser has refused as it is.
    #[cold]
    fn feed_bent_head(&mut self, input: &[u8], store: &mut Vec<u8>) -> Result<usize, Error> {
        let Status::Complete(mended) = mend(input, &self.limits)? else {
            return Ok(self.hold(input, store));
        };
        let parsed = parse_response(&mended.text, &self.method, &self.limits)?;
        let Status::Complete(head) = parsed else { return Err(Error::HeadTooLarge) };
        if head.is_interim() {
            self.end_interim(&head, mended.len)?;
        } else {
            self.malformed_lines = mended.malformed_lines.into();
            store.extend_from_slice(&mended.text);
            self.accept(head)?;
        }
        Ok(mended.len)
    }

    /// Puts the head together in the store. The parser starts over each time, so it is asked only
    /// at the blank line, at the cap, or when the head has doubled since: linear in all, however
    /// small the slices are, and yet garbage does not wait for a blank line that never comes.
    fn feed_split_head(&mut self, input: &[u8], store: &mut Vec<u8>) -> Result<usize, Error> {
        let window = &input[..input.len().min(self.limits.head_bytes - self.held)];
        let start = store.len() - self.held;
        let end = blank_line_end(&store[start..], window);
        let taken = end.unwrap_or(window.len());
        store.extend_from_slice(&window[..taken]);
        self.held += taken;
        let due = self.held >= (2 * self.tried).min(self.limits.head_bytes);
        if end.is_none() && !due {
            return Ok(taken);
        }
        self.tried = self.held;
        match parse_response(&store[start..], &self.method, &self.limits) {
            Ok(Status::Complete(head)) => {
                debug_assert_eq!(head.head_len, self.held, "a head ends at its first blank line");
                self.held = 0;
                if head.is_interim() {
                    store.truncate(start);
                    self.end_interim(&head, head.head_len)?;
                } else {
                    self.accept(head)?;
                }
            }
            Ok(Status::Partial) => {}
            Err(Error::MalformedHead(_)) => {
                let text = store.split_off(start);
                self.held = 0;
                self.feed_bent_head(&text, store)?;
            }
            Err(error) => return Err(error),
        }
        Ok(taken)
    }

    fn end_interim(&mut self, head: &Head, len: usize) -> Result<(), Error> {
        self.continues |= head.status == 100;
        self.interim = true;
        self.pass(len)
    }

    /// Drops what stands before the response. A server that sends nothing else is given up as one
    /// whose head does not end: it would keep a core busy for as long as the request may take.
    fn pass(&mut self, bytes: usize) -> Result<(), Error> {
        self.passed += bytes;
        if self.passed > self.limits.passed_bytes() { Err(Error::HeadTooLarge) } else { Ok(()) }
    }

    fn accept(&mut self, head: Head) -> Result<(), Error> {
        self.head = Some(head);
        self.to_store = self.keep_body.of_status(head.status);
        self.decoder = Decoder::new(head.framing, &self.limits)?;
        self.stage = if self.decoder.is_done() { Stage::Done } else { Stage::Body };
        Ok(())
    }

    fn feed_body(&mut self, input: &[u8], store: &mut Vec<u8>) -> Result<usize, Error> {
        let step = self.decoder.decode(input)?;
        if self.to_store > 0 {
            let stored = &step.payload[..step.payload.len().min(self.to_store)];
            store.extend_from_slice(stored);
            self.to_store -= stored.len();
        }
        if step.done {
            self.stage = Stage::Done;
        }
        Ok(step.consumed)
    }
}

fn no_body(limits: &Limits) -> Decoder {
    Decoder::new(Framing::None, limits).expect("no body is never too large")
}

/// Where in `fresh` the first blank line ends, of a text that began in `seen`.
fn blank_line_end(seen: &[u8], fresh: &[u8]) -> Option<usize> {
    let before = |at: usize, back: usize| match at.checked_sub(back) {
        Some(at) => Some(fresh[at]),
        None => seen.iter().rev().nth(back - at - 1).copied(),
    };
    let blank = |at: usize| match before(at, 1) {
        Some(b'\n') => true,
        Some(b'\r') => before(at, 2) == Some(b'\n'),
        _ => false,
    };
    (0..fresh.len()).find(|&at| fresh[at] == b'\n' && blank(at)).map(|at| at + 1)
}
