//! Sends: the owner of their bytes, their order, and their completions.

use std::task::Waker;

use super::super::driver::Driver;
use super::super::operation::{Completion, Kind, Operation};
use super::super::slots::SlotId;
use super::{End, SocketState, Sockets};

/// The memory of a send, which decides when it may be freed.
#[derive(Debug)]
pub(in crate::reactor) enum Outgoing {
    /// Bytes that live as long as the driver: such a send completes only when it fails.
    Kept { address: *const u8, len: usize },
    /// Bytes of this one send, owned by the operation until its completion.
    Owned(Vec<u8>),
}

/// The longest send that is one operation: its result is a signed 32-bit number.
const SEND_MAX: usize = if cfg!(test) { 1 << 20 } else { 1 << 30 };

/// A send that is waited for, and what it has to send yet.
#[derive(Debug)]
pub(super) struct SendState {
    /// Empty where the bytes are kept ones.
    bytes: Vec<u8>,
    address: *const u8,
    left: usize,
    socket: SlotId,
}

/// The most memory of finished sends that is kept for the next: 64 buffers of at most 64 KiB.
const SPARE_MAX: usize = 64;
const SPARE_BYTES_MAX: usize = 64 * 1024;

impl Sockets {
    /// Returns an empty buffer for a send, with the memory of an earlier one where there is any.
    pub(in crate::reactor) fn spare(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    pub(in crate::reactor) fn send(&mut self, id: SlotId, outgoing: Outgoing, driver: &mut Driver) {
        let socket = self.live(id);
        socket.drained = false;
        if !socket.receiving {
            self.receive(id, driver);
        }
        match outgoing {
            Outgoing::Kept { address, len } if len <= SEND_MAX => {
                let socket = self.live(id);
                socket.kept = Some((address, len));
                let send = Operation::SendAtOnce { fd: socket.fd, address, len: len as u32 };
                // SAFETY: kept bytes live as long as the driver.
                unsafe { driver.push(send, Kind::SendKept.tag(id)) };
            }
            Outgoing::Owned(bytes) if bytes.len() <= SPARE_BYTES_MAX => {
                self.send_brief(id, bytes, driver);
            }
            outgoing => self.send_counted(id, outgoing, driver),
        }
    }

    /// Returns how many bytes the kernel has not taken, as far as is known.
    pub(in crate::reactor) fn unsent(&mut self, id: SlotId) -> u64 {
        let socket = self.live(id);
        socket.unsent + socket.behind.iter().map(|behind| behind.len() as u64).sum::<u64>()
    }

    /// Sends bytes that the peer's side nearly always takes at once. Such a send is done as soon as it is
    /// submitted and has no completion: a completion would end the turn's wait, and the core would need
    /// a second turn for the answers. If a task waits for the end of the send, the turn does not wait.
    fn send_brief(&mut self, id: SlotId, bytes: Vec<u8>, driver: &mut Driver) {
        let (address, left) = (bytes.as_ptr(), bytes.len());
        let socket = self.sockets.get_mut(id).expect("a socket's handle holds its slot");
        socket.sends += 1;
        socket.unsent += left as u64;
        self.hasty |= socket.awaits_sent;
        let send = self.sends.insert(SendState { bytes, address, left, socket: id });
        self.brief.push(send);
        let operation = Operation::SendAtOnce { fd: socket.fd, address, len: left as u32 };
        // SAFETY: the table owns the bytes until the kernel has begun the send and told of its
        // failure. It does not come back to one that may not wait.
        unsafe { driver.push(operation, Kind::SendBrief.tag(send)) };
    }

    /// Returns whether the next turn may wait for a completion.
    pub(in crate::reactor) fn may_wait(&mut self) -> bool {
        !std::mem::take(&mut self.hasty)
    }

    /// Ends the brief sends of a turn whose failures have all been seen: the remaining ones succeeded.
    pub(in crate::reactor) fn end_brief(&mut self, is_up_to_date: bool, driver: &mut Driver) {
        if !is_up_to_date {
            self.hasty |= !self.brief.is_empty();
            return;
        }
        let mut brief = std::mem::take(&mut self.brief);
        for id in brief.drain(..) {
            let send = self.sends.get_mut(id).expect("a brief send holds its slot to its end");
            let (socket, left) = (send.socket, send.left);
            let socket = self.sockets.get_mut(socket).expect("and that of its socket");
            if socket.abandoned || socket.awaits_sent || !socket.behind.is_empty() {
                let result = left as i32;
                self.on_send(Completion { kind: Kind::SendBrief, id, result, flags: 0 }, driver);
                continue;
            }
            // The usual end: no task waits for it.
            socket.sends -= 1;
            socket.unsent -= (left as u64).min(socket.unsent);
            let SendState { bytes, .. } = self.sends.remove(id).expect("it was just there");
            self.recycle(bytes);
        }
        self.brief = brief;
    }

    /// Keeps the memory of a finished send for another one.
    fn recycle(&mut self, mut bytes: Vec<u8>) {
        if (1..=SPARE_BYTES_MAX).contains(&bytes.capacity()) && self.spare.len() < SPARE_MAX {
            bytes.clear();
            self.spare.push(bytes);
        }
    }

    /// Handles the completion of a brief send, which is always a failure. What the peer did not
    /// take at once is sent again by a send that waits.
    pub(in crate::reactor) fn on_send_brief(&mut self, done: Completion, driver: &mut Driver) {
        self.brief.retain(|id| *id != done.id);
        let taken = match done.result {
            result if result == -libc::EAGAIN => 0,
            result if result < 0 => return self.on_send(done, driver),
            taken => taken as usize,
        };
        let send = self.sends.get_mut(done.id).expect("a brief send holds its slot to its end");
        send.address = send.address.wrapping_add(taken);
        send.left -= taken;
        let socket = self.sockets.get_mut(send.socket).expect("and that of its socket");
        socket.unsent -= taken as u64;
        if socket.abandoned {
            return self.on_send(Completion { result: -libc::ECANCELED, ..done }, driver);
        }
        self.send_next(done.id, driver);
    }

    /// Sends when all that was sent before has been taken.
    pub(in crate::reactor) fn send_behind(
        &mut self,
        id: SlotId,
        outgoing: Outgoing,
        driver: &mut Driver,
    ) {
        self.receive(id, driver);
        let socket = self.live(id);
        socket.drained = false;
        if socket.sends > 0 {
            socket.behind.push(outgoing);
            self.hasty |= !self.brief.is_empty();
        } else {
            self.send_counted(id, outgoing, driver);
        }
    }

    /// Sends with a completion, which comes when the peer's side has taken all of it.
    fn send_counted(&mut self, id: SlotId, outgoing: Outgoing, driver: &mut Driver) {
        let (bytes, address, left) = match outgoing {
            Outgoing::Kept { address, len } => (Vec::new(), address, len),
            Outgoing::Owned(bytes) => {
                let (address, len) = (bytes.as_ptr(), bytes.len());
                (bytes, address, len)
            }
        };
        let socket = self.live(id);
        socket.sends += 1;
        socket.unsent += left as u64;
        let send = self.sends.insert(SendState { bytes, address, left, socket: id });
        self.send_next(send, driver);
    }

    /// Sends the next bytes of a send, as many as one operation may have.
    fn send_next(&mut self, id: SlotId, driver: &mut Driver) {
        let send = self.sends.get_mut(id).expect("a send in flight holds its slot");
        let (address, len) = (send.address, send.left.min(SEND_MAX));
        let socket = self.sockets.get_mut(send.socket).expect("and that of its socket");
        let operation = Operation::Send { fd: socket.fd, address, len: len as u32 };
        // SAFETY: kept bytes live as long as the driver; owned ones stay in the table, where nothing
        // touches them, until the last completion has been seen.
        unsafe { driver.push(operation, Kind::Send.tag(id)) };
    }

    /// Returns whether everything has been taken that was sent, but for kept bytes that are no more
    /// than one operation.
    pub(in crate::reactor) fn is_sent(&mut self, id: SlotId) -> bool {
        self.live(id).has_sent_all()
    }

    /// Returns if no send is in flight. While one is, keeps the waker and returns the one it replaced as
    /// an error.
    pub(in crate::reactor) fn poll_sent(
        &mut self,
        id: SlotId,
        waker: &Waker,
    ) -> Result<(), Option<Waker>> {
        let waits = self.live(id).sends > 0;
        self.hasty |= waits && !self.brief.is_empty();
        let socket = self.live(id);
        socket.awaits_sent = waits;
        if waits { Err(socket.waiter.replace(waker.clone())) } else { Ok(()) }
    }

    pub(in crate::reactor) fn on_send(&mut self, done: Completion, driver: &mut Driver) {
        let send = self.sends.get_mut(done.id).expect("a send in flight holds its slot");
        let id = send.socket;
        let socket = self.sockets.get_mut(id).expect("a send in flight holds its socket's slot");
        socket.unsent -= u64::from(done.result.max(0).cast_unsigned()).min(socket.unsent);
        let went_well = done.result == send.left.min(SEND_MAX) as i32;
        if went_well && send.left > SEND_MAX && !socket.abandoned {
            send.address = send.address.wrapping_add(SEND_MAX);
            send.left -= SEND_MAX;
            return self.send_next(done.id, driver);
        }
        socket.sends -= 1;
        if !went_well {
            // Of a send that was taken in part the kernel does not say why it went no further: it was
            // reset, because after a close in order the receiving side ends first.
            let errno = if done.result < 0 { -done.result } else { libc::ECONNRESET };
            let behind = socket.behind.drain(..).map(|behind| behind.len() as u64).sum::<u64>();
            socket.unsent += behind;
            socket.fail_send(errno, id, driver);
        }
        let next =
            (!socket.abandoned && !socket.behind.is_empty()).then(|| socket.behind.remove(0));
        if socket.awaits_sent && socket.sends == 0 && next.is_none() {
            socket.wake();
        }
        let SendState { bytes, .. } = self.sends.remove(done.id).expect("it was just there");
        self.recycle(bytes);
        match next {
            Some(outgoing) => self.send_counted(id, outgoing, driver),
            None => self.release_if_done(id),
        }
    }

    /// Handles the completion of a kept send, which is always a failure and may come after its
    /// socket is gone. What the peer did not take at once is sent again by a send that waits.
    pub(in crate::reactor) fn on_send_kept(&mut self, done: Completion, driver: &mut Driver) {
        let Some(socket) = self.sockets.get_mut(done.id).filter(|socket| !socket.abandoned) else {
            return;
        };
        let taken = match done.result {
            result if result == -libc::EAGAIN => 0,
            result if result < 0 => return socket.fail_send(-result, done.id, driver),
            taken => taken as usize,
        };
        let (address, len) = socket.kept.expect("a kept send is noted until the next one");
        let rest = Outgoing::Kept { address: address.wrapping_add(taken), len: len - taken };
        self.send_counted(done.id, rest, driver);
    }
}

impl Outgoing {
    fn len(&self) -> usize {
        match self {
            Outgoing::Kept { len, .. } => *len,
            Outgoing::Owned(bytes) => bytes.len(),
        }
    }
}

impl SocketState {
    pub(super) fn has_sent_all(&self) -> bool {
        self.sends == 0 && self.send_failed.is_none()
    }

    /// Notes that a send failed. If the peer has gone, the receiving side reports it, after the bytes that
    /// the peer may have sent before: the next read asks for them. Any other error ends the socket here.
    /// The kernel reports a reset only once, and the receiving side then sees an orderly close. A receive
    /// in flight may have missed even that, so it is replaced by a new one.
    fn fail_send(&mut self, errno: i32, id: SlotId, driver: &mut Driver) {
        self.send_failed.get_or_insert(errno);
        if !matches!(errno, libc::EPIPE | libc::ECONNRESET | libc::ECANCELED) {
            self.end.get_or_insert(End::Failed(errno));
        }
        if !self.abandoned {
            self.stop_receiving(id, driver);
        }
        self.wake();
    }
}
