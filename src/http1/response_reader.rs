//! Reads a response from slices as they come from a socket.
//!
//! A response that arrives in one piece, as nearly all do, is parsed in place and copied once, into the
//! caller's store. A head that is split over slices is first joined in that store. A head that the parser
//! refuses is [repaired](super::repair). The reader has no I/O and no clock, so it is tested with byte
//! strings.

use std::mem;

use http::Method;

use super::repair::repair;
use super::response::{Head, Parsed, parse_response};
use super::{Decoder, Error, Framing, KnownHead, Limits};

/// Whether the decoded body is stored, or only counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepBody {
    /// Stored after the head.
    Yes,
    /// Counted and dropped, but for the [first bytes](KeepBody::EXCERPT_BYTES) if the status is 400 or
    /// above, to show the reason.
    No,
}

impl KeepBody {
    /// How many bytes of a failed response's body are stored for an excerpt.
    pub const EXCERPT_BYTES: usize = 1024;

    /// Returns how many bytes of the body are stored of a response with this status.
    fn of_status(self, status: u16) -> usize {
        match self {
            KeepBody::Yes => usize::MAX,
            KeepBody::No if status >= 400 => Self::EXCERPT_BYTES,
            KeepBody::No => 0,
        }
    }
}

/// The result of a call of [`ResponseReader::feed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How many bytes of the input belong to the response: all, unless it is done.
    pub consumed: usize,
    /// Whether the response is complete.
    pub done: bool,
}

/// Reads one response. Interim responses before it are dropped (101 is final).
///
/// The store given to [`feed`](Self::feed) must be the same in each call and must not be changed until
/// the response is done. Its earlier content stays. If it was empty, `store[..head_len]` is the head
/// afterwards and `store[head_len..]` the body, with `head_len` from [`head`](Self::head). The head is as
/// it came, but folded lines are joined and malformed ones are
/// [left out](Self::take_malformed_lines).
#[derive(Debug, Clone)]
pub struct ResponseReader {
    limits: Limits,
    method: Method,
    keep_body: KeepBody,
    /// Bytes of the body that are still to be stored.
    to_store: usize,
    state: State,
    head: Option<Head>,
    decoder: Decoder,
    /// Bytes of an incomplete head at the end of the store.
    buffered: usize,
    /// How many of them were parsed. They are parsed again only when there are twice as many.
    parsed_len: usize,
    /// Bytes before the response that are not part of it: blank lines and interim responses.
    skipped: usize,
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
enum State {
    Head,
    Body,
    Done,
    Failed(Error),
}

impl ResponseReader {
    /// Makes a reader of the response to a request with this method.
    pub fn new(method: &Method, keep_body: KeepBody, limits: Limits) -> Self {
        ResponseReader {
            limits,
            method: method.clone(),
            keep_body,
            to_store: 0,
            state: State::Head,
            head: None,
            decoder: no_body(&limits),
            buffered: 0,
            parsed_len: 0,
            skipped: 0,
            malformed_lines: Box::default(),
            begun: false,
            continues: false,
            interim: false,
            unsolicited: false,
        }
    }

    /// Resets the reader for the next response, with the same limits. Does not allocate, unless the method
    /// is a non-standard one with a long name.
    pub fn reset(&mut self, method: &Method, keep_body: KeepBody) {
        *self = ResponseReader::new(method, keep_body, self.limits);
    }

    /// Reads the next bytes of the connection. If bytes are left when the response is done, the server sent
    /// them unasked, and [`keep_alive`](Self::keep_alive) is false.
    ///
    /// # Errors
    ///
    /// Returns an error if the response is not valid. Further calls return it again, and the connection must
    /// be closed.
    pub fn feed(&mut self, input: &[u8], store: &mut Vec<u8>) -> Result<Progress, Error> {
        self.advance(input, store, None)
    }

    /// Does the same as [`feed`](Self::feed), but does not parse a head that is the known one. Updates the
    /// known head.
    pub fn feed_with_known_head(
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
            let taken = match self.state {
                State::Head => self.feed_head(rest, store, known.as_deref_mut()),
                State::Body => self.feed_body(rest, store),
                State::Done => break,
                State::Failed(error) => Err(error),
            };
            match taken {
                Ok(taken) => consumed += taken,
                Err(error) => {
                    self.state = State::Failed(error);
                    return Err(error);
                }
            }
        }
        let done = self.state == State::Done;
        self.unsolicited |= consumed < input.len();
        Ok(Progress { consumed, done })
    }

    /// Notes that the server closed the connection, which ends a body until close.
    ///
    /// # Errors
    ///
    /// Returns an error if the response is not complete.
    pub fn close(&mut self) -> Result<(), Error> {
        let closed = match self.state {
            State::Head if self.begun => Err(Error::TornHead),
            State::Head => Err(Error::ClosedBeforeResponse),
            State::Body => self.decoder.finish_at_close(),
            State::Done => Ok(()),
            State::Failed(error) => Err(error),
        };
        self.state = closed.map_or_else(State::Failed, |()| State::Done);
        closed
    }

    /// Returns the head of the final response, once it is complete.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Returns whether a byte of a response has come. Until then, a failed request on a kept-alive
    /// connection may be sent again on a new one; after that, the server has acted on it.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// Returns whether a byte of the final response has come, and not only of interim ones.
    pub fn has_begun_final(&self) -> bool {
        self.begun && !self.interim
    }

    /// Returns whether the server has asked for the body of the request by an interim 100 (RFC 9110 section
    /// 15.2.1).
    pub fn continues(&self) -> bool {
        self.continues
    }

    /// Returns whether malformed lines were left out of the head and their names not taken yet.
    pub fn has_malformed_lines(&self) -> bool {
        !self.malformed_lines.is_empty()
    }

    /// Takes the names of the malformed lines that were left out of the final head, in a printable form.
    pub fn take_malformed_lines(&mut self) -> Box<[String]> {
        mem::take(&mut self.malformed_lines)
    }

    /// Returns the length of the body so far, stored or not.
    pub fn body_bytes(&self) -> u64 {
        self.decoder.decoded()
    }

    /// Returns whether the connection may carry another request: the response is done, its head allows it
    /// and nothing was sent after it.
    pub fn keep_alive(&self) -> bool {
        let allowed = self.head.is_some_and(|head| head.keep_alive);
        self.state == State::Done && allowed && !self.unsolicited
    }

    fn feed_head(
        &mut self,
        input: &[u8],
        store: &mut Vec<u8>,
        known: Option<&mut KnownHead>,
    ) -> Result<usize, Error> {
        if self.buffered > 0 {
            return self.feed_split_head(input, store);
        }
        if let Some(head) = known.as_ref().and_then(|known| known.get(input, &self.method)) {
            self.begun = true;
            self.interim = false;
            store.extend_from_slice(&input[..head.head_len]);
            self.accept(head)?;
            return Ok(head.head_len);
        }
        // Old servers send an extra line end after a body. It is not a byte of the response, so a
        // connection that ends after it has ended before the response.
        let blank = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if blank > 0 {
            self.skip(blank)?;
            return Ok(blank);
        }
        self.begun = true;
        self.interim = false;
        match parse_response(input, &self.method, &self.limits) {
            Ok(Parsed::Complete(head)) => {
                if head.is_interim() {
                    self.end_interim(&head, head.head_len)?;
                } else {
                    let text = &input[..head.head_len];
                    store.extend_from_slice(text);
                    self.accept(head)?;
                    if let Some(known) = known {
                        known.set(text, &self.method, head);
                    }
                }
                Ok(head.head_len)
            }
            Ok(Parsed::Partial) => Ok(self.buffer(input, store)),
            Err(Error::MalformedHead(_)) => self.feed_irregular_head(input, store),
            Err(error) => Err(error),
        }
    }

    /// Buffers the beginning of a head.
    fn buffer(&mut self, input: &[u8], store: &mut Vec<u8>) -> usize {
        store.extend_from_slice(input);
        self.buffered = input.len();
        self.parsed_len = input.len();
        input.len()
    }

    /// Reads a head that the parser refused, repaired.
    #[cold]
    fn feed_irregular_head(&mut self, input: &[u8], store: &mut Vec<u8>) -> Result<usize, Error> {
        let Parsed::Complete(repaired) = repair(input, &self.limits)? else {
            return Ok(self.buffer(input, store));
        };
        let parsed = parse_response(&repaired.text, &self.method, &self.limits)?;
        let Parsed::Complete(head) = parsed else { return Err(Error::HeadTooLarge) };
        if head.is_interim() {
            self.end_interim(&head, repaired.len)?;
        } else {
            self.malformed_lines = repaired.malformed_lines.into();
            store.extend_from_slice(&repaired.text);
            self.accept(head)?;
        }
        Ok(repaired.len)
    }

    /// Joins a split head in the store. Parsing starts over each time, so it happens only at the blank line,
    /// at the limit, or when the head has doubled: the cost is linear for slices of any size, and garbage
    /// does not wait for a blank line.
    fn feed_split_head(&mut self, input: &[u8], store: &mut Vec<u8>) -> Result<usize, Error> {
        let window = &input[..input.len().min(self.limits.head_bytes - self.buffered)];
        let start = store.len() - self.buffered;
        let end = blank_line_end(&store[start..], window);
        let taken = end.unwrap_or(window.len());
        store.extend_from_slice(&window[..taken]);
        self.buffered += taken;
        let due = self.buffered >= (2 * self.parsed_len).min(self.limits.head_bytes);
        if end.is_none() && !due {
            return Ok(taken);
        }
        self.parsed_len = self.buffered;
        match parse_response(&store[start..], &self.method, &self.limits) {
            Ok(Parsed::Complete(head)) => {
                debug_assert_eq!(
                    head.head_len, self.buffered,
                    "a head ends at its first blank line"
                );
                self.buffered = 0;
                if head.is_interim() {
                    store.truncate(start);
                    self.end_interim(&head, head.head_len)?;
                } else {
                    self.accept(head)?;
                }
            }
            Ok(Parsed::Partial) => {}
            Err(Error::MalformedHead(_)) => {
                let text = store.split_off(start);
                self.buffered = 0;
                self.feed_irregular_head(&text, store)?;
            }
            Err(error) => return Err(error),
        }
        Ok(taken)
    }

    fn end_interim(&mut self, head: &Head, len: usize) -> Result<(), Error> {
        self.continues |= head.status == 100;
        self.interim = true;
        self.skip(len)
    }

    /// Skips bytes before the response. They have a limit, because a server that sends nothing else would
    /// keep a core busy until the timeout.
    fn skip(&mut self, bytes: usize) -> Result<(), Error> {
        self.skipped += bytes;
        if self.skipped > self.limits.skipped_bytes() { Err(Error::HeadTooLarge) } else { Ok(()) }
    }

    fn accept(&mut self, head: Head) -> Result<(), Error> {
        self.head = Some(head);
        self.to_store = self.keep_body.of_status(head.status);
        self.decoder = Decoder::new(head.framing, &self.limits)?;
        self.state = if self.decoder.is_done() { State::Done } else { State::Body };
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
            self.state = State::Done;
        }
        Ok(step.consumed)
    }
}

fn no_body(limits: &Limits) -> Decoder {
    Decoder::new(Framing::None, limits).expect("no body is never too large")
}

/// Returns where in `fresh` the first blank line ends, of a text that begins in `seen`.
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
