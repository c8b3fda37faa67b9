//! Tests of [`super`] beside what `Response.json()` and `.text` of requests 2.34.2 give.

use serde_json::{Value, json};

use super::*;
use crate::session::body::json;

/// The same text in all of them: `utf-8`, `utf-8-sig`, `latin-1`, `utf-16`, `utf-16-le`, `utf-16-be` and
/// `utf-32-le` of Python.
fn encoded(text: &str) -> [Vec<u8>; 7] {
    let utf16 = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
    let little = utf16(u16::to_le_bytes);
    [
        text.into(),
        [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        text.chars().map(|character| character as u8).collect(),
        [b"\xff\xfe", &little[..]].concat(),
        little,
        utf16(u16::to_be_bytes),
        text.chars().flat_map(|character| u32::from(character).to_le_bytes()).collect(),
    ]
}

fn read<'b>(content_type: &str, body: &'b [u8]) -> Cow<'b, str> {
    let line = if content_type.is_empty() {
        "".into()
    } else {
        format!("C: d\r\nContent-Type: {content_type}\r\n")
    };
    let head = format!("HTTP/1.1 200 OK\r\n{line}Content-Length: 1\r\n\r\n");
    let limits = crate::http1::Limits::default();
    let parsed = crate::http1::parse_response(head.as_bytes(), &http::Method::GET, &limits);
    let Ok(crate::http1::Parsed::Complete(parsed)) = parsed else { panic!("{parsed:?}") };
    text(head.as_bytes(), body, parsed.other_charset)
}

/// `""` stands for what is no JSON.
#[test]
fn what_is_json_for_requests_is_so_for_us() {
    const MOJIBAKE: &str = "caf\u{c3}\u{a9}";
    const LOST: &str = "caf\u{fffd}";
    const CAFE: &str = "caf\u{e9}";
    // In the first row and the sixth, requests guesses 'caf\u{fee0}' for Latin-1; in the second it reads
    // UTF-8 as Latin-1.
    for (content_type, expected) in [
        ("", [CAFE, CAFE, CAFE, CAFE, CAFE, CAFE, CAFE]),
        ("text/html", [CAFE, "", CAFE, "", "", "", ""]),
        ("text/html; charset=utf-16", ["", "", "", CAFE, CAFE, "", ""]),
        ("text/html; charset=utf-16le", ["", "", "", "", CAFE, "", ""]),
        ("application/json", [CAFE, "", LOST, "", "", "", ""]),
        ("application/problem+json", [CAFE, CAFE, CAFE, CAFE, CAFE, CAFE, CAFE]),
        ("application/json; charset=latin-1", [MOJIBAKE, "", CAFE, "", "", "", ""]),
        ("application/json; charset=utf-8", [CAFE, "", LOST, "", "", "", ""]),
        ("application/json; charset=bogus", [CAFE, "", LOST, "", "", "", ""]),
    ] {
        for (at, (body, expected)) in
            encoded("{\"a\": \"caf\u{e9}\"}").iter().zip(expected).enumerate()
        {
            let read = json::read::<Value>(&read(content_type, body));
            let expected = Some(json!({"a": expected})).filter(|_| !expected.is_empty());
            assert_eq!(read.ok(), expected, "{content_type}, {at}");
        }
    }
}

#[test]
fn a_word_is_found_in_its_charset() {
    let [utf8, marked, latin1, utf16, little, big, _] = encoded("un caf\u{e9} \u{e0} Paris");
    for (content_type, body) in [
        ("text/html; charset=ISO-8859-1", &latin1),
        ("text/html; charset=windows-1252", &latin1),
        ("text/html; charset=latin-1", &latin1),
        ("text/html", &latin1),
        ("", &latin1),
        ("text/html; charset=utf-16", &utf16),
        ("text/plain", &utf16),
        ("", &utf16),
        ("text/html; charset=UTF-16BE", &big),
        ("text/html; charset=\"utf-16le\"", &little),
        ("text/html; charset=utf-8", &utf8),
        ("text/html", &utf8),
        ("image/png", &utf8),
        ("text/html; charset=utf-8", &marked),
        ("application/json", &utf8),
    ] {
        assert!(read(content_type, body).contains("caf\u{e9} \u{e0}"), "{content_type}");
    }
    let japanese = b"\x83\x4e\x83\x89\x83\x75";
    assert_eq!(read("text/html; charset=Shift_JIS", japanese), "\u{30af}\u{30e9}\u{30d6}");
    assert!(!read("text/html; charset=ISO-8859-1", &utf8).contains("caf\u{e9}"));
}

#[test]
fn utf8_stays_where_it_is() {
    let body = "caf\u{e9}".as_bytes();
    for content_type in ["", "text/html", "text/html; charset=utf-8", "application/json", "a/b;c=d"]
    {
        assert!(matches!(read(content_type, body), Cow::Borrowed(_)), "{content_type}");
    }
    assert!(matches!(read("text/html; charset=iso-8859-1", b"ascii"), Cow::Borrowed(_)));
}

#[test]
fn a_few_broken_bytes_make_no_other_charset() {
    assert_eq!(read("text/html", b"caf\xc3\xa9 \xff"), "caf\u{e9} \u{fffd}");
    assert_eq!(read("text/html", b"caf\xc3\xa9 \xc3"), "caf\u{e9} \u{fffd}");
    assert_eq!(read("", b"\x89PNG\xff\xfe x"), "\u{2030}PNG\u{ff}\u{fe} x");
    assert_eq!(read("", b"{\0\0\0\0"), "{\u{fffd}");
    for short in [&b""[..], b"\0", b"a", b"\xef", b"\xff\xfe", b"\0\0\xfe\xff", b"a\0"] {
        for content_type in ["", "text/html", "application/json", "a/b; charset=utf-16"] {
            read(content_type, short);
        }
    }
}
