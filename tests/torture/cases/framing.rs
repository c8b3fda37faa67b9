//! The framing of bodies.

use http::Method;

use crate::case::{Act, Ask, Case, case, fine, get, head, send};
use crate::texts::*;

pub(super) fn cases() -> Vec<Case> {
    [lengths(), bad_lengths(), until_close(), codings(), bodiless()].concat()
}

fn lengths() -> Vec<Case> {
    let whole = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nDate: now\r\n\r\nfine";
    vec![
        case("the plainest answer").serves().succeeds(),
        case("each byte a packet").replies([Act::Bytes(whole.as_bytes().into())]).succeeds(),
        case("a length of zero").replies([send(head("Content-Length: 0\r\n", ""))]).brings(200, ""),
        case("a length with zeros before it")
            .replies([send(head("Content-Length: 0004\r\n", "fine"))])
            .succeeds(),
        case("the same length twice")
            .replies([send(head("Content-Length: 4\r\nContent-Length: 4\r\n", "fine"))])
            .succeeds(),
        case("the same length twice in a list")
            .replies([send(head("Content-Length: 4, 4\r\n", "fine"))])
            .succeeds(),
        // Bytes after the length are not a response to the next request.
        case("a length that is too short")
            .asks([get(), get()])
            .replies([send(head("Content-Length: 2\r\n", "fine"))])
            .serves()
            .brings(200, "fi")
            .succeeds(),
        case("a length that is too long, then a close")
            .replies([send(head("Content-Length: 9\r\n", "fine")), Act::Close])
            .fails(closed_while(body("4", "9"))),
        case("a length of four digits, then a close")
            .replies([send(head("Content-Length: 5000\r\n", &"x".repeat(1024))), Act::Close])
            .fails(closed_while(body("1,024", "5,000"))),
        case("the greatest length there is")
            .replies([send(head("Content-Length: 18446744073709551615\r\n", "fine")), Act::Close])
            .fails(BODY_TOO_LARGE)
            .counted_fails(closed_while(body("4", "18,446,744,073,709,551,615"))),
        case("a body beyond the cap")
            .replies([send(head("Content-Length: 16777217\r\n", &"x".repeat((16 << 20) + 1)))])
            .fails(BODY_TOO_LARGE)
            .counted_brings(200, "x".repeat((16 << 20) + 1))
            .slow(),
        case("a body at the cap")
            .replies([send(head("Content-Length: 16777216\r\n", &"x".repeat(16 << 20)))])
            .brings(200, "x".repeat(16 << 20))
            .slow(),
    ]
}

fn bad_lengths() -> Vec<Case> {
    let bad = |name, value: &str| {
        let text = head(&format!("Content-Length: {value}\r\n"), "fine");
        case(name).replies([send(text)]).fails(BAD_LENGTH)
    };
    let conflict = head("Content-Length: 4\r\nContent-Length: 5\r\n", "fine");
    vec![
        bad("a negative length", "-4"),
        bad("a length with a plus sign", "+4"),
        bad("a length beyond 64 bits", "18446744073709551616"),
        bad("a length far beyond 64 bits", &"9".repeat(1000)),
        bad("an empty length", ""),
        bad("a length in hexadecimal", "0x4"),
        bad("a length with a point", "4.0"),
        bad("a length with a space inside", "0 4"),
        bad("a length of letters", "four"),
        bad("a length with an empty element", "4,"),
        case("two different lengths").replies([send(conflict)]).fails(CONFLICTING_LENGTHS),
        case("two different lengths in a list")
            .replies([send(head("Content-Length: 4, 5\r\n", "fine"))])
            .fails(CONFLICTING_LENGTHS),
    ]
}

fn until_close() -> Vec<Case> {
    let text = || send(head("", "fine"));
    vec![
        case("no length, and a close").replies([text(), Act::Close]).succeeds(),
        case("no length, no body, and a close")
            .replies([send(head("", "")), Act::Close])
            .brings(200, ""),
        case("no length, and a reset")
            .replies([text(), Act::Reset])
            .fails(reset_while(open_body("4"))),
        case("no length, and no more to send").replies([text(), Act::Finish]).succeeds(),
        case("HTTP/1.0 without a length")
            .asks([get(), get()])
            .replies([send("HTTP/1.0 200 OK\r\n\r\nfine"), Act::Close])
            .serves()
            .succeeds()
            .succeeds(),
        case("HTTP/1.0 kept alive without a length")
            .asks([get(), get()])
            .replies([send("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nfine"), Act::Close])
            .serves()
            .succeeds()
            .succeeds(),
        case("no length, with more to come than is kept")
            .replies([send(head("", &"x".repeat((16 << 20) + 1))), Act::Close])
            .fails(BODY_TOO_LARGE)
            .counted_brings(200, "x".repeat((16 << 20) + 1))
            .slow(),
    ]
}

fn codings() -> Vec<Case> {
    let coded = |name, lines: &str, rest: &str| {
        let case = case(name).asks([get(), get()]);
        case.replies([send(head(lines, rest)), Act::Close]).serves()
    };
    // The connection can be used again.
    let kept = |name, lines: &str, rest: &str| {
        let case = case(name).asks([get(), get()]);
        case.replies([send(head(lines, rest)), Act::Read, fine()]).succeeds().succeeds()
    };
    let chunks = "4\r\nfine\r\n0\r\n\r\n";
    vec![
        coded("a length and chunks", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", chunks)
            .succeeds()
            .succeeds(),
        coded("gzip until the close", "Transfer-Encoding: gzip\r\n", "fine").succeeds().succeeds(),
        kept("gzip in chunks", "Transfer-Encoding: gzip, chunked\r\n", chunks),
        coded("chunks, then gzip", "Transfer-Encoding: chunked, gzip\r\n", "fine")
            .succeeds()
            .succeeds(),
        kept("chunks in odd case", "tRaNsFeR-eNcOdInG: cHuNkEd\r\n", chunks),
        coded("an unknown coding", "Transfer-Encoding: chunky\r\n", chunks)
            .brings(200, chunks)
            .succeeds(),
        coded("identity until the close", "Transfer-Encoding: identity\r\n", "fine")
            .succeeds()
            .succeeds(),
        // In RFC 2616 the word means no coding, and old servers still send it.
        kept(
            "identity with a length",
            "Transfer-Encoding: identity\r\nContent-Length: 4\r\n",
            "fine",
        ),
        case("chunks from HTTP/1.0")
            .asks([get(), get()])
            .replies([send(format!(
                "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"
            ))])
            .serves()
            .succeeds()
            .succeeds(),
    ]
}

fn bodiless() -> Vec<Case> {
    let twice = |name| case(name).asks([get(), get()]);
    let heads = |name| case(name).asks([Ask::Request(Method::HEAD, 0), get()]);
    let no_content = "HTTP/1.1 204 No Content\r\n";
    let same = "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n";
    vec![
        twice("204").replies([send(format!("{no_content}\r\n")), Act::Read, fine()]).no_body(204),
        twice("204 with a length of zero")
            .replies([send(format!("{no_content}Content-Length: 0\r\n\r\n")), Act::Read, fine()])
            .no_body(204),
        twice("204 with a body")
            .replies([send(format!("{no_content}Content-Length: 4\r\n\r\nfine"))])
            .serves()
            .no_body(204),
        twice("204 with chunks")
            .replies([send(format!("{no_content}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))])
            .serves()
            .no_body(204),
        twice("304 with a length").replies([send(same), Act::Read, fine()]).no_body(304),
        twice("304 with a body").replies([send(format!("{same}fine"))]).serves().no_body(304),
        heads("HEAD with a length")
            .replies([send(head("Content-Length: 4\r\n", "")), Act::Read, fine()])
            .no_body(200),
        heads("HEAD with a body")
            .replies([send(head("Content-Length: 4\r\n", "fine"))])
            .serves()
            .no_body(200),
        heads("HEAD with chunks")
            .replies([send(head("Transfer-Encoding: chunked\r\n", "")), Act::Read, fine()])
            .no_body(200),
        heads("HEAD with nonsense for a length")
            .replies([send(head("Content-Length: some\r\n", "")), Act::Read, fine()])
            .no_body(200),
    ]
}

impl Case {
    /// The first response has no body, and the second is a plain one.
    fn no_body(self, status: u16) -> Self {
        self.brings(status, "").succeeds()
    }
}
