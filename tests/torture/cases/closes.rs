//! Connections that end at every stage, with a close or a reset.

use crate::case::{Act, Case, Door, case, chunked, fine, get, head, pause, send};
use crate::texts::*;

pub(super) fn cases() -> Vec<Case> {
    [doors(), stages()].concat()
}

fn doors() -> Vec<Case> {
    let reset = [RESET_BEFORE, RESET_CONNECTING].map(str::to_owned);
    let either = [CLOSED_BEFORE, RESET_BEFORE].map(str::to_owned);
    vec![
        case("nobody listens").door(Door::Shut).fails(REFUSED),
        case("the server dies before it accepts")
            .door(Door::Dies)
            .fails_by_chance(reset.clone())
            .slow(),
        case("a close at once").plays([Act::Close]).fails_by_chance(either),
        case("a reset at once").plays([Act::Reset]).fails_by_chance(reset),
        // Unread data make it a reset.
        case("a close without reading").plays([Act::Await, Act::Close]).fails(RESET_BEFORE),
    ]
}

/// A response that ends too early, and the number of bytes that came.
fn stage(name: [&'static str; 3], sent: &str, doing: &str) -> [Case; 3] {
    let [closed, reset, finished] = name.map(case);
    let sent = || send(sent.to_owned());
    [
        closed.replies([sent(), Act::Close]).fails(format!("connection closed {doing}")),
        reset.replies([sent(), Act::Reset]).fails(format!("connection reset {doing}")),
        finished.replies([sent(), Act::Finish]).fails(format!("connection closed {doing}")),
    ]
}

/// The three ways in which a connection ends, as names of cases.
macro_rules! ends {
    ($where:literal) => {
        [
            concat!("a close ", $where),
            concat!("a reset ", $where),
            concat!("no more to send ", $where),
        ]
    };
}

fn stages() -> Vec<Case> {
    let in_head = format!("while {HEAD}");
    let in_body = format!("while {}", body("4", "9"));
    let in_chunks = format!("while {}", open_body("4"));
    let length = "Content-Length: 9\r\n";
    let interim = "HTTP/1.1 100 Continue\r\n\r\n";
    let mut cases: Vec<Case> = [
        stage(ends!("before the response"), "", "before the response"),
        stage(ends!("after a blank line"), "\r\n", "before the response"),
        stage(ends!("inside the status line"), "HTTP/1.1 20", &in_head),
        stage(ends!("behind the status line"), "HTTP/1.1 200 OK\r\n", &in_head),
        stage(ends!("inside a header"), "HTTP/1.1 200 OK\r\nContent-Le", &in_head),
        stage(ends!("before the blank line"), &format!("HTTP/1.1 200 OK\r\n{length}"), &in_head),
        stage(ends!("behind an interim response"), interim, &in_head),
        stage(ends!("inside an interim response"), &interim[..9], &in_head),
        stage(ends!("inside the body"), &head(length, "fine"), &in_body),
        stage(ends!("inside a chunk"), &chunked("9\r\nfine"), &in_chunks),
        stage(ends!("between chunks"), &chunked("4\r\nfine\r\n"), &in_chunks),
        stage(ends!("before the last line"), &chunked("4\r\nfine\r\n0\r\n"), &in_chunks),
    ]
    .concat();
    let before_body = format!("while {}", body("0", "9"));
    cases.extend(stage(ends!("before the body"), &head(length, ""), &before_body));
    cases.extend([
        case("a reset behind the response")
            .asks([get(), pause(300), get()])
            .replies([fine(), Act::Reset])
            .serves()
            .succeeds()
            .succeeds()
            .slow(),
        case("a close behind the response, unsaid")
            .asks([get(), pause(300), get()])
            .replies([fine(), Act::Close])
            .serves()
            .succeeds()
            .succeeds()
            .slow(),
    ]);
    cases
}
