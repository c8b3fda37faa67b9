//! What is asked of the kernel, and what it answers: the same for both backends.

use std::os::fd::RawFd;

use rustix::event::PollFlags;

use super::slots::SlotId;

/// What an operation in flight is, carried in its tag with the slot it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// An operation without a waiting task: a close, a cancellation.
    Ignored,
    /// A multishot receive; the slot is a socket's.
    Receive,
    /// A connect; the slot is a socket's.
    Connect,
    /// A send of bytes that the operation owns; the slot is the operation's.
    Send,
    /// A send of a few bytes that the operation owns, which completes only when it fails; the slot is
    /// the operation's.
    SendBrief,
    /// A send of kept bytes, which completes only when it fails; the slot is a socket's.
    SendKept,
    /// A multishot accept; the slot is a listener's.
    Accept,
    /// The event by which other threads wake this core.
    Remote,
    /// A wait for a descriptor of others; the slot is the wait's.
    Poll,
}

impl Kind {
    const ALL: [Kind; 9] = [
        Kind::Ignored,
        Kind::Receive,
        Kind::Connect,
        Kind::Send,
        Kind::SendBrief,
        Kind::SendKept,
        Kind::Accept,
        Kind::Remote,
        Kind::Poll,
    ];

    /// Returns the tag of an operation that belongs to a slot.
    pub(super) fn tag(self, id: SlotId) -> Tag {
        Tag((self as u64) << 56 | u64::from(id.generation) << 32 | u64::from(id.index))
    }

    /// Returns the tag of an operation that belongs to no slot.
    pub(super) fn alone(self) -> Tag {
        self.tag(SlotId { index: 0, generation: 0 })
    }
}

/// The 64 bits that come back with a completion: kind, generation, index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag(pub(super) u64);

impl Tag {
    pub(super) fn kind(self) -> Kind {
        Kind::ALL[(self.0 >> 56) as usize]
    }

    pub(super) fn id(self) -> SlotId {
        SlotId { index: self.0 as u32, generation: (self.0 >> 32) as u32 & 0x00ff_ffff }
    }
}

/// What is asked of the kernel. It completes once, but for those that say otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    /// Connects to this address.
    Connect { fd: RawFd, address: *const libc::sockaddr, len: u32 },
    /// Receives into buffers of the core until the end of the connection: completes for each.
    Receive { fd: RawFd },
    /// Sends bytes, all of them unless the connection breaks.
    Send { fd: RawFd, address: *const u8, len: u32 },
    /// Sends what the peer's side takes at once. Completes only where that is not all of it.
    SendAtOnce { fd: RawFd, address: *const u8, len: u32 },
    /// Accepts connections: completes for each.
    Accept { fd: RawFd },
    /// Waits for an event descriptor: completes each time that it is written to.
    Watch { fd: RawFd },
    /// Waits until one of these events, an end or an error is there at a descriptor of others.
    Poll { fd: RawFd, events: PollFlags },
}

/// One completion, copied out of the ring.
#[derive(Debug, Clone, Copy)]
pub(super) struct Completion {
    pub(super) kind: Kind,
    pub(super) id: SlotId,
    /// What the system call would have returned: a count, a descriptor, or a negative errno.
    pub(super) result: i32,
    pub(super) flags: u32,
}

/// The bits of a completion's flags, as io_uring has them: a buffer with its number, more to come,
/// more bytes there to be received.
pub(super) const F_BUFFER: u32 = 1;
pub(super) const F_MORE: u32 = 2;
pub(super) const F_NONEMPTY: u32 = 4;
pub(super) const BUFFER_SHIFT: u32 = 16;

impl Completion {
    pub(super) fn new(tag: Tag, result: i32, flags: u32) -> Self {
        Completion { kind: tag.kind(), id: tag.id(), result, flags }
    }

    /// Returns whether the operation stays in flight and will complete again.
    pub(super) fn more(&self) -> bool {
        self.flags & F_MORE != 0
    }

    /// Returns the buffer that bytes were received into.
    pub(super) fn buffer(&self) -> Option<u16> {
        (self.flags & F_BUFFER != 0).then_some((self.flags >> BUFFER_SHIFT) as u16)
    }

    /// Returns whether there were more bytes to be received.
    pub(super) fn is_nonempty(&self) -> bool {
        self.flags & F_NONEMPTY != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_those_of_io_uring() {
        use io_uring::cqueue;
        let flags = 7 << BUFFER_SHIFT | F_BUFFER | F_MORE | F_NONEMPTY;
        let done = Completion::new(Kind::Receive.alone(), 1, flags);
        assert!(cqueue::more(flags) && done.more());
        assert!(cqueue::sock_nonempty(flags) && done.is_nonempty());
        assert_eq!((cqueue::buffer_select(flags), done.buffer()), (Some(7), Some(7)));
        let none = Completion::new(Kind::Receive.alone(), 1, 0);
        assert!(!none.more() && !none.is_nonempty() && none.buffer().is_none());
        assert!(
            !cqueue::more(0) && !cqueue::sock_nonempty(0) && cqueue::buffer_select(0).is_none()
        );
    }
}
