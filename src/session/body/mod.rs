//! The content of a response's body: decoded, as text, as JSON.

pub(in crate::session) mod decoding;
pub(in crate::session) mod json;
pub(in crate::session) mod text;
