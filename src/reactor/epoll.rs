//! The backend for where io_uring is refused: non-blocking system calls, and epoll for those that
//! cannot be finished at once.
//!
//! Sends and connects are tried when they are asked for. Each descriptor is registered once, for all
//! events and edge-triggered, so that a request on an open connection takes a send, a receive, and its
//! share of one wait.

mod clock;
mod descriptor;
mod polls;

use std::collections::VecDeque;
use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

use super::buffers::Buffers;
use super::operation::{Completion, Kind, Operation, Tag};
use clock::Clock;
use descriptor::{Descriptor, Write};
use polls::Polls;

/// Events that are taken with one system call.
const EVENTS: usize = 1024;

/// How often a connect is tried again for which the server has no place in its queue: epoll tells of
/// bytes and ends, and not of that (`EAGAIN` of connect(2) for Unix sockets).
const CONNECT_AGAIN: Duration = Duration::from_millis(1);

/// A core's descriptors, and what is in flight on them.
pub(super) struct Epoll {
    epoll: OwnedFd,
    /// By number.
    descriptors: Vec<Descriptor>,
    done: VecDeque<Completion>,
    /// What may be read without waiting for an event.
    readable: Vec<RawFd>,
    /// Those whose connect is to be tried again.
    unconnected: Vec<RawFd>,
    polls: Polls,
    clock: Clock,
    events: Vec<MaybeUninit<epoll::Event>>,
}

impl Epoll {
    pub(super) fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let clock = Clock::new(&epoll)?;
        Ok(Epoll {
            epoll,
            descriptors: Vec::new(),
            done: VecDeque::new(),
            readable: Vec::new(),
            unconnected: Vec::new(),
            polls: Polls::default(),
            clock,
            events: vec![MaybeUninit::uninit(); EVENTS],
        })
    }

    /// Notes that a new descriptor has this number.
    pub(super) fn open(&mut self, fd: RawFd) {
        let number = fd as usize;
        if self.descriptors.len() <= number {
            self.descriptors.resize_with(number + 1, Descriptor::default);
        }
        self.forget(fd);
    }

    /// Forgets everything of a descriptor: its number may be another one's next.
    fn forget(&mut self, fd: RawFd) {
        self.descriptors[fd as usize] = Descriptor::default();
        self.unconnected.retain(|of| *of != fd);
    }

    /// Begins an operation.
    ///
    /// # Safety
    ///
    /// Whatever memory the operation points to must stay valid until its completion has been seen.
    pub(super) unsafe fn push(&mut self, operation: Operation, tag: Tag) {
        match operation {
            Operation::Receive { fd } | Operation::Watch { fd } => self.begin_reading(fd, tag),
            Operation::Accept { fd } => {
                // SAFETY: the descriptor is open as long as its listener.
                let listener = unsafe { BorrowedFd::borrow_raw(fd) };
                match rustix::io::ioctl_fionbio(listener, true) {
                    Ok(()) => self.begin_reading(fd, tag),
                    Err(error) => self.complete(tag, -error.raw_os_error()),
                }
            }
            Operation::Connect { fd, address, len } => {
                self.write(fd, Write::Connect { tag, address, len, is_begun: false });
            }
            Operation::Send { fd, address, len } => {
                self.write(fd, Write::Send { tag, address, len: len as usize, sent: 0 });
            }
            Operation::SendAtOnce { fd, address, len } => {
                let result = if self.descriptors[fd as usize].is_writing() {
                    // It must not overtake them.
                    -libc::EAGAIN
                } else {
                    // SAFETY: the caller vouches for the bytes.
                    unsafe { descriptor::send(fd, address, len as usize) }
                };
                if result != len as i32 {
                    self.complete(tag, result);
                }
            }
            Operation::Poll { fd, events } => {
                if let Some(outcome) = self.polls.begin(&self.epoll, fd, events, tag) {
                    self.complete(tag, outcome);
                }
            }
        }
    }

    fn begin_reading(&mut self, fd: RawFd, tag: Tag) {
        let descriptor = &mut self.descriptors[fd as usize];
        descriptor.reading = Some(tag);
        self.list_readable(fd);
        self.register(fd);
    }

    /// Does what can be done at once of a connect or a send; the rest waits for events.
    fn write(&mut self, fd: RawFd, write: Write) {
        let descriptor = &mut self.descriptors[fd as usize];
        descriptor.writing.push_back(write);
        if descriptor.writing.len() == 1 {
            self.go_on_writing(fd);
        }
    }

    fn go_on_writing(&mut self, fd: RawFd) {
        let Epoll { descriptors, done, unconnected, .. } = self;
        if descriptors[fd as usize].write(fd, done) == descriptor::Wants::ToTryAgain {
            unconnected.push(fd);
        } else if descriptors[fd as usize].is_writing() {
            self.register(fd);
        }
    }

    /// Registers a descriptor with epoll, once. epoll reports what is there already, too. A socket is
    /// registered after its connect has begun: before, epoll reports it as ended.
    fn register(&mut self, fd: RawFd) {
        let descriptor = &mut self.descriptors[fd as usize];
        if mem::replace(&mut descriptor.is_registered, true) {
            return;
        }
        let events = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        // SAFETY: the descriptor is open as long as its handle exists.
        let file = unsafe { BorrowedFd::borrow_raw(fd) };
        if let Err(error) = epoll::add(&self.epoll, file, EventData::new_u64(fd as u64), events) {
            descriptor.end(|_| true, error.raw_os_error(), &mut self.done);
        }
    }

    fn complete(&mut self, tag: Tag, result: i32) {
        self.done.push_back(Completion::new(tag, result, 0));
    }

    /// Cancels an operation on a descriptor.
    pub(super) fn cancel(&mut self, fd: RawFd, tag: Tag) {
        if tag.kind() == Kind::Poll {
            if self.polls.end(&self.epoll, tag) {
                self.complete(tag, -libc::ECANCELED);
            }
            return;
        }
        self.descriptors[fd as usize].end(|of| of == tag, libc::ECANCELED, &mut self.done);
    }

    /// Cancels all operations on a descriptor.
    pub(super) fn cancel_all_on(&mut self, fd: RawFd) {
        self.descriptors[fd as usize].end(|_| true, libc::ECANCELED, &mut self.done);
    }

    /// Closes a descriptor; epoll forgets it by itself.
    pub(super) fn close(&mut self, fd: RawFd) {
        self.forget(fd);
        // SAFETY: the caller owns the descriptor and does not use it any more.
        drop(unsafe { OwnedFd::from_raw_fd(fd) });
    }

    /// Continues everything that need not wait and, with `wait`, sleeps until there is a completion or
    /// the time is over.
    pub(super) fn enter(
        &mut self,
        wait: bool,
        timeout: Option<Duration>,
        buffers: &mut Buffers,
    ) -> io::Result<()> {
        for fd in mem::take(&mut self.unconnected) {
            self.go_on_writing(fd);
        }
        for fd in mem::take(&mut self.readable) {
            self.descriptors[fd as usize].is_listed = false;
            self.read(fd, buffers);
        }
        let may_wait = wait && self.done.is_empty() && self.readable.is_empty();
        let again = (!self.unconnected.is_empty()).then_some(CONNECT_AGAIN);
        let longest = timeout.into_iter().chain(again).min();
        let mut timeout = if may_wait { longest } else { Some(Duration::ZERO) };
        // As many as there are.
        while self.take_events(timeout, buffers)? == EVENTS {
            timeout = Some(Duration::ZERO);
        }
        Ok(())
    }

    /// Takes the events of one call. Returns their number.
    fn take_events(
        &mut self,
        timeout: Option<Duration>,
        buffers: &mut Buffers,
    ) -> io::Result<usize> {
        let mut events = mem::take(&mut self.events);
        let came = self.clock.wait(&self.epoll, &mut events, timeout);
        let came = came.map(|events| {
            events.iter().for_each(|event| self.on_event(*event, buffers));
            events.len()
        });
        self.events = events;
        came
    }

    fn on_event(&mut self, event: epoll::Event, buffers: &mut Buffers) {
        let (flags, data) = (event.flags, event.data.u64());
        if data == clock::TIMER {
            return;
        }
        if data >= polls::FIRST {
            let tag = Tag(data);
            if self.polls.end(&self.epoll, tag) {
                self.complete(tag, flags.bits() as i32);
            }
            return;
        }
        let fd = data as RawFd;
        // A child process that inherited a descriptor may keep it registered after its close here.
        let Some(descriptor) = self.descriptors.get_mut(fd as usize) else { return };
        let has_ended = flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR);
        descriptor.has_ended |= has_ended;
        if has_ended || flags.contains(EventFlags::IN) {
            descriptor.is_readable = true;
            self.read(fd, buffers);
        }
        if self.descriptors[fd as usize].is_writing()
            && (has_ended || flags.contains(EventFlags::OUT))
        {
            self.go_on_writing(fd);
        }
    }

    /// Reads what there is for the operation that reads.
    fn read(&mut self, fd: RawFd, buffers: &mut Buffers) {
        let descriptor = &mut self.descriptors[fd as usize];
        descriptor.read(fd, buffers, &mut self.done);
        self.list_readable(fd);
    }

    /// Lists a descriptor, once, if it is to be read without an event.
    fn list_readable(&mut self, fd: RawFd) {
        let descriptor = &mut self.descriptors[fd as usize];
        let is_to_be_read = descriptor.reading.is_some() && descriptor.is_readable;
        if is_to_be_read && !mem::replace(&mut descriptor.is_listed, true) {
            self.readable.push(fd);
        }
    }

    /// Moves every completion that is there into `seen`.
    pub(super) fn harvest(&mut self, seen: &mut Vec<Completion>) {
        seen.extend(self.done.drain(..));
    }
}
