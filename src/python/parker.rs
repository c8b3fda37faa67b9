//! Fibers that wait until another fiber or thread wakes them, by their tokens, and what other threads leave
//! for the core.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::api::{PyObject, Raw, api};
use super::object::Object;
use crate::reactor::Remote;

/// The place where a fiber waits.
pub(super) struct Parker {
    pub(super) token: u64,
    /// It was woken, and has not gone on since.
    woken: Cell<bool>,
    /// What is to be raised where it waits.
    thrown: RefCell<Option<Object>>,
    /// The user ends with the iteration at hand.
    finishes: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

/// The places of a core's fibers.
pub(super) struct Parkers {
    of: RefCell<HashMap<u64, Rc<Parker>>>,
    mailbox: Arc<Mailbox>,
}

/// What other threads of Python leave for this core.
pub(super) struct Mailbox {
    /// The fibers that are to be woken.
    tokens: Mutex<Vec<u64>>,
    /// Objects that are to be freed. Each has a reference that is the mailbox's.
    objects: Mutex<Vec<AtomicPtr<PyObject>>>,
    core: Remote,
}

/// The last token that was given in this process.
static TOKENS: AtomicU64 = AtomicU64::new(0);
/// The mailbox of the core of this process.
static MAILBOX: Mutex<Option<Arc<Mailbox>>> = Mutex::new(None);

impl Parkers {
    pub(super) fn new(core: Remote) -> Self {
        let (tokens, objects) = Default::default();
        let mailbox = Arc::new(Mailbox { tokens, objects, core });
        *locked(&MAILBOX) = Some(mailbox.clone());
        Parkers { of: RefCell::default(), mailbox }
    }

    pub(super) fn add(&self) -> Rc<Parker> {
        let token = TOKENS.fetch_add(1, Ordering::Relaxed) + 1;
        let parker = Rc::new(Parker {
            token,
            woken: Cell::new(false),
            thrown: RefCell::default(),
            finishes: Cell::new(false),
            waker: RefCell::default(),
        });
        self.of.borrow_mut().insert(token, parker.clone());
        parker
    }

    pub(super) fn remove(&self, token: u64) {
        self.of.borrow_mut().remove(&token);
    }

    /// Wakes a fiber of this core. One that is gone needs no waking.
    pub(super) fn unpark(&self, token: u64) {
        let parker = self.of.borrow().get(&token).cloned();
        if let Some(parker) = parker {
            parker.unpark();
        }
    }

    /// Has an exception raised where a fiber waits.
    pub(super) fn throw(&self, token: u64, exception: Object) {
        let parker = self.of.borrow().get(&token).cloned();
        if let Some(parker) = parker {
            *parker.thrown.borrow_mut() = Some(exception);
            parker.wake();
        }
    }

    /// Has the user of a fiber end with the iteration at hand.
    pub(super) fn finish(&self, token: u64) {
        if let Some(parker) = self.of.borrow().get(&token) {
            parker.finishes.set(true);
        }
    }

    /// Wakes the fibers that other threads have asked to be woken, and frees the objects that they have left.
    pub(super) fn read_mailbox(&self) {
        taken(&self.mailbox.tokens).into_iter().for_each(|token| self.unpark(token));
        for object in taken(&self.mailbox.objects) {
            drop(Object::owned(object.into_inner()));
        }
    }
}

/// Wakes a fiber from another thread than its core's.
pub(super) fn unpark_from_outside(token: u64) {
    if let Some(mailbox) = mailbox() {
        locked(&mailbox.tokens).push(token);
        mailbox.core.wake();
    }
}

/// Leaves an object whose last reference is gone to the core of this process, which frees it. Returns
/// `false` if there is no core.
pub(super) fn leave_to_core(raw: Raw) -> bool {
    let Some(mailbox) = mailbox() else { return false };
    // SAFETY: the object is still there, and the calling thread holds the lock.
    unsafe { (api().Py_IncRef)(raw) };
    locked(&mailbox.objects).push(AtomicPtr::new(raw));
    mailbox.core.wake();
    true
}

fn mailbox() -> Option<Arc<Mailbox>> {
    locked(&MAILBOX).clone()
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn taken<T>(of: &Mutex<Vec<T>>) -> Vec<T> {
    std::mem::take(&mut *locked(of))
}

impl Parker {
    fn unpark(&self) {
        self.woken.set(true);
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// Remembers the task that the fiber runs in.
    pub(super) fn runs_in(&self, waker: &Waker) {
        let mut own = self.waker.borrow_mut();
        if !own.as_ref().is_some_and(|own| own.will_wake(waker)) {
            *own = Some(waker.clone());
        }
    }

    /// Takes note that it was woken, and forgets it.
    pub(super) fn take_woken(&self) -> bool {
        self.woken.take()
    }

    /// Takes what is to be raised.
    pub(super) fn take_thrown(&self) -> Option<Object> {
        self.thrown.borrow_mut().take()
    }

    /// Returns whether the user ends with the iteration at hand.
    pub(super) fn finishes(&self) -> bool {
        self.finishes.get()
    }

    pub(super) fn is_thrown_at(&self) -> bool {
        self.thrown.borrow().is_some()
    }
}
