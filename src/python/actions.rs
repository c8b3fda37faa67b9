//! What the users of a locustfile do: their fibers' jobs, as tasks of ours.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;

use super::user::PythonUser;
use crate::locustfile::Actions;
use crate::scenario::{StateFactory, TaskError, TaskFn, TaskResult, WaitFn};
use crate::session::Session;

/// The actions of a core process.
#[derive(Debug, Clone, Copy)]
pub(super) struct PythonActions;

/// One of them.
#[derive(Debug, Clone, Copy)]
enum Action {
    Start,
    Task(usize),
    Stop,
}

impl Actions for PythonActions {
    fn state(&self, class: usize) -> StateFactory {
        StateFactory::new(move |_| Box::new(PythonUser::new(class)))
    }

    fn task(&self, _: usize, task: usize) -> Arc<dyn TaskFn> {
        Arc::new(Action::Task(task))
    }

    /// Every user has one, because with it the user is made in Python.
    fn on_start(&self, _: usize) -> Option<Arc<dyn TaskFn>> {
        Some(Arc::new(Action::Start))
    }

    fn on_stop(&self, _: usize) -> Option<Arc<dyn TaskFn>> {
        Some(Arc::new(Action::Stop))
    }

    fn wait(&self, _: usize) -> WaitFn {
        WaitFn::new(|state, _| state.downcast_ref().map(PythonUser::wait).unwrap_or_default())
    }
}

impl TaskFn for Action {
    fn call<'a>(
        &'a self,
        state: &'a mut dyn Any,
        session: &'a mut Session,
    ) -> Pin<Box<dyn Future<Output = TaskResult> + 'a>> {
        let Some(user) = state.downcast_mut::<PythonUser>() else {
            let error = "the task needs a user of a locustfile".to_owned();
            return Box::pin(std::future::ready(Err(TaskError::Exception(error))));
        };
        match *self {
            Action::Start => Box::pin(user.start(session)),
            Action::Task(task) => Box::pin(user.run_task(session, task)),
            Action::Stop => Box::pin(user.stop(session)),
        }
    }
}
