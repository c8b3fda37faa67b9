//! Finds headers in the bytes of a head that has been parsed.
//!
//! The parser keeps only what decides the framing. Checks, cookies and redirects look up headers in the
//! raw bytes. There is no index, because most responses of a load test need no header.

use std::str;

/// The headers of a parsed head, in the order in which they came.
#[derive(Debug, Clone)]
pub struct Headers<'a> {
    rest: &'a [u8],
}

/// Returns the headers of a head: its bytes from the start line to the blank line, without folded lines,
/// as a [`ResponseReader`](super::ResponseReader) stores them.
pub fn headers(head: &[u8]) -> Headers<'_> {
    let mut rest = head;
    while let [b'\r' | b'\n', after @ ..] = rest {
        rest = after;
    }
    Headers { rest: split_line(rest).1 }
}

/// Returns the value of the first header of this name, in any case.
pub fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut headers = headers(head);
    while let Some((candidate, value)) = headers.next_raw() {
        if candidate.eq_ignore_ascii_case(name.as_bytes()) {
            return Some(value);
        }
    }
    None
}

/// Returns the reason phrase of a response's head; empty if there is none.
pub fn reason(head: &[u8]) -> &[u8] {
    let line = split_line(head.trim_ascii_start()).0;
    let after_word = |text: &[u8]| text.iter().position(|&byte| byte == b' ').unwrap_or(text.len());
    let status = line[after_word(line)..].trim_ascii();
    status[after_word(status)..].trim_ascii()
}

impl<'a> Headers<'a> {
    fn next_raw(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let (line, rest) = split_line(self.rest);
        self.rest = rest;
        let colon = line.iter().position(|&byte| byte == b':')?;
        Some((line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()))
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.next_raw()?;
        Some((str::from_utf8(name).ok()?, value))
    }
}

/// Splits off the first line with its line feed.
fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |at| at + 1);
    bytes.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"HTTP/1.1 404  Not Found \r\nServer: x\r\nEmpty:\r\nSet-Cookie: a=1\r\n\
        Colons: one two: three\r\nset-cookie :\tb=2 \r\n\r\nnot: a header\r\n";

    #[test]
    fn headers_come_in_order_and_end_at_the_blank_line() {
        let all: Vec<_> = headers(HEAD).collect();
        let expected: [(&str, &[u8]); 5] = [
            ("Server", b"x"),
            ("Empty", b""),
            ("Set-Cookie", b"a=1"),
            ("Colons", b"one two: three"),
            ("set-cookie", b"b=2"),
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn a_header_is_found_in_any_case() {
        assert_eq!(header(HEAD, "SET-COOKIE"), Some(&b"a=1"[..]));
        assert_eq!(header(HEAD, "empty"), Some(&b""[..]));
        assert_eq!(header(HEAD, "two"), None);
        assert_eq!(header(HEAD, "not"), None);
        assert_eq!(header(b"HTTP/1.1 200 OK\n\n", "a"), None);
        assert_eq!(header(b"", "a"), None);
    }

    #[test]
    fn the_reason_may_be_missing() {
        assert_eq!(reason(HEAD), b"Not Found");
        assert_eq!(reason(b"HTTP/1.1 200\r\n\r\n"), b"");
        assert_eq!(reason(b"HTTP/1.1 200 \r\n\r\n"), b"");
        assert_eq!(reason(b""), b"");
    }
}
