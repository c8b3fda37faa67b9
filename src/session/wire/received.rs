//! The response of an exchange.

use super::trail::Trail;
use crate::http1::Head;

/// The response of an exchange.
#[derive(Debug)]
pub(in crate::session) struct Received {
    pub(in crate::session) head: Head,
    pub(in crate::session) body_bytes: u64,
    pub(in crate::session) bytes: Vec<u8>,
    /// Whether the whole body is in `bytes`.
    pub(in crate::session) is_kept: bool,
    pub(in crate::session) max_body: u64,
    /// The redirects that led here, if there were some and the request keeps them.
    pub(in crate::session) trail: Option<Box<Trail>>,
}

impl Received {
    pub(in crate::session) fn head_bytes(&self) -> &[u8] {
        &self.bytes[..self.head.head_len]
    }
}
