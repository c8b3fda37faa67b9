//! Large requests, and servers that do not wait for their end.

use http::Method;

use crate::case::{Act, Ask, Case, case, fine, get, send, wait};
use crate::texts::*;

/// More than the socket buffers of both ends hold.
const LARGE: usize = 32 << 20;

pub(super) fn cases() -> Vec<Case> {
    let upload = |name, length| case(name).asks([Ask::Request(Method::POST, length), get()]);
    let too_large = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n";
    let bad = |case: Case| case.brings_bad(413, "", "413 Payload Too Large");
    vec![
        upload("a small upload", 5000).replies([fine(), Act::Read, fine()]).succeeds().succeeds(),
        upload("a large upload", LARGE)
            .replies([fine(), Act::Read, fine()])
            .succeeds()
            .succeeds()
            .slow(),
        // The rest of the upload would come before the next request. If it was read at once, it could be gone before
        // the client is scheduled, and the connection could be used again.
        bad(upload("an answer before the upload, which is then read", LARGE)
            .plays([Act::ReadHead, send(too_large), wait(500)])
            .serves())
        .succeeds()
        .slow(),
        bad(upload("an answer before the upload, which is never read", LARGE)
            .plays([Act::ReadHead, send(too_large), Act::Starve])
            .serves())
        .succeeds()
        .slow(),
        bad(upload("an answer before the upload, and a close", LARGE)
            .plays([Act::ReadHead, send(too_large), wait(50), Act::Close])
            .serves())
        .succeeds()
        .slow(),
        bad(upload("an answer before the upload, and a reset", LARGE)
            .plays([Act::ReadHead, send(too_large), wait(50), Act::Reset])
            .serves())
        .succeeds()
        .slow(),
        upload("a close before the upload", LARGE)
            .plays([Act::ReadHead, Act::Await, Act::Close])
            .serves()
            .fails(RESET_BEFORE)
            .succeeds()
            .slow(),
        upload("a reset before the upload", LARGE)
            .plays([Act::ReadHead, Act::Reset])
            .serves()
            .fails(RESET_BEFORE)
            .succeeds()
            .slow(),
        upload("no more to send before the upload", LARGE)
            .plays([Act::ReadHead, Act::Finish])
            .serves()
            .fails(CLOSED_BEFORE)
            .succeeds()
            .slow(),
    ]
}
