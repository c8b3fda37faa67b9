//! Waits for descriptors that belong to others.
//!
//! Each waits by a duplicate of its descriptor. So any number of waits for one descriptor have
//! registrations of their own, and it may be closed and its number given to another meanwhile.

use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

use rustix::event::PollFlags;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::{Errno, fcntl_dupfd_cloexec};

use super::super::operation::{Kind, Tag};

/// Events of waits have their tags, which are not less; those of other descriptors have their numbers,
/// which are.
pub(super) const FIRST: u64 = (Kind::Poll as u64) << 56;

/// The duplicates of the waits in flight, each at its slot's number.
#[derive(Debug, Default)]
pub(super) struct Polls(Vec<Option<OwnedFd>>);

impl Polls {
    /// Begins a wait. Returns its outcome, if it has ended with that: the events or a negative errno.
    pub(super) fn begin(
        &mut self,
        epoll: &OwnedFd,
        fd: RawFd,
        events: PollFlags,
        tag: Tag,
    ) -> Option<i32> {
        match register(epoll, fd, events, tag) {
            Ok(duplicate) => {
                let index = tag.id().index as usize;
                if self.0.len() <= index {
                    self.0.resize_with(index + 1, || None);
                }
                self.0[index] = Some(duplicate);
                None
            }
            // A file, which poll(2) takes to be always ready.
            Err(Errno::PERM) => Some(i32::from(events.bits())),
            Err(error) => Some(-error.raw_os_error()),
        }
    }

    /// Ends a wait. Returns whether it was still in flight.
    pub(super) fn end(&mut self, epoll: &OwnedFd, tag: Tag) -> bool {
        let duplicate = self.0.get_mut(tag.id().index as usize).and_then(Option::take);
        // Its close alone would not do: the kernel keeps the registration as long as the others'
        // descriptor is open.
        duplicate.is_some_and(|duplicate| epoll::delete(epoll, &duplicate).is_ok())
    }
}

/// Registers a duplicate of a descriptor.
fn register(epoll: &OwnedFd, fd: RawFd, events: PollFlags, tag: Tag) -> Result<OwnedFd, Errno> {
    if fd < 0 {
        return Err(Errno::BADF);
    }
    // SAFETY: the number is only looked up, and what is no descriptor is refused.
    let file = unsafe { BorrowedFd::borrow_raw(fd) };
    let duplicate = fcntl_dupfd_cloexec(file, 0)?;
    // The bits of poll(2) and of epoll are the same.
    let events = EventFlags::from_bits_retain(u32::from(events.bits()));
    epoll::add(epoll, &duplicate, EventData::new_u64(tag.0), events)?;
    Ok(duplicate)
}
