//! The threads of cores. They stay for the next run.
//!
//! glommio 0.9 gives the memory of a task back without dropping the task's header, and in it a reference
//! to what wakes its executor (`RawTask::destroy`, `Header::notifier`). So an executor that has run
//! anything leaves a descriptor behind for ever. Each thread here has one executor for all that it
//! ever runs, and there are never more threads of a core than were needed at once.

use std::ffi::CString;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use core_affinity::CoreId;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::Error;
use super::scheduler::Executor;

/// Idle threads.
static IDLE: Mutex<Vec<Worker>> = Mutex::new(Vec::new());

/// A piece of work, and the message that it is done.
type Work = Box<dyn FnOnce(&mut Executor) -> Tell + Send>;
type Tell = Box<dyn FnOnce() + Send>;

/// A thread that works for a core.
struct Worker {
    core: CoreId,
    work: Sender<Work>,
}

/// Work of a core's thread that may not be done yet.
#[derive(Debug)]
pub struct Running<T>(Receiver<Result<T, Error>>);

impl<T> Running<T> {
    /// Waits until it is done.
    ///
    /// # Errors
    ///
    /// Returns why it failed, or that it panicked.
    pub fn join(self) -> Result<T, Error> {
        self.0.recv().unwrap_or(Err(Error::Panicked))
    }
}

/// Runs work on a thread that is pinned to this core and has this name.
///
/// # Errors
///
/// Fails where no more threads can be started.
pub(super) fn start<T: Send + 'static>(
    core: CoreId,
    name: &str,
    work: impl FnOnce(&mut Executor) -> Result<T, Error> + Send + 'static,
) -> io::Result<Running<T>> {
    let (done, running) = bounded(1);
    let name = CString::new(format!("{name}-{}", core.id)).unwrap_or_default();
    let work: Work = Box::new(move |executor| {
        // The name is for tools like `ps` only.
        let _ = rustix::thread::set_name(&name);
        let pinned = core_affinity::set_for_current(core).then_some(());
        let output = pinned.ok_or(Error::Pin(core.id)).and_then(|()| work(executor));
        // There may be no receiver any more.
        Box::new(move || drop(done.send(output)))
    });
    let worker = match take_idle(core) {
        Some(worker) => worker,
        None => Worker::start(core)?,
    };
    // The thread takes work for as long as there is a sender.
    let _ = worker.work.clone().send(Box::new(move |executor| {
        let tell = work(executor);
        // Before the end is told, so that the next run finds this thread idle.
        idle().push(worker);
        tell
    }));
    Ok(Running(running))
}

/// Returns how many idle threads there are on other cores than these.
pub fn idle_elsewhere(cores: &[CoreId]) -> usize {
    idle().iter().filter(|worker| !cores.contains(&worker.core)).count()
}

fn take_idle(core: CoreId) -> Option<Worker> {
    let mut idle = idle();
    let at = idle.iter().position(|worker| worker.core == core)?;
    Some(idle.swap_remove(at))
}

fn idle() -> MutexGuard<'static, Vec<Worker>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Worker {
    fn start(core: CoreId) -> io::Result<Self> {
        let (work, taken) = unbounded::<Work>();
        thread::Builder::new().spawn(move || {
            // The kernel rounds timeouts of a thread up by 50 us unless it is told not to. Where it
            // refuses, timers are late by that much and nothing else changes.
            let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
            let mut executor = Executor::new(core);
            // A panic ends this thread and its work, and nothing else.
            for work in taken {
                let tell = work(&mut executor);
                tell();
            }
        })?;
        Ok(Worker { core, work })
    }
}
