//! What comes for sockets that are put aside.

use std::collections::HashMap;

use super::buffers::Buffers;

/// Bytes that are kept for one socket. More than that is nothing that it waits for.
const LATE_MAX: usize = 64 * 1024;

/// What came for sockets that were put aside, by slot: copies, because the receive buffers are for
/// sockets whose bytes are read, and there may be many more that wait.
#[derive(Debug, Default)]
pub(super) struct Late(HashMap<u32, Vec<u8>>);

impl Late {
    /// Keeps what has come into a buffer, and gives the buffer back; `false` where it is too much.
    pub(super) fn keep(
        &mut self,
        slot: u32,
        buffer: u16,
        len: usize,
        buffers: &mut Buffers,
    ) -> bool {
        let late = self.0.entry(slot).or_default();
        let fits = late.len() + len <= LATE_MAX;
        if fits {
            buffers.copy(buffer, len, late);
        }
        buffers.give_back(buffer);
        fits
    }

    /// Returns everything that is kept for a socket.
    pub(super) fn take(&mut self, slot: u32) -> Vec<u8> {
        // Nearly always there is nothing, and that is known without a look.
        if self.0.is_empty() { Vec::new() } else { self.0.remove(&slot).unwrap_or_default() }
    }
}
