//! What a running user holds and a task receives: requests, checks, responses.

mod check;
mod json;
mod request;

pub use check::{
    Check, Condition, InvalidStatus, ResponseView, StatusRange, body_contains, first_failure,
    has_status_check, header, header_equals, json_equals, json_exists, max_time, needs_body,
    status, statuses,
};
pub use json::{InvalidJson, Pointer, PointerError, equals, exists, find};
pub use request::{Body, Request};

/// A user's session: its connections, its defaults and the way to make requests.
#[derive(Debug)]
pub struct Session {
    _private: (),
}
