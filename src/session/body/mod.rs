//! What the body of a response says: without its content codings, as text, as JSON.

pub(in crate::session) mod decoding;
pub(in crate::session) mod json;
pub(in crate::session) mod text;
