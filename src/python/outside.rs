//! What functions of the module do on threads that have no fibers.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll as poll_fds};

/// Waits for a descriptor. Returns `false` if the time is over first.
pub(super) fn poll(fd: i32, writable: bool, timeout: Option<Duration>) -> bool {
    if fd < 0 {
        return true;
    }
    // SAFETY: it is used for this call only, and a number that is no descriptor is an error.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    let events = if writable { PollFlags::OUT } else { PollFlags::IN };
    let mut fds = [PollFd::from_borrowed_fd(fd, events)];
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    // What cannot be waited for is ready: the system call that follows says why.
    !matches!(poll_fds(&mut fds, timeout.as_ref()), Ok(0))
}
