//! What may be asked of a running test from outside its cores.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::reactor::Remote;

/// The only state that the threads of a run share: a wish to stop, and the way to tell the cores.
///
/// Signals are a client of it; keys and the web page will be others.
#[derive(Debug, Default)]
pub struct Control {
    stopping: AtomicBool,
    cores: Mutex<Vec<Remote>>,
}

impl Control {
    /// Asks every core to stop: no new users, users finish within the stop timeout.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        let cores = self.cores.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        cores.iter().for_each(Remote::wake);
    }

    /// Whether somebody asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Has this core woken by every later change.
    pub(crate) fn join(&self, core: Remote) {
        self.cores.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(core);
    }
}
