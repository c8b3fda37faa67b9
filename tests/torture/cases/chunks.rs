//! Chunked bodies, valid and invalid.

use crate::case::{Act, Case, case, chunked, fine, forever, get, send};
use crate::texts::*;

pub(super) fn cases() -> Vec<Case> {
    [good(), lies(), endless()].concat()
}

fn good() -> Vec<Case> {
    let good = |name, chunks: &str| {
        // The connection can be used again.
        let case = case(name).asks([get(), get()]);
        case.replies([send(chunked(chunks)), Act::Read, fine()])
    };
    let tiny = "1\r\nx\r\n".repeat(100_000) + "0\r\n\r\n";
    let trailers = "4\r\nfine\r\n0\r\nExpires: never\r\nX-Sum: 1\r\n\r\n";
    let many = format!("4\r\nfine\r\n0\r\n{}\r\n", "X-Trailer: some\r\n".repeat(3000));
    vec![
        good("one chunk", "4\r\nfine\r\n0\r\n\r\n").succeeds().succeeds(),
        good("no chunk", "0\r\n\r\n").brings(200, "").succeeds(),
        good("a chunk per byte", "1\r\nf\r\n1\r\ni\r\n1\r\nn\r\n1\r\ne\r\n0\r\n\r\n")
            .succeeds()
            .succeeds(),
        good("100,000 chunks of one byte", &tiny)
            .brings(200, "x".repeat(100_000))
            .succeeds()
            .slow(),
        good("upper case and zeros in a size", "0004\r\nfine\r\n0A\r\n0123456789\r\n000\r\n\r\n")
            .brings(200, "fine0123456789")
            .succeeds(),
        good("chunk extensions", "4;a=b;c=\"d e\";f\r\nfine\r\n0;last\r\n\r\n")
            .succeeds()
            .succeeds(),
        good("spaces behind a size", "4  \r\nfine\r\n0 \r\n\r\n").succeeds().succeeds(),
        good("chunk lines that end with a line feed", "4\nfine\n0\n\n").succeeds().succeeds(),
        good("trailers", trailers).succeeds().succeeds(),
        good("48 KB of trailers", &many).succeeds().succeeds(),
        good("a chunk that looks like the end", "7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n")
            .brings(200, "0\r\n\r\n\r\n")
            .succeeds(),
        case("each byte of a chunked body a packet")
            .replies([Act::Bytes(
                chunked("4;x=y\r\nfine\r\n0\r\nA: b\r\n\r\n").into_bytes().into(),
            )])
            .succeeds(),
        case("something behind the last chunk")
            .asks([get(), get()])
            .replies([send(chunked("4\r\nfine\r\n0\r\n\r\nmore"))])
            .serves()
            .succeeds()
            .succeeds(),
    ]
}

fn lies() -> Vec<Case> {
    let bad = |name, chunks: &str| {
        case(name).replies([send(chunked(chunks)), Act::Close]).fails(BAD_CHUNK)
    };
    let torn = |name, chunks: &str, got: &str| {
        let case = case(name).replies([send(chunked(chunks)), Act::Close]);
        case.fails(closed_while(open_body(got)))
    };
    vec![
        bad("a chunk longer than its size", "3\r\nfine\r\n0\r\n\r\n"),
        bad("a chunk shorter than its size", "6\r\nfine\r\n0\r\n\r\n"),
        // A line may end with a line feed alone.
        case("a chunk shorter than its size by one")
            .replies([send(chunked("5\r\nfine\r\n0\r\n\r\n"))])
            .brings(200, "fine\r"),
        torn("a chunk much shorter than its size", "ff\r\nfine\r\n0\r\n\r\n", "11"),
        bad("a chunk without a line end behind it", "4\r\nfine0\r\n\r\n"),
        bad("an empty size", "\r\nfine\r\n0\r\n\r\n"),
        bad("an empty size with an extension", ";a=b\r\nfine\r\n0\r\n\r\n"),
        bad("a size in the wrong digits", "g\r\nfine\r\n0\r\n\r\n"),
        bad("a size that says it is hexadecimal", "0x4\r\nfine\r\n0\r\n\r\n"),
        bad("a negative size", "-4\r\nfine\r\n0\r\n\r\n"),
        bad("a size with a plus sign", "+4\r\nfine\r\n0\r\n\r\n"),
        bad("a size with a space before it", " 4\r\nfine\r\n0\r\n\r\n"),
        bad("two sizes", "4 4\r\nfine\r\n0\r\n\r\n"),
        bad("a size line that ends with a carriage return", "4\rfine\r0\r\r"),
        bad("a size beyond 64 bits", "10000000000000004\r\nfine\r\n0\r\n\r\n"),
        case("the greatest size there is")
            .replies([send(chunked("ffffffffffffffff\r\nfine")), Act::Close])
            .fails(BODY_TOO_LARGE)
            .counted_fails(closed_while(open_body("4"))),
        bad_second_size(),
        bad("no chunks where they were promised", "fine, and a little more"),
        torn("no last chunk", "4\r\nfine\r\n", "4"),
        torn("no blank line behind the last chunk", "4\r\nfine\r\n0\r\n", "4"),
        torn("a close inside a size", "4\r\nfine\r\n1", "4"),
        torn("a close inside an extension", "4\r\nfine\r\n1;a", "4"),
        torn("a close inside the second chunk", "4\r\nfine\r\n9\r\nbut", "7"),
        torn("a close inside the trailers", "4\r\nfine\r\n0\r\nExpires: ne", "4"),
        bad("a carriage return in the last line", "4\r\nfine\r\n0\r\n\rX"),
    ]
}

/// Sizes whose sum overflows.
fn bad_second_size() -> Case {
    case("sizes that add up beyond 64 bits")
        .replies([send(chunked("4\r\nfine\r\nfffffffffffffffe\r\nfine")), Act::Close])
        .fails(BODY_TOO_LARGE)
        .counted_fails(BODY_TOO_LARGE)
}

fn endless() -> Vec<Case> {
    let start = || send(chunked("4\r\nfine\r\n"));
    vec![
        case("a chunk extension without end")
            .replies([send(chunked("4;")), forever("x=y;")])
            .fails(BAD_CHUNK),
        case("a size without end").replies([send(chunked("")), forever("0")]).fails(BAD_CHUNK),
        case("spaces behind a size without end")
            .replies([send(chunked("4")), forever(" ")])
            .fails(BAD_CHUNK),
        case("a trailer without end")
            .replies([start(), send("0\r\nX-Trailer: "), forever("x")])
            .fails(TRAILERS_TOO_LARGE),
        case("trailers without end")
            .replies([start(), send("0\r\n"), forever("X-Trailer: some\r\n")])
            .fails(TRAILERS_TOO_LARGE),
        case("chunks without end")
            .replies([start(), forever(format!("400\r\n{}\r\n", "x".repeat(1024)))])
            .fails(BODY_TOO_LARGE)
            .counted_times_out(&open_body("*")),
    ]
}
