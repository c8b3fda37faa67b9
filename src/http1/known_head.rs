//! Caches the last head of a response, because servers repeat it.

use http::Method;

use super::Head;

/// The last head of the responses to one kind of request.
///
/// A server sends the same bytes as long as its `Date` shows the same second. Comparing takes a tenth of
/// the time of parsing, which is a quarter of what a request costs outside the kernel.
#[derive(Debug, Clone, Default)]
pub struct KnownHead {
    /// The head with its blank line; empty if there is none yet.
    text: Vec<u8>,
    known: Option<(Method, Head)>,
}

impl KnownHead {
    /// Longer heads are rare and are not cached, to save memory.
    const BYTES_MAX: usize = 1024;

    /// Returns the parsed head if the input begins with the known one. The method must be the same, because
    /// it decides the framing (RFC 9112 section 6.3).
    pub(super) fn get(&self, input: &[u8], method: &Method) -> Option<Head> {
        let (known, head) = self.known.as_ref()?;
        (input.starts_with(&self.text) && known == method).then_some(*head)
    }

    /// Replaces the known head.
    pub(super) fn set(&mut self, text: &[u8], method: &Method, head: Head) {
        if text.len() > Self::BYTES_MAX {
            return;
        }
        self.text.clear();
        self.text.extend_from_slice(text);
        self.known = Some((method.clone(), head));
    }
}
