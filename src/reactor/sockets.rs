//! The table of a core's sockets: the operations in flight on each, the received data, the waiting
//! tasks.
//!
//! A slot outlives its [`Socket`](super::Socket) until the kernel has reported every operation on
//! it, so a completion never finds another socket in its place.

mod sends;

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::task::Waker;

use rustix::event::{PollFd, Timespec};
use rustix::net::{SendFlags, SocketAddrAny};

use super::buffers::{Chain, Filled};
use super::driver::Driver;
use super::late::Late;
use super::operation::{Completion, Kind, Operation};
use super::slots::{SlotId, Slots};

pub(super) use sends::Outgoing;
use sends::SendState;

/// The most unread buffers of a socket. Beyond that TCP's flow control holds its peer back.
const INBOX_MAX: usize = 64;

/// Why nothing more will be received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The peer closed in order.
    Closed,
    /// This errno.
    Failed(i32),
}

/// What is done with bytes that arrive while no task reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parked {
    /// A task reads.
    No,
    /// Nothing may come between two requests.
    Refusing,
    /// They are kept.
    Keeping,
}

#[derive(Debug)]
pub(super) struct SocketState {
    fd: RawFd,
    /// The peer's address while a connect is in flight, for the kernel to read.
    connecting: Option<Rc<SocketAddrAny>>,
    connected: Option<i32>,
    receiving: bool,
    /// The last piece was all there was, and nothing has been sent since: see
    /// [`SocketState::has_missed_event`].
    drained: bool,
    sends: u32,
    /// What is sent when they have completed, in this order.
    behind: Vec<Outgoing>,
    /// The kept bytes of the last send, in case the peer does not take them at once.
    kept: Option<(*const u8, usize)>,
    /// Whether the waiter waits for the sends in flight.
    awaits_sent: bool,
    /// Bytes of the sends that are in flight, wait behind them or have failed.
    unsent: u64,
    /// Why the first send failed that did.
    send_failed: Option<i32>,
    parked: Parked,
    inbox: Chain,
    end: Option<End>,
    waiter: Option<Waker>,
    /// The handle is gone; the slot goes when the last operation has completed.
    abandoned: bool,
}

/// The sockets of a core, and the sends in flight on them.
pub(super) struct Sockets {
    sockets: Slots<SocketState>,
    sends: Slots<SendState>,
    /// Memory of finished sends, to be filled again.
    spare: Vec<Vec<u8>>,
    late: Late,
    /// The sends of this turn that complete only when they fail.
    brief: Vec<SlotId>,
    /// Whether a task waits for the end of one of these, which only the end of a turn shows.
    hasty: bool,
}

impl Sockets {
    pub(super) fn new() -> Self {
        Sockets {
            sockets: Slots::new(),
            sends: Slots::new(),
            spare: Vec::new(),
            late: Late::default(),
            brief: Vec::new(),
            hasty: false,
        }
    }

    pub(super) fn insert(&mut self, fd: OwnedFd, driver: &mut Driver) -> SlotId {
        driver.open(fd.as_raw_fd());
        self.sockets.insert(SocketState {
            fd: fd.into_raw_fd(),
            connecting: None,
            connected: None,
            receiving: false,
            drained: false,
            sends: 0,
            behind: Vec::new(),
            kept: None,
            awaits_sent: false,
            unsent: 0,
            send_failed: None,
            parked: Parked::No,
            inbox: Chain::EMPTY,
            end: None,
            waiter: None,
            abandoned: false,
        })
    }

    /// Slots in use: open sockets and closed ones with operations still in flight.
    pub(super) fn len(&self) -> usize {
        self.sockets.len()
    }

    pub(super) fn connect(&mut self, id: SlotId, peer: Rc<SocketAddrAny>, driver: &mut Driver) {
        let socket = self.live(id);
        let (fd, address, len) = (socket.fd, peer.as_ptr().cast(), peer.addr_len());
        socket.connecting = Some(peer);
        // SAFETY: the slot holds the address until the completion has been seen.
        unsafe { driver.push(Operation::Connect { fd, address, len }, Kind::Connect.tag(id)) };
    }

    /// Returns how the connect ended. While it has not, keeps the waker and returns the one it replaced
    /// as an error.
    pub(super) fn poll_connect(
        &mut self,
        id: SlotId,
        waker: &Waker,
    ) -> Result<io::Result<()>, Option<Waker>> {
        let socket = self.live(id);
        match socket.connected {
            Some(0) => Ok(Ok(())),
            Some(errno) => Ok(Err(io::Error::from_raw_os_error(errno))),
            None => Err(socket.waiter.replace(waker.clone())),
        }
    }

    /// Tells the peer that nothing more will be sent. By a system call: io_uring hands a shutdown to
    /// a worker thread, which looks the descriptor up when it gets there, and by then it may be
    /// closed and the number another connection's.
    pub(super) fn shut(&mut self, id: SlotId) {
        // SAFETY: the descriptor is open as long as the socket's handle exists.
        let fd = unsafe { BorrowedFd::borrow_raw(self.live(id).fd) };
        // The only error is a connection that is gone, and then the receiving side says so.
        let _ = rustix::net::shutdown(fd, rustix::net::Shutdown::Write);
    }

    /// Sends at once, by a system call, where the socket is open and nothing is in flight on it.
    pub(super) fn send_last(&mut self, id: SlotId, bytes: &[u8]) {
        let socket = self.live(id);
        if socket.end.is_none() && socket.sends == 0 {
            // SAFETY: the descriptor is open as long as the socket's handle exists.
            let fd = unsafe { BorrowedFd::borrow_raw(socket.fd) };
            let _ = rustix::net::send(fd, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
        }
    }

    /// Makes sure that bytes are received as they come.
    pub(super) fn receive(&mut self, id: SlotId, driver: &mut Driver) {
        let socket = self.live(id);
        if socket.receiving || socket.end.is_some() {
            return;
        }
        socket.receiving = true;
        // SAFETY: the kernel writes only to the core's buffers, which live as long as the driver.
        unsafe { driver.push(Operation::Receive { fd: socket.fd }, Kind::Receive.tag(id)) };
    }

    /// Returns the next piece or the end. While there is neither, keeps the waker and returns the one it
    /// replaced as an error.
    pub(super) fn poll_receive(
        &mut self,
        id: SlotId,
        waker: &Waker,
        driver: &mut Driver,
    ) -> Result<io::Result<Option<Filled>>, Option<Waker>> {
        let socket = self.live(id);
        if let Some(filled) = driver.buffers.take(&mut socket.inbox) {
            return Ok(Ok(Some(filled)));
        }
        match socket.end {
            Some(End::Closed) => return Ok(Ok(None)),
            Some(End::Failed(errno)) => return Ok(Err(io::Error::from_raw_os_error(errno))),
            None => {}
        }
        let replaced = match &socket.waiter {
            Some(waiter) if waiter.will_wake(waker) => None,
            _ => socket.waiter.replace(waker.clone()),
        };
        if socket.drained && socket.has_missed_event(driver) {
            // The next read arms the receive again, and learns how the connection ended.
            socket.stop_receiving(id, driver);
        }
        self.receive(id, driver);
        Err(replaced)
    }

    /// Returns whether the socket is open and has received nothing unexpected.
    pub(super) fn is_quiet(&mut self, id: SlotId) -> bool {
        let socket = self.live(id);
        socket.end.is_none() && socket.inbox.is_empty()
    }

    /// Marks the socket as idle: no task reads until it is used again.
    pub(super) fn park(&mut self, id: SlotId) {
        self.live(id).parked = Parked::Refusing;
    }

    /// Parks the socket, too, but keeps what comes. What has come already moves out of the receive
    /// buffers.
    pub(super) fn park_keeping(&mut self, id: SlotId, driver: &mut Driver) {
        let socket = self.sockets.get_mut(id).expect("a socket's handle holds its slot");
        socket.parked = Parked::Keeping;
        let mut inbox = std::mem::replace(&mut socket.inbox, Chain::EMPTY);
        while let Some(filled) = driver.buffers.take(&mut inbox) {
            if !self.late.keep(id.index, filled.id, filled.len, &mut driver.buffers) {
                socket.end = Some(End::Failed(libc::EPROTO));
            }
        }
    }

    pub(super) fn take_late(&mut self, id: SlotId) -> Vec<u8> {
        self.late.take(id.index)
    }

    /// Takes a parked socket up again. Returns whether it is fit for another request: not if an earlier
    /// send is in flight or has failed. A server may answer before it has read all of a request, and the
    /// next request could get in between.
    pub(super) fn take_up(&mut self, id: SlotId) -> bool {
        let socket = self.live(id);
        socket.parked = Parked::No;
        socket.has_sent_all() && socket.end.is_none() && socket.inbox.is_empty()
    }

    /// Cancels everything in flight and closes, because the handle is gone. Returns the waiter.
    pub(super) fn abandon(&mut self, id: SlotId, driver: &mut Driver) -> Option<Waker> {
        self.late.take(id.index);
        let socket = self.live(id);
        socket.abandoned = true;
        driver.buffers.discard(&mut socket.inbox);
        let fd = socket.fd;
        let waiter = socket.waiter.take();
        if socket.sends > 0 {
            self.hasty |= !self.brief.is_empty();
            driver.cancel_all_on(fd);
        } else if socket.receiving {
            driver.cancel(fd, Kind::Receive.tag(id));
        } else if socket.connecting.is_some() {
            driver.cancel(fd, Kind::Connect.tag(id));
        }
        driver.close(fd);
        self.release_if_done(id);
        waiter
    }

    pub(super) fn on_connect(&mut self, done: Completion) {
        let Some(socket) = self.sockets.get_mut(done.id) else { return };
        socket.connecting = None;
        socket.connected = Some(-done.result.min(0));
        socket.wake();
        self.release_if_done(done.id);
    }

    pub(super) fn on_receive(&mut self, done: Completion, driver: &mut Driver) {
        let sockets = self.sockets.len();
        let socket = self.sockets.get_mut(done.id).expect("a receive in flight holds its slot");
        socket.receiving = done.more();
        socket.drained = socket.receiving && !done.is_nonempty();
        if let Some(buffer) = done.buffer() {
            driver.buffers.taken();
            let len = if socket.abandoned { 0 } else { done.result.max(0) as usize };
            match socket.parked {
                _ if len == 0 => driver.buffers.give_back(buffer),
                Parked::No => driver.buffers.append(&mut socket.inbox, buffer, len as u32),
                Parked::Keeping
                    if self.late.keep(done.id.index, buffer, len, &mut driver.buffers) => {}
                Parked::Keeping => socket.end = Some(End::Failed(libc::EPROTO)),
                Parked::Refusing => {
                    // Not asked for, so the connection is of no use, and must not hold buffers that
                    // others wait for.
                    driver.buffers.give_back(buffer);
                    socket.end = Some(End::Failed(libc::EPROTO));
                }
            }
        }
        match done.result {
            0 if socket.send_failed == Some(libc::ECONNRESET) => {
                socket.end = Some(End::Failed(libc::ECONNRESET));
            }
            0 => socket.end = Some(End::Closed),
            _ if socket.end.is_some() => socket.stop_receiving(done.id, driver),
            // Out of buffers: the next read arms the receive again.
            result if result == -libc::ENOBUFS => driver.buffers.run_out(sockets),
            // Cancelled by us, to let TCP hold the peer up.
            result if result == -libc::ECANCELED => {}
            result if result < 0 => socket.end = Some(End::Failed(-result)),
            _ if socket.inbox.len() >= INBOX_MAX => socket.stop_receiving(done.id, driver),
            _ => {}
        }
        socket.wake();
        self.release_if_done(done.id);
    }

    fn release_if_done(&mut self, id: SlotId) {
        if self.sockets.get_mut(id).is_some_and(|socket| socket.abandoned && !socket.in_flight()) {
            self.sockets.remove(id);
        }
    }

    /// Returns the slot of a socket whose handle still exists.
    fn live(&mut self, id: SlotId) -> &mut SocketState {
        self.sockets.get_mut(id).expect("a socket's handle holds its slot")
    }
}

impl SocketState {
    /// Wakes the waiting task, and keeps its waker: the same task is going to wait here again, and a
    /// needless wake-up costs it one poll. Waking only marks a task as runnable; it neither runs nor
    /// drops anything.
    fn wake(&self) {
        if let Some(waiter) = &self.waiter {
            waiter.wake_by_ref();
        }
    }

    /// Stops receiving. Received data stays, and the peer keeps the rest until the next read.
    fn stop_receiving(&self, id: SlotId, driver: &mut Driver) {
        if self.receiving {
            driver.cancel(self.fd, Kind::Receive.tag(id));
        }
    }

    /// Returns whether something has happened that the receive in flight may have missed, as the
    /// backend can. It is asked once each time a reader waits for more of a response.
    #[cold]
    fn has_missed_event(&mut self, driver: &Driver) -> bool {
        self.drained = false;
        // SAFETY: the descriptor is open as long as the socket's handle exists.
        let fd = unsafe { BorrowedFd::borrow_raw(self.fd) };
        let mut fds = [PollFd::from_borrowed_fd(fd, driver.missed_events())];
        rustix::event::poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))
            .is_ok_and(|events| events > 0)
    }

    fn in_flight(&self) -> bool {
        self.receiving || self.sends > 0 || self.connecting.is_some()
    }
}
