//! What a running user holds and a task receives: requests, checks, responses.

mod check;
mod request;

pub use check::{Check, Condition, StatusRange};
pub use request::{Body, Request};

/// A user's session: its connections, its defaults and the way to make requests.
#[derive(Debug)]
pub struct Session {
    _private: (),
}
