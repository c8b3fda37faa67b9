//! Defines how much a peer may make us read before we give up on it.

/// Caps on one message. A load tester talks to servers that misbehave under load, and each of its
/// thousands of users must stay small while they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest head, start line and blank line included; also the longest trailers. Each interim
    /// response before a response has as much, and all of them 16 times as much, blank lines included.
    pub head_bytes: usize,
    /// Most header lines; at most [`HEADERS_MAX`](Self::HEADERS_MAX), whatever is asked.
    pub headers: usize,
    /// Longest decoded body, kept or not.
    pub body_bytes: u64,
}

impl Limits {
    /// The size of the header table on the parser's stack (32 bytes each, not initialised).
    pub const HEADERS_MAX: usize = 128;

    pub(super) fn table_len(&self) -> usize {
        self.headers.min(Self::HEADERS_MAX)
    }

    /// The most that may come before a response.
    pub(super) fn passed_bytes(&self) -> usize {
        self.head_bytes.saturating_mul(16)
    }

    /// The part of `input` that a head may take up.
    pub(super) fn head_window<'a>(&self, input: &'a [u8]) -> &'a [u8] {
        &input[..input.len().min(self.head_bytes)]
    }
}

impl Default for Limits {
    /// 64 KiB of head and 128 headers, four times what common servers send at most; 16 MiB of body,
    /// so that a thousand users who look at what they get cannot be made to fill the memory.
    fn default() -> Self {
        Limits { head_bytes: 64 << 10, headers: Self::HEADERS_MAX, body_bytes: 16 << 20 }
    }
}
