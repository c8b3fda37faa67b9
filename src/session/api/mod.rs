//! What a task calls: the session, its requests, their checks and their responses.

pub(in crate::session) mod capture;
pub(in crate::session) mod check;
pub(in crate::session) mod counted;
pub(in crate::session) mod intended;
pub(in crate::session) mod literals;
pub(in crate::session) mod measurement;
pub(in crate::session) mod parallel;
pub(in crate::session) mod pending;
pub(in crate::session) mod random;
pub(in crate::session) mod request_builder;
pub(in crate::session) mod response;
mod scripted;
pub(in crate::session) mod sent;
pub(in crate::session) mod session;
pub(in crate::session) mod unanswered;
pub(in crate::session) mod variation;
