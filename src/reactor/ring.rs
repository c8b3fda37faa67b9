//! The io_uring itself: set-up, submission, completion.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use io_uring::types::{CancelBuilder, SubmitArgs, Timespec};
use io_uring::{IoUring, squeue};

use super::slots::SlotId;

/// Requests queued between two turns before one has to be submitted early.
const SUBMISSIONS: u32 = 1024;
/// Completions the kernel can hold before it has to keep a list of its own.
const COMPLETIONS: u32 = 8 * SUBMISSIONS;

/// What an operation in flight is, carried through the kernel with the slot it belongs to.
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
}

impl Kind {
    const ALL: [Kind; 8] = [
        Kind::Ignored,
        Kind::Receive,
        Kind::Connect,
        Kind::Send,
        Kind::SendBrief,
        Kind::SendKept,
        Kind::Accept,
        Kind::Remote,
    ];

    /// The 64 bits that come back with the completion: kind, generation, index.
    pub(super) fn tag(self, id: SlotId) -> u64 {
        (self as u64) << 56 | u64::from(id.generation) << 32 | u64::from(id.index)
    }

    /// The tag of an operation that belongs to no slot.
    pub(super) fn alone(self) -> u64 {
        self.tag(SlotId { index: 0, generation: 0 })
    }
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

impl Completion {
    /// Whether the operation stays in flight and will complete again.
    pub(super) fn more(&self) -> bool {
        io_uring::cqueue::more(self.flags)
    }
}

/// The submission and completion queues.
pub(super) struct Ring {
    ring: IoUring,
    /// What did not fit the submission queue, in order.
    backlog: VecDeque<squeue::Entry>,
}

impl Ring {
    /// `SINGLE_ISSUER | DEFER_TASKRUN` (Linux 6.1): completions are worked off by this thread and
    /// only when it enters the kernel, which measured as the cheapest set-up.
    pub(super) fn new() -> io::Result<Self> {
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_taskrun_flag()
            .setup_submit_all()
            .setup_clamp()
            .setup_cqsize(COMPLETIONS)
            .build(SUBMISSIONS)?;
        Ok(Ring { ring, backlog: VecDeque::new() })
    }

    pub(super) fn submitter(&self) -> io_uring::Submitter<'_> {
        self.ring.submitter()
    }

    /// Queues an operation for the next turn.
    ///
    /// # Safety
    ///
    /// Whatever memory the entry points to must stay valid until its completion has been seen, or
    /// for the life of the ring where it completes only on failure.
    pub(super) unsafe fn push(&mut self, entry: squeue::Entry) {
        // SAFETY: the caller vouches for the entry's memory.
        if !self.backlog.is_empty() || unsafe { self.ring.submission().push(&entry) }.is_err() {
            self.backlog.push_back(entry);
        }
    }

    /// Queues an operation that refers to no memory and whose success nobody waits for: a close, a
    /// cancellation.
    pub(super) fn push_unheeded(&mut self, entry: squeue::Entry) {
        let entry = entry.flags(squeue::Flags::SKIP_SUCCESS).user_data(Kind::Ignored.alone());
        // SAFETY: the entry refers to no memory.
        unsafe { self.push(entry) };
    }

    /// Submits everything queued and, with `wait`, sleeps until the first completion or until the
    /// time is over.
    pub(super) fn enter(&mut self, wait: bool, timeout: Option<Duration>) -> io::Result<()> {
        while !self.backlog.is_empty() {
            self.submit_backlog()?;
        }
        let timespec = timeout.map(Timespec::from).unwrap_or_default();
        let args = SubmitArgs::new();
        let args = if timeout.is_some() { args.timespec(&timespec) } else { args };
        harmless(self.ring.submitter().submit_with_args(usize::from(wait), &args))
    }

    fn submit_backlog(&mut self) -> io::Result<()> {
        let mut queue = self.ring.submission();
        while let Some(entry) = self.backlog.front() {
            // SAFETY: the caller that pushed the entry vouched for its memory.
            if unsafe { queue.push(entry) }.is_err() {
                break;
            }
            self.backlog.pop_front();
        }
        drop(queue);
        if self.backlog.is_empty() { Ok(()) } else { harmless(self.ring.submitter().submit()) }
    }

    /// Moves every completion that is there into `seen`.
    pub(super) fn harvest(&mut self, seen: &mut Vec<Completion>) {
        seen.extend(self.ring.completion().map(|entry| {
            let tag = entry.user_data();
            Completion {
                kind: Kind::ALL[(tag >> 56) as usize],
                id: SlotId { index: tag as u32, generation: (tag >> 32) as u32 & 0x00ff_ffff },
                result: entry.result(),
                flags: entry.flags(),
            }
        }));
    }

    /// Whether the kernel has begun everything that was queued, and has kept no completion back.
    pub(super) fn is_up_to_date(&mut self) -> bool {
        let queue = self.ring.submission();
        queue.is_empty() && !queue.cq_overflow()
    }

    /// Cancels everything in flight and comes back when the kernel is done with all of it.
    pub(super) fn cancel_all(&mut self, patience: Duration) -> io::Result<()> {
        self.enter(false, None)?;
        let patience = Some(Timespec::from(patience));
        match self.ring.submitter().register_sync_cancel(patience, CancelBuilder::any()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Takes the errors that only mean "look again" for successes: a signal, the end of the timeout,
/// and a kernel that first wants its completions fetched.
fn harmless(result: io::Result<usize>) -> io::Result<()> {
    match result {
        Ok(_) => Ok(()),
        Err(error) => match error.raw_os_error() {
            Some(libc::EINTR | libc::ETIME | libc::EBUSY | libc::EAGAIN) => Ok(()),
            _ => Err(error),
        },
    }
}
