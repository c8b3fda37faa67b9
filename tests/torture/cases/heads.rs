//! Heads: bent ones that are understood, and broken ones.

use crate::case::{Act, Case, case, fine, forever, get, head, send, wait};
use crate::texts::*;

pub(super) fn cases() -> Vec<Case> {
    [bent(), broken(), interim(), large(), cut()].concat()
}

fn bent() -> Vec<Case> {
    let bent = |name, text: &[u8]| {
        // The connection is as good as before.
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
        broken("HTTP/1.2", b"HTTP/1.2 200 OK\r\n\r\n", BAD_VERSION),
        broken("HTTP/1.10", b"HTTP/1.10 200 OK\r\n\r\n", BAD_VERSION),
        broken("a line without a colon", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", BAD_NAME),
        broken("an empty name", b"HTTP/1.1 200 OK\r\n: empty\r\n\r\n", BAD_NAME),
        broken("a NUL in a name", b"HTTP/1.1 200 OK\r\nA\0B: c\r\n\r\n", BAD_NAME),
        broken("a name in Latin-1", b"HTTP/1.1 200 OK\r\n\xe9t\xe9: c\r\n\r\n", BAD_NAME),
        broken("a NUL in a value", b"HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n", BAD_VALUE),
        broken(
            "a control character in a value",
            b"HTTP/1.1 200 OK\r\nA: b\x07c\r\n\r\n",
            BAD_VALUE,
        ),
        broken(
            "a carriage return alone in a value",
            b"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
            BAD_VALUE,
        ),
        broken("carriage returns alone", b"HTTP/1.1 200 OK\rContent-Length: 4\r\rfine", BAD_STATUS),
        broken(
            "a folded line before every header",
            b"HTTP/1.1 200 OK\r\n folded: a\r\n\r\n",
            BAD_NAME,
        ),
    ]
}

fn interim() -> Vec<Case> {
    let storm = |count| send("HTTP/1.1 100 Continue\r\n\r\n".repeat(count));
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
    vec![
        case("100 unasked").replies([storm(1), fine()]).succeeds(),
        case("103, some time before the rest").replies([send(hints), wait(5), fine()]).succeeds(),
        case("ten interim responses").replies([storm(10), fine()]).succeeds(),
        case("1,000 interim responses").replies([storm(1000), fine()]).succeeds(),
        case("interim responses without end").replies([forever(hints)]).fails(HEAD_TOO_LARGE),
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
    // As long as a head may be, with 43 bytes besides the filler.
    let longest = head(&filler((64 << 10) - 43), "fine");
    let longer = head(&filler((64 << 10) - 42), "fine");
    let start = || send("HTTP/1.1 200 OK\r\n");
    vec![
        case("a head of 64 KiB").replies([send(longest)]).succeeds(),
        case("a head of a byte more").replies([send(longer)]).fails(HEAD_TOO_LARGE),
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

/// A head in two pieces, cut at every position, and torn there.
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
