//! Parses the head of a response in place, without allocating.
//!
//! Some deviations of real servers are accepted, because they are harmless: spaces before the colon of a
//! header, several spaces in the status line, a missing reason, bare line feeds, blank lines before the
//! status line. Others are [repaired](super::repair) first.

use std::mem::MaybeUninit;

use http::Method;

use super::framing::{Fields, Transfer};
use super::{Error, Framing, Limits, Malformed, Version};

/// The result of parsing the bytes that have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed<T> {
    /// The value is complete.
    Complete(T),
    /// More bytes are needed.
    Partial,
}

/// The parts of a response's head that decide how it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The status code, 100 to 999.
    pub status: u16,
    /// The version of the status line.
    pub version: Version,
    /// How the body ends.
    pub framing: Framing,
    /// Whether the connection may carry another request once the body is read.
    pub keep_alive: bool,
    /// Whether there is a `Set-Cookie`.
    pub set_cookie: bool,
    /// The length of the head, from the start of the input to the end of the blank line.
    pub head_len: usize,
    /// Whether there is a `Content-Encoding`.
    pub content_encoding: bool,
    /// Whether `Content-Type` has a charset other than UTF-8.
    pub other_charset: bool,
}

impl Head {
    /// Returns whether this is an interim response, which another one follows (RFC 9110 section 15.2). 101
    /// counts as final: what follows it is not HTTP.
    pub fn is_interim(&self) -> bool {
        self.status < 200 && self.status != 101
    }
}

/// Parses the head of a response to a request with this method at the start of `input`.
///
/// Parsing starts over in each call, so a caller with a growing buffer must not call it for each byte.
/// [`ResponseReader`](super::ResponseReader) does this right.
///
/// # Errors
///
/// Returns an error if the head is not valid, as one with folded or malformed lines, or exceeds the
/// limits.
pub fn parse_response(
    input: &[u8],
    method: &Method,
    limits: &Limits,
) -> Result<Parsed<Head>, Error> {
    let mut table = [const { MaybeUninit::uninit() }; Limits::HEADERS_MAX];
    let mut response = httparse::Response::new(&mut []);
    let parsed = lenient().parse_response_with_uninit_headers(
        &mut response,
        limits.head_window(input),
        &mut table[..limits.table_len()],
    )?;
    match parsed {
        httparse::Status::Complete(head_len) => {
            let status = response.code.filter(|&code| code >= 100);
            let status = status.ok_or(Error::MalformedHead(Malformed::Status))?;
            let version = Version::from_minor(response.version);
            let fields = Fields::read(response.headers);
            let framing = framing(status, method, &fields)?;
            let keep_alive =
                framing != Framing::UntilClose && status != 101 && fields.persistent(version);
            let set_cookie = fields.set_cookie;
            let content_encoding = fields.content_encoding;
            let other_charset = fields.other_charset;
            Ok(Parsed::Complete(Head {
                status,
                version,
                framing,
                keep_alive,
                set_cookie,
                head_len,
                content_encoding,
                other_charset,
            }))
        }
        httparse::Status::Partial if input.len() >= limits.head_bytes => Err(Error::HeadTooLarge),
        httparse::Status::Partial => Ok(Parsed::Partial),
    }
}

pub(super) fn lenient() -> httparse::ParserConfig {
    let mut config = httparse::ParserConfig::default();
    config
        .allow_spaces_after_header_name_in_responses(true)
        .allow_multiple_spaces_in_response_status_delimiters(true);
    config
}

/// Applies the rules of RFC 9112 section 6.3, in their order.
fn framing(status: u16, method: &Method, fields: &Fields) -> Result<Framing, Error> {
    if status < 200 || status == 204 || status == 304 || *method == Method::HEAD {
        return Ok(Framing::None);
    }
    match (fields.transfer, fields.content_length) {
        (Transfer::Chunked, _) => Ok(Framing::Chunked),
        (Transfer::Other, _) => Ok(Framing::UntilClose),
        (Transfer::Absent, Some(length)) => length.map(Framing::Length),
        (Transfer::Absent, None) => Ok(Framing::UntilClose),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(head: &str) -> Result<Parsed<Head>, Error> {
        parse_response(head.as_bytes(), &Method::GET, &Limits::default())
    }

    fn check(head: &str, method: Method, framing: Framing, keep_alive: bool) {
        let parsed = parse_response(head.as_bytes(), &method, &Limits::default());
        let Ok(Parsed::Complete(parsed)) = parsed else { panic!("{head:?}: {parsed:?}") };
        let expected = (framing, keep_alive, head.len());
        assert_eq!((parsed.framing, parsed.keep_alive, parsed.head_len), expected, "{head:?}");
    }

    #[test]
    fn a_content_encoding_is_noted() {
        let noted = |line: &str| match parse(&format!("HTTP/1.1 200 OK\r\n{line}\r\n\r\n")) {
            Ok(Parsed::Complete(head)) => head.content_encoding,
            other => panic!("{other:?}"),
        };
        assert!(noted("content-encoding: br") && noted("Content-Encoding : x"));
        assert!(!noted("Content-Language: br") && !noted("Vary: Content-Encoding"));
    }

    #[test]
    fn framing_follows_the_headers_the_status_and_the_method() {
        use Framing::{Chunked, Length, None, UntilClose};
        let get = |head: &str, framing, keep_alive| check(head, Method::GET, framing, keep_alive);
        get("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Length(5), true);
        get("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Chunked, true);
        get("HTTP/1.1 200 OK\r\n\r\n", UntilClose, false);
        get("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", UntilClose, false);
        get("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", None, true);
        get("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", None, true);
        get("HTTP/1.1 100 Continue\r\n\r\n", None, true);
        get("HTTP/1.1 101 Switching Protocols\r\n\r\n", None, false);
        get("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", Length(5), false);
        get(
            "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n",
            Length(5),
            true,
        );
        get("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", UntilClose, false);
        let both = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n";
        get(both, Chunked, false);
        let nonsense = "HTTP/1.1 200 OK\r\nContent-Length: nonsense\r\n\r\n";
        check(nonsense, Method::HEAD, None, true);
        check("HTTP/1.1 200 OK\r\n\r\n", Method::HEAD, None, true);
    }

    #[test]
    fn real_servers_bend_the_grammar_and_are_understood() {
        for head in [
            "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n",
            "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n",
            "HTTP/1.1  200   Fine\r\nContent-Length: 5\r\n\r\n",
            "HTTP/1.1 200 d\u{e9}j\u{e0} vu\r\nContent-Length: 5\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncOnTeNt-LeNgTh:5   \r\n\r\n",
            "HTTP/1.1 200 OK\nContent-Length: 5\n\n",
            "\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        ] {
            check(head, Method::GET, Framing::Length(5), true);
        }
    }

    #[test]
    fn a_bad_head_says_what_is_bad() {
        let check = |head: &str, error: Error| assert_eq!(parse(head), Err(error), "{head:?}");
        let malformed = Error::MalformedHead;
        check("SSH-2.0-OpenSSH_9.6\r\n", malformed(Malformed::Version));
        check("\x15\x03\x03\0\x02\x02\x16", malformed(Malformed::Version));
        check("HTTP/2.0 200 OK\r\n\r\n", malformed(Malformed::Version));
        check("HTTP/1.1 20x OK\r\n\r\n", malformed(Malformed::Status));
        check("HTTP/1.1 099 OK\r\n\r\n", malformed(Malformed::Status));
        check("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", malformed(Malformed::HeaderName));
        check("HTTP/1.1 200 OK\r\na: \0\r\n\r\n", malformed(Malformed::HeaderValue));
        check("HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n", malformed(Malformed::HeaderName));
        check("HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n", Error::BadContentLength);
        let twice = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n";
        check(twice, Error::ConflictingContentLengths);
    }

    #[test]
    fn a_torn_head_is_partial_at_every_byte() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n";
        for end in 0..head.len() {
            assert_eq!(parse(&head[..end]), Ok(Parsed::Partial), "{end}");
        }
    }

    #[test]
    fn caps_are_exact() {
        let head = "HTTP/1.1 200 OK\r\na: 1\r\nb: 2\r\n\r\n";
        let parse = |head_bytes, headers| {
            let limits = Limits { head_bytes, headers, ..Limits::default() };
            parse_response(head.as_bytes(), &Method::GET, &limits).map(|_| ())
        };
        assert_eq!(parse(head.len(), 2), Ok(()));
        assert_eq!(parse(head.len() - 1, 2), Err(Error::HeadTooLarge));
        assert_eq!(parse(head.len(), 1), Err(Error::TooManyHeaders));
        assert_eq!(parse(head.len(), usize::MAX), Ok(()));
    }
}
