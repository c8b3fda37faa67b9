//! What has come of a response, as it is read.

use super::super::attempt::Attempt;
use super::super::carried::Tally;
use super::super::received::Received;
use super::super::redirect::location;
use crate::http1::{KeepBody, Limits, ResponseReader};
use crate::session::failure::{Failure, Stage};
use crate::transport::{self, Piece};

/// How much of a redirect's body is read, so that its connection can be used again.
const UNSEEN_BODY_MAX: u64 = 64 * 1024;

/// What has come of a response.
pub(super) struct Answer {
    reader: ResponseReader,
    bytes: Vec<u8>,
}

impl Answer {
    pub(super) fn new(attempt: &Attempt<'_>) -> Self {
        let Attempt { context, outbound, request, .. } = *attempt;
        let limits = Limits { body_bytes: outbound.body_bytes_max(), ..context.limits };
        let reader = ResponseReader::new(&request.method, outbound.keep_body, limits);
        Answer { reader, bytes: context.spare() }
    }

    /// Reads what has come: a piece, or the end of the connection. `true` where no more of the response
    /// is wanted.
    #[inline]
    pub(super) fn read(
        &mut self,
        attempt: &Attempt<'_>,
        came: Result<Option<Piece<'_>>, transport::Error>,
        tally: &mut Tally<'_>,
    ) -> Result<bool, Failure> {
        let Answer { reader, bytes } = self;
        match came {
            Ok(Some(piece)) => {
                tally.wire.received += piece.wire_bytes();
                let known = &mut *attempt.context.known_head(attempt.outbound.entry);
                let progress = reader.feed_knowing(&piece, bytes, known);
                if reader.has_begun_final() {
                    tally.has_begun();
                }
                note_malformed_lines(reader, attempt);
                match progress {
                    Ok(progress) => Ok(progress.done || self.is_enough(attempt)),
                    Err(error) => {
                        let seen = if bytes.is_empty() { &piece[..] } else { &bytes[..] };
                        Err(Failure::of_reader(error, reader, seen))
                    }
                }
            }
            Ok(None) => match reader.close() {
                Ok(()) => Ok(true),
                Err(error) => Err(Failure::of_reader(error, reader, bytes)),
            },
            Err(error) => Err(Failure::of_stream(error, self.stage())),
        }
    }

    /// Whether the rest of a response is not worth waiting for: nobody sees the body of a redirect,
    /// and a new connection is cheaper than a long one.
    fn is_enough(&self, attempt: &Attempt<'_>) -> bool {
        let is_long = attempt.outbound.follows && self.reader.body_bytes() > UNSEEN_BODY_MAX;
        let head = self.reader.head().filter(|_| is_long);
        head.is_some_and(|head| location(head, &self.bytes).is_some())
    }

    /// Whether the server has asked for the body.
    pub(super) fn asks_for_body(&self) -> bool {
        self.reader.continues()
    }

    /// Whether the final response has begun: interim ones are no answer.
    pub(super) fn has_begun(&self) -> bool {
        self.reader.has_begun_final()
    }

    /// Whether the head of the final response is there.
    pub(super) fn has_head(&self) -> bool {
        self.reader.head().is_some()
    }

    /// Where in the response it is.
    pub(super) fn stage(&self) -> Stage {
        Stage::of_reader(&self.reader)
    }

    /// Whether another request may follow on the connection.
    pub(super) fn leaves_open(&self) -> bool {
        self.reader.keep_alive()
    }

    /// A response of which no more is wanted.
    pub(super) fn received(self, attempt: &Attempt<'_>) -> Received {
        let Answer { reader, bytes } = self;
        let head = *reader.head().expect("a response that is done has a head");
        let max_body = attempt.policy().max_body;
        let is_kept = attempt.outbound.keep_body == KeepBody::Yes;
        Received { head, body_bytes: reader.body_bytes(), bytes, is_kept, max_body }
    }
}

/// Counts the lines that a head was read without, if there were any.
fn note_malformed_lines(reader: &mut ResponseReader, attempt: &Attempt<'_>) {
    if reader.has_malformed_lines() {
        let mut recorder = attempt.context.recorder.borrow_mut();
        let names = reader.take_malformed_lines();
        names.iter().for_each(|name| recorder.malformed_line(name));
    }
}
