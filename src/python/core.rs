//! The interpreter as the thread of one core sees it.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::ffi::{CStr, c_void};
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::api::{PyInterpreterState, PyThreadState, api};
use super::constants::Constants;
use super::engine::{ClassTable, Engine};
use super::object::{Raised, Result};
use super::parker::Parkers;
use super::watch::Watch;
use crate::executor::spawn_here;
use crate::reactor::{Reactor, WaitHook};
use crate::session::Session;

/// The interpreter of this process.
static INTERPRETER: AtomicPtr<PyInterpreterState> = AtomicPtr::new(ptr::null_mut());

thread_local! {
    static CORE: OnceCell<Rc<Core>> = const { OnceCell::new() };
}

/// What the fibers of a core share.
pub(super) struct Core {
    interpreter: *mut PyInterpreterState,
    /// The thread state of the core itself, for what runs in no fiber.
    own: *mut PyThreadState,
    current: Cell<*mut PyThreadState>,
    /// Where Python 3.11 keeps which thread state holds the lock on this thread.
    record: Option<libc::pthread_key_t>,
    bounds: RefCell<HashMap<usize, (usize, usize)>>,
    classes: RefCell<HashMap<usize, Rc<ClassTable>>>,
    pub(super) constants: Constants,
    /// Sessions of greenlets that have ended, by the numbers of their users.
    siblings: RefCell<HashMap<u64, Vec<Session>>>,
    /// How many users there are.
    users: Cell<usize>,
    pub(super) parkers: Parkers,
    pub(super) watch: Watch,
    pub(super) engine: Engine,
}

/// Remembers the interpreter that the calling thread runs, for the threads of cores.
pub(super) fn remember_interpreter() {
    // SAFETY: the calling thread holds the lock.
    INTERPRETER.store(unsafe { (api().PyInterpreterState_Get)() }, Ordering::SeqCst);
}

/// A thread of ours that runs no core, and calls Python now and then.
pub(super) struct OtherThread(AtomicPtr<PyThreadState>);

impl OtherThread {
    /// Makes the state of the calling thread, in the interpreter that is remembered.
    pub(super) fn enter() -> Self {
        // SAFETY: the interpreter runs; a new thread state needs no lock.
        let own = unsafe { (api().PyThreadState_New)(INTERPRETER.load(Ordering::SeqCst)) };
        OtherThread(AtomicPtr::new(own))
    }

    /// Does something with the interpreter's lock, on the thread that has entered.
    pub(super) fn with_lock<T>(&mut self, work: impl FnOnce() -> T) -> T {
        // SAFETY: the state of this thread, which does not hold the lock.
        unsafe { (api().PyEval_RestoreThread)(*self.0.get_mut()) };
        let done = work();
        // SAFETY: this thread holds the lock.
        unsafe { (api().PyEval_SaveThread)() };
        done
    }
}

impl Core {
    /// Returns the core of this thread. The first call takes the interpreter's lock, which the thread holds
    /// from then on whenever it does not wait.
    pub(super) fn of_this_thread(session: &Session) -> std::result::Result<Rc<Core>, String> {
        CORE.with(|core| {
            if let Some(core) = core.get() {
                return Ok(core.clone());
            }
            let entered = core.get_or_init({
                let entered = Rc::new(Core::enter(session)?);
                || entered
            });
            session.reactor().set_wait_hook(Some(Rc::new(Held(entered.clone()))));
            spawn_here(entered.clone().read_mail(session.reactor().clone()));
            Ok(entered.clone())
        })
    }

    /// Returns the core of this thread, if Python has run on it.
    pub(super) fn current() -> Option<Rc<Core>> {
        CORE.with(|core| core.get().cloned())
    }

    /// Returns whether the calling thread is that of a core. One that ends is none any more.
    pub(super) fn is_here() -> bool {
        CORE.try_with(|core| core.get().is_some()).unwrap_or(false)
    }

    fn enter(session: &Session) -> std::result::Result<Core, String> {
        let interpreter = INTERPRETER.load(Ordering::SeqCst);
        if interpreter.is_null() {
            return Err("Python has not been started".into());
        }
        // SAFETY: the interpreter runs; a new thread state needs no lock.
        let own = unsafe { (api().PyThreadState_New)(interpreter) };
        // SAFETY: the state is of this thread, which does not hold the lock yet.
        unsafe { (api().PyEval_RestoreThread)(own) };
        let engine = Engine::import().map_err(|Raised| {
            let exception = super::object::take_exception();
            format!("the locust package cannot be used: {}", exception.to_text())
        })?;
        Ok(Core {
            interpreter,
            own,
            current: Cell::new(own),
            record: record_of_3_11(own),
            bounds: RefCell::default(),
            classes: RefCell::default(),
            constants: Constants::new(),
            siblings: RefCell::default(),
            users: Cell::new(0),
            parkers: Parkers::new(session.reactor().remote()),
            watch: Watch::start(interpreter),
            engine,
        })
    }

    /// Returns what this core knows of a class.
    pub(super) fn class_table(&self, class: usize) -> Result<Rc<ClassTable>> {
        if let Some(table) = self.classes.borrow().get(&class) {
            return Ok(table.clone());
        }
        let table = Rc::new(ClassTable::read(&self.engine, class)?);
        self.classes.borrow_mut().insert(class, table.clone());
        Ok(table)
    }

    /// Returns another session of the user of this one, with the connections of an earlier greenlet.
    pub(super) fn take_sibling(&self, session: &Session) -> Session {
        let used = self.siblings.borrow_mut().get_mut(&session.user()).and_then(Vec::pop);
        used.map_or_else(|| session.sibling(), |used| used.with_cookies_of(session))
    }

    /// Takes a session back that a greenlet does not need any more.
    pub(super) fn give_sibling(&self, session: Session) {
        const KEPT_MAX: usize = 32;
        let mut siblings = self.siblings.borrow_mut();
        let of_user = siblings.entry(session.user()).or_default();
        if of_user.len() < KEPT_MAX {
            of_user.push(session);
        }
    }

    /// Forgets the sessions of a user's greenlets.
    pub(super) fn forget_siblings(&self, user: u64) {
        let forgotten = self.siblings.borrow_mut().remove(&user);
        drop(forgotten);
    }

    /// Notes that a user begins.
    pub(super) fn user_begins(&self) {
        self.users.set(self.users.get() + 1);
    }

    /// Notes that a user has ended. After the last one nobody is left to judge a response.
    pub(super) fn user_ends(&self) {
        self.users.set(self.users.get() - 1);
        if self.users.get() == 0 {
            super::response::settle_open();
        }
    }

    /// Makes the thread state of a fiber with a stack of these bounds.
    pub(super) fn new_thread_state(&self, bounds: (usize, usize)) -> *mut PyThreadState {
        // SAFETY: on the thread that is to use it, as Python 3.12 and newer demand.
        let state = unsafe { (api().PyThreadState_New)(self.interpreter) };
        if api().PyUnstable_ThreadState_SetStackProtection.is_some() {
            self.bounds.borrow_mut().insert(state as usize, bounds);
        }
        state
    }

    /// Frees a thread state whose frames have all been left.
    pub(super) fn drop_thread_state(&self, state: *mut PyThreadState) {
        self.switch_to(state);
        // SAFETY: the lock is held, and no frame of Python refers to it.
        unsafe { (api().PyThreadState_Clear)(state) };
        self.switch_to(self.own);
        // SAFETY: it is not the current one.
        unsafe { (api().PyThreadState_Delete)(state) };
        self.bounds.borrow_mut().remove(&(state as usize));
    }

    /// Makes this the thread state that the interpreter goes on with.
    pub(super) fn switch_to(&self, state: *mut PyThreadState) {
        if self.current.replace(state) == state {
            return;
        }
        // SAFETY: the lock is held with the current state, and passes to the new one, which is of this thread.
        unsafe { (api().PyThreadState_Swap)(state) };
        if let Some(key) = self.record {
            // SAFETY: the key is the interpreter's, and holds a thread state.
            unsafe { libc::pthread_setspecific(key, state.cast()) };
        }
        if let Some(protect) = api().PyUnstable_ThreadState_SetStackProtection
            && let Some(&(lowest, size)) = self.bounds.borrow().get(&(state as usize))
        {
            // SAFETY: the bounds of the stack that is about to run.
            unsafe { protect(state, lowest as *mut c_void, size) };
        }
    }

    /// Wakes fibers that other threads ask to be woken.
    async fn read_mail(self: Rc<Self>, reactor: Rc<Reactor>) {
        loop {
            let woken = reactor.woken();
            self.parkers.read_mailbox();
            woken.await;
        }
    }
}

/// The interpreter's lock, which the core holds until its run ends.
struct Held(Rc<Core>);

/// While the core sleeps, other threads of Python can run.
impl WaitHook for Held {
    fn before_wait(&self) {
        // SAFETY: the lock is held with the current state.
        unsafe { (api().PyEval_SaveThread)() };
    }

    fn after_wait(&self) {
        // SAFETY: released by this thread with this state.
        unsafe { (api().PyEval_RestoreThread)(self.0.current.get()) };
    }
}

/// The run is over, and the thread waits for another one, which a core process never has.
impl Drop for Held {
    fn drop(&mut self) {
        self.before_wait();
    }
}

/// Finds where Python 3.11 records the thread state of this thread: its `PyThreadState_Swap` does not keep
/// that in step, and native code that calls back into Python asks it who holds the lock. Later versions do.
fn record_of_3_11(own: *mut PyThreadState) -> Option<libc::pthread_key_t> {
    // SAFETY: a static text.
    let version = unsafe { CStr::from_ptr((api().Py_GetVersion)()) };
    if !version.to_bytes().starts_with(b"3.11.") {
        return None;
    }
    const KEYS_MAX: libc::pthread_key_t = 1024;
    // SAFETY: a key that nobody has made gives null.
    (0..KEYS_MAX).find(|&key| unsafe { libc::pthread_getspecific(key) } == own.cast())
}
