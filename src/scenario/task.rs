//! Tasks: what a user does between two waits, and the choice of the next one.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::credentials::stripped;
use crate::session::{RequestFailed, Session};

use super::{Instruction, Step, TaskSet};

/// A task of a user, chosen by weight.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Task {
    /// The task's name, for task ratios and exceptions.
    pub name: String,
    /// How often it is chosen, relative to the other tasks of the user.
    pub weight: u32,
    /// Tags, as of Locust's `@tag`, by which a run selects or excludes tasks.
    pub tags: Vec<String>,
    /// The data sets of which it takes a row each time.
    pub data: Vec<String>,
    /// Which tasks may follow it, each with its weight, where the order is [`Order::Markov`](super::Order::Markov).
    pub next: Vec<(String, u32)>,
    /// The tasks of a set of tasks. Then `tags` are those of all together.
    pub(crate) parts: Vec<TaskPart>,
    /// The requests or the closure.
    pub action: TaskAction,
}

/// A task of a set of tasks, which its action chooses itself: what reports and tags know of it.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct TaskPart {
    /// Its name.
    pub name: String,
    /// How often it is chosen, relative to the others of its set.
    pub weight: u32,
    /// Its tags; empty for a set.
    pub tags: Vec<String>,
    /// The tasks of a set.
    pub parts: Vec<TaskPart>,
}

/// What a task, `on_start` or `on_stop` does.
#[derive(Clone)]
#[non_exhaustive]
pub enum TaskAction {
    /// Instructions, followed in order. Requests without variables are rendered once.
    Steps(Vec<Instruction>),
    /// An `async` closure over the session.
    Run(Arc<dyn TaskFn>),
}

/// The result of a task. An error ends the task, but not the user, except for [`TaskError::StopUser`].
pub type TaskResult = Result<(), TaskError>;

/// Why a task ended early.
#[derive(Debug)]
#[non_exhaustive]
pub enum TaskError {
    /// A request failed. It is counted in the statistics already.
    Request,
    /// An error of the task itself, which is counted in the exceptions table under this text.
    Exception(String),
    /// The user is done: it runs its `on_stop` and ends, as by Locust's `StopUser`. Nothing is counted.
    /// This also works in `on_start`.
    StopUser,
    /// The user starts its next task at once, without a wait, as by Locust's
    /// `RescheduleTaskImmediately`. Nothing is counted.
    SkipWait,
    /// The run ends, as by Ctrl-C. Nothing is counted.
    StopRun,
}

impl<E: std::error::Error + 'static> From<E> for TaskError {
    fn from(error: E) -> Self {
        // A failed request is counted already, and must not be counted twice.
        if (&error as &dyn std::any::Any).is::<RequestFailed>() {
            return TaskError::Request;
        }
        TaskError::Exception(error.to_string())
    }
}

/// An `async` closure over a session: `async |s: &mut Session| { … }`.
///
/// Everything that it awaits must wake it on its own core, as all methods of the session do. A channel
/// or timer of another runtime or thread does not, and the task would never continue.
///
/// It is implemented for every such closure. The future stays on its core and need not be `Send`; the
/// closure is shared by all cores. For closures that also use the user's state, see
/// [`StatefulUser`](super::StatefulUser).
pub trait TaskFn: Send + Sync {
    /// Starts the task for one user. `state` is `()` if the class has none.
    fn call<'a>(
        &'a self,
        state: &'a mut dyn Any,
        session: &'a mut Session,
    ) -> Pin<Box<dyn Future<Output = TaskResult> + 'a>>;
}

impl<F> TaskFn for F
where
    F: AsyncFn(&mut Session) -> TaskResult + Send + Sync,
{
    fn call<'a>(
        &'a self,
        _: &'a mut dyn Any,
        session: &'a mut Session,
    ) -> Pin<Box<dyn Future<Output = TaskResult> + 'a>> {
        Box::pin(self(session))
    }
}

impl Task {
    /// Makes a task of weight 1 that runs an `async` closure.
    pub fn new(name: impl Into<String>, action: impl TaskFn + 'static) -> Self {
        Task::of_action(name, Arc::new(action))
    }

    /// Makes a task of weight 1 that runs a closure whose type is not known.
    pub fn of_action(name: impl Into<String>, action: Arc<dyn TaskFn>) -> Self {
        Task {
            name: stripped(&name.into()).into_owned(),
            weight: 1,
            tags: Vec::new(),
            data: Vec::new(),
            next: Vec::new(),
            parts: Vec::new(),
            action: TaskAction::Run(action),
        }
    }

    /// Makes a task of weight 1 that makes these requests in order.
    pub fn steps(name: impl Into<String>, steps: Vec<Step>) -> Self {
        Task {
            name: stripped(&name.into()).into_owned(),
            weight: 1,
            tags: Vec::new(),
            data: Vec::new(),
            next: Vec::new(),
            parts: Vec::new(),
            action: TaskAction::steps(steps),
        }
    }

    /// Makes a task of weight 1 that follows these instructions in order.
    pub fn instructions(name: impl Into<String>, instructions: Vec<Instruction>) -> Self {
        Task {
            name: stripped(&name.into()).into_owned(),
            weight: 1,
            tags: Vec::new(),
            data: Vec::new(),
            next: Vec::new(),
            parts: Vec::new(),
            action: TaskAction::Steps(instructions),
        }
    }

    /// Sets the weight, relative to the user's other tasks.
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// Adds tags, by which a run selects or excludes tasks. A tag has neither spaces nor commas.
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Has it take a row of this data set each time.
    pub fn data(mut self, name: impl Into<String>) -> Self {
        self.data.push(name.into());
        self
    }

    /// Adds a task that may follow this one, where the order is [`Order::Markov`](super::Order::Markov).
    pub fn next(mut self, name: impl Into<String>, weight: u32) -> Self {
        self.next.push((name.into(), weight));
        self
    }

    /// Makes a task of weight 1 that runs the tasks of a set until one of them leaves it.
    pub fn set(name: impl Into<String>, set: TaskSet) -> Self {
        let parts = set.tasks.iter().map(TaskPart::of).collect();
        Task::instructions(name, vec![Instruction::Tasks(set)]).of_parts(parts)
    }

    /// Makes it a set of these tasks. As in Locust, it runs if one of them may run.
    pub fn of_parts(mut self, parts: Vec<TaskPart>) -> Self {
        parts.iter().for_each(|part| part.add_tags(&mut self.tags));
        self.parts = parts;
        self
    }

    /// Gives it and all tasks in it the same weight.
    pub(crate) fn equalize(&mut self) {
        self.weight = 1;
        self.parts.iter_mut().for_each(TaskPart::equalize);
        self.visit_sets(&mut |set| set.tasks.iter_mut().for_each(Task::equalize));
    }

    /// Calls a function with the sets of tasks that it declares.
    fn visit_sets(&mut self, visit: &mut impl FnMut(&mut TaskSet)) {
        if let TaskAction::Steps(instructions) = &mut self.action {
            instructions.iter_mut().for_each(|instruction| instruction.visit_sets(visit));
        }
    }

    /// Takes the parts away that tags leave out. Returns whether the task may run.
    pub(crate) fn select(&mut self, selection: &TagSelection<'_>) -> bool {
        self.visit_sets(&mut |set| set.tasks.retain_mut(|task| task.select(selection)));
        match self.parts.is_empty() {
            true => selection.has(&self.tags),
            false => selection.keep(&mut self.parts),
        }
    }
}

/// The tags of tasks to run, or none for all, and the tags of tasks to leave out.
pub(crate) struct TagSelection<'t> {
    pub(crate) tags: &'t [String],
    pub(crate) exclude_tags: &'t [String],
}

impl TagSelection<'_> {
    fn has(&self, own: &[String]) -> bool {
        let any = |of: &[String]| own.iter().any(|tag| of.contains(tag));
        (self.tags.is_empty() || any(self.tags)) && !any(self.exclude_tags)
    }

    /// Keeps the parts that may run. Returns whether there are some.
    fn keep(&self, parts: &mut Vec<TaskPart>) -> bool {
        parts.retain_mut(|part| match part.parts.is_empty() {
            true => self.has(&part.tags),
            false => self.keep(&mut part.parts),
        });
        !parts.is_empty()
    }
}

impl TaskPart {
    /// Makes a part without tasks of its own.
    pub fn new(name: impl Into<String>, weight: u32) -> Self {
        TaskPart { name: name.into(), weight, ..TaskPart::default() }
    }

    /// Returns what reports know of a task.
    fn of(task: &Task) -> Self {
        let (tags, parts) = match task.parts.is_empty() {
            true => (task.tags.clone(), Vec::new()),
            false => (Vec::new(), task.parts.clone()),
        };
        TaskPart { name: task.name.clone(), weight: task.weight, tags, parts }
    }

    fn add_tags(&self, all: &mut Vec<String>) {
        for tag in &self.tags {
            if !all.contains(tag) {
                all.push(tag.clone());
            }
        }
        self.parts.iter().for_each(|part| part.add_tags(all));
    }

    /// Gives it and its parts the same weight.
    fn equalize(&mut self) {
        self.weight = 1;
        self.parts.iter_mut().for_each(TaskPart::equalize);
    }
}

/// Makes a task of weight 1 with one request, which is named after the request.
impl From<Step> for Task {
    fn from(step: Step) -> Self {
        Task::steps(step.label(), vec![step])
    }
}

impl TaskAction {
    /// Makes an action of these requests, in order.
    pub fn steps(steps: Vec<Step>) -> Self {
        TaskAction::Steps(steps.into_iter().map(Instruction::Request).collect())
    }

    /// Returns the requests that it declares; a closure declares none.
    pub(crate) fn declared(&self) -> impl Iterator<Item = &Step> {
        self.instructions().iter().flat_map(Instruction::steps)
    }

    /// Returns its instructions; a closure has none.
    pub(crate) fn instructions(&self) -> &[Instruction] {
        match self {
            TaskAction::Steps(instructions) => instructions,
            TaskAction::Run(_) => &[],
        }
    }

    /// Makes an action that runs an `async` closure.
    pub fn run(action: impl TaskFn + 'static) -> Self {
        TaskAction::Run(Arc::new(action))
    }
}

impl fmt::Debug for TaskAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TaskAction::Steps(steps) => f.debug_tuple("Steps").field(steps).finish(),
            TaskAction::Run(_) => f.write_str("Run(..)"),
        }
    }
}

impl PartialEq for TaskAction {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (TaskAction::Steps(a), TaskAction::Steps(b)) => a == b,
            (TaskAction::Run(a), TaskAction::Run(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_of_one_step_is_named_after_it() {
        assert_eq!(Task::from(Step::get("/users")).name, "GET /users");
        assert_eq!(Task::from(Step::get("/users").name("users")).name, "users");
    }

    #[test]
    fn actions_are_equal_by_their_steps_or_by_their_closure() {
        let run = TaskAction::run(async |_: &mut Session| Ok(()));
        assert_eq!(run, run.clone());
        assert_ne!(run, TaskAction::run(async |_: &mut Session| Ok(())));
        assert_ne!(run, TaskAction::steps(vec![]));
        assert_eq!(
            TaskAction::steps(vec![Step::get("/")]),
            TaskAction::steps(vec![Step::get("/")])
        );
    }
}
