//! What a core's operations go through: io_uring, or epoll where that is refused.
//!
//! Both are asked for the same [`Operation`]s and answer with the same [`Completion`]s, so sockets,
//! listeners and wake-ups are written once.

use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::net::SocketFlags;

use super::Backend;
use super::buffers::Buffers;
use super::epoll::Epoll;
use super::operation::{Completion, Operation, Tag};
use super::ring::Ring;

/// A core's operations in flight, and the buffers that are received into.
pub(super) struct Driver {
    kernel: Kernel,
    pub(super) buffers: Buffers,
}

/// The kernel's interface that operations go through.
enum Kernel {
    IoUring(Ring),
    Epoll(Epoll),
}

impl Driver {
    pub(super) fn new(backend: Backend) -> io::Result<Self> {
        Ok(match backend {
            Backend::IoUring => {
                let ring = Ring::new()?;
                let buffers = Buffers::register(&ring.submitter())?;
                Driver { kernel: Kernel::IoUring(ring), buffers }
            }
            Backend::Epoll => {
                Driver { kernel: Kernel::Epoll(Epoll::new()?), buffers: Buffers::unregistered() }
            }
        })
    }

    /// Returns the flags that sockets are made with. io_uring waits for a blocking socket and gives
    /// up on any other.
    pub(super) fn socket_flags(&self) -> SocketFlags {
        match &self.kernel {
            Kernel::IoUring(_) => SocketFlags::empty(),
            Kernel::Epoll(_) => SocketFlags::NONBLOCK,
        }
    }

    /// Returns the events that a receive in flight may miss.
    ///
    /// io_uring (seen with Linux 6.18) looks once for all events that are there, receives, and waits
    /// for the next event when no bytes are left. A reset, or a close of a Unix socket, that was there
    /// before the look is no next event: the receive would never complete. epoll takes a piece that
    /// does not fill its buffer for the last, which it is not where the peer sent urgent data.
    pub(super) fn missed_events(&self) -> PollFlags {
        match &self.kernel {
            Kernel::IoUring(_) => PollFlags::RDHUP,
            Kernel::Epoll(_) => PollFlags::RDHUP | PollFlags::IN,
        }
    }

    /// Notes that a descriptor has been opened. Operations on it will follow.
    pub(super) fn open(&mut self, fd: RawFd) {
        if let Kernel::Epoll(epoll) = &mut self.kernel {
            epoll.open(fd);
        }
    }

    /// Begins an operation, in the coming turn at the latest.
    ///
    /// # Safety
    ///
    /// Whatever memory the operation points to must stay valid until its completion has been seen, or
    /// for the life of the driver where it completes only on failure.
    #[inline]
    pub(super) unsafe fn push(&mut self, operation: Operation, tag: Tag) {
        match &mut self.kernel {
            // SAFETY: the caller vouches for the operation's memory.
            Kernel::IoUring(ring) => unsafe { ring.push(operation, tag) },
            // SAFETY: as above.
            Kernel::Epoll(epoll) => unsafe { epoll.push(operation, tag) },
        }
    }

    /// Cancels an operation on a descriptor, which completes with `ECANCELED` if it has not before.
    pub(super) fn cancel(&mut self, fd: RawFd, tag: Tag) {
        match &mut self.kernel {
            Kernel::IoUring(ring) => ring.cancel(tag),
            Kernel::Epoll(epoll) => epoll.cancel(fd, tag),
        }
    }

    /// Cancels all operations on a descriptor. A single one is cancelled at less cost by its tag.
    pub(super) fn cancel_all_on(&mut self, fd: RawFd) {
        match &mut self.kernel {
            Kernel::IoUring(ring) => ring.cancel_all_on(fd),
            Kernel::Epoll(epoll) => epoll.cancel_all_on(fd),
        }
    }

    /// Closes a descriptor, in the coming turn at the latest.
    pub(super) fn close(&mut self, fd: RawFd) {
        match &mut self.kernel {
            Kernel::IoUring(ring) => ring.close(fd),
            Kernel::Epoll(epoll) => epoll.close(fd),
        }
    }

    /// Begins everything that was asked for and, with `wait`, sleeps until the first completion or
    /// until the time is over.
    pub(super) fn enter(&mut self, wait: bool, timeout: Option<Duration>) -> io::Result<()> {
        match &mut self.kernel {
            Kernel::IoUring(ring) => ring.enter(wait, timeout),
            Kernel::Epoll(epoll) => epoll.enter(wait, timeout, &mut self.buffers),
        }
    }

    /// Moves every completion that is there into `seen`.
    pub(super) fn harvest(&mut self, seen: &mut Vec<Completion>) {
        match &mut self.kernel {
            Kernel::IoUring(ring) => ring.harvest(seen),
            Kernel::Epoll(epoll) => epoll.harvest(seen),
        }
    }

    /// Returns whether the kernel has begun everything that was asked for, and has kept no
    /// completion back.
    pub(super) fn is_up_to_date(&mut self) -> bool {
        match &mut self.kernel {
            Kernel::IoUring(ring) => ring.is_up_to_date(),
            Kernel::Epoll(_) => true,
        }
    }

    /// Cancels everything in flight and comes back when the kernel is done with all of it.
    pub(super) fn cancel_all(&mut self, patience: Duration) -> io::Result<()> {
        match &mut self.kernel {
            Kernel::IoUring(ring) => ring.cancel_all(patience),
            // It holds no memory between two calls.
            Kernel::Epoll(_) => Ok(()),
        }
    }
}
