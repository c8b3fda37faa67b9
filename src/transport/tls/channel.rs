//! Joins received bytes to records and decrypts them, without a socket.

use std::ops::Range;

use super::error::TlsError;
use super::records::{Opened, PLAINTEXT_MAX, Records, record_len};

/// Turns received bytes into plaintext, in place if a record was received whole, and data into records.
#[derive(Debug)]
pub(super) struct Channel {
    records: Records,
    /// Plaintext that is lent to the reader, followed by the beginning of an incomplete record.
    buffer: Vec<u8>,
    lent: Range<usize>,
    /// Whether the peer has sent a `close_notify`.
    closed: bool,
    /// Bytes received since the last call.
    pub(super) received: u64,
}

/// Where the plaintext of received bytes is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Plain {
    /// There is none.
    Nothing,
    /// In this range of the received bytes.
    InPlace(Range<usize>),
    /// In the channel, which [lends](Channel::lent) it.
    Buffered,
}

impl Channel {
    pub(super) fn new(records: Records) -> Self {
        Channel { records, buffer: Vec::new(), lent: 0..0, closed: false, received: 0 }
    }

    /// Returns whether the peer has sent a `close_notify`.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Returns the plaintext that is [buffered](Plain::Buffered).
    pub(super) fn lent(&self) -> &[u8] {
        &self.buffer[self.lent.clone()]
    }

    /// Returns whether a record is incomplete.
    #[cfg(test)]
    pub(super) fn is_inside_record(&self) -> bool {
        self.buffer.len() > self.lent.end
    }

    /// Decrypts the next received bytes. Plaintext that was lent before is dropped.
    pub(super) fn open(&mut self, received: &mut [u8]) -> Result<Plain, TlsError> {
        self.take_back();
        self.received += received.len() as u64;
        let Some(begin) = self.complete(received)? else { return Ok(Plain::Nothing) };
        if self.lent.is_empty() {
            self.open_in_place(received, begin)
        } else {
            self.gather(received, begin)
        }
    }

    /// Frees the memory that a waiting connection does not need.
    pub(super) fn shrink(&mut self) {
        self.take_back();
        self.buffer.shrink_to_fit();
    }

    fn take_back(&mut self) {
        self.buffer.drain(..self.lent.end);
        self.lent = 0..0;
    }

    /// Completes the incomplete record and decrypts it. Returns where in the received bytes the next record
    /// begins, or `None` if they end before this one.
    fn complete(&mut self, received: &[u8]) -> Result<Option<usize>, TlsError> {
        if self.buffer.is_empty() {
            return Ok(Some(0));
        }
        let mut used = 0;
        loop {
            let wanted = record_len(&self.buffer)?;
            let missing = wanted.map_or(1, |len| len - self.buffer.len());
            if missing == 0 {
                break;
            }
            let Some(more) = received.get(used..received.len().min(used + missing)) else {
                return Ok(None);
            };
            if more.is_empty() {
                return Ok(None);
            }
            if let Some(len) = wanted {
                self.buffer.reserve(len - self.buffer.len());
            }
            self.buffer.extend_from_slice(more);
            used += more.len();
        }
        match self.open_record(None)? {
            Some(plain) => {
                self.buffer.truncate(plain.end);
                self.lent = plain;
            }
            None => self.buffer.clear(),
        }
        Ok(Some(used))
    }

    /// Decrypts the complete records among the received bytes and joins their plaintext in place.
    fn open_in_place(&mut self, received: &mut [u8], begin: usize) -> Result<Plain, TlsError> {
        let mut plain = 0..0;
        let mut at = begin;
        while let Some(len) = self.whole_record(&received[at..])? {
            if let Some(data) = self.open_record(Some(&mut received[at..at + len]))? {
                let data = at + data.start..at + data.end;
                if plain.is_empty() {
                    plain = data;
                } else {
                    let end = plain.end;
                    plain.end += data.len();
                    received.copy_within(data, end);
                }
            }
            at += len;
        }
        self.keep_rest(&received[at..]);
        Ok(if plain.is_empty() { Plain::Nothing } else { Plain::InPlace(plain) })
    }

    /// Decrypts the complete records among the received bytes and appends their plaintext to what is lent.
    fn gather(&mut self, received: &mut [u8], begin: usize) -> Result<Plain, TlsError> {
        let mut at = begin;
        while let Some(len) = self.whole_record(&received[at..])? {
            if let Some(data) = self.open_record(Some(&mut received[at..at + len]))? {
                self.buffer.extend_from_slice(&received[at + data.start..at + data.end]);
                self.lent.end = self.buffer.len();
            }
            at += len;
        }
        self.keep_rest(&received[at..]);
        Ok(Plain::Buffered)
    }

    /// Decrypts a record, by default the one in the buffer. Returns where its data is. Data after a
    /// `close_notify` is ignored (RFC 8446 section 6.1).
    fn open_record(&mut self, record: Option<&mut [u8]>) -> Result<Option<Range<usize>>, TlsError> {
        if self.closed {
            return Ok(None);
        }
        match self.records.open(record.unwrap_or(&mut self.buffer))? {
            Opened::Data(data) => Ok(Some(data).filter(|data| !data.is_empty())),
            Opened::Nothing => Ok(None),
            Opened::Closed => {
                self.closed = true;
                Ok(None)
            }
        }
    }

    /// Returns the length of the record at the start, if it is complete and not after a `close_notify`.
    fn whole_record(&self, received: &[u8]) -> Result<Option<usize>, TlsError> {
        if self.closed {
            return Ok(None);
        }
        Ok(record_len(received)?.filter(|&len| len <= received.len()))
    }

    fn keep_rest(&mut self, rest: &[u8]) {
        if !self.closed {
            self.buffer.extend_from_slice(rest);
        }
    }

    /// Returns whether the key is good for so much more data.
    pub(super) fn has_room_for(&self, plain: usize) -> bool {
        self.records.has_room_for(plain)
    }

    /// Returns how many bytes on the wire this much data takes, with the records that are due before it.
    pub(super) fn wire_len(&self, plain: usize) -> usize {
        let (whole, rest) = (plain / PLAINTEXT_MAX, plain % PLAINTEXT_MAX);
        let last = if rest > 0 || whole == 0 { self.records.sealed_len(rest) } else { 0 };
        self.records.due.len() + whole * self.records.sealed_len(PLAINTEXT_MAX) + last
    }

    /// Encrypts data, after the records that are due before it, into one piece. `empty` returns a buffer, for
    /// data of more than one record.
    pub(super) fn seal(
        &mut self,
        plain: &[u8],
        empty: impl FnOnce() -> Vec<u8>,
    ) -> Result<Vec<u8>, TlsError> {
        if plain.len() <= PLAINTEXT_MAX {
            let record = self.records.seal(plain)?;
            if self.records.due.is_empty() {
                return Ok(record);
            }
            let mut wire = std::mem::take(&mut self.records.due);
            wire.extend_from_slice(&record);
            return Ok(wire);
        }
        let mut wire = empty();
        for piece in plain.chunks(PLAINTEXT_MAX) {
            let record = self.records.seal(piece)?;
            wire.append(&mut self.records.due);
            wire.extend_from_slice(&record);
        }
        Ok(wire)
    }

    /// Makes the record of a `close_notify`.
    pub(super) fn seal_close(&mut self) -> Result<Vec<u8>, TlsError> {
        self.records.seal_close()
    }

    /// Sets records that are due before any others.
    pub(super) fn send_first(&mut self, records: Vec<u8>) {
        self.records.due = records;
    }
}
