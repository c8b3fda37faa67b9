//! The limits on a message.

/// The limits on a message. Servers may misbehave under load, and must not make thousands of users use up
/// the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest head, including start line and blank line, and the longest trailers. Each interim response
    /// may be as long, and all of them together 16 times as long, including blank lines.
    pub head_bytes: usize,
    /// The most header lines, and never more than [`HEADERS_MAX`](Self::HEADERS_MAX).
    pub headers: usize,
    /// The longest body without its framing, stored or not.
    pub body_bytes: u64,
}

impl Limits {
    /// The size of the header table on the parser's stack (32 bytes each, not initialised).
    pub const HEADERS_MAX: usize = 128;

    pub(super) fn table_len(&self) -> usize {
        self.headers.min(Self::HEADERS_MAX)
    }

    /// Returns how many bytes may come before a response.
    pub(super) fn skipped_bytes(&self) -> usize {
        self.head_bytes.saturating_mul(16)
    }

    /// Returns the part of the input that may be the head.
    pub(super) fn head_window<'a>(&self, input: &'a [u8]) -> &'a [u8] {
        &input[..input.len().min(self.head_bytes)]
    }
}

impl Default for Limits {
    /// Returns 64 KiB of head and 128 headers, four times the limits of common servers, and 16 MiB of body,
    /// so that a thousand users cannot be made to use up the memory.
    fn default() -> Self {
        Limits { head_bytes: 64 << 10, headers: Self::HEADERS_MAX, body_bytes: 16 << 20 }
    }
}
