//! A user's identity: cookies and credentials, and how secrets are masked.

pub(in crate::session) mod client_state;
pub(in crate::session) mod cookies;
pub(in crate::session) mod digest;
pub(in crate::session) mod excerpt;
pub(in crate::session) mod secrets;
