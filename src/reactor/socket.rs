//! A connected socket of this core, and the bytes that come and go on it.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsRawFd, OwnedFd};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use rustix::net::{SocketFlags, SocketType};

use super::Reactor;
use super::buffers::Filled;
use super::peer::{Peer, TcpOptions};
use super::slots::SlotId;
use super::sockets::Outgoing;

/// Bytes that the reactor keeps for its whole life; see [`Reactor::keep`].
///
/// Of use only with sockets of the reactor that keeps them, and like it bound to its thread.
#[derive(Debug, Clone, Copy)]
pub struct KeptBytes {
    /// Number of the reactor that keeps them.
    pub(super) reactor: u64,
    pub(super) address: *const u8,
    pub(super) len: usize,
}

impl KeptBytes {
    /// Returns how many bytes they are.
    #[expect(clippy::len_without_is_empty, reason = "a text of no bytes is never sent")]
    pub fn len(&self) -> usize {
        self.len
    }
}

/// A connected socket. Dropping it cancels what is in flight and closes it.
pub struct Socket {
    reactor: Rc<Reactor>,
    id: SlotId,
}

impl Socket {
    /// Connects to a peer, from this address of the host or the one that the kernel chooses.
    /// Dropping the future gives the attempt up.
    ///
    /// # Errors
    ///
    /// Returns the error of `socket(2)`, `bind(2)` or `connect(2)`: refused, unreachable, too many open files,
    /// no local port left.
    pub async fn connect(
        reactor: &Rc<Reactor>,
        peer: &Peer,
        source: Option<IpAddr>,
    ) -> io::Result<Socket> {
        Socket::connect_with(reactor, peer, source, &TcpOptions::default()).await
    }

    /// Connects with these options, which hold if the peer is reached by TCP.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Socket::connect`], and that of `setsockopt(2)`.
    pub async fn connect_with(
        reactor: &Rc<Reactor>,
        peer: &Peer,
        source: Option<IpAddr>,
        options: &TcpOptions,
    ) -> io::Result<Socket> {
        let flags = SocketFlags::CLOEXEC | reactor.state.borrow().driver.socket_flags();
        let fd = rustix::net::socket_with(peer.family, SocketType::STREAM, flags, None)?;
        if peer.is_tcp() {
            options.set(&fd)?;
        }
        if let Some(source) = source {
            choose_port_late(&fd)?;
            rustix::net::bind(&fd, &SocketAddr::new(source, 0))?;
        }
        let socket = Socket::adopt(reactor, fd);
        {
            let state = &mut *reactor.state.borrow_mut();
            state.sockets.connect(socket.id, peer.address.clone(), &mut state.driver);
        }
        Connecting(&socket).await?;
        Ok(socket)
    }

    /// Takes over a connected descriptor, such as an accepted one.
    pub(super) fn adopt(reactor: &Rc<Reactor>, fd: OwnedFd) -> Socket {
        let id = {
            let state = &mut *reactor.state.borrow_mut();
            state.sockets.insert(fd, &mut state.driver)
        };
        Socket { reactor: reactor.clone(), id }
    }

    /// Queues bytes to be sent in the coming turn, in one piece.
    ///
    /// Nothing is awaited: a peer that does not take them is noticed by [`Socket::receive`]. One
    /// send at a time: a second one before the peer has answered the first may overtake it, unless
    /// there was a turn in between and then [`Socket::sent`] was awaited.
    pub fn send(&self, bytes: Vec<u8>) {
        self.queue(Outgoing::Owned(bytes));
    }

    /// Queues kept bytes to be sent in the coming turn: no copy, no allocation, no completion.
    ///
    /// # Panics
    ///
    /// Where another reactor keeps the bytes than the one that owns this socket.
    pub fn send_kept(&self, kept: KeptBytes) {
        // Not only in debug builds: another reactor may have freed them.
        assert_eq!(kept.reactor, self.reactor.number, "kept bytes belong to one reactor");
        self.queue(Outgoing::Kept { address: kept.address, len: kept.len });
    }

    /// Queues bytes, however many, to be sent when all that was sent before has been taken: what was
    /// sent with [`send_kept`](Self::send_kept) does not count, so what belongs together is sent like
    /// this from its beginning.
    pub fn send_behind(&self, bytes: Vec<u8>) {
        self.queue_behind(Outgoing::Owned(bytes));
    }

    /// Does the same as [`send_behind`](Self::send_behind), without a copy.
    ///
    /// # Panics
    ///
    /// As [`send_kept`](Self::send_kept).
    pub fn send_kept_behind(&self, kept: KeptBytes) {
        assert_eq!(kept.reactor, self.reactor.number, "kept bytes belong to one reactor");
        self.queue_behind(Outgoing::Kept { address: kept.address, len: kept.len });
    }

    fn queue_behind(&self, outgoing: Outgoing) {
        let state = &mut *self.reactor.state.borrow_mut();
        state.sockets.send_behind(self.id, outgoing, &mut state.driver);
    }

    /// Returns whether the kernel has taken everything that was sent, as [`sent`](Self::sent)
    /// counts.
    pub fn is_sent(&self) -> bool {
        self.reactor.state.borrow_mut().sockets.is_sent(self.id)
    }

    fn queue(&self, outgoing: Outgoing) {
        let state = &mut *self.reactor.state.borrow_mut();
        state.sockets.send(self.id, outgoing, &mut state.driver);
    }

    /// Completes when the kernel has taken everything that was sent; kept bytes count from the turn
    /// after they were. Does not say whether that went well: [`Socket::receive`] does.
    pub fn sent(&self) -> Sent<'_> {
        Sent(self)
    }

    /// Tells the peer at once that nothing more will be sent; what it sends is still received. Sends
    /// must have been awaited before.
    pub fn shut(&self) {
        self.reactor.state.borrow_mut().sockets.shut(self.id);
    }

    /// Sends a few bytes before the socket is closed, if the kernel takes them at once and no other send
    /// is in flight. It is a system call of its own, because a queued send would have to be awaited.
    pub fn send_last(&self, bytes: &[u8]) {
        self.reactor.state.borrow_mut().sockets.send_last(self.id, bytes);
    }

    /// Returns the next piece that came; `None` when the peer has closed in order.
    ///
    /// # Errors
    ///
    /// Returns the error of `recv(2)`, such as a reset, after the bytes that came before.
    pub fn receive(&self) -> Receive<'_> {
        Receive(self)
    }

    /// Returns how many bytes of the sends so far the kernel has not taken, as far as is known: of a send
    /// in flight, all of them.
    pub fn unsent(&self) -> u64 {
        self.reactor.state.borrow_mut().sockets.unsent(self.id)
    }

    /// Puts the connection aside until the next request. Bytes that come meanwhile answer nothing, and make
    /// it unfit for another request.
    pub fn park(&self) {
        self.reactor.state.borrow_mut().sockets.park(self.id);
    }

    /// Puts the connection aside until the next request, but keeps up to 64 KiB of what comes
    /// meanwhile, for [`Socket::take_late`]. For protocols in which the peer may speak at any time.
    pub fn park_keeping(&self) {
        let state = &mut *self.reactor.state.borrow_mut();
        state.sockets.park_keeping(self.id, &mut state.driver);
    }

    /// Takes a parked connection up again; whether it is fit for another request.
    pub fn take_up(&self) -> bool {
        self.reactor.state.borrow_mut().sockets.take_up(self.id)
    }

    /// Returns what came while the connection was [put aside](Socket::park_keeping).
    pub fn take_late(&self) -> Vec<u8> {
        self.reactor.state.borrow_mut().sockets.take_late(self.id)
    }

    /// Returns an empty buffer to fill and send; see [`Reactor::buffer`].
    pub fn buffer(&self) -> Vec<u8> {
        self.reactor.buffer()
    }

    /// Returns the bytes that the reactor keeps, to be read.
    ///
    /// # Panics
    ///
    /// Where another reactor keeps the bytes than the one that owns this socket.
    pub fn kept(&self, kept: KeptBytes) -> &[u8] {
        self.reactor.kept(kept)
    }

    /// Returns whether the connection is still open and nothing has come that was not read yet.
    pub fn is_quiet(&self) -> bool {
        self.reactor.state.borrow_mut().sockets.is_quiet(self.id)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let waiter = {
            let state = &mut *self.reactor.state.borrow_mut();
            state.sockets.abandon(self.id, &mut state.driver)
        };
        drop(waiter);
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Socket").field(&self.id.index).finish()
    }
}

/// Lets the kernel choose the port of a bound socket when it connects: only then may connections to
/// different peers have the same port. The option is IPv4's by name, and IPv6's as well.
fn choose_port_late(fd: &OwnedFd) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the kernel reads one integer from a pointer to one integer.
    let result = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_IP,
            libc::IP_BIND_ADDRESS_NO_PORT,
            (&raw const on).cast(),
            size_of_val(&on) as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

struct Connecting<'s>(&'s Socket);

impl Future for Connecting<'_> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Socket { reactor, id } = self.0;
        let polled = reactor.state.borrow_mut().sockets.poll_connect(*id, context.waker());
        pending_unless_done(polled)
    }
}

/// The future of [`Socket::receive`].
#[derive(Debug)]
pub struct Receive<'s>(&'s Socket);

impl<'s> Future for Receive<'s> {
    type Output = io::Result<Option<Chunk<'s>>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Socket { reactor, id } = self.0;
        let polled = {
            let state = &mut *reactor.state.borrow_mut();
            state.sockets.poll_receive(*id, context.waker(), &mut state.driver)
        };
        pending_unless_done(polled).map_ok(|filled| filled.map(|filled| Chunk { reactor, filled }))
    }
}

/// The future of [`Socket::sent`].
#[derive(Debug)]
pub struct Sent<'s>(&'s Socket);

impl Future for Sent<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Socket { reactor, id } = self.0;
        let polled = reactor.state.borrow_mut().sockets.poll_sent(*id, context.waker());
        pending_unless_done(polled)
    }
}

/// Turns the result into a poll. The replaced waker is dropped here, where nothing is borrowed: it
/// may be the last owner of a task.
fn pending_unless_done<T>(polled: Result<T, Option<std::task::Waker>>) -> Poll<T> {
    match polled {
        Ok(done) => Poll::Ready(done),
        Err(replaced) => {
            drop(replaced);
            Poll::Pending
        }
    }
}

/// Received bytes in a buffer of the reactor, which gets it back when this is dropped.
pub struct Chunk<'r> {
    reactor: &'r Reactor,
    filled: Filled,
}

impl Deref for Chunk<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the kernel has written these bytes and gets the buffer back only when the chunk
        // is dropped; the reactor, which owns the memory, outlives the chunk.
        unsafe { std::slice::from_raw_parts(self.filled.bytes.as_ptr(), self.filled.len) }
    }
}

impl DerefMut for Chunk<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and there is no other reference to the buffer.
        unsafe { std::slice::from_raw_parts_mut(self.filled.bytes.as_ptr(), self.filled.len) }
    }
}

impl Drop for Chunk<'_> {
    fn drop(&mut self) {
        self.reactor.state.borrow_mut().driver.buffers.give_back(self.filled.id);
    }
}

impl fmt::Debug for Chunk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk").field("len", &self.filled.len).finish()
    }
}
