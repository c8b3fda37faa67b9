//! What a connection's bytes go through on their way between a session and the reactor.
//!
//! A [`Stream`] is the choice of it, made once per connection: a session sends and receives the text
//! of HTTP, whatever is between it and the socket.

use std::future::Future;
use std::io;
use std::ops::Deref;

use crate::reactor::{Chunk, Kept, Socket};

/// A connection, made and ready for requests.
#[derive(Debug)]
pub enum Stream {
    /// Bytes go to the socket as they are.
    Plain(Socket),
}

/// Why a stream ends out of order.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the system says.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Received bytes, where they lie.
#[derive(Debug)]
pub enum Piece<'s> {
    /// In a buffer of the reactor.
    Chunk(Chunk<'s>),
}

impl Stream {
    /// Sends bytes that the reactor keeps; how many go over the wire.
    pub fn send_kept(&mut self, kept: Kept) -> u64 {
        match self {
            Stream::Plain(socket) => {
                socket.send_kept(kept);
                kept.len() as u64
            }
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
        }
    }

    /// The same of bytes that the reactor keeps, however many.
    pub fn send_kept_behind(&mut self, kept: Kept) -> u64 {
        match self {
            Stream::Plain(socket) => {
                socket.send_kept_behind(kept);
                kept.len() as u64
            }
        }
    }

    /// Whether all parts have been taken.
    pub fn is_sent(&self) -> bool {
        match self {
            Stream::Plain(socket) => socket.is_sent(),
        }
    }

    /// The next piece that came; `None` where the peer has closed in order.
    pub fn receive(
        &mut self,
    ) -> impl Future<Output = Result<Option<Piece<'_>>, Error>> + Unpin + use<'_> {
        let Stream::Plain(socket) = self;
        let mut receive = socket.receive();
        std::future::poll_fn(move |context| {
            let came = std::pin::Pin::new(&mut receive).poll(context)?;
            came.map(|chunk| Ok(chunk.map(Piece::Chunk)))
        })
    }

    /// Puts the connection aside until the next request.
    pub fn park(&mut self) {
        match self {
            Stream::Plain(socket) => socket.park(),
        }
    }

    /// Takes a parked connection up again; whether it is fit for another request.
    pub fn take_up(&mut self) -> bool {
        match self {
            Stream::Plain(socket) => socket.take_up(),
        }
    }
}

impl Piece<'_> {
    /// How many bytes came over the wire for it.
    pub fn wire_bytes(&self) -> u64 {
        match self {
            Piece::Chunk(chunk) => chunk.len() as u64,
        }
    }
}

impl Deref for Piece<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Piece::Chunk(chunk) => chunk,
        }
    }
}
