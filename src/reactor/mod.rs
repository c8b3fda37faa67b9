//! One core's input and output: operations in flight, sockets, buffers, deadlines, wake-ups.
//!
//! A [`Reactor`] belongs to one thread. Futures on that thread queue operations and go to sleep;
//! [`Reactor::turn`] submits everything that was queued with one system call, waits for the first
//! completion or the next deadline, and wakes the tasks concerned. It is the only place of a core
//! that waits. Sockets are not those of glommio: a ring of our own costs half the CPU per request
//! (benches/README.md).
//!
//! Operations go through io_uring (`ring`) or, where that is refused, through non-blocking system
//! calls and epoll (`epoll`). Both stand behind `driver`, and nothing else knows which of them it is.
//!
//! Dropping a future is safe at any moment, because no future owns memory that the kernel may read
//! or write: bytes are received into the reactor's own buffers, and the bytes of a send belong to
//! the operation until its completion has been seen.
//!
//! This is the only folder with `unsafe` code.
#![allow(unsafe_code)]

mod backend;
mod buffers;
mod driver;
mod epoll;
mod late;
mod listener;
mod operation;
mod peer;
pub mod preflight;
mod readiness;
mod remote;
mod ring;
mod sleep;
mod slots;
mod socket;
mod sockets;
mod standstill;
#[cfg(test)]
mod tests;
mod thread_time;
mod wait_hook;
mod wheel;

use std::cell::{Cell, RefCell};
use std::io;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

pub use backend::{Backend, BackendChoice};
pub use listener::Listener;
pub use peer::{Peer, TcpOptions};
pub use readiness::Readiness;
pub use remote::{Remote, Woken};
pub use sleep::{Alarm, Sleep, TimedOut};
pub use socket::{Chunk, KeptBytes, Receive, Socket};
pub use standstill::{STANDSTILL, Standstill};
pub use thread_time::thread_time;
pub use wait_hook::WaitHook;

use driver::Driver;
use listener::Listeners;
use operation::{Completion, Kind};
use readiness::Waits;
use remote::RemoteEvent;
use sockets::Sockets;
use standstill::Standstills;
use wheel::Wheel;

/// How long a reactor that ends waits for the kernel to let go of what is in flight.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many reactors have been made.
static REACTORS: AtomicU64 = AtomicU64::new(0);

/// Whether a turn may sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Submit, take what is there and come back: other tasks are runnable.
    Poll,
    /// Nothing else to do until something completes or a deadline passes.
    Wait,
}

/// One core's reactor. Not `Send`: it stays on the thread that made it.
pub struct Reactor {
    state: RefCell<State>,
    turns: Cell<u64>,
    /// Those of them that brought completions.
    busy_turns: Cell<u64>,
    completions: Cell<u64>,
    longest_turn: Cell<Duration>,
    standstills: Standstills,
    /// When the last turn had its completions.
    now: Cell<Instant>,
    /// Different for every reactor of the process: it says which of them keeps some bytes.
    number: u64,
    /// Where the wheel's time begins.
    origin: Instant,
}

struct State {
    driver: Driver,
    sockets: Sockets,
    listeners: Listeners,
    waits: Waits,
    wheel: Wheel,
    remote: RemoteEvent,
    wait_hook: Option<Rc<dyn WaitHook>>,
    kept: Vec<KeptMemory>,
    /// Wakers of this turn, called when nothing of the state is borrowed any more.
    ready: Vec<Waker>,
    seen: Vec<Completion>,
}

/// Bytes that nothing changes or frees before the driver ends.
#[expect(dead_code, reason = "they are only held; the kernel reads them")]
enum KeptMemory {
    Own(Box<[u8]>),
    Shared(Arc<[u8]>),
}

impl Reactor {
    /// Makes a reactor for the current thread.
    ///
    /// # Errors
    ///
    /// Returns the error of the backend's set-up; [`preflight`] names the cure.
    pub fn new(backend: Backend) -> io::Result<Rc<Self>> {
        let mut driver = Driver::new(backend)?;
        let remote = RemoteEvent::new(&mut driver)?;
        let state = State {
            driver,
            sockets: Sockets::new(),
            listeners: Listeners::new(),
            waits: Waits::new(),
            wheel: Wheel::new(),
            remote,
            wait_hook: None,
            kept: Vec::new(),
            ready: Vec::new(),
            seen: Vec::new(),
        };
        let origin = Instant::now();
        Ok(Rc::new(Reactor {
            state: RefCell::new(state),
            turns: Cell::new(0),
            busy_turns: Cell::new(0),
            completions: Cell::new(0),
            longest_turn: Cell::new(Duration::ZERO),
            standstills: Standstills::default(),
            now: Cell::new(origin),
            number: REACTORS.fetch_add(1, Ordering::Relaxed),
            origin,
        }))
    }

    /// Submits all that was queued, takes all that has completed, fires what is due, wakes the
    /// tasks concerned. With [`Turn::Wait`] it sleeps until there is something to wake.
    ///
    /// # Errors
    ///
    /// Returns an error of the backend itself, after which the reactor cannot be used.
    pub fn turn(&self, turn: Turn) -> io::Result<()> {
        let begin = Instant::now();
        self.turns.set(self.turns.get() + 1);
        let last = self.now.get();
        self.longest_turn.set((begin - last).max(self.longest_turn.get()));
        let mut ready = {
            let state = &mut *self.state.borrow_mut();
            let due = state.enter(turn, self.nanos(begin))?;
            let now = Instant::now();
            self.now.set(now);
            let nanos = self.nanos(now);
            if begin - last >= STANDSTILL {
                self.standstills.note(last, begin, true);
            }
            let late = Duration::from_nanos(nanos.saturating_sub(due));
            if late >= STANDSTILL {
                self.standstills.note(now - late, now, false);
            }
            let completions = state.complete_all();
            self.completions.set(self.completions.get() + completions);
            self.busy_turns.set(self.busy_turns.get() + u64::from(completions > 0));
            state.wheel.expire(nanos, &mut state.ready);
            mem::take(&mut state.ready)
        };
        // Outside the borrow: a waker may be the last owner of a task, and a task owns sockets.
        ready.drain(..).for_each(Waker::wake);
        self.state.borrow_mut().ready = ready;
        Ok(())
    }

    /// Returns when the last turn had its completions. As far as this core can tell, everything that the
    /// turn brought arrived then; the time of the tasks before it is not included.
    pub fn now(&self) -> Instant {
        self.now.get()
    }

    /// Returns the number of turns so far.
    pub fn turns(&self) -> u64 {
        self.turns.get()
    }

    /// Returns the number of turns so far that brought completions.
    pub fn busy_turns(&self) -> u64 {
        self.busy_turns.get()
    }

    /// Returns the number of completions so far. Sends that complete only when they fail count if they
    /// fail.
    pub fn completions(&self) -> u64 {
        self.completions.get()
    }

    /// Returns the longest time between two turns since the last call. What had come meanwhile had to wait
    /// so long.
    pub fn take_longest_turn(&self) -> Duration {
        self.longest_turn.take()
    }

    /// Forgets the times so far, and measures the next turn from now on. For a core that has waited outside
    /// of its turns.
    pub fn begin_anew(&self) {
        self.now.set(Instant::now());
        self.longest_turn.set(Duration::ZERO);
        drop(self.standstills.take());
    }

    /// Returns the standstills of the core since the last call.
    pub fn take_standstills(&self) -> Vec<Standstill> {
        self.standstills.take()
    }

    /// Returns whether the core has stood still at any time since an instant.
    pub fn stood_still_since(&self, instant: Instant) -> bool {
        self.standstills.have_ended_since(instant)
    }

    /// Keeps bytes for the life of the reactor, to be sent any number of times without a copy and
    /// without a completion. For constant texts only: each call takes memory that is never freed.
    pub fn keep(&self, bytes: impl Into<Box<[u8]>>) -> KeptBytes {
        let bytes = bytes.into();
        self.hold(bytes.as_ptr(), bytes.len(), KeptMemory::Own(bytes))
    }

    /// Keeps bytes that others keep as well, as [`keep`](Self::keep) does: no copy is made.
    pub fn keep_shared(&self, bytes: Arc<[u8]>) -> KeptBytes {
        self.hold(bytes.as_ptr(), bytes.len(), KeptMemory::Shared(bytes))
    }

    fn hold(&self, address: *const u8, len: usize, bytes: KeptMemory) -> KeptBytes {
        self.state.borrow_mut().kept.push(bytes);
        KeptBytes { reactor: self.number, address, len }
    }

    /// Returns bytes that were kept.
    ///
    /// # Panics
    ///
    /// Where another reactor keeps them.
    pub fn kept(&self, kept: KeptBytes) -> &[u8] {
        assert_eq!(kept.reactor, self.number, "kept bytes belong to one reactor");
        // SAFETY: they are in a box of this reactor's, which is neither changed nor freed before the
        // reactor is.
        unsafe { std::slice::from_raw_parts(kept.address, kept.len) }
    }

    /// Returns an empty buffer to render a request into, with the memory of an earlier send.
    pub fn buffer(&self) -> Vec<u8> {
        self.state.borrow_mut().sockets.spare()
    }

    /// Returns the number of sockets that are open, or closed with operations still in flight.
    pub fn open_sockets(&self) -> usize {
        self.state.borrow().sockets.len()
    }

    /// Returns a handle by which other threads wake this core.
    pub fn remote(&self) -> Remote {
        self.state.borrow().remote.handle()
    }

    fn nanos(&self, instant: Instant) -> u64 {
        let nanos = instant.saturating_duration_since(self.origin).as_nanos();
        // 584 years; without the bound a later instant would come round as an early one.
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }
}

impl State {
    /// Submits what was queued and, where the turn may, sleeps until there is something to do. When
    /// it was to be back at the latest: at once, where it might not sleep.
    fn enter(&mut self, turn: Turn, now: u64) -> io::Result<u64> {
        let wait = self.sockets.may_wait() && turn == Turn::Wait;
        let deadline = self.wheel.next_deadline().filter(|_| wait);
        let timeout = deadline.map(|deadline| Duration::from_nanos(deadline.saturating_sub(now)));
        match &self.wait_hook {
            Some(hook) if wait => wait_hook::around(&**hook, || self.driver.enter(wait, timeout)),
            _ => self.driver.enter(wait, timeout),
        }?;
        Ok(if wait { deadline.map_or(u64::MAX, |deadline| deadline.max(now)) } else { now })
    }

    /// Takes the last completions of the sockets: all are closed, because each keeps the reactor
    /// alive, and what was in flight on them has been cancelled by its tag. Left to the search for
    /// whatever is in flight they would take time by the square of their number: the kernel starts
    /// anew after each that it finds, 2.4 s with 15,000 connections.
    fn see_sockets_out(&mut self) {
        let end = Instant::now() + PATIENCE;
        while self.sockets.len() > 0 {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || self.driver.enter(self.sockets.may_wait(), Some(left)).is_err() {
                return;
            }
            self.complete_all();
        }
    }

    /// Takes all that has completed; how many there were.
    fn complete_all(&mut self) -> u64 {
        self.driver.buffers.begin_turn();
        let mut seen = mem::take(&mut self.seen);
        // Before the completions are handled, because that may queue new operations.
        let is_up_to_date = self.driver.is_up_to_date();
        self.driver.harvest(&mut seen);
        let completions = seen.len() as u64;
        seen.drain(..).for_each(|completion| self.complete(completion));
        self.sockets.end_brief(is_up_to_date, &mut self.driver);
        self.seen = seen;
        completions
    }

    fn complete(&mut self, done: Completion) {
        let State { driver, sockets, listeners, waits, remote, ready, .. } = self;
        match done.kind {
            Kind::Ignored => {}
            Kind::Receive => sockets.on_receive(done, driver),
            Kind::Connect => sockets.on_connect(done),
            Kind::Send => sockets.on_send(done, driver),
            Kind::SendBrief => sockets.on_send_brief(done, driver),
            Kind::SendKept => sockets.on_send_kept(done, driver),
            Kind::Accept => listeners.on_accept(done, ready),
            Kind::Remote => remote.on_wake(done, driver, ready),
            Kind::Poll => waits.on_poll(done, ready),
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.see_sockets_out();
        // Closing a ring does not wait for what is in flight on it, so nothing may be freed before
        // the kernel has confirmed that it let go. If it will not, the memory stays with it.
        if self.driver.cancel_all(PATIENCE).is_err() {
            mem::forget(mem::take(&mut self.kept));
            mem::forget(mem::replace(&mut self.sockets, Sockets::new()));
            self.driver.buffers.leak();
        }
    }
}

impl std::fmt::Debug for Reactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reactor").finish_non_exhaustive()
    }
}
