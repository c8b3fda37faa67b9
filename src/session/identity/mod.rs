//! What tells one user from another: cookies and credentials, and what is not to be shown of them.

pub(in crate::session) mod client_state;
pub(in crate::session) mod cookies;
pub(in crate::session) mod digest;
pub(in crate::session) mod excerpt;
pub(in crate::session) mod secrets;
