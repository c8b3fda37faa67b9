//! Servers that stop in the middle, or are very slow.

use std::time::Duration;

use gregaria::scenario::User;
use http::Method;

use crate::case::{
    Act, Ask, BRIEF, Case, Door, case, chunked, fine, forever, get, head, send, wait,
};
use crate::texts::*;

pub(super) fn cases() -> Vec<Case> {
    [stalls(), parts()].concat()
}

/// Parts of a request that have their own timeout.
fn parts() -> Vec<Case> {
    let connects = |mut user: User| {
        user.policy.timeouts.connect = Some(BRIEF);
        user
    };
    let answers = |mut user: User| {
        user.policy.timeouts.first_byte = Some(BRIEF);
        user
    };
    let late = BRIEF.as_millis() as u64 + 200;
    let slow_body = [send(head("Content-Length: 4\r\n", "")), wait(late), send("fine")];
    vec![
        case("no room to wait, and a time to connect")
            .door(Door::Full)
            .setting(connects)
            .fails(CONNECT_TIMED_OUT),
        case("no answer, and a time to begin one")
            .replies([])
            .setting(answers)
            .fails(FIRST_BYTE_TIMED_OUT),
        case("a blank line, and a time to begin an answer")
            .replies([send("\r\n")])
            .setting(answers)
            .fails(FIRST_BYTE_TIMED_OUT),
        case("a slow body, and a time to begin an answer")
            .replies(slow_body)
            .setting(answers)
            .succeeds(),
        case("an early interim response, and a time to begin an answer")
            .replies([send("HTTP/1.1 102 Processing\r\n\r\n"), wait(late), fine()])
            .setting(answers)
            .fails(FIRST_BYTE_TIMED_OUT),
    ]
}

fn stalls() -> Vec<Case> {
    let stalls = |name, acts: &[Act], doing: &str| {
        case(name).replies(acts.to_vec()).fails(timed_out(doing)).brief()
    };
    let slow =
        |text: &str| Act::Trickle(text.as_bytes().to_vec().into(), Duration::from_millis(50));
    let long = head("Content-Length: 9\r\n", "fine");
    vec![
        case("no room to wait for being accepted")
            .door(Door::Full)
            .fails(timed_out(CONNECTING))
            .brief(),
        case("nothing is read").plays([Act::Starve]).fails(timed_out(FIRST_BYTE)).brief(),
        stalls("no answer", &[], FIRST_BYTE),
        stalls("a blank line and no more", &[send("\r\n")], FIRST_BYTE),
        stalls("a stall inside the status line", &[send("HTTP/1.1 2")], HEAD),
        stalls("a stall inside the head", &[send("HTTP/1.1 200 OK\r\nA: b")], HEAD),
        stalls(
            "a stall behind an interim response",
            &[send("HTTP/1.1 100 Continue\r\n\r\n")],
            FIRST_BYTE,
        ),
        stalls(
            "a stall before the body",
            &[send(head("Content-Length: 9\r\n", ""))],
            &body("0", "9"),
        ),
        stalls("a stall inside the body", &[send(long)], &body("4", "9")),
        stalls("a stall between chunks", &[send(chunked("4\r\nfine\r\n"))], &open_body("4")),
        stalls("a stall inside a size", &[send(chunked("4\r\nfine\r\n1"))], &open_body("4")),
        stalls(
            "a stall inside the trailers",
            &[send(chunked("4\r\nfine\r\n0\r\nA"))],
            &open_body("4"),
        ),
        stalls("no length and no close", &[send(head("", "fine"))], &open_body("4")),
        stalls("a head that trickles", &[slow("HTTP/1.1 200 OK\r\nContent-Length: 4")], HEAD),
        stalls(
            "chunks and a stall",
            &[send(chunked("1\r\nx\r\n")), wait(50), send("1\r\ny\r\n")],
            &open_body("2"),
        ),
        case("a body that floods")
            .replies([send(head("", "")), forever("x".repeat(1000))])
            .fails(BODY_TOO_LARGE)
            .counted_times_out(&open_body("*")),
        // A request that the server may have acted on is not sent again.
        case("no answer to a request on a kept connection")
            .asks([get(), get()])
            .replies([fine(), Act::Read])
            .succeeds()
            .fails(timed_out(FIRST_BYTE))
            .brief(),
        case("a stall, and a new connection for the next")
            .asks([get(), get()])
            .replies([])
            .serves()
            .fails(timed_out(FIRST_BYTE))
            .succeeds()
            .brief(),
        case("a large upload that is not read")
            .asks([Ask::Request(Method::POST, 32 << 20)])
            .plays([Act::Starve])
            .fails(timed_out(FIRST_BYTE))
            .brief(),
    ]
}
