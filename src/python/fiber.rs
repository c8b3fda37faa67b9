//! Fibers: stackful coroutines in which Python runs, each with a thread state of its own.
//!
//! A fiber runs until it asks for something that takes time, and goes on when the answer is there. What
//! Python keeps for a thread (the exceptions in flight, context variables, the depth of recursion) is in its
//! thread state, so fibers never see each other's.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ptr;
use std::rc::Rc;
use std::time::Duration;

use corosensei::{Coroutine, CoroutineResult, Yielder};

use super::api::PyThreadState;
use super::core::Core;
use super::object::Object;
use super::parker::Parker;
use super::stack::{FiberStack, NoStack};
use crate::session::{Made, PendingRequest, Response, Session};

/// What a fiber asks its core for.
pub(super) enum Ask {
    /// To make this request.
    Request(PendingRequest),
    /// To wait.
    Sleep(Duration),
    /// To wait until another fiber or thread unparks this one, no longer than this.
    Park(Option<Duration>),
    /// To wait for a descriptor.
    Descriptor(Descriptor),
    /// To answer a call of the file's to the command.
    Call(String, String),
    /// For nothing: the iteration at hand is done, within a job that goes on.
    Iterated(Ended),
    /// For another job: the one at hand is done.
    Done(Ended),
}

/// A descriptor that a fiber waits for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Descriptor {
    pub(super) fd: i32,
    pub(super) writable: bool,
    pub(super) timeout: Option<Duration>,
}

/// What a fiber gets for it.
pub(super) enum Answer {
    /// Another job, after the one that is done.
    Job(Job),
    /// What came of the request.
    Made(Made<Box<Response>>),
    /// Whether what it waited for has happened; otherwise the time is over.
    Happened(bool),
    /// The command's answer, or why there is none.
    Called(Result<String, String>),
    /// This exception is to be raised where it waits.
    Throw(Object),
}

/// What a fiber is to do.
pub(super) enum Job {
    /// Make the user of this class and number, and run its `on_start`.
    Start { class: usize, number: u64 },
    /// Run the task of this index, or go on within the one that has not ended.
    Task(usize),
    /// Run `on_stop`.
    Stop,
    /// Call this.
    Call(Object),
    /// Forget the user and end.
    End,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Ended {
    /// As it should; the user waits this long, if its wait is not one that Rust knows.
    Done(Option<f64>),
    /// By an exception, which has been counted.
    Failed(Option<f64>),
    /// The next task comes without a wait.
    SkipsWait,
    /// The user ends.
    StopsUser,
}

/// A fiber.
pub(super) struct Fiber {
    /// Dropped by hand: a fiber that does not want to end keeps its stack for ever.
    coroutine: ManuallyDrop<Coroutine<Answer, Ask, (), FiberStack>>,
    running: ManuallyDrop<Box<Running>>,
    thread_state: *mut PyThreadState,
    core: Rc<Core>,
    /// Whether it waits within a job.
    is_busy: bool,
}

/// A fiber as the code that it runs sees it.
pub(super) struct Running {
    yielder: Cell<*const Yielder<Answer, Ask>>,
    session: Cell<*const Session>,
    pub(super) parker: Rc<Parker>,
}

thread_local! {
    static RUNNING: Cell<*const Running> = const { Cell::new(ptr::null()) };
}

/// How often a fiber that must end is told so, before its memory is given up.
const GOODBYES: usize = 100;

impl Fiber {
    /// Makes a fiber that has not begun.
    pub(super) fn new(core: Rc<Core>) -> Result<Self, NoStack> {
        let stack = FiberStack::take()?;
        let running = Box::new(Running {
            yielder: Cell::new(ptr::null()),
            session: Cell::new(ptr::null()),
            parker: core.parkers.add(),
        });
        let thread_state = core.new_thread_state(stack.bounds());
        let context: *const Running = &raw const *running;
        let own = core.clone();
        let coroutine = Coroutine::with_stack(stack, move |yielder, first| {
            // SAFETY: the box lives as long as the coroutine runs.
            let running = unsafe { &*context };
            running.yielder.set(yielder);
            super::jobs::work(&own, running, first);
        });
        Ok(Fiber {
            coroutine: ManuallyDrop::new(coroutine),
            running: ManuallyDrop::new(running),
            thread_state,
            core,
            is_busy: false,
        })
    }

    pub(super) fn parker(&self) -> &Rc<Parker> {
        &self.running.parker
    }

    /// Returns whether it waits within a job.
    pub(super) fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Runs it until it asks for something. What it makes requests with is this session.
    pub(super) fn resume(&mut self, session: &Session, answer: Answer) -> Ask {
        self.running.session.set(session);
        let turn = self.core.watch.begin(self.thread_state);
        let ask = self.switch(answer);
        if let Some((place, lasting)) = self.core.watch.end(turn) {
            session.held_up(&place, lasting);
        }
        self.running.session.set(ptr::null());
        ask
    }

    fn switch(&mut self, answer: Answer) -> Ask {
        let before = RUNNING.replace(&raw const **self.running);
        self.core.switch_to(self.thread_state);
        let result = self.coroutine.resume(answer);
        RUNNING.set(before);
        let ask = match result {
            CoroutineResult::Yield(ask) => ask,
            CoroutineResult::Return(()) => Ask::Done(Ended::StopsUser),
        };
        self.is_busy = !matches!(ask, Ask::Done(_));
        ask
    }
}

impl Drop for Fiber {
    /// Ends what it does: the frames of Python on its stack must be left in an orderly way.
    fn drop(&mut self) {
        if self.coroutine.started() {
            for _ in 0..GOODBYES {
                if self.coroutine.done() {
                    break;
                }
                let exit = || Answer::Throw(self.core.engine.greenlet_exit());
                let answer = if self.is_busy { exit() } else { Answer::Job(Job::End) };
                self.switch(answer);
            }
        }
        self.core.parkers.remove(self.running.parker.token);
        if self.coroutine.started() && !self.coroutine.done() {
            // Its frames refer to its stack and its thread state, so all of that stays.
            return;
        }
        self.core.drop_thread_state(self.thread_state);
        // SAFETY: the coroutine has ended, or never begun, and neither is used again.
        unsafe {
            ManuallyDrop::drop(&mut self.coroutine);
            ManuallyDrop::drop(&mut self.running);
        }
    }
}

/// Returns the fiber that runs on this thread.
pub(super) fn running<'a>() -> Option<&'a Running> {
    let running = RUNNING.get();
    // SAFETY: the fiber that set it runs, and so lives; it is reset when that is left.
    unsafe { running.as_ref() }
}

impl Running {
    /// Leaves the fiber with this, until there is an answer.
    pub(super) fn ask(&self, ask: Ask) -> Answer {
        super::response::settle_last();
        // SAFETY: set when the fiber began, and valid for as long as it runs.
        let yielder = unsafe { &*self.yielder.get() };
        yielder.suspend(ask)
    }

    /// Returns the session of its user.
    pub(super) fn session(&self) -> Option<&Session> {
        // SAFETY: set by `resume`, which borrows the session until the fiber is left.
        unsafe { self.session.get().as_ref() }
    }
}
