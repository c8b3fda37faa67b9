//! The responses that are sent together.

use super::constant_responses::{
    Connection, ConstantResponses, ResponseForm, ResponseId, write_ok,
};
use super::routes::Constant;
use crate::reactor::Socket;

/// With this many bytes the responses are sent before the next request is read, so that requests for
/// large bodies cannot fill the memory.
const FULL_BYTES: usize = 256 * 1024;

/// Responses in the order of their requests. A single constant response, which is the usual case, is sent
/// as the reactor keeps it; others are collected in one buffer.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    alone: Option<ResponseId>,
    bytes: Vec<u8>,
    answers: u64,
}

impl Outbox {
    /// Adds a constant response.
    pub(super) fn constant(
        &mut self,
        constant: Constant,
        form: ResponseForm,
        answers: &ConstantResponses,
    ) {
        let id = ResponseId::new(constant, form);
        self.answers += 1;
        if self.is_empty() {
            self.alone = Some(id);
        } else {
            self.gather(answers).extend_from_slice(answers.bytes(id));
        }
    }

    /// Adds a 200 with a body of its own.
    pub(super) fn body(
        &mut self,
        content_type: &[u8],
        body: &[u8],
        connection: Connection,
        answers: &ConstantResponses,
    ) {
        self.answers += 1;
        let bytes = self.gather(answers);
        write_ok(content_type, body.len(), connection, bytes);
        bytes.extend_from_slice(body);
    }

    /// Adds a 200 with `len` bytes of filler.
    pub(super) fn filler(&mut self, len: usize, form: ResponseForm, answers: &ConstantResponses) {
        self.answers += 1;
        let bytes = self.gather(answers);
        write_ok(b"application/octet-stream", len, form.connection, bytes);
        if !form.head_only {
            bytes.resize(bytes.len() + len, b'x');
        }
    }

    /// Adds an interim `100 Continue`, which does not count as a response.
    pub(super) fn go_on(&mut self, answers: &ConstantResponses) {
        self.gather(answers).extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
    }

    /// Returns how many responses there are.
    pub(super) fn answers(&self) -> u64 {
        self.answers
    }

    pub(super) fn is_empty(&self) -> bool {
        self.alone.is_none() && self.bytes.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL_BYTES
    }

    /// Sends everything in one piece.
    pub(super) fn send(&mut self, socket: &Socket, answers: &ConstantResponses) {
        match self.alone.take() {
            Some(id) => socket.send_kept(answers.kept(id)),
            None => self.send_bytes(socket),
        }
        self.answers = 0;
    }

    /// Does the same as [`send`](Self::send), as a send that can be waited for at once.
    pub(super) fn send_counted(&mut self, socket: &Socket, answers: &ConstantResponses) {
        self.gather(answers);
        self.send_bytes(socket);
        self.answers = 0;
    }

    fn send_bytes(&mut self, socket: &Socket) {
        if !self.bytes.is_empty() {
            socket.send(std::mem::take(&mut self.bytes));
        }
    }

    /// Returns the buffer, with the single constant response moved into it.
    fn gather(&mut self, answers: &ConstantResponses) -> &mut Vec<u8> {
        if self.bytes.capacity() == 0 {
            self.bytes = answers.buffer();
        }
        if let Some(id) = self.alone.take() {
            self.bytes.extend_from_slice(answers.bytes(id));
        }
        &mut self.bytes
    }
}
