//! The texts that the cases expect, in one place.

pub(crate) const CLOSED_BEFORE: &str = "connection closed before the response";
pub(crate) const RESET_BEFORE: &str = "connection reset before the response";
pub(crate) const CLOSED_IN_HEAD: &str = "connection closed while reading the head";
pub(crate) const RESET_CONNECTING: &str = "connection reset while connecting";
pub(crate) const REFUSED: &str = "connection refused";

pub(crate) const BAD_LENGTH: &str = "bad content-length";
pub(crate) const CONFLICTING_LENGTHS: &str = "conflicting content-lengths";
pub(crate) const BAD_CHUNK: &str = "bad chunk";
pub(crate) const TRAILERS_TOO_LARGE: &str = "trailers too large";
pub(crate) const BODY_TOO_LARGE: &str = "body too large";
pub(crate) const HEAD_TOO_LARGE: &str = "head too large";
pub(crate) const TOO_MANY_HEADERS: &str = "too many headers";
pub(crate) const BAD_VERSION: &str = "malformed head: not http/1.x";
pub(crate) const BAD_STATUS: &str = "malformed head: bad status line";
pub(crate) const BAD_NAME: &str = "malformed head: bad header name";
pub(crate) const BAD_VALUE: &str = "malformed head: bad header value";

/// Returns the text of a timeout of [`BRIEF`](super::case::BRIEF) in this part of the request.
pub(crate) fn timed_out(doing: &str) -> String {
    format!("timed out after 800 ms while {doing}")
}

pub(crate) const CONNECT_TIMED_OUT: &str = "timed out connecting after 800 ms";
pub(crate) const FIRST_BYTE_TIMED_OUT: &str = "timed out waiting for the first byte after 800 ms";

pub(crate) const CONNECTING: &str = "connecting";
pub(crate) const FIRST_BYTE: &str = "waiting for the first byte";
pub(crate) const HEAD: &str = "reading the head";

/// Reading a body of this length.
pub(crate) fn body(got: &str, length: &str) -> String {
    format!("reading the body ({got} of {length} bytes)")
}

/// Reading a body of unknown length.
pub(crate) fn open_body(got: &str) -> String {
    format!("reading the body (after {got} bytes)")
}

pub(crate) fn closed_while(doing: String) -> String {
    format!("connection closed while {doing}")
}

pub(crate) fn reset_while(doing: String) -> String {
    format!("connection reset while {doing}")
}

pub(crate) fn not_http(start: &str) -> String {
    format!("not HTTP: starts with \"{start}\"")
}
