//! Telling others that a core's thread sleeps.

use std::io;
use std::rc::Rc;

use super::Reactor;

/// What is told when the thread of a core is about to sleep in the kernel and when it is back, such as
/// one that holds a lock which other threads want.
///
/// It is called within a turn and must not use the reactor.
pub trait WaitHook {
    /// The thread may sleep now, for as long as nothing completes.
    fn before_wait(&self);
    /// It is back.
    fn after_wait(&self);
}

impl Reactor {
    /// Has the hook told from now on of every turn that may sleep. There is one at a time.
    pub fn set_wait_hook(&self, hook: Option<Rc<dyn WaitHook>>) {
        let replaced = std::mem::replace(&mut self.state.borrow_mut().wait_hook, hook);
        // Where nothing is borrowed: it may own anything.
        drop(replaced);
    }
}

/// Waits, between two calls of the hook.
#[cold]
pub(super) fn around(hook: &dyn WaitHook, wait: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    hook.before_wait();
    let waited = wait();
    hook.after_wait();
    waited
}
