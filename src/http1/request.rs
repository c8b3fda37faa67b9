//! Encodes a request.
//!
//! Nothing in a scenario can end the request line or begin another request: header values are checked by
//! their type, target and host are escaped here, and headers of framing are only written here.

use http::{HeaderValue, Method};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// The characters that are escaped in a target: controls and space, which would end it, and others that
/// RFC 3986 does not allow. `%` is not, so that nothing is escaped twice.
const NOT_IN_TARGET: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The default `User-Agent`.
pub const PRODUCT: &str = concat!("gregaria/", env!("CARGO_PKG_VERSION"));

/// The head of a request to be sent.
#[derive(Debug, Clone)]
pub struct RequestHead<'a, H> {
    /// The method.
    pub method: &'a Method,
    /// Path and query, or an absolute URL for a proxy. It is escaped when written, without its fragment,
    /// which is never sent (RFC 9112 section 3.2), and with a missing first slash added.
    pub target: &'a str,
    /// Host and port for the `Host` header.
    pub host: &'a str,
    /// Further headers, in order. They replace the default ones. `Content-Length` and `Transfer-Encoding` are
    /// left out, because a wrong one would make the server wait, or read the next request as a body.
    pub headers: H,
}

impl<H, N, V> RequestHead<'_, H>
where
    H: IntoIterator<Item = (N, V), IntoIter: Clone>,
    N: AsRef<[u8]>,
    V: AsRef<[u8]>,
{
    /// Appends the head and `body` to `out`. `content_type` is the body's, unless there is a header for it.
    /// Returns the position of the blank line in `out`, where further headers may be inserted.
    pub fn encode(
        self,
        body: &[u8],
        content_type: Option<&HeaderValue>,
        out: &mut Vec<u8>,
    ) -> usize {
        let blank = self.encode_head(body.len(), content_type, out);
        out.extend_from_slice(body);
        blank
    }

    /// Appends only the head, for a body of this length.
    pub fn encode_head(
        self,
        body_len: usize,
        content_type: Option<&HeaderValue>,
        out: &mut Vec<u8>,
    ) -> usize {
        let RequestHead { method, target, host, headers } = self;
        let headers = headers.into_iter();
        let given = GivenHeaders::read(headers.clone());
        RequestHead { method, target, host, headers }.encode_with(
            given,
            &[],
            body_len,
            content_type,
            out,
        )
    }

    /// Does the same if the caller knows which special headers there are. If `common` is not empty, it has
    /// header lines that were written before, including the default ones. They are copied.
    pub(crate) fn encode_with(
        self,
        given: GivenHeaders,
        common: &[u8],
        body_len: usize,
        content_type: Option<&HeaderValue>,
        out: &mut Vec<u8>,
    ) -> usize {
        out.extend_from_slice(self.method.as_str().as_bytes());
        out.push(b' ');
        write_target(self.target, out);
        out.extend_from_slice(b" HTTP/1.1\r\n");
        out.extend_from_slice(common);
        let is_bare = common.is_empty();
        if is_bare && !given.host {
            out.extend_from_slice(b"Host: ");
            escape(self.host, out);
            out.extend_from_slice(b"\r\n");
        }
        if is_bare && !given.user_agent {
            write_header(b"User-Agent", PRODUCT.as_bytes(), out);
        }
        if is_bare && !given.accept {
            write_header(b"Accept", b"*/*", out);
        }
        for (name, value) in self.headers {
            let name = name.as_ref();
            if !is_framing(name) {
                write_header(name, value.as_ref(), out);
            }
        }
        if let Some(value) = content_type.filter(|_| !given.content_type) {
            write_header(b"Content-Type", value.as_bytes(), out);
        }
        if body_len > 0 || expects_body(self.method) {
            write_length(body_len, out);
        }
        let blank = out.len();
        out.extend_from_slice(b"\r\n");
        blank
    }
}

/// Which special headers are given: those that replace a default or decide about others.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct GivenHeaders {
    pub(crate) host: bool,
    pub(crate) user_agent: bool,
    pub(crate) accept: bool,
    pub(crate) content_type: bool,
    pub(crate) cookie: bool,
    pub(crate) authorization: bool,
    pub(crate) accept_encoding: bool,
}

impl GivenHeaders {
    /// Finds the special ones among these headers.
    pub(crate) fn read<N: AsRef<[u8]>, V>(headers: impl Iterator<Item = (N, V)>) -> Self {
        let mut given = GivenHeaders::default();
        for (name, _) in headers {
            let name = name.as_ref();
            // The length excludes most names.
            match name.len() {
                4 => given.host |= name.eq_ignore_ascii_case(b"host"),
                6 => {
                    given.accept |= name.eq_ignore_ascii_case(b"accept");
                    given.cookie |= name.eq_ignore_ascii_case(b"cookie");
                }
                10 => given.user_agent |= name.eq_ignore_ascii_case(b"user-agent"),
                12 => given.content_type |= name.eq_ignore_ascii_case(b"content-type"),
                13 => given.authorization |= name.eq_ignore_ascii_case(b"authorization"),
                15 => given.accept_encoding |= name.eq_ignore_ascii_case(b"accept-encoding"),
                _ => {}
            }
        }
        given
    }

    /// Joins two sets.
    pub(crate) fn and(self, other: GivenHeaders) -> Self {
        GivenHeaders {
            host: self.host | other.host,
            user_agent: self.user_agent | other.user_agent,
            accept: self.accept | other.accept,
            content_type: self.content_type | other.content_type,
            cookie: self.cookie | other.cookie,
            authorization: self.authorization | other.authorization,
            accept_encoding: self.accept_encoding | other.accept_encoding,
        }
    }
}

/// Returns whether this is a header of framing.
fn is_framing(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"transfer-encoding")
}

/// Returns whether requests of this method have `Content-Length: 0` without a body (RFC 9110 section 8.6).
fn expects_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

fn write_target(target: &str, out: &mut Vec<u8>) {
    let target = target.split('#').next().unwrap_or_default();
    let absolute = target.starts_with("http://") || target.starts_with("https://");
    if !target.starts_with('/') && !absolute && target != "*" {
        out.push(b'/');
    }
    escape(target, out);
}

fn escape(text: &str, out: &mut Vec<u8>) {
    for part in utf8_percent_encode(text, NOT_IN_TARGET) {
        out.extend_from_slice(part.as_bytes());
    }
}

fn write_header(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn write_length(length: usize, out: &mut Vec<u8>) {
    use std::io::Write;
    write!(out, "Content-Length: {length}\r\n").expect("a Vec takes every write");
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn encode(
        (method, target): (Method, &str),
        headers: &[(&'static str, &'static str)],
        (body, content_type): (&str, Option<&'static str>),
    ) -> String {
        let headers: Vec<_> = headers
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let headers = headers.iter().map(|(name, value)| (name, value));
        let mut out = Vec::new();
        RequestHead { method: &method, target, host: "h:80", headers }.encode(
            body.as_bytes(),
            content_type.map(HeaderValue::from_static).as_ref(),
            &mut out,
        );
        String::from_utf8(out).unwrap().replace(PRODUCT, "P")
    }

    #[test]
    fn a_plain_request_has_host_product_and_accept() {
        assert_eq!(
            encode((Method::GET, "/users?page=2"), &[], ("", None)),
            "GET /users?page=2 HTTP/1.1\r\nHost: h:80\r\nUser-Agent: P\r\nAccept: */*\r\n\r\n"
        );
    }

    #[test]
    fn given_headers_replace_the_default_ones() {
        let headers = [
            ("accept", "text/html"),
            ("host", "other"),
            ("x-a", "1"),
            ("user-agent", "me"),
            ("content-type", "text/csv"),
        ];
        assert_eq!(
            encode((Method::POST, "/"), &headers, ("a,b", Some("text/plain"))),
            "POST / HTTP/1.1\r\naccept: text/html\r\nhost: other\r\nx-a: 1\r\nuser-agent: me\r\n\
             content-type: text/csv\r\nContent-Length: 3\r\n\r\na,b"
        );
    }

    #[test]
    fn the_length_is_said_where_a_body_is_or_could_be() {
        let length = |method: Method, body: &str| {
            let request = encode((method, "/"), &[], (body, None));
            let length = request.split("Content-Length: ").nth(1).map(|rest| &rest[..1]);
            length.map(|length| length.parse::<usize>().unwrap())
        };
        for method in [Method::POST, Method::PUT, Method::PATCH] {
            assert_eq!(length(method, ""), Some(0));
        }
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::DELETE] {
            assert_eq!(length(method.clone(), ""), None);
            assert_eq!(length(method, "body"), Some(4));
        }
    }

    #[test]
    fn framing_cannot_be_given_by_a_header() {
        let headers = [("content-length", "99"), ("transfer-encoding", "chunked")];
        let request = encode((Method::POST, "/"), &headers, ("hi", Some("text/plain")));
        assert!(request.ends_with("Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi"));
        assert!(!request.contains("chunked") && !request.contains("99"), "{request}");
    }

    #[test]
    fn a_target_is_one_word_of_visible_ascii() {
        let check = |target: &str, expected: &str| {
            let request = encode((Method::GET, target), &[], ("", None));
            assert_eq!(request.lines().next(), Some(format!("GET {expected} HTTP/1.1").as_str()));
            assert_eq!(request.lines().count(), 5, "{target:?}");
        };
        check("/a b", "/a%20b");
        check("/caf\u{e9}?q=\u{2603}", "/caf%C3%A9?q=%E2%98%83");
        check("/a%20b%", "/a%20b%");
        check("/ HTTP/1.1\r\nX: y\r\n\r\nGET /", "/%20HTTP/1.1%0D%0AX:%20y%0D%0A%0D%0AGET%20/");
        check("/a\0\t\x7f", "/a%00%09%7F");
        check("/{id}|\"<x>\"", "/%7Bid%7D%7C%22%3Cx%3E%22");
        check("/a#part", "/a");
        check("", "/");
        check("?a=1", "/?a=1");
        check("users", "/users");
        check("http://h/x", "http://h/x");
        check("*", "*");
    }

    #[test]
    fn a_host_cannot_carry_a_line_end() {
        let headers: [(&HeaderName, &HeaderValue); 0] = [];
        let mut out = Vec::new();
        let head = RequestHead { method: &Method::GET, target: "/", host: "h\r\nX: y", headers };
        head.encode(b"", None, &mut out);
        let request = String::from_utf8(out).unwrap();
        assert!(request.starts_with("GET / HTTP/1.1\r\nHost: h%0D%0AX:%20y\r\nUser-Agent"));
    }
}
