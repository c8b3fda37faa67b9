//! The first bytes of a peer that speaks another protocol.

use std::fmt;

/// How many bytes are kept: as many as the start of every response has.
const MAX: usize = 7;

/// The start of every response.
const HTTP_1: &[u8; MAX] = b"HTTP/1.";

/// The first bytes received in place of a response or of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstBytes {
    bytes: [u8; MAX],
    len: u8,
}

impl FirstBytes {
    /// Returns the first of these bytes if they cannot begin a response; `None` if they can.
    pub(crate) fn other_than_http(seen: &[u8]) -> Option<Self> {
        let len = seen.len().min(MAX);
        if seen[..len] == HTTP_1[..len] { None } else { FirstBytes::of(seen) }
    }

    /// Returns the first of these bytes, if there are any.
    pub(crate) fn of(seen: &[u8]) -> Option<Self> {
        let len = seen.len().min(MAX);
        let mut bytes = [0; MAX];
        bytes[..len].copy_from_slice(&seen[..len]);
        (len > 0).then_some(FirstBytes { bytes, len: len as u8 })
    }
}

impl fmt::Display for FirstBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes[..usize::from(self.len)].escape_ascii().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_begin_a_response_is_not_called_something_else() {
        for seen in [&b""[..], b"H", b"HTTP/1.1 abc", b"HTTP/1."] {
            assert_eq!(FirstBytes::other_than_http(seen), None);
        }
        assert!(FirstBytes::other_than_http(b"HTTP/2.0 200").is_some());
    }
}
