//! What goes over the wire: requests as bytes, their exchanges, and the responses.

pub(in crate::session) mod attempt;
mod connect;
pub(in crate::session) mod content;
pub(in crate::session) mod context;
pub(in crate::session) mod exchange;
mod exchange_guard;
pub(in crate::session) mod follow_ups;
mod http1;
pub(in crate::session) mod own_headers;
pub(in crate::session) mod prepared;
pub(in crate::session) mod received;
pub(in crate::session) mod redirect;
pub(in crate::session) mod render;
pub(in crate::session) mod rendered;
pub(in crate::session) mod rewritten;
pub(in crate::session) mod session_user;
pub(in crate::session) mod trail;
