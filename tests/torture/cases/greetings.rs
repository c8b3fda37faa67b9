//! Servers of another protocol, which send data before or after the request.

use crate::case::{Act, Case, case, send, wait};
use crate::texts::*;

pub(super) fn cases() -> Vec<Case> {
    // Some send data before the request has come.
    let greets = |name, text: &[u8], start: &str| {
        case(name).plays([send(text.to_vec()), Act::Read]).fails(not_http(start))
    };
    let answers = |name, text: &[u8], start: &str| {
        case(name).replies([send(text.to_vec()), Act::Close]).fails(not_http(start))
    };
    vec![
        greets("SSH", b"SSH-2.0-OpenSSH_9.9\r\n", "SSH-2.0"),
        greets("SMTP", b"220 mail.example ESMTP\r\n", "220 mai"),
        greets("FTP", b"220-Welcome\r\n220 ready\r\n", "220-Wel"),
        greets("POP3", b"+OK ready\r\n", "+OK rea"),
        greets("MySQL", b"\x4a\0\0\0\x0a8.0.36\0\x08\0\0\0", r"J\x00\x00\x00\n8."),
        greets("VNC", b"RFB 003.008\n", "RFB 003"),
        greets("TELNET", b"\xff\xfd\x18\xff\xfd\x20", r"\xff\xfd\x18\xff\xfd "),
        answers("a TLS alert", b"\x15\x03\x01\0\x02\x02\x46", r"\x15\x03\x01\x00\x02\x02F"),
        answers("Redis", b"-ERR unknown command\r\n", "-ERR un"),
        answers("HTTP/0.9", b"<html>fine</html>", "<html>f"),
        answers("HTTP/2.0", b"HTTP/2.0 200 OK\r\n\r\n", "HTTP/2."),
        answers("HTTP/2 frames", b"\0\0\x12\x04\0\0\0\0\0", r"\x00\x00\x12\x04\x00\x00\x00"),
        answers("http in lower case", b"http/1.1 200 OK\r\n\r\n", "http/1."),
        answers("HTTP without a version", b"HTTP 200 OK\r\n\r\n", "HTTP 20"),
        answers("HTTPS", b"HTTPS/1.1 200 OK\r\n\r\n", "HTTPS/1"),
        answers("ICY", b"ICY 200 OK\r\n\r\n", "ICY 200"),
        answers("a byte order mark", b"\xef\xbb\xbfHTTP/1.1 200 OK\r\n\r\n", r"\xef\xbb\xbfHTTP"),
        answers("NUL bytes", &[0; 100], r"\x00\x00\x00\x00\x00\x00\x00"),
        answers("garbage", b"\x9c\x01\xfe\x7f \"\\\n", r#"\x9c\x01\xfe\x7f \"\\"#),
        answers("a space first", b" HTTP/1.1 200 OK\r\n\r\n", " HTTP/1"),
        answers("one wrong byte", b"?", "?"),
        case("SSH in two pieces")
            .plays([send("SS"), wait(5), send("H-2.0-OpenSSH_9.9\r\n"), Act::Read])
            .fails_by_chance(["SS", "SSH-2.0"].map(not_http)),
        case("a TLS port that understands")
            .replies([send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")])
            .brings_bad(400, "", "400 Bad Request"),
        // Data that come before the request cannot be told from a response to it.
        case("an answer before the request")
            .plays([send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"), Act::Read])
            .succeeds(),
    ]
}
