//! What the users of described classes do.

use std::sync::Arc;
use std::time::Duration;

use crate::scenario::{StateFactory, TaskFn, TaskResult, WaitFn};
use crate::session::Session;

/// What the users of a description do. A class, and a task of a class, is given by its number in the
/// description.
pub trait Actions: Send + Sync {
    /// Returns what makes the state of each user of this class.
    fn state(&self, class: usize) -> StateFactory;

    /// Returns what this task does.
    fn task(&self, class: usize, task: usize) -> Arc<dyn TaskFn>;

    /// Returns what users do before their first task.
    fn on_start(&self, class: usize) -> Option<Arc<dyn TaskFn>>;

    /// Returns what users do after their last task.
    fn on_stop(&self, class: usize) -> Option<Arc<dyn TaskFn>>;

    /// Returns the wait of a class that has a function of its own.
    fn wait(&self, class: usize) -> WaitFn;
}

/// The actions of a process that only plans, and runs no users: they do nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Described;

impl Actions for Described {
    fn state(&self, _: usize) -> StateFactory {
        StateFactory::new(|_| Box::new(()))
    }

    fn task(&self, _: usize, _: usize) -> Arc<dyn TaskFn> {
        Arc::new(async |_: &mut Session| -> TaskResult { Ok(()) })
    }

    fn on_start(&self, _: usize) -> Option<Arc<dyn TaskFn>> {
        None
    }

    fn on_stop(&self, _: usize) -> Option<Arc<dyn TaskFn>> {
        None
    }

    fn wait(&self, _: usize) -> WaitFn {
        WaitFn::new(|_, _| Duration::ZERO)
    }
}
