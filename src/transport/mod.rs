//! What a connection's bytes go through on their way between a session and the reactor.
//!
//! A [`Stream`] is the choice of it, made once per connection: a session sends and receives the text
//! of HTTP, whatever is between it and the socket.

#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
pub mod tls;
mod tls_options;

use std::io;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::reactor::{self, Chunk, KeptBytes, Socket};
pub use tls::TlsError;
use tls::{Plaintext, TlsStream};

/// A connection, made and ready for requests.
#[derive(Debug)]
pub enum Stream {
    /// Bytes go to the socket as they are.
    Plain(Socket),
    /// Bytes are sealed.
    Tls(Box<TlsStream>),
}

/// Why a stream ends out of order.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the system says.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The peer has closed where it may not: in the handshake, or without saying so before.
    #[error("connection closed")]
    Closed,
    /// What TLS says.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Received bytes, where they lie.
#[derive(Debug)]
pub enum Piece<'s> {
    /// In a buffer of the reactor.
    Chunk(Chunk<'s>),
    /// In a part of such a buffer, or in the stream.
    Plaintext(Plaintext<'s>),
}

/// The future of [`Stream::receive`].
#[derive(Debug)]
pub enum Receive<'s> {
    /// Receives from a plain stream.
    Plain(reactor::Receive<'s>),
    /// Receives from a TLS stream.
    Tls(tls::Receive<'s>),
}

impl Stream {
    /// Sends bytes that the reactor keeps; how many go over the wire.
    pub fn send_kept(&mut self, kept: KeptBytes) -> u64 {
        match self {
            Stream::Plain(socket) => {
                socket.send_kept(kept);
                kept.len() as u64
            }
            Stream::Tls(stream) => stream.send_kept(kept),
        }
    }

    /// Sends bytes; how many go over the wire.
    pub fn send(&mut self, bytes: Vec<u8>) -> u64 {
        match self {
            Stream::Plain(socket) => {
                let sent = bytes.len() as u64;
                socket.send(bytes);
                sent
            }
            Stream::Tls(stream) => stream.send(bytes),
        }
    }

    /// Sends bytes when all has been taken that was sent before in this way: parts of one message. How
    /// many go over the wire.
    pub fn send_behind(&mut self, bytes: Vec<u8>) -> u64 {
        match self {
            Stream::Plain(socket) => {
                let sent = bytes.len() as u64;
                socket.send_behind(bytes);
                sent
            }
            Stream::Tls(stream) => stream.send(bytes),
        }
    }

    /// The same of bytes that the reactor keeps, however many.
    pub fn send_kept_behind(&mut self, kept: KeptBytes) -> u64 {
        match self {
            Stream::Plain(socket) => {
                socket.send_kept_behind(kept);
                kept.len() as u64
            }
            Stream::Tls(stream) => stream.send_kept(kept),
        }
    }

    /// Whether all parts have been taken.
    pub fn is_sent(&self) -> bool {
        match self {
            Stream::Plain(socket) => socket.is_sent(),
            Stream::Tls(stream) => stream.is_sent(),
        }
    }

    /// The next piece that came; `None` where the peer has closed in order.
    pub fn receive(&mut self) -> Receive<'_> {
        match self {
            Stream::Plain(socket) => Receive::Plain(socket.receive()),
            Stream::Tls(stream) => Receive::Tls(stream.receive()),
        }
    }

    /// Bytes that were handed to the socket and have not gone out: what was in flight when the
    /// connection ended may be among them.
    pub fn unsent(&self) -> u64 {
        match self {
            Stream::Plain(socket) => socket.unsent(),
            Stream::Tls(stream) => stream.unsent(),
        }
    }

    /// Puts the connection aside until the next request.
    pub fn park(&mut self) {
        match self {
            Stream::Plain(socket) => socket.park(),
            Stream::Tls(stream) => stream.park(),
        }
    }

    /// Takes a parked connection up again; whether it is fit for another request with a body of this
    /// length.
    pub fn resume(&mut self, body: usize) -> bool {
        match self {
            Stream::Plain(socket) => socket.take_up(),
            Stream::Tls(stream) => stream.resume(body),
        }
    }
}

impl Piece<'_> {
    /// How many bytes came over the wire for it.
    pub fn wire_bytes(&self) -> u64 {
        match self {
            Piece::Chunk(chunk) => chunk.len() as u64,
            Piece::Plaintext(plaintext) => plaintext.wire_bytes(),
        }
    }
}

impl<'s> Future for Receive<'s> {
    type Output = Result<Option<Piece<'s>>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Receive::Plain(receive) => {
                let came = Pin::new(receive).poll(context)?;
                came.map(|chunk| Ok(chunk.map(Piece::Chunk)))
            }
            Receive::Tls(receive) => {
                let came = Pin::new(receive).poll(context)?;
                came.map(|plaintext| Ok(plaintext.map(Piece::Plaintext)))
            }
        }
    }
}

impl Deref for Piece<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Piece::Chunk(chunk) => chunk,
            Piece::Plaintext(plaintext) => plaintext,
        }
    }
}
