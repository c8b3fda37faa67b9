//! The io_uring itself: set-up, submission, completion.

use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

use io_uring::types::{CancelBuilder, Fd, SubmitArgs, Timespec};
use io_uring::{IoUring, opcode, squeue};

use super::buffers::GROUP;
use super::operation::{Completion, Kind, Operation, Tag};

/// Requests queued between two turns before one has to be submitted early.
const SUBMISSIONS: u32 = 1024;
/// Completions the kernel can hold before it has to keep a list of its own.
const COMPLETIONS: u32 = 8 * SUBMISSIONS;

/// The submission and completion queues.
pub(super) struct Ring {
    ring: IoUring,
    /// What did not fit the submission queue, in order.
    backlog: VecDeque<squeue::Entry>,
}

impl Ring {
    /// Sets up a ring with `SINGLE_ISSUER | DEFER_TASKRUN` (Linux 6.1): this thread handles
    /// completions, and only when it enters the kernel. It was the cheapest set-up measured.
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
    /// Whatever memory the operation points to must stay valid until its completion has been seen, or
    /// for the life of the ring where it completes only on failure.
    #[inline]
    pub(super) unsafe fn push(&mut self, operation: Operation, tag: Tag) {
        // SAFETY: the caller vouches for the operation's memory.
        unsafe { self.push_entry(entry(operation).user_data(tag.0)) };
    }

    /// # Safety
    ///
    /// As of [`Ring::push`].
    #[inline]
    unsafe fn push_entry(&mut self, entry: squeue::Entry) {
        // SAFETY: the caller vouches for the entry's memory.
        if !self.backlog.is_empty() || unsafe { self.ring.submission().push(&entry) }.is_err() {
            self.backlog.push_back(entry);
        }
    }

    /// Queues the cancellation of an operation. The kernel finds it by its tag at once.
    pub(super) fn cancel(&mut self, tag: Tag) {
        self.push_unheeded(opcode::AsyncCancel::new(tag.0).build());
    }

    /// Queues the cancellation of all operations on a descriptor: the kernel looks at every operation
    /// of the ring to find them.
    pub(super) fn cancel_all_on(&mut self, fd: RawFd) {
        self.push_unheeded(opcode::AsyncCancel2::new(CancelBuilder::fd(Fd(fd)).all()).build());
    }

    /// Queues the close of a descriptor.
    pub(super) fn close(&mut self, fd: RawFd) {
        self.push_unheeded(opcode::Close::new(Fd(fd)).build());
    }

    /// Queues an operation that refers to no memory and whose success is not awaited.
    fn push_unheeded(&mut self, entry: squeue::Entry) {
        let entry = entry.flags(squeue::Flags::SKIP_SUCCESS).user_data(Kind::Ignored.alone().0);
        // SAFETY: the entry refers to no memory.
        unsafe { self.push_entry(entry) };
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
        seen.extend(
            self.ring.completion().map(|entry| {
                Completion::new(Tag(entry.user_data()), entry.result(), entry.flags())
            }),
        );
    }

    /// Returns whether the kernel has begun everything that was queued, and has kept no completion
    /// back.
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

/// WAITALL: the kernel goes on by itself where the peer takes only a part.
const SEND_FLAGS: i32 = libc::MSG_NOSIGNAL | libc::MSG_WAITALL;

/// Returns the entry of an operation, without its tag.
#[inline]
fn entry(operation: Operation) -> squeue::Entry {
    match operation {
        Operation::Connect { fd, address, len } => {
            opcode::Connect::new(Fd(fd), address.cast(), len).build()
        }
        Operation::Receive { fd } => opcode::RecvMulti::new(Fd(fd), GROUP).build(),
        Operation::Send { fd, address, len } => {
            opcode::Send::new(Fd(fd), address, len).flags(SEND_FLAGS).build()
        }
        // DONTWAIT: a peer that does not take all of it makes this a failure.
        Operation::SendAtOnce { fd, address, len } => opcode::Send::new(Fd(fd), address, len)
            .flags(SEND_FLAGS | libc::MSG_DONTWAIT)
            .build()
            .flags(squeue::Flags::SKIP_SUCCESS),
        Operation::Accept { fd } => {
            opcode::AcceptMulti::new(Fd(fd)).flags(libc::SOCK_CLOEXEC).build()
        }
        Operation::Watch { fd } => {
            opcode::PollAdd::new(Fd(fd), libc::POLLIN as u32).multi(true).build()
        }
        Operation::Poll { fd, events } => {
            opcode::PollAdd::new(Fd(fd), u32::from(events.bits())).build()
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
