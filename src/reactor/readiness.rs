//! Waiting until a descriptor that belongs to others can be read or written.
//!
//! For code that makes its own system calls, on sockets of its own: it tries, waits here where it would
//! have to wait, and tries again. The reactor neither reads from the descriptor nor closes it.

use std::io;
use std::mem;
use std::os::fd::RawFd;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use rustix::event::PollFlags;

use super::Reactor;
use super::driver::Driver;
use super::operation::{Completion, Kind, Operation};
use super::slots::{SlotId, Slots};

impl Reactor {
    /// Completes when reading from the descriptor would not wait: there are bytes, a connection to be
    /// accepted, an end or an error.
    ///
    /// The descriptor should stay open meanwhile. If it is closed, its number may be another one's when
    /// the wait begins, and a wait that has begun may go on.
    pub fn readable(self: &Rc<Self>, fd: RawFd) -> Readiness {
        Readiness::new(self, fd, PollFlags::IN)
    }

    /// Completes when writing to the descriptor would not wait: there is room, a connect has ended, or
    /// there is an error. The rest is as for [`readable`](Self::readable).
    pub fn writable(self: &Rc<Self>, fd: RawFd) -> Readiness {
        Readiness::new(self, fd, PollFlags::OUT)
    }
}

/// The future of [`Reactor::readable`] and [`Reactor::writable`]. Any number of them may wait for the
/// same descriptor.
///
/// # Errors
///
/// Returns `EBADF` for a number that is no open descriptor, and `EMFILE` where epoll has none left to
/// wait with.
#[derive(Debug)]
pub struct Readiness {
    reactor: Rc<Reactor>,
    fd: RawFd,
    events: PollFlags,
    /// Its wait, from the first poll to the outcome.
    wait: Option<SlotId>,
}

impl Readiness {
    fn new(reactor: &Rc<Reactor>, fd: RawFd, events: PollFlags) -> Self {
        Readiness { reactor: reactor.clone(), fd, events, wait: None }
    }
}

impl Future for Readiness {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let polled = {
            let state = &mut *this.reactor.state.borrow_mut();
            match this.wait {
                Some(id) => state.waits.poll(id, context.waker()),
                None => {
                    let waker = context.waker().clone();
                    let id = state.waits.begin(this.fd, this.events, waker, &mut state.driver);
                    this.wait = Some(id);
                    return Poll::Pending;
                }
            }
        };
        match polled {
            Ok(outcome) => {
                this.wait = None;
                Poll::Ready(outcome)
            }
            // Here, where nothing is borrowed: it may be the last owner of a task.
            Err(replaced) => {
                drop(replaced);
                Poll::Pending
            }
        }
    }
}

impl Drop for Readiness {
    fn drop(&mut self) {
        let Some(id) = self.wait else { return };
        let waker = {
            let state = &mut *self.reactor.state.borrow_mut();
            state.waits.abandon(id, self.fd, &mut state.driver)
        };
        // With it a task may go, and whatever that holds of the reactor.
        drop(waker);
    }
}

/// A wait for a descriptor.
enum Wait {
    InFlight(Waker),
    /// With a negative errno, or with the events that came.
    Ended(i32),
    /// Nobody wants to know any more. It goes when the kernel has answered.
    Abandoned,
}

/// The waits of a core.
pub(super) struct Waits(Slots<Wait>);

impl Waits {
    pub(super) fn new() -> Self {
        Waits(Slots::new())
    }

    /// Returns the number of waits, abandoned ones included that the kernel has not answered yet.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn begin(&mut self, fd: RawFd, events: PollFlags, waker: Waker, driver: &mut Driver) -> SlotId {
        let id = self.0.insert(Wait::InFlight(waker));
        // SAFETY: a poll refers to no memory.
        unsafe { driver.push(Operation::Poll { fd, events }, Kind::Poll.tag(id)) };
        id
    }

    /// Returns how a wait ended, once. While it has not, keeps the waker and returns the one it replaced
    /// as an error.
    fn poll(&mut self, id: SlotId, waker: &Waker) -> Result<io::Result<()>, Waker> {
        let wait = self.0.get_mut(id).expect("a future holds its wait");
        if let Wait::InFlight(waiter) = wait {
            return Err(mem::replace(waiter, waker.clone()));
        }
        match self.0.remove(id) {
            Some(Wait::Ended(errno @ ..0)) => Ok(Err(io::Error::from_raw_os_error(-errno))),
            _ => Ok(Ok(())),
        }
    }

    /// Gives a wait up, because its future is gone. Returns the waiter.
    fn abandon(&mut self, id: SlotId, fd: RawFd, driver: &mut Driver) -> Option<Waker> {
        let wait = self.0.get_mut(id).expect("a future holds its wait");
        match mem::replace(wait, Wait::Abandoned) {
            Wait::InFlight(waker) => {
                driver.cancel(fd, Kind::Poll.tag(id));
                Some(waker)
            }
            _ => {
                self.0.remove(id);
                None
            }
        }
    }

    pub(super) fn on_poll(&mut self, done: Completion, ready: &mut Vec<Waker>) {
        let wait = self.0.get_mut(done.id).expect("a poll in flight holds its wait");
        match mem::replace(wait, Wait::Ended(done.result)) {
            Wait::InFlight(waker) => ready.push(waker),
            _ => drop(self.0.remove(done.id)),
        }
    }
}
