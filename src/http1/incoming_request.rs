//! Parses the head of a request, as the built-in server receives it, in place.
//!
//! It is stricter than the parser of responses, so that errors of our own client are seen. Bodies are
//! read by a [`Decoder`](super::Decoder), as those of responses.

use std::mem::MaybeUninit;

use super::framing::{Fields, Transfer};
use super::{Error, Framing, Limits, Parsed, Version};

/// The head of a received request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IncomingRequest<'a> {
    /// The method, as it was sent.
    pub method: &'a str,
    /// The target with its query, as it was sent.
    pub path: &'a str,
    /// How the body ends; never [`Framing::UntilClose`].
    pub framing: Framing,
    /// Whether the client keeps the connection.
    pub keep_alive: bool,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub expect_continue: bool,
    /// The length of the head, from the start of the input to the end of the blank line.
    pub head_len: usize,
}

/// Parses the head of a request at the start of `input`.
///
/// # Errors
///
/// Returns an error if the head is not valid or exceeds the limits.
pub fn parse_request<'a>(
    input: &'a [u8],
    limits: &Limits,
) -> Result<Parsed<IncomingRequest<'a>>, Error> {
    let mut table = [const { MaybeUninit::uninit() }; Limits::HEADERS_MAX];
    let mut request = httparse::Request::new(&mut []);
    let parsed = request
        .parse_with_uninit_headers(limits.head_window(input), &mut table[..limits.table_len()])?;
    match parsed {
        httparse::Status::Complete(head_len) => {
            let version = Version::from_minor(request.version);
            let fields = Fields::read(request.headers);
            Ok(Parsed::Complete(IncomingRequest {
                method: request.method.unwrap_or_default(),
                path: request.path.unwrap_or_default(),
                framing: framing(&fields)?,
                keep_alive: fields.persistent(version),
                // Ignored from an HTTP/1.0 client (RFC 9110 section 10.1.1).
                expect_continue: fields.expect_continue && version == Version::Http11,
                head_len,
            }))
        }
        httparse::Status::Partial if input.len() >= limits.head_bytes => Err(Error::HeadTooLarge),
        httparse::Status::Partial => Ok(Parsed::Partial),
    }
}

/// Applies the rules of RFC 9112 section 6.3 for requests.
fn framing(fields: &Fields) -> Result<Framing, Error> {
    match (fields.transfer, fields.content_length) {
        (Transfer::Chunked, _) => Ok(Framing::Chunked),
        (Transfer::Other, _) => Err(Error::BadTransferEncoding),
        (Transfer::Absent, Some(length)) => length.map(Framing::Length),
        (Transfer::Absent, None) => Ok(Framing::None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(head: &str) -> Result<Parsed<IncomingRequest<'_>>, Error> {
        parse_request(head.as_bytes(), &Limits::default())
    }

    #[test]
    fn a_head_gives_its_words_and_its_framing() {
        let get = IncomingRequest {
            method: "GET",
            path: "/a?b=c",
            framing: Framing::None,
            keep_alive: true,
            expect_continue: false,
            head_len: 0,
        };
        let check = |head: &str, expected: IncomingRequest<'_>| {
            let expected = IncomingRequest { head_len: head.len(), ..expected };
            assert_eq!(parse(head), Ok(Parsed::Complete(expected)), "{head:?}");
        };
        check("GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n", get);
        check("GET /a?b=c HTTP/1.0\r\n\r\n", IncomingRequest { keep_alive: false, ..get });
        check("GET /a?b=c HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", get);
        let close = "GET /a?b=c HTTP/1.1\r\nConnection: close\r\n\r\n";
        check(close, IncomingRequest { keep_alive: false, ..get });
        let length = "GET /a?b=c HTTP/1.1\r\nContent-Length: 7\r\n\r\n";
        check(length, IncomingRequest { framing: Framing::Length(7), ..get });
        let chunked = "GET /a?b=c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        check(chunked, IncomingRequest { framing: Framing::Chunked, ..get });
        let expect = "GET /a?b=c HTTP/1.1\r\nExpect: 100-Continue\r\n\r\n";
        check(expect, IncomingRequest { expect_continue: true, ..get });
        let expect = "GET /a?b=c HTTP/1.0\r\nExpect: 100-continue\r\n\r\n";
        check(expect, IncomingRequest { keep_alive: false, ..get });
    }

    #[test]
    fn a_body_without_an_end_is_refused() {
        let check = |head: &str, error: Error| assert_eq!(parse(head), Err(error), "{head:?}");
        check("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", Error::BadTransferEncoding);
        check("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", Error::BadContentLength);
    }

    #[test]
    fn a_torn_head_is_partial_at_every_byte() {
        let head = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n";
        for end in 0..head.len() {
            assert_eq!(parse(&head[..end]), Ok(Parsed::Partial), "{end}");
        }
    }

    #[test]
    fn caps_are_exact() {
        let head = "GET / HTTP/1.1\r\na: 1\r\nb: 2\r\n\r\n";
        let parse = |head_bytes, headers| {
            let limits = Limits { head_bytes, headers, ..Limits::default() };
            parse_request(head.as_bytes(), &limits).map(|_| ())
        };
        assert_eq!(parse(head.len(), 2), Ok(()));
        assert_eq!(parse(head.len() - 1, 2), Err(Error::HeadTooLarge));
        assert_eq!(parse(head.len(), 1), Err(Error::TooManyHeaders));
    }

    #[test]
    fn what_the_encoder_writes_is_read_back() {
        let headers = http::HeaderMap::new();
        let mut out = Vec::new();
        let method = http::Method::PUT;
        let headers = headers.iter().collect::<Vec<_>>();
        let head =
            super::super::RequestHead { method: &method, target: "/a b", host: "h", headers };
        head.encode(b"body", None, &mut out);
        let parsed = parse_request(&out, &Limits::default());
        let Ok(Parsed::Complete(parsed)) = parsed else { panic!("{parsed:?}") };
        assert_eq!((parsed.method, parsed.path), ("PUT", "/a%20b"));
        assert_eq!(parsed.framing, Framing::Length(4));
        assert_eq!(&out[parsed.head_len..], b"body");
    }
}
