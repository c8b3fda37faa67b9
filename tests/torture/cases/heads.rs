//! Heads: unusual ones that are understood, and invalid ones.

use crate::case::{Act, Case, case, fine, forever, get, head, send, wait};
use crate::texts::*;

pub(super) fn cases() -> Vec<Case> {
    [bent(), broken(), interim(), large(), cut()].concat()
}

fn bent() -> Vec<Case> {
    let bent = |name, text: &[u8]| {
        // The connection can be used again.
        let case = case(name).asks([get(), get()]);
        case.replies([send(text.to_vec()), Act::Read, fine()]).succeeds().succeeds()
    };
    vec![
        bent("line feeds alone", b"HTTP/1.1 200 OK\nContent-Length: 4\n\nfine"),
        bent("no reason", b"HTTP/1.1 200\r\nContent-Length: 4\r\n\r\nfine"),
        bent("no reason but its space", b"HTTP/1.1 200 \r\nContent-Length: 4\r\n\r\nfine"),
        bent("spaces in the status line", b"HTTP/1.1  200   OK\r\nContent-Length: 4\r\n\r\nfine"),
        bent(
            "a folded header",
            b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\td\r\nContent-Length: 4\r\n\r\nfine",
        ),
        bent("a folded length", b"HTTP/1.1 200 OK\r\nContent-Length:\r\n 4\r\n\r\nfine"),
        bent("a line without a colon", with("no colon").as_bytes()),
        bent("an empty name", with(": empty").as_bytes()),
        bent("a name that is none", with("X-Bad[1]: x").as_bytes()),
        bent("a name of two words", with("X Y: x").as_bytes()),
        bent("a name in UTF-8", with("été: c").as_bytes()),
        bent("a name in Latin-1", b"HTTP/1.1 200 OK\r\n\xe9: c\r\nContent-Length: 4\r\n\r\nfine"),
        bent("a control character in a value", with("A: b\x07c").as_bytes()),
        bent("a control character in a cookie", with("Set-Cookie: a=\x01").as_bytes()),
        bent("a malformed line, folded", with("A[: b\r\n Content-Length: 9\r\n\tc").as_bytes()),
        bent("a folded line before every header", with(" folded: a").as_bytes()),
        bent("128 malformed lines", with(&vec!["no colon"; 128].join("\r\n")).as_bytes()),
        bent("HTTP/1.2", b"HTTP/1.2 200 OK\r\nContent-Length: 4\r\n\r\nfine"),
        bent("HTTP/1.9", b"HTTP/1.9 200 OK\r\nContent-Length: 4\r\n\r\nfine"),
        bent("a space before the colon", b"HTTP/1.1 200 OK\r\nContent-Length : 4\r\n\r\nfine"),
        bent("names in odd case", b"HTTP/1.1 200 OK\r\ncOnTeNt-LENGTH:4\r\n\r\nfine"),
        bent("spaces around a value", b"HTTP/1.1 200 OK\r\nContent-Length:  \t4\t  \r\n\r\nfine"),
        bent("a header without a value", b"HTTP/1.1 200 OK\r\nA:\r\nContent-Length: 4\r\n\r\nfine"),
        bent(
            "a value in Latin-1",
            b"HTTP/1.1 200 OK\r\nA: \xe9t\xe9\r\nContent-Length: 4\r\n\r\nfine",
        ),
        bent(
            "a value in UTF-8",
            "HTTP/1.1 200 OK\r\nA: été\r\nContent-Length: 4\r\n\r\nfine".as_bytes(),
        ),
        bent("a reason in Latin-1", b"HTTP/1.1 200 d\xe9j\xe0 vu\r\nContent-Length: 4\r\n\r\nfine"),
        bent("a blank line first", b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"),
        bent(
            "ten blank lines first",
            b"\r\n\r\n\r\n\r\n\r\n\n\n\n\n\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine",
        ),
        bent(
            "HTTP/1.0 kept alive",
            b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 4\r\n\r\nfine",
        ),
        bent(
            "127 headers",
            head(&("A: b\r\n".repeat(127) + "Content-Length: 4\r\n"), "fine").as_bytes(),
        ),
        case("status 299")
            .replies([send("HTTP/1.1 299 Odd\r\nContent-Length: 0\r\n\r\n")])
            .brings(299, ""),
        case("status 999")
            .replies([send("HTTP/1.1 999 Request denied\r\nContent-Length: 0\r\n\r\n")])
            .brings_bad(999, "", "999"),
    ]
}

/// A head with one odd line before the one that frames the body.
fn with(line: &str) -> String {
    head(&format!("{line}\r\nContent-Length: 4\r\n"), "fine")
}

fn broken() -> Vec<Case> {
    let broken =
        |name, text: &[u8], why: &str| case(name).replies([send(text.to_vec())]).fails(why);
    vec![
        broken("status 99", b"HTTP/1.1 99 Low\r\n\r\n", BAD_STATUS),
        broken("status 099", b"HTTP/1.1 099 Low\r\n\r\n", BAD_STATUS),
        broken("status 000", b"HTTP/1.1 000 None\r\n\r\n", BAD_STATUS),
        broken("status 1000", b"HTTP/1.1 1000 High\r\n\r\n", BAD_STATUS),
        broken("status -20", b"HTTP/1.1 -20 Below\r\n\r\n", BAD_STATUS),
        broken("a status of letters", b"HTTP/1.1 abc OK\r\n\r\n", BAD_STATUS),
        broken("no status", b"HTTP/1.1\r\n\r\n", BAD_VERSION),
        broken("a reason without a space before it", b"HTTP/1.1 200OK\r\n\r\n", BAD_STATUS),
        broken("a NUL in the reason", b"HTTP/1.1 200 O\0K\r\n\r\n", BAD_STATUS),
        broken("HTTP/1.10", b"HTTP/1.10 200 OK\r\n\r\n", BAD_VERSION),
        broken("a length without a colon", with("Content-Length 4").as_bytes(), BAD_NAME),
        broken("a length with an index", with("Content-Length[0]: 9").as_bytes(), BAD_NAME),
        broken("a length behind a control", with("\x0bContent-Length: 9").as_bytes(), BAD_NAME),
        broken("a length before every header", with(" Content-Length: 9").as_bytes(), BAD_NAME),
        broken("a control in a length", with("Content-Length: 4\x07").as_bytes(), BAD_VALUE),
        broken(
            "a control in a coding",
            with("Transfer-Encoding: \x0bchunked").as_bytes(),
            BAD_VALUE,
        ),
        broken("a coding of two words", with("Transfer-Encoding x: chunked").as_bytes(), BAD_NAME),
        broken("a control in a connection", with("Connection: close\x01").as_bytes(), BAD_VALUE),
        broken("a folded length of two", with("Content-Length: 4\r\n 4").as_bytes(), BAD_LENGTH),
        broken(
            "a length behind half a line end",
            with("A: b\rContent-Length: 9").as_bytes(),
            BAD_VALUE,
        ),
        broken("a NUL in a name", b"HTTP/1.1 200 OK\r\nA\0B: c\r\n\r\n", BAD_NAME),
        broken("a NUL in a malformed name", b"HTTP/1.1 200 OK\r\nA[\0]: c\r\n\r\n", BAD_NAME),
        broken("a NUL in a value", b"HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n", BAD_VALUE),
        broken(
            "a carriage return alone in a value",
            b"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
            BAD_VALUE,
        ),
        broken("carriage returns alone", b"HTTP/1.1 200 OK\rContent-Length: 4\r\rfine", BAD_STATUS),
    ]
}

fn interim() -> Vec<Case> {
    let storm = |count| send("HTTP/1.1 100 Continue\r\n\r\n".repeat(count));
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
    let long = format!("HTTP/1.1 103 Early Hints\r\nLink: {}\r\n\r\n", "x".repeat(60_000));
    vec![
        case("100 unasked").replies([storm(1), fine()]).succeeds(),
        case("103, some time before the rest").replies([send(hints), wait(5), fine()]).succeeds(),
        case("ten interim responses").replies([storm(10), fine()]).succeeds(),
        case("1,000 interim responses").replies([storm(1000), fine()]).succeeds(),
        case("interim responses without end").replies([forever(hints)]).fails(HEAD_TOO_LARGE),
        case("long interim responses").replies([send(long.repeat(5)), fine()]).succeeds(),
        case("a malformed line in an interim response")
            .replies([send("HTTP/1.1 103 Early Hints\r\nA[: b\r\n\r\n"), fine()])
            .succeeds(),
        case("an interim response with a length and no body")
            .replies([send("HTTP/1.1 102 Processing\r\nContent-Length: 4\r\n\r\n"), fine()])
            .succeeds(),
        case("an interim response byte by byte")
            .replies([Act::Bytes("HTTP/1.1 100 Continue\r\n\r\n".as_bytes().into()), fine()])
            .succeeds(),
        case("101 unasked")
            .asks([get(), get()])
            .replies([send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\x01\x02")])
            .serves()
            .brings(101, "")
            .succeeds(),
    ]
}

fn large() -> Vec<Case> {
    let filler = |length| format!("A: {}\r\nContent-Length: 4\r\n", "x".repeat(length));
    // The longest head that is allowed, with 43 bytes besides the filler.
    let longest = head(&filler((64 << 10) - 43), "fine");
    let longer = head(&filler((64 << 10) - 42), "fine");
    let start = || send("HTTP/1.1 200 OK\r\n");
    vec![
        case("a head of 64 KiB").replies([send(longest)]).succeeds(),
        case("a head of a byte more").replies([send(longer)]).fails(HEAD_TOO_LARGE),
        case("129 malformed lines")
            .replies([send(head(&"no colon\r\n".repeat(129), ""))])
            .fails(TOO_MANY_HEADERS),
        case("malformed lines without end")
            .replies([start(), forever("no colon\r\n")])
            .fails(HEAD_TOO_LARGE),
        case("129 headers")
            .replies([send(head(&"A: b\r\n".repeat(129), ""))])
            .fails(TOO_MANY_HEADERS),
        case("a million headers")
            .replies([send(head(&"A: b\r\n".repeat(1_000_000), ""))])
            .fails(TOO_MANY_HEADERS)
            .slow(),
        case("a header of 10 MB")
            .replies([send(head(&format!("A: {}\r\n", "x".repeat(10_000_000)), ""))])
            .fails(HEAD_TOO_LARGE)
            .slow(),
        case("headers without end").replies([start(), forever("A: b\r\n")]).fails(TOO_MANY_HEADERS),
        case("a header without end")
            .replies([start(), send("A: "), forever("x")])
            .fails(HEAD_TOO_LARGE),
        case("a name without end").replies([start(), forever("x")]).fails(HEAD_TOO_LARGE),
        case("a folded header without end")
            .replies([start(), send("A: b"), forever("\r\n b")])
            .fails(HEAD_TOO_LARGE),
        case("a reason without end")
            .replies([send("HTTP/1.1 200 O"), forever("K")])
            .fails(HEAD_TOO_LARGE),
        case("blank lines without end").replies([forever("\r\n")]).fails(HEAD_TOO_LARGE),
    ]
}

/// A head in two pieces, split at every position, and one that ends there.
fn cut() -> Vec<Case> {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
    let positions = 1..HEAD.len();
    let mut cut = case("a head cut at every position").slow();
    let mut script = Vec::new();
    for at in positions.clone() {
        let (first, second) = HEAD.split_at(at);
        script.extend([Act::Read, send(first), wait(1), send(second), send("fine")]);
        cut = cut.succeeds();
    }
    let cut = cut.plays(script).asks(vec![get(); positions.len()]);
    let mut torn = case("a head torn at every position").asks(vec![get(); positions.len()]).slow();
    for at in positions {
        torn = torn.replies([send(&HEAD[..at]), Act::Close]).fails(CLOSED_IN_HEAD);
    }
    vec![cut, torn]
}
