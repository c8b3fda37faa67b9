//! Fibers that wait until another fiber or thread wakes them, by their tokens.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

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

/// What other threads of Python wake this core's fibers by.
pub(super) struct Mailbox {
    tokens: Mutex<Vec<u64>>,
    core: Remote,
}

/// The last token that was given in this process.
static TOKENS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
/// The mailbox of the core of this process.
static MAILBOX: Mutex<Option<Arc<Mailbox>>> = Mutex::new(None);

impl Parkers {
    pub(super) fn new(core: Remote) -> Self {
        let mailbox = Arc::new(Mailbox { tokens: Mutex::default(), core });
        *MAILBOX.lock().unwrap_or_else(PoisonError::into_inner) = Some(mailbox.clone());
        Parkers { of: RefCell::default(), mailbox }
    }

    pub(super) fn add(&self) -> Rc<Parker> {
        let token = TOKENS.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
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

    /// Wakes the fibers that other threads have asked to be woken.
    pub(super) fn read_mailbox(&self) {
        let tokens = std::mem::take(
            &mut *self.mailbox.tokens.lock().unwrap_or_else(PoisonError::into_inner),
        );
        tokens.into_iter().for_each(|token| self.unpark(token));
    }
}

/// Wakes a fiber from another thread than its core's.
pub(super) fn unpark_from_outside(token: u64) {
    let mailbox = MAILBOX.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(mailbox) = mailbox {
        mailbox.tokens.lock().unwrap_or_else(PoisonError::into_inner).push(token);
        mailbox.core.wake();
    }
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
