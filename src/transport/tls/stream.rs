//! A connection whose bytes are sealed.

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

/// How much is sealed at a time of what is long: with what is added to it, it fits a buffer that the
/// reactor keeps for the next send.
const SEALED_MAX: usize = 3 * PLAINTEXT_MAX;

/// A socket and the keys of its connection.
#[derive(Debug)]
pub struct TlsStream {
    socket: Socket,
    link: Link,
    /// Bytes sent and received in the handshake.
    handshake: (u64, u64),
}

/// All of a stream but its socket.
#[derive(Debug)]
struct Link {
    channel: Channel,
    /// What is still to be sealed and sent, in this order.
    outgoing: VecDeque<Outgoing>,
    /// Why nothing more can be sealed.
    failed: Option<TlsError>,
    /// Whether the connection may carry on: nothing has gone wrong on it.
    whole: bool,
}

/// Bytes to send, from one of them on.
#[derive(Debug)]
enum Outgoing {
    /// The reactor keeps them.
    Kept(KeptBytes, usize),
    /// Our own.
    Owned(Vec<u8>, usize),
}

impl TlsStream {
    /// A stream whose handshake has sent and received so many bytes; its last flight is the stream's.
    pub(super) fn new(socket: Socket, channel: Channel, handshake: (u64, u64)) -> Self {
        let link = Link { channel, outgoing: VecDeque::new(), failed: None, whole: true };
        TlsStream { socket, link, handshake }
    }

    /// Bytes sent and received before the stream was there.
    pub fn handshake_bytes(&self) -> (u64, u64) {
        self.handshake
    }

    /// Bytes that were handed to the socket and have not gone out.
    pub fn unsent(&self) -> u64 {
        self.socket.unsent()
    }

    /// Sends bytes that the reactor keeps, behind what was sent before; how many go over the wire.
    pub fn send_kept(&mut self, kept: KeptBytes) -> u64 {
        self.queue(Outgoing::Kept(kept, 0))
    }

    /// Sends bytes, behind what was sent before; how many go over the wire. Long ones are sealed piece
    /// by piece, whenever the one before has been taken, as long as somebody
    /// [receives](Self::receive).
    pub fn send(&mut self, bytes: Vec<u8>) -> u64 {
        self.queue(Outgoing::Owned(bytes, 0))
    }

    fn queue(&mut self, outgoing: Outgoing) -> u64 {
        let Link { channel, outgoing: queue, failed, .. } = &mut self.link;
        let len = outgoing.rest(&self.socket).len();
        let mut on_the_wire = channel.wire_len(len);
        // What is short and alone goes at once, and nothing is queued or allocated for it.
        if queue.is_empty() && len <= SEALED_MAX && self.socket.is_sent() {
            match channel.seal(outgoing.rest(&self.socket), || self.socket.buffer()) {
                Ok(wire) => {
                    // With a change of keys, where there was one.
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

    /// Whether all has been sealed and taken.
    pub fn is_sent(&self) -> bool {
        self.link.outgoing.is_empty() && self.socket.is_sent()
    }

    /// The next piece of data that came; `None` where the peer has said that it was the last. A
    /// connection that is closed without a word is an [error](Error::Closed): anybody on the way
    /// could do so.
    pub fn receive(&mut self) -> Receive<'_> {
        Receive { socket: &self.socket, link: Some(&mut self.link) }
    }

    /// Puts the connection aside until the next request.
    pub fn park(&mut self) {
        // A response before the request was sent: what follows would look like the rest of it.
        self.link.whole &= self.link.is_idle();
        self.link.channel.shrink();
        self.socket.park_keeping();
    }

    /// Takes a parked connection up again; whether it is fit for another request with a body of this
    /// length. Tickets and new keys may have come meanwhile; data may not.
    pub fn resume(&mut self, body: usize) -> bool {
        let Link { channel, whole, .. } = &mut self.link;
        *whole &= self.socket.take_up();
        let mut late = self.socket.take_late();
        if *whole && !late.is_empty() {
            let opened = channel.open(&mut late);
            *whole = opened == Ok(Plain::Nothing) && !channel.is_closed();
        }
        // What is whole and has no room is closed with a word.
        *whole && channel.has_room_for(body)
    }
}

/// Says that nothing more will be sent, where the peer does not know or does not care.
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
    /// Whether all has been sealed, and the peer has not said that it was the last.
    fn is_idle(&self) -> bool {
        self.outgoing.is_empty() && self.failed.is_none() && !self.channel.is_closed()
    }

    /// Seals and sends the next piece, if the one before has been taken.
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

    /// Goes on as far as the kernel takes what was sealed.
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
    /// What came over the wire for it.
    wire_bytes: u64,
}

#[derive(Debug)]
enum Source<'s> {
    Chunk(Chunk<'s>, Range<usize>),
    Stream(&'s [u8]),
}

impl Plaintext<'_> {
    /// How many bytes came over the wire for it.
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
