//! What an exchange brings.

use crate::http1::Head;

/// What an exchange brought.
#[derive(Debug)]
pub(in crate::session) struct Received {
    pub(in crate::session) head: Head,
    pub(in crate::session) body_bytes: u64,
    pub(in crate::session) bytes: Vec<u8>,
    /// Whether all of the body is in them.
    pub(in crate::session) is_kept: bool,
    pub(in crate::session) max_body: u64,
}

impl Received {
    pub(in crate::session) fn head_bytes(&self) -> &[u8] {
        &self.bytes[..self.head.head_len]
    }
}
