//! Connections that serve more than one request, or do not.

use gregaria::session::KeepAlive;
use http::Method;

use crate::case::{Act, Ask, Case, case, fine, get, head, pause, send, wait};
use crate::texts::*;

pub(super) fn cases() -> Vec<Case> {
    [kept(), dead(), unasked()].concat()
}

fn kept() -> Vec<Case> {
    let hundred = std::iter::repeat_n([Act::Read, fine()], 100).flatten();
    let all_fine = |case: Case| (0..100).fold(case, |case, _| case.succeeds());
    let says = |name, version: &str, lines: &str| {
        let text = format!("HTTP/{version} 200 OK\r\n{lines}Content-Length: 4\r\n\r\nfine");
        // The server keeps the connection in spite of its header.
        case(name).asks([get(), get()]).replies([send(text)]).serves().succeeds().succeeds()
    };
    vec![
        case("nothing is kept")
            .setting(|user| user.keep_alive(KeepAlive::Never))
            .asks([get(), get()])
            .serves()
            .serves()
            .succeeds()
            .succeeds(),
        all_fine(case("a hundred requests on a connection").asks(vec![get(); 100]).plays(hundred)),
        says("HTTP/1.0 says nothing", "1.0", ""),
        says("a close that is said and not done", "1.1", "Connection: close\r\n"),
        says("a close among other things", "1.1", "Connection: foo, CLOSE\r\n"),
        says("a close and a keep-alive", "1.1", "Connection: keep-alive\r\nConnection: close\r\n"),
    ]
}

/// Two requests; the first connection ends during the second.
fn dead() -> Vec<Case> {
    let dies = |name, method: &Method, acts: &[Act]| {
        let case = case(name).asks([get(), Ask::Request(method.clone(), 0)]);
        case.replies([&[fine(), Act::Read], acts].concat()).succeeds()
    };
    let again = |case: Case| case.serves().succeeds().retries(1);
    let close = |name| dies(name, &Method::GET, &[Act::Close]);
    vec![
        again(close("a close under the next GET")),
        again(dies("a reset under the next GET", &Method::GET, &[Act::Reset])),
        again(dies("a close under the next PUT", &Method::PUT, &[Act::Close])),
        again(dies("a close under the next DELETE", &Method::DELETE, &[Act::Close])),
        again(dies("a blank line and a close", &Method::GET, &[send("\r\n"), Act::Close])),
        case("a close under the next HEAD")
            .asks([get(), Ask::Request(Method::HEAD, 0)])
            .replies([fine(), Act::Read, Act::Close])
            .replies([send(head("Content-Length: 4\r\n", ""))])
            .succeeds()
            .brings(200, "")
            .retries(1),
        dies("a close under the next POST", &Method::POST, &[Act::Close]).fails(CLOSED_BEFORE),
        dies("a reset under the next POST", &Method::POST, &[Act::Reset]).fails(RESET_BEFORE),
        dies("a close under the next PATCH", &Method::PATCH, &[Act::Close]).fails(CLOSED_BEFORE),
        dies("one byte and a close", &Method::GET, &[send("H"), Act::Close]).fails(CLOSED_IN_HEAD),
        dies(
            "an interim response and a close",
            &Method::GET,
            &[send("HTTP/1.1 100 Continue\r\n\r\n"), Act::Close],
        )
        .fails(CLOSED_IN_HEAD),
        // It is sent again only once.
        close("two closes under the next GET")
            .replies([Act::Close])
            .fails(CLOSED_BEFORE)
            .retries(1),
        close("a close and a reset under the next GET")
            .replies([Act::Reset])
            .fails(RESET_BEFORE)
            .retries(1),
        close("a close under a GET, and then nonsense")
            .replies([send("SSH-2.0")])
            .fails(not_http("SSH-2.0"))
            .retries(1),
    ]
}

/// Bytes without a request.
fn unasked() -> Vec<Case> {
    let twice = |name| case(name).asks([get(), get()]).succeeds().succeeds();
    let later = |name| case(name).asks([get(), pause(300), get()]).succeeds().succeeds().slow();
    let two = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine\
               HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong";
    let timeout = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    vec![
        twice("two responses to a request").replies([send(two)]).serves(),
        twice("garbage behind a response").replies([fine_and("\0garbage\n")]).serves(),
        twice("blank lines behind a response").replies([fine_and("\r\n\r\n")]).serves(),
        later("a second response some time later").replies([fine(), wait(5), fine()]).serves(),
        later("408 on an idle connection")
            .replies([fine(), wait(5), send(timeout), Act::Close])
            .serves(),
        later("garbage on an idle connection").replies([fine(), wait(5), send("x")]).serves(),
        later("no more to send on an idle connection")
            .replies([fine(), wait(5), Act::Finish])
            .serves(),
    ]
}

fn fine_and(more: &str) -> Act {
    send(format!("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine{more}"))
}
