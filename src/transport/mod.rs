//! The transport of a connection, between a session and the reactor: plain TCP or TLS.
//!
//! A [`Stream`] is either of them. A session sends and receives the bytes of HTTP through it.

mod certificate_fault;
mod first_bytes;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
pub(crate) mod tls;
mod tls_options;

use std::io;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::reactor::{self, Chunk, KeptBytes, Socket};
pub use certificate_fault::CertificateFault;
pub use first_bytes::FirstBytes;
pub(crate) use tls::TlsError;
use tls::{Plaintext, TlsStream};

/// A connection that is ready for requests.
#[derive(Debug)]
pub(crate) enum Stream {
    /// Without TLS.
    Plain(Socket),
    /// With TLS.
    Tls(Box<TlsStream>),
}

/// The error of a stream.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An error of the system.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The peer has closed the connection in the handshake, or without a `close_notify`.
    #[error("connection closed")]
    Closed,
    /// An error of TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Received bytes, not copied.
#[derive(Debug)]
pub(crate) enum Piece<'s> {
    /// In a buffer of the reactor.
    Chunk(Chunk<'s>),
    /// Decrypted, in such a buffer or in the stream.
    Plaintext(Plaintext<'s>),
}

/// The future of [`Stream::receive`].
#[derive(Debug)]
pub(crate) enum Receive<'s> {
    /// Receives from a plain stream.
    Plain(reactor::Receive<'s>),
    /// Receives from a TLS stream.
    Tls(tls::Receive<'s>),
}

impl Stream {
    /// Sends bytes that the reactor keeps. Returns the number of bytes on the wire.
    pub(crate) fn send_kept(&mut self, kept: KeptBytes) -> u64 {
        match self {
            Stream::Plain(socket) => {
                socket.send_kept(kept);
                kept.len() as u64
            }
            Stream::Tls(stream) => stream.send_kept(kept),
        }
    }

    /// Sends bytes. Returns the number of bytes on the wire.
    pub(crate) fn send(&mut self, bytes: Vec<u8>) -> u64 {
        match self {
            Stream::Plain(socket) => {
                let sent = bytes.len() as u64;
                socket.send(bytes);
                sent
            }
            Stream::Tls(stream) => stream.send(bytes),
        }
    }

    /// Sends a part of a message, after the earlier parts have been taken. Returns the number of bytes on the
    /// wire.
    pub(crate) fn send_behind(&mut self, bytes: Vec<u8>) -> u64 {
        match self {
            Stream::Plain(socket) => {
                let sent = bytes.len() as u64;
                socket.send_behind(bytes);
                sent
            }
            Stream::Tls(stream) => stream.send(bytes),
        }
    }

    /// Does the same with bytes that the reactor keeps, of any length.
    pub(crate) fn send_kept_behind(&mut self, kept: KeptBytes) -> u64 {
        match self {
            Stream::Plain(socket) => {
                socket.send_kept_behind(kept);
                kept.len() as u64
            }
            Stream::Tls(stream) => stream.send_kept(kept),
        }
    }

    /// Returns whether all parts have been taken.
    pub(crate) fn is_sent(&self) -> bool {
        match self {
            Stream::Plain(socket) => socket.is_sent(),
            Stream::Tls(stream) => stream.is_sent(),
        }
    }

    /// Receives the next piece; `None` if the peer has closed the connection in order.
    pub(crate) fn receive(&mut self) -> Receive<'_> {
        match self {
            Stream::Plain(socket) => Receive::Plain(socket.receive()),
            Stream::Tls(stream) => Receive::Tls(stream.receive()),
        }
    }

    /// Returns how many bytes were given to the socket and not sent. Bytes that were in flight when the
    /// connection ended may be among them.
    pub(crate) fn unsent(&self) -> u64 {
        match self {
            Stream::Plain(socket) => socket.unsent(),
            Stream::Tls(stream) => stream.unsent(),
        }
    }

    /// Parks the connection until the next request.
    pub(crate) fn park(&mut self) {
        match self {
            Stream::Plain(socket) => socket.park(),
            Stream::Tls(stream) => stream.park(),
        }
    }

    /// Resumes a parked connection. Returns whether it can carry another request with a body of this length.
    pub(crate) fn resume(&mut self, body: usize) -> bool {
        match self {
            Stream::Plain(socket) => socket.take_up(),
            Stream::Tls(stream) => stream.resume(body),
        }
    }
}

impl Piece<'_> {
    /// Returns how many bytes on the wire it took.
    pub(crate) fn wire_bytes(&self) -> u64 {
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
