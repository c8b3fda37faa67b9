//! A task: what a user does between two waits.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::session::{Check, Request, Session};

/// One thing a user does, chosen by weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The task's name, for task ratios and exceptions.
    pub name: String,
    /// How often it is chosen, relative to the other tasks of the user.
    pub weight: u32,
    /// What is done.
    pub action: Action,
}

/// What a task, `on_start` or `on_stop` does.
#[derive(Clone)]
pub enum Action {
    /// Requests in order, as data: rendered once, run without allocating.
    Steps(Vec<Step>),
    /// An `async` closure over the session.
    Run(Arc<dyn TaskFn>),
}

/// A request and the checks on its response.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What is sent.
    pub request: Request,
    /// What must hold of the response; the first that does not is the failure.
    pub checks: Vec<Check>,
}

/// What a task comes back with. An error ends the task, not the user.
pub type TaskResult = Result<(), TaskError>;

/// Why a task ended early.
#[derive(Debug)]
pub enum TaskError {
    /// A request failed. It is in the statistics already, so nothing more is recorded.
    Request,
    /// An error of the task's own: counted in the exceptions table under this text.
    Exception(String),
}

impl<E: std::error::Error + 'static> From<E> for TaskError {
    fn from(error: E) -> Self {
        TaskError::Exception(error.to_string())
    }
}

/// An `async` closure over a session: `async |s: &mut Session| { … }`.
///
/// Implemented for every such closure; the future it gives stays on its core and need not be
/// `Send`, the closure itself is shared by all cores.
pub trait TaskFn: Send + Sync {
    /// Starts the task for one user.
    fn call<'a>(
        &'a self,
        session: &'a mut Session,
    ) -> Pin<Box<dyn Future<Output = TaskResult> + 'a>>;
}

impl<F> TaskFn for F
where
    F: AsyncFn(&mut Session) -> TaskResult + Send + Sync,
{
    fn call<'a>(
        &'a self,
        session: &'a mut Session,
    ) -> Pin<Box<dyn Future<Output = TaskResult> + 'a>> {
        Box::pin(self(session))
    }
}

impl Task {
    /// A task of weight 1 that runs an `async` closure.
    pub fn new(name: impl Into<String>, action: impl TaskFn + 'static) -> Self {
        Task { name: name.into(), weight: 1, action: Action::run(action) }
    }

    /// A task of weight 1 that makes these requests in order.
    pub fn steps(name: impl Into<String>, steps: Vec<Step>) -> Self {
        Task { name: name.into(), weight: 1, action: Action::Steps(steps) }
    }

    /// Sets how often the task is chosen, relative to the user's other tasks.
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }
}

impl Action {
    /// An action that runs an `async` closure.
    pub fn run(action: impl TaskFn + 'static) -> Self {
        Action::Run(Arc::new(action))
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Steps(steps) => f.debug_tuple("Steps").field(steps).finish(),
            Action::Run(_) => f.write_str("Run(..)"),
        }
    }
}

impl PartialEq for Action {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Action::Steps(a), Action::Steps(b)) => a == b,
            (Action::Run(a), Action::Run(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}
