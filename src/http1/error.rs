//! The errors of reading a message.
//!
//! Their texts are shown in the failures table, so they are short and contain no data: a thousand torn
//! bodies are one row. Errors of connections (refused, reset, timed out) are not among them.

use thiserror::Error;

/// The error for a request or a response that could not be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
#[non_exhaustive]
pub enum Error {
    /// The start line or a header line is not HTTP/1.x.
    #[error("malformed head: {0}")]
    MalformedHead(Malformed),
    /// The head did not end within [`Limits::head_bytes`](super::Limits::head_bytes), or did not
    /// begin for as long.
    #[error("head too large")]
    HeadTooLarge,
    /// More header lines than [`Limits::headers`](super::Limits::headers).
    #[error("too many headers")]
    TooManyHeaders,
    /// `Content-Length` is not a number that fits 64 bits.
    #[error("bad content-length")]
    BadContentLength,
    /// `Content-Length` was given twice with different values, so the end of the body is unknown.
    #[error("conflicting content-lengths")]
    ConflictingContentLengths,
    /// A request's `Transfer-Encoding` does not end in `chunked` (RFC 9112 section 6.3, rule 4).
    #[error("bad transfer-encoding")]
    BadTransferEncoding,
    /// A chunk's size line or its end breaks RFC 9112 section 7.1.
    #[error("bad chunk")]
    BadChunk,
    /// The trailers after the last chunk are longer than a head may be.
    #[error("trailers too large")]
    TrailersTooLarge,
    /// The body is longer than [`Limits::body_bytes`](super::Limits::body_bytes).
    #[error("body too large")]
    BodyTooLarge,
    /// The connection was closed before the first byte of the response. On a kept-alive connection it may
    /// be the server's idle timeout, and the request may be sent again.
    #[error("connection closed before the response")]
    ClosedBeforeResponse,
    /// The connection was closed inside the head, or after an interim response.
    #[error("connection closed while reading the head")]
    TornHead,
    /// The connection was closed before the body's announced end.
    #[error("connection closed while reading the body")]
    TornBody,
}

/// Which part of a head is malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The version is not `HTTP/1.0` or `HTTP/1.1`, or the bytes are of another protocol.
    #[error("not http/1.x")]
    Version,
    /// The status code is not three digits from 100 up, or the reason has control characters.
    #[error("bad status line")]
    Status,
    /// The method or the target of a request has invalid bytes.
    #[error("bad request line")]
    RequestLine,
    /// A header's name has invalid bytes or no colon after it.
    #[error("bad header name")]
    HeaderName,
    /// A header's value has control characters.
    #[error("bad header value")]
    HeaderValue,
    /// A carriage return without its line feed.
    #[error("bad line end")]
    LineEnd,
}

impl From<httparse::Error> for Error {
    fn from(error: httparse::Error) -> Self {
        Error::MalformedHead(match error {
            httparse::Error::TooManyHeaders => return Error::TooManyHeaders,
            httparse::Error::Version => Malformed::Version,
            httparse::Error::Status => Malformed::Status,
            httparse::Error::Token => Malformed::RequestLine,
            httparse::Error::HeaderName => Malformed::HeaderName,
            httparse::Error::HeaderValue => Malformed::HeaderValue,
            httparse::Error::NewLine => Malformed::LineEnd,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_short_lower_case_phrases() {
        for error in [
            Error::MalformedHead(Malformed::Version),
            Error::HeadTooLarge,
            Error::ConflictingContentLengths,
            Error::ClosedBeforeResponse,
            Error::TornBody,
        ] {
            let text = error.to_string();
            assert_eq!(text, text.to_lowercase());
            assert!(text.len() <= 48, "{text}");
        }
    }

    #[test]
    fn an_error_is_one_byte_to_return_and_compare() {
        assert_eq!(size_of::<Error>(), 1);
    }
}
