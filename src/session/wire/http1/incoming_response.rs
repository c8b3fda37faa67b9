//! A response while it is being read.

use super::super::attempt::Attempt;
use super::super::exchange_guard::ExchangeMetrics;
use super::super::received::Received;
use super::super::redirect::location;
use crate::http1::{KeepBody, Limits, ResponseReader};
use crate::session::failure::{Failure, RequestPhase};
use crate::transport::{self, Piece};

/// How many bytes of a redirect's body are read so that its connection can be used again.
const UNSEEN_BODY_MAX: u64 = 64 * 1024;

/// A response while it is being read.
pub(super) struct IncomingResponse {
    reader: ResponseReader,
    bytes: Vec<u8>,
}

impl IncomingResponse {
    #[inline]
    pub(super) fn new(attempt: &Attempt<'_>) -> Self {
        let Attempt { context, outbound, request, .. } = *attempt;
        let limits = Limits { body_bytes: outbound.body_bytes_max(), ..context.limits };
        let bytes = context.spare();
        let reader = ResponseReader::new(&request.method, outbound.keep_body, limits);
        IncomingResponse { reader, bytes }
    }

    /// Reads a piece, or the end of the connection. Returns `true` if no more of the response is needed.
    #[inline]
    pub(super) fn read(
        &mut self,
        attempt: &Attempt<'_>,
        received: Result<Option<Piece<'_>>, transport::Error>,
        metrics: &mut ExchangeMetrics<'_>,
    ) -> Result<bool, Failure> {
        let IncomingResponse { reader, bytes } = self;
        match received {
            Ok(Some(piece)) => {
                metrics.wire.received += piece.wire_bytes();
                let known = &mut *attempt.context.known_head(attempt.outbound.entry);
                let progress = reader.feed_with_known_head(&piece, bytes, known);
                if reader.has_begun_final() {
                    metrics.response_began();
                }
                count_malformed_lines(reader, attempt);
                match progress {
                    Ok(progress) => Ok(progress.done || self.skips_rest(attempt)),
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
            Err(error) => Err(Failure::of_stream(error, self.phase())),
        }
    }

    /// Returns whether the rest of the response is skipped: the body of a redirect is not used, and if it
    /// is long, a new connection is cheaper than the rest.
    fn skips_rest(&self, attempt: &Attempt<'_>) -> bool {
        let is_long = attempt.outbound.follows && self.reader.body_bytes() > UNSEEN_BODY_MAX;
        let head = self.reader.head().filter(|_| is_long);
        head.is_some_and(|head| location(head, &self.bytes).is_some())
    }

    /// Returns whether the server has sent `100 Continue`.
    pub(super) fn asks_for_body(&self) -> bool {
        self.reader.continues()
    }

    /// Returns whether the final response has begun, after interim ones.
    pub(super) fn has_begun(&self) -> bool {
        self.reader.has_begun_final()
    }

    /// Returns whether the head of the final response is complete.
    pub(super) fn has_head(&self) -> bool {
        self.reader.head().is_some()
    }

    /// Returns how far the response has come.
    pub(super) fn phase(&self) -> RequestPhase {
        RequestPhase::of_reader(&self.reader)
    }

    /// Returns whether the connection may be used for another request.
    pub(super) fn keeps_alive(&self) -> bool {
        self.reader.keep_alive()
    }

    /// Finishes the response.
    pub(super) fn into_received(self, attempt: &Attempt<'_>) -> Received {
        let IncomingResponse { reader, bytes } = self;
        let head = *reader.head().expect("a response that is done has a head");
        let max_body = attempt.policy().max_body;
        let is_kept = attempt.outbound.keep_body == KeepBody::Yes;
        Received { head, body_bytes: reader.body_bytes(), bytes, is_kept, max_body, trail: None }
    }
}

/// Counts the malformed lines that were left out of the head, if there were any.
fn count_malformed_lines(reader: &mut ResponseReader, attempt: &Attempt<'_>) {
    if reader.has_malformed_lines() {
        let mut recorder = attempt.context.recorder.borrow_mut();
        let names = reader.take_malformed_lines();
        names.iter().for_each(|name| recorder.malformed_line(name));
    }
}
