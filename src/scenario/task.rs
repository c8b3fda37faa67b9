//! Tasks: what a user does between two waits, and the choice of the next one.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::credentials::stripped;
use crate::session::{RequestFailed, Session};

use super::{Step, StepGroup};

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
    /// Groups of declared steps, made in order and rendered once.
    Steps(Vec<StepGroup>),
    /// An `async` closure over the session.
    Run(Arc<dyn TaskFn>),
}

/// The weighted choice of a user's next task.
///
/// It is made once per class and shared by its users. A choice takes one random number and one search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tasks {
    /// The cumulative weights of the tasks. A random number below the last of them selects each task as
    /// often as its weight says.
    bounds: Vec<u64>,
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
            parts: Vec::new(),
            action: TaskAction::steps(steps),
        }
    }

    /// Makes a task of weight 1 that makes these groups of requests in order.
    pub fn step_groups(name: impl Into<String>, groups: Vec<StepGroup>) -> Self {
        Task {
            name: stripped(&name.into()).into_owned(),
            weight: 1,
            tags: Vec::new(),
            parts: Vec::new(),
            action: TaskAction::Steps(groups),
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

    /// Makes it a set of these tasks. As in Locust, it runs if one of them may run.
    pub fn of_parts(mut self, parts: Vec<TaskPart>) -> Self {
        parts.iter().for_each(|part| part.add_tags(&mut self.tags));
        self.parts = parts;
        self
    }

    /// Takes the parts away that tags leave out. Returns whether the task may run.
    pub(crate) fn select(&mut self, selection: &TagSelection<'_>) -> bool {
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

    fn add_tags(&self, all: &mut Vec<String>) {
        for tag in &self.tags {
            if !all.contains(tag) {
                all.push(tag.clone());
            }
        }
        self.parts.iter().for_each(|part| part.add_tags(all));
    }

    /// Gives it and its parts the same weight.
    pub(crate) fn equalize(&mut self) {
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

impl Tasks {
    /// Makes the choice between these tasks.
    pub(crate) fn new(tasks: &[Task]) -> Self {
        let bounds = tasks.iter().scan(0, |sum, task| {
            *sum += u64::from(task.weight);
            Some(*sum)
        });
        Tasks { bounds: bounds.collect() }
    }

    /// Returns the index of the next task. A single task needs no random number. If all weights are 0,
    /// it is the first task.
    pub(crate) fn pick(&self, rng: &mut fastrand::Rng) -> usize {
        match self.bounds.as_slice() {
            [] | [_] | [.., 0] => 0,
            bounds @ [.., total] => {
                let roll = rng.u64(0..*total);
                bounds.partition_point(|bound| *bound <= roll)
            }
        }
    }
}

impl TaskAction {
    /// Makes an action of these requests, in order.
    pub fn steps(steps: Vec<Step>) -> Self {
        TaskAction::Steps(steps.into_iter().map(StepGroup::One).collect())
    }

    /// Returns the requests that it declares; a closure declares none.
    pub(crate) fn declared(&self) -> impl Iterator<Item = &Step> {
        let parts = match self {
            TaskAction::Steps(parts) => &parts[..],
            TaskAction::Run(_) => &[],
        };
        parts.iter().flat_map(StepGroup::steps)
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

    /// Picks 100,000 times and compares how often each task came with its weight's share.
    #[track_caller]
    fn check_shares(weights: &[u32]) {
        const PICKS: u32 = 100_000;
        let tasks: Vec<Task> =
            weights.iter().map(|w| Task::from(Step::get("/")).weight(*w)).collect();
        let (tasks, seed) = (Tasks::new(&tasks), 11);
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut counts = vec![0_u32; weights.len()];
        for _ in 0..PICKS {
            counts[tasks.pick(&mut rng)] += 1;
        }
        let total: f64 = weights.iter().copied().map(f64::from).sum();
        for (weight, count) in weights.iter().zip(&counts) {
            let share = f64::from(*weight) / total;
            let got = f64::from(*count) / f64::from(PICKS);
            assert!((got - share).abs() < 0.005, "seed {seed}: {weights:?} gave {counts:?}");
        }
    }

    #[test]
    fn tasks_come_as_often_as_their_weights_say() {
        check_shares(&[1]);
        check_shares(&[3, 2, 1]);
        check_shares(&[1, 1, 1, 1, 1, 1, 1]);
        check_shares(&[1, 1000]);
        check_shares(&[u32::MAX, u32::MAX, u32::MAX]);
    }

    #[test]
    fn a_task_of_weight_zero_never_comes() {
        check_shares(&[0, 1, 0, 1, 0]);
    }

    #[test]
    fn without_tasks_or_weights_the_pick_does_not_panic() {
        let mut rng = fastrand::Rng::with_seed(1);
        assert_eq!(Tasks::new(&[]).pick(&mut rng), 0);
        let idle = [Task::from(Step::get("/")).weight(0), Task::from(Step::get("/")).weight(0)];
        assert_eq!(Tasks::new(&idle).pick(&mut rng), 0);
    }

    #[test]
    fn the_same_seed_picks_the_same_tasks() {
        let tasks = Tasks::new(&[3, 2, 1].map(|w| Task::from(Step::get("/")).weight(w)));
        let picks = |seed| {
            let mut rng = fastrand::Rng::with_seed(seed);
            (0..100).map(|_| tasks.pick(&mut rng)).collect::<Vec<_>>()
        };
        assert_eq!(picks(5), picks(5));
        assert_ne!(picks(5), picks(6));
    }

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
