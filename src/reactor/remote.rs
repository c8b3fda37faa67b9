//! Waking a core from another thread.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rustix::event::{EventfdFlags, eventfd};

use super::Reactor;
use super::driver::Driver;
use super::operation::{Completion, Kind, Operation};

/// A handle by which another thread wakes a core. Cheap to clone; outlives the core harmlessly.
#[derive(Debug, Clone)]
pub struct Remote(Arc<OwnedFd>);

impl Remote {
    /// Wakes the core if it sleeps, and every task in [`Reactor::woken`] in any case.
    pub fn wake(&self) {
        // The only error is a counter that is full, and then the core has been woken already.
        let _ = rustix::io::write(&*self.0, &1_u64.to_ne_bytes());
    }
}

impl Reactor {
    /// Completes when another thread wakes this core the next time, counted from this call: make
    /// the future first, then look at what the other thread may have changed, then await.
    pub fn woken(self: &Rc<Self>) -> Woken {
        let wakes = self.state.borrow().remote.wakes;
        Woken { reactor: self.clone(), wakes, ticket: None }
    }
}

/// The future of [`Reactor::woken`].
#[derive(Debug)]
pub struct Woken {
    reactor: Rc<Reactor>,
    wakes: u64,
    /// Under which the task's waker is in the list, once it is.
    ticket: Option<u64>,
}

impl Future for Woken {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let remote = &mut this.reactor.state.borrow_mut().remote;
        if remote.wakes != this.wakes {
            return Poll::Ready(());
        }
        if this.ticket.is_none() {
            remote.tickets += 1;
            remote.waiters.push((remote.tickets, context.waker().clone()));
            this.ticket = Some(remote.tickets);
        }
        Poll::Pending
    }
}

impl Drop for Woken {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        // The core may never be woken, while a task registers for it very often.
        let mut state = self.reactor.state.borrow_mut();
        let waiters = &mut state.remote.waiters;
        let waiter = waiters.iter().position(|(of, _)| *of == ticket);
        let waker = waiter.map(|waiter| waiters.swap_remove(waiter));
        drop(state);
        // With it a task may go, and whatever that holds of the reactor.
        drop(waker);
    }
}

/// The core's side: an event descriptor that the driver watches.
pub(super) struct RemoteEvent {
    event: Arc<OwnedFd>,
    wakes: u64,
    /// The wakers of the waiting tasks, by their tickets.
    waiters: Vec<(u64, Waker)>,
    /// The last ticket that was given.
    tickets: u64,
}

impl RemoteEvent {
    pub(super) fn new(driver: &mut Driver) -> io::Result<Self> {
        let event = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        driver.open(event.as_raw_fd());
        let remote = RemoteEvent { event, wakes: 0, waiters: Vec::new(), tickets: 0 };
        remote.arm(driver);
        Ok(remote)
    }

    pub(super) fn handle(&self) -> Remote {
        Remote(self.event.clone())
    }

    pub(super) fn on_wake(
        &mut self,
        done: Completion,
        driver: &mut Driver,
        ready: &mut Vec<Waker>,
    ) {
        let mut count = [0; 8];
        // Nothing to read means that an earlier completion has read it already.
        let _ = rustix::io::read(&*self.event, &mut count);
        self.wakes += 1;
        ready.extend(self.waiters.drain(..).map(|(_, waker)| waker));
        if !done.more() {
            self.arm(driver);
        }
    }

    fn arm(&self, driver: &mut Driver) {
        let watch = Operation::Watch { fd: self.event.as_raw_fd() };
        // SAFETY: it refers to no memory; the descriptor lives as long as the driver.
        unsafe { driver.push(watch, Kind::Remote.alone()) };
    }
}
