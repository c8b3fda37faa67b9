//! Repairs the head of a response that breaks RFC 9112.
//!
//! This happens only after the parser has refused the head, so valid heads do not pay for it. The repaired
//! head is parsed again. Repaired are:
//!
//! * folded lines: each fold becomes one space (section 5.2);
//! * malformed lines (`X-Bad[1]: x`, no colon, a control character in the value): they are left out, as in
//!   browsers, and their names are reported. A line that looks like a header of framing is not left out,
//!   because another recipient may understand it and find another end of the message;
//! * a minor version above 1 in the status line: it is read as HTTP/1.1 (RFC 9110 section 2.5);
//! * control characters in the reason phrase: they are read as spaces. curl and Python's requests accept
//!   them, and a client should ignore the phrase (RFC 9112 section 4).
//!
//! A NUL and a carriage return without a line feed are not repaired: browsers and RFC 9110 section 5.5
//! refuse the message.

use http::{HeaderName, HeaderValue};

use super::{Error, Limits, Parsed};

/// The headers that decide where a message ends and whether its connection is kept.
const FRAMING: [&[u8]; 3] = [b"connection", b"content-length", b"transfer-encoding"];

/// How many characters of a malformed line's name are reported.
const NAME_CHARS: usize = 40;

/// A repaired head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RepairedHead {
    pub(super) text: Vec<u8>,
    /// The length of the head as it came.
    pub(super) len: usize,
    /// The names of the lines that were left out, in a printable form.
    pub(super) malformed_lines: Vec<String>,
}

/// Repairs the head at the start of `input`. The parser reports errors that are left.
pub(super) fn repair(input: &[u8], limits: &Limits) -> Result<Parsed<RepairedHead>, Error> {
    let mut raw = limits.head_window(input).to_vec();
    lower_version(&mut raw);
    blank_reason(&mut raw);
    match end(&raw, limits)? {
        Parsed::Complete(len) => without_malformed_lines(&raw[..len], limits).map(Parsed::Complete),
        Parsed::Partial if input.len() >= limits.head_bytes => Err(Error::HeadTooLarge),
        Parsed::Partial => Ok(Parsed::Partial),
    }
}

/// Replaces a minor version above 1 by 1.
fn lower_version(head: &mut [u8]) {
    if let [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor @ b'2'..=b'9', ..] = head {
        *minor = b'1';
    }
}

/// Replaces control characters after the status code by spaces, but for those that may end the line.
fn blank_reason(head: &mut [u8]) {
    let line = head.iter_mut().take_while(|byte| **byte != b'\n').skip("HTTP/1.1 200".len());
    let controls = line.filter(|byte| byte.is_ascii_control());
    controls.filter(|byte| !matches!(**byte, b'\0' | b'\r')).for_each(|byte| *byte = b' ');
}

/// Returns the length of a head that may have malformed lines.
fn end(head: &[u8], limits: &Limits) -> Result<Parsed<usize>, Error> {
    let mut table = [httparse::EMPTY_HEADER; Limits::HEADERS_MAX];
    let mut response = httparse::Response::new(&mut table[..limits.table_len()]);
    let mut config = super::response::lenient();
    config
        .allow_obsolete_multiline_headers_in_responses(true)
        .ignore_invalid_headers_in_responses(true);
    Ok(match config.parse_response(&mut response, head)? {
        httparse::Status::Complete(len) => Parsed::Complete(len),
        httparse::Status::Partial => Parsed::Partial,
    })
}

fn without_malformed_lines(head: &[u8], limits: &Limits) -> Result<RepairedHead, Error> {
    let mut lines = head.split_inclusive(|&byte| byte == b'\n').map(without_end).peekable();
    let mut text = Vec::with_capacity(head.len());
    text.extend_from_slice(lines.next().unwrap_or_default());
    let mut malformed_lines = Vec::new();
    while let Some(line) = lines.next() {
        text.push(b'\n');
        let begin = text.len();
        text.extend_from_slice(line);
        while let Some(more) = lines.next_if(|line| line.first().is_some_and(is_white)) {
            // A fold includes the white space around it.
            let visible = text.iter().rposition(|byte| !is_white(byte)).map_or(0, |last| last + 1);
            text.truncate(visible.max(begin));
            text.push(b' ');
            text.extend(more.iter().skip_while(|byte| is_white(byte)));
        }
        let line = &text[begin..];
        if !(line.is_empty() || is_well_formed(line) || is_about_framing(line)) {
            malformed_lines.push(shown_name(line));
            text.truncate(begin - 1);
        }
    }
    // Malformed lines have the limit of other lines, so that the memory for their names is limited.
    if malformed_lines.len() > limits.table_len() {
        return Err(Error::TooManyHeaders);
    }
    text.push(b'\n');
    Ok(RepairedHead { text, len: head.len(), malformed_lines })
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn is_white(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Returns whether a line is a valid name, perhaps white space, a colon and a valid value.
fn is_well_formed(line: &[u8]) -> bool {
    let (name, value) = split(line);
    let name = HeaderName::from_bytes(name.trim_ascii_end());
    name.is_ok() && value.is_some_and(|value| HeaderValue::from_bytes(value).is_ok())
}

/// Splits at the first colon.
fn split(line: &[u8]) -> (&[u8], Option<&[u8]>) {
    let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
    (&line[..colon], line.get(colon + 1..))
}

/// Returns whether the first word of a line is the name of a header of framing.
fn is_about_framing(line: &[u8]) -> bool {
    let is_of_a_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let mut words = line.split(|byte| !is_of_a_word(byte)).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    FRAMING.iter().any(|name| name.eq_ignore_ascii_case(first))
}

/// Returns the name of a malformed line, or all of it if it has no colon, cut and in ASCII.
fn shown_name(line: &[u8]) -> String {
    let name = split(line).0.trim_ascii().to_ascii_lowercase().escape_ascii().to_string();
    match name.char_indices().nth(NAME_CHARS) {
        None if name.is_empty() => "(no name)".to_owned(),
        None => name,
        Some((end, _)) => format!("{}…", &name[..end]),
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::http1::{
        Framing, KeepBody, KnownHead, Malformed, Progress, ResponseReader, Version, headers,
    };

    fn repair(head: &[u8]) -> Result<Parsed<RepairedHead>, Error> {
        super::repair(head, &Limits::default())
    }

    /// The lines of a head behind its status line, and what is left of them.
    #[track_caller]
    fn check(lines: &str, expected: &str, left_out: &[&str]) {
        let head = format!("HTTP/1.1 200 OK\r\n{lines}\r\n");
        for input in [head.clone(), head.clone() + "X[0]: body\r\n\r\n"] {
            let repaired = repair(input.as_bytes());
            let Ok(Parsed::Complete(repaired)) = repaired else {
                panic!("{input:?}: {repaired:?}")
            };
            let text = String::from_utf8_lossy(&repaired.text);
            assert_eq!(text, format!("HTTP/1.1 200 OK\n{expected}\n"), "{lines:?}");
            assert_eq!(
                (repaired.len, &repaired.malformed_lines[..]),
                (head.len(), &left_out.iter().map(|name| name.to_string()).collect::<Vec<_>>()[..])
            );
        }
    }

    /// RFC 9112 section 5.2: all of `OWS CRLF RWS` is the fold.
    #[test]
    fn a_fold_is_one_space() {
        check("A: b\r\n c\r\n", "A: b c\n", &[]);
        check("A: b \t\r\n\t  c\n \r\n\td\r\nB: e\r\n", "A: b c d\nB: e\n", &[]);
        check("A:\r\n b\r\n", "A: b\n", &[]);
        check("A: b\r\n \r\n", "A: b \n", &[]);
        check("Content-Length:\r\n 4\r\n", "Content-Length: 4\n", &[]);
        check("A: b:\r\n Content-Length: 4\r\n", "A: b: Content-Length: 4\n", &[]);
    }

    #[test]
    fn a_malformed_line_is_left_out_and_named() {
        for (line, name) in [
            ("X-Bad[1]: x", "x-bad[1]"),
            ("no colon", "no colon"),
            (": x", "(no name)"),
            ("X Y: x", "x y"),
            ("caf\u{e9}: x", "caf\\xc3\\xa9"),
            ("Set-Cookie: a=b\x07c", "set-cookie"),
            ("A: b\x7f", "a"),
            ("A: b\x0b\r\n c", "a"),
            ("A: b\r\n c\x01", "a"),
            ("X[]: a\r\n b\r\n\tc: d", "x[]"),
            ("X-Content-Length[1]: 5", "x-content-length[1]"),
            ("A: Content-Length\x01", "a"),
        ] {
            check(&format!("A: b\r\n{line}\r\nC: d\r\n"), "A: b\nC: d\n", &[name]);
            check(&format!("A: b\r\n{line}\r\n"), "A: b\n", &[name]);
        }
        // RFC 9112 section 2.2.
        check(" A: b\r\n c\r\nD: e\r\n", "D: e\n", &["a"]);
        check("A[: b\r\nC: d\r\nE\r\nA[\r\n", "C: d\n", &["a[", "e", "a["]);
        let long = "x ".repeat(50);
        check(&format!("{long}: y\r\n"), "", &[&format!("{}…", &long[..40])]);
    }

    /// Another recipient may read such a line as the header that it looks like.
    #[test]
    fn what_looks_like_framing_is_never_left_out() {
        for line in [
            "Content-Length[1]: 5",
            "content-length 5",
            "Content-Length: 5\x07",
            "\x0bContent-Length: 5",
            "\u{a0}Transfer-Encoding: chunked",
            "[Connection]: close",
            "Transfer-Encoding: chunked\x0b",
            "Transfer-Encoding, X: chunked",
            "Connection",
        ] {
            check(&format!("{line}\r\nA[: b\r\n"), &format!("{line}\n"), &["a["]);
        }
        check(" Content-Length: 5\r\nA: b\r\n", " Content-Length: 5\nA: b\n", &[]);
    }

    #[test]
    fn a_control_character_in_the_reason_is_a_space() {
        let line = |reason: &str| format!("HTTP/1.1 404 {reason}\r\nA: b\r\n\r\n");
        for reason in ["Not\x0bFound", "\x07", "a\x7fb\tc", "\x01\x02"] {
            let head = line(reason);
            let blank = |byte: char| if byte.is_ascii_control() { ' ' } else { byte };
            let expected: String = line(&reason.chars().map(blank).collect::<String>());
            let Ok(Parsed::Complete(repaired)) = repair(head.as_bytes()) else {
                panic!("{head:?}")
            };
            assert_eq!(repaired.text, expected.replace('\r', "").into_bytes());
            let mut reader = ResponseReader::new(&Method::GET, KeepBody::Yes, Limits::default());
            let mut store = Vec::new();
            reader.feed(head.as_bytes(), &mut store).unwrap();
            assert_eq!(reader.head().unwrap().status, 404, "{reason:?}");
        }
        let refused = Error::MalformedHead(Malformed::Status);
        for reason in ["a\0b", "a\rb"] {
            assert_eq!(repair(line(reason).as_bytes()).unwrap_err(), refused);
        }
    }

    /// Chrome and Firefox do not agree on what such a head means, and RFC 9110 section 5.5 lets a
    /// client refuse it.
    #[test]
    fn a_nul_and_half_a_line_end_are_refused() {
        let error = |line: &[u8]| {
            repair(&[b"HTTP/1.1 200 OK\r\n", line, b"\r\n\r\n"].concat()).unwrap_err()
        };
        let value = Error::MalformedHead(Malformed::HeaderValue);
        let name = Error::MalformedHead(Malformed::HeaderName);
        assert_eq!(
            [error(b"A: b\0"), error(b"A: b\rc"), error(b"A: b\rContent-Length: 1")],
            [value; 3]
        );
        assert_eq!([error(b"A\0: b"), error(b"A[\0]: b"), error(b"A[ b\r: c")], [name; 3]);
    }

    #[test]
    fn minor_versions_above_1_are_1() {
        for minor in 2..=9 {
            let head = format!("HTTP/1.{minor} 200 OK\r\n\r\n");
            let Ok(Parsed::Complete(repaired)) = repair(head.as_bytes()) else { panic!("{head}") };
            assert_eq!(repaired.text, b"HTTP/1.1 200 OK\n\n");
        }
        for head in ["HTTP/1.10 200 OK\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.x"] {
            assert_eq!(repair(head.as_bytes()), Err(Error::MalformedHead(Malformed::Version)));
        }
    }

    #[test]
    fn the_caps_hold_for_what_is_left_out_as_well() {
        let lines = |count| format!("HTTP/1.1 200 OK\r\n{}\r\n", "x[]\r\n".repeat(count));
        assert!(repair(lines(128).as_bytes()).is_ok());
        assert_eq!(repair(lines(129).as_bytes()), Err(Error::TooManyHeaders));
        let head = lines(3);
        let limits = |head_bytes| Limits { head_bytes, ..Limits::default() };
        assert!(super::repair(head.as_bytes(), &limits(head.len())).is_ok());
        let larger = super::repair(head.as_bytes(), &limits(head.len() - 1));
        assert_eq!(larger, Err(Error::HeadTooLarge));
        for end in 0..head.len() {
            assert_eq!(repair(&head.as_bytes()[..end]), Ok(Parsed::Partial), "{end}");
        }
    }

    /// RFC 9112 section 5.2, and what browsers do with a line that is none.
    #[test]
    fn bent_heads_are_stored_mended() {
        let mut reader = ResponseReader::new(&Method::GET, KeepBody::Yes, Limits::default());
        let stream = b"HTTP/1.2 200 OK\r\nSet-Cookie: a=1;\r\n\tPath=/\r\nX-Bad[1]: x\r\n\
            Content-Length:\r\n 2\r\n\r\nok";
        for step in [1, 2, 7, 40, stream.len()] {
            let mut store = b"before".to_vec();
            reader.reset(&Method::GET, KeepBody::Yes);
            let mut pieces = stream.chunks(step);
            assert!(pieces.all(|piece| reader.feed(piece, &mut store).is_ok()));
            assert!(reader.keep_alive(), "by {step}");
            let head = reader.head().unwrap();
            assert_eq!(
                (head.version, head.framing, head.set_cookie),
                (Version::Http11, Framing::Length(2), true)
            );
            let (head, body) = store["before".len()..].split_at(head.head_len);
            let seen: Vec<_> = headers(head).collect();
            assert_eq!(seen, [("Set-Cookie", &b"a=1; Path=/"[..]), ("Content-Length", b"2")]);
            assert_eq!(body, b"ok");
            assert_eq!(*reader.take_malformed_lines(), ["x-bad[1]".to_owned()]);
        }
    }

    /// A bent head is not the known one of the next response, and hides none.
    #[test]
    fn a_bent_head_is_not_learned() {
        let mut known = KnownHead::default();
        for (head, left_out) in
            [("A: b\r\n", 0), ("A[: b\r\n", 1), ("A[: b\r\n", 1), ("A: b\r\n", 0)]
        {
            let stream = format!("HTTP/1.1 200 OK\r\n{head}Content-Length: 2\r\n\r\nok");
            let mut reader = ResponseReader::new(&Method::GET, KeepBody::Yes, Limits::default());
            let mut store = Vec::new();
            let progress = reader.feed_with_known_head(stream.as_bytes(), &mut store, &mut known);
            assert_eq!(progress, Ok(Progress { consumed: stream.len(), done: true }));
            assert_eq!(reader.take_malformed_lines().len(), left_out);
            assert!(store.ends_with(b"\nok"));
        }
    }
}
