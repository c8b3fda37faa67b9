//! A connection with TLS.

use std::collections::VecDeque;
use std::mem;
use std::ops::{Deref, Range};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::channel::{Channel, Plain};
use super::error::TlsError;
use super::records::PLAINTEXT_MAX;
use crate::reactor::{Chunk, KeptBytes, Socket};
use crate::transport::Error;

/// How much of long data is encrypted at a time: the result fits a buffer that the reactor reuses.
const SEALED_MAX: usize = 3 * PLAINTEXT_MAX;

/// A socket and the keys of its connection.
#[derive(Debug)]
pub struct TlsStream {
    socket: Socket,
    link: Link,
    /// Bytes sent and received in the handshake.
    handshake: (u64, u64),
}

/// The parts of a stream without its socket.
#[derive(Debug)]
struct Link {
    channel: Channel,
    /// Data to encrypt and send, in this order.
    outgoing: VecDeque<Outgoing>,
    /// The error after which nothing more can be encrypted.
    failed: Option<TlsError>,
    /// Whether there has been no error.
    whole: bool,
}

/// Bytes to send, from this position on.
#[derive(Debug)]
enum Outgoing {
    /// Kept by the reactor.
    Kept(KeptBytes, usize),
    /// Owned by the stream.
    Owned(Vec<u8>, usize),
}

impl TlsStream {
    /// Makes a stream whose handshake has sent and received so many bytes, without its last flight.
    pub(super) fn new(socket: Socket, channel: Channel, handshake: (u64, u64)) -> Self {
        let link = Link { channel, outgoing: VecDeque::new(), failed: None, whole: true };
        TlsStream { socket, link, handshake }
    }

    /// Returns how many bytes the handshake sent and received.
    pub fn handshake_bytes(&self) -> (u64, u64) {
        self.handshake
    }

    /// Returns how many bytes were given to the socket and not sent.
    pub fn unsent(&self) -> u64 {
        self.socket.unsent()
    }

    /// Sends bytes that the reactor keeps, after earlier ones. Returns the number of bytes on the wire.
    pub fn send_kept(&mut self, kept: KeptBytes) -> u64 {
        self.queue(Outgoing::Kept(kept, 0))
    }

    /// Sends bytes, after earlier ones. Returns the number of bytes on the wire. Long data is encrypted piece
    /// by piece, each when the one before has been taken. This happens in [`receive`](Self::receive), which
    /// must be polled.
    pub fn send(&mut self, bytes: Vec<u8>) -> u64 {
        self.queue(Outgoing::Owned(bytes, 0))
    }

    fn queue(&mut self, outgoing: Outgoing) -> u64 {
        let Link { channel, outgoing: queue, failed, .. } = &mut self.link;
        let len = outgoing.rest(&self.socket).len();
        let mut on_the_wire = channel.wire_len(len);
        // Short data with nothing before it is sent at once, without queueing or allocating.
        if queue.is_empty() && len <= SEALED_MAX && self.socket.is_sent() {
            match channel.seal(outgoing.rest(&self.socket), || self.socket.buffer()) {
                Ok(wire) => {
                    // Including a change of keys, if there was one.
                    on_the_wire = wire.len();
                    self.socket.send(wire);
                }
                Err(error) => *failed = Some(error),
            }
        } else {
            queue.push_back(outgoing);
            self.link.advance(&self.socket);
        }
        on_the_wire as u64
    }

    /// Returns whether all data has been encrypted and taken.
    pub fn is_sent(&self) -> bool {
        self.link.outgoing.is_empty() && self.socket.is_sent()
    }

    /// Receives the next piece of data; `None` after a `close_notify`. A connection that is closed without
    /// one is an [error](Error::Closed), because a third party could have closed it.
    pub fn receive(&mut self) -> Receive<'_> {
        Receive { socket: &self.socket, link: Some(&mut self.link) }
    }

    /// Parks the connection until the next request.
    pub fn park(&mut self) {
        // If a request has not been sent whole, the next one would be read as the rest of it.
        self.link.whole &= self.link.is_idle();
        self.link.channel.shrink();
        self.socket.park_keeping();
    }

    /// Resumes a parked connection. Returns whether it can carry another request with a body of this length.
    /// Tickets and new keys may have come meanwhile; data may not.
    pub fn resume(&mut self, body: usize) -> bool {
        let Link { channel, whole, .. } = &mut self.link;
        *whole &= self.socket.take_up();
        let mut late = self.socket.take_late();
        if *whole && !late.is_empty() {
            let opened = channel.open(&mut late);
            *whole = opened == Ok(Plain::Nothing) && !channel.is_closed();
        }
        // A connection whose key is used up is closed with a `close_notify`.
        *whole && channel.has_room_for(body)
    }
}

/// Sends a `close_notify`, unless there was an error or the peer has closed.
impl Drop for TlsStream {
    fn drop(&mut self) {
        if self.link.whole
            && self.link.is_idle()
            && let Ok(close) = self.link.channel.seal_close()
        {
            self.socket.send_last(&close);
        }
    }
}

impl Link {
    /// Returns whether all data has been encrypted and the peer has not closed.
    fn is_idle(&self) -> bool {
        self.outgoing.is_empty() && self.failed.is_none() && !self.channel.is_closed()
    }

    /// Encrypts and sends the next piece, if the one before has been taken.
    fn advance(&mut self, socket: &Socket) {
        let Some(front) = self.outgoing.front_mut().filter(|_| socket.is_sent()) else { return };
        let rest = front.rest(socket);
        let piece = &rest[..rest.len().min(SEALED_MAX)];
        let is_last = piece.len() == rest.len();
        let len = piece.len();
        match self.channel.seal(piece, || socket.buffer()) {
            Ok(wire) => socket.send(wire),
            Err(error) => self.failed = Some(error),
        }
        match front {
            _ if is_last => drop(self.outgoing.pop_front()),
            Outgoing::Kept(_, at) | Outgoing::Owned(_, at) => *at += len,
        }
    }

    /// Sends pieces as long as the kernel takes them.
    fn poll_send(&mut self, socket: &Socket, context: &mut Context<'_>) -> Result<(), TlsError> {
        loop {
            if let Some(error) = &self.failed {
                return Err(error.clone());
            }
            if self.outgoing.is_empty() || Pin::new(&mut socket.sent()).poll(context).is_pending() {
                return Ok(());
            }
            self.advance(socket);
        }
    }
}

impl Outgoing {
    fn rest<'o>(&'o self, socket: &'o Socket) -> &'o [u8] {
        match self {
            Outgoing::Kept(kept, at) => &socket.kept(*kept)[*at..],
            Outgoing::Owned(bytes, at) => &bytes[*at..],
        }
    }
}

/// The future of [`TlsStream::receive`].
#[derive(Debug)]
pub struct Receive<'s> {
    socket: &'s Socket,
    link: Option<&'s mut Link>,
}

/// Decrypted bytes, where they were received or in the stream.
#[derive(Debug)]
pub struct Plaintext<'s> {
    place: Source<'s>,
    /// How many bytes on the wire it took.
    wire_bytes: u64,
}

#[derive(Debug)]
enum Source<'s> {
    Chunk(Chunk<'s>, Range<usize>),
    Stream(&'s [u8]),
}

impl Plaintext<'_> {
    /// Returns how many bytes on the wire it took.
    pub fn wire_bytes(&self) -> u64 {
        self.wire_bytes
    }
}

impl Deref for Plaintext<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.place {
            Source::Chunk(chunk, range) => &chunk[range.clone()],
            Source::Stream(bytes) => bytes,
        }
    }
}

impl<'s> Future for Receive<'s> {
    type Output = Result<Option<Plaintext<'s>>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Receive { socket, link: slot } = self.get_mut();
        let link = slot.take().expect("it is not polled again when it is done");
        let mut receive = socket.receive();
        let error = loop {
            if let Err(error) = link.poll_send(socket, context) {
                break error.into();
            }
            if link.channel.is_closed() {
                return Poll::Ready(Ok(None));
            }
            let mut chunk = match Pin::new(&mut receive).poll(context) {
                Poll::Ready(Ok(Some(chunk))) => chunk,
                Poll::Ready(Ok(None)) => break Error::Closed,
                Poll::Ready(Err(error)) => break error.into(),
                Poll::Pending => {
                    *slot = Some(link);
                    return Poll::Pending;
                }
            };
            let place = match link.channel.open(&mut chunk) {
                Ok(Plain::Nothing) => continue,
                Ok(Plain::InPlace(range)) => Some((chunk, range)),
                Ok(Plain::Buffered) => None,
                Err(error) => break error.into(),
            };
            let wire_bytes = mem::take(&mut link.channel.received);
            let place = match place {
                Some((chunk, range)) => Source::Chunk(chunk, range),
                None => Source::Stream(link.channel.lent()),
            };
            return Poll::Ready(Ok(Some(Plaintext { place, wire_bytes })));
        };
        link.whole = false;
        Poll::Ready(Err(error))
    }
}
