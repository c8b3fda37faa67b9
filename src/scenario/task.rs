//! A task: what a user does between two waits, and the choice of the next one.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::credentials::stripped;
use crate::session::{RequestFailed, Session};

use super::{Step, StepGroup};

/// One thing a user does, chosen by weight.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Task {
    /// The task's name, for task ratios and exceptions.
    pub name: String,
    /// How often it is chosen, relative to the other tasks of the user.
    pub weight: u32,
    /// Words by which a run takes this task or leaves it out, as Locust's `@tag` gives them.
    pub tags: Vec<String>,
    /// What is done.
    pub action: TaskAction,
}

/// What a task, `on_start` or `on_stop` does.
#[derive(Clone)]
#[non_exhaustive]
pub enum TaskAction {
    /// Requests in order, some of them perhaps at the same time, as data: rendered once.
    Steps(Vec<StepGroup>),
    /// An `async` closure over the session.
    Run(Arc<dyn TaskFn>),
}

/// The choice between a user's tasks, by weight.
///
/// Built once per class and shared by its users, so that a choice is one random number and one
/// search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tasks {
    /// The sum of the weights up to and with each task, so that a number below the last of them
    /// falls to a task as often as its weight says.
    bounds: Vec<u64>,
}

/// What a task comes back with. An error ends the task and, but for [`TaskError::StopUser`], not the
/// user.
pub type TaskResult = Result<(), TaskError>;

/// Why a task ended early.
#[derive(Debug)]
#[non_exhaustive]
pub enum TaskError {
    /// A request failed. It is in the statistics already, so nothing more is recorded.
    Request,
    /// An error of the task's own: counted in the exceptions table under this text.
    Exception(String),
    /// The user has done what it came for: it goes on to its `on_stop` and ends, as by Locust's
    /// `StopUser`. Nothing is counted. Also from `on_start`.
    StopUser,
    /// The user goes on to its next task at once, without the wait, as by Locust's
    /// `RescheduleTaskImmediately`. Nothing is counted.
    SkipWait,
}

impl<E: std::error::Error + 'static> From<E> for TaskError {
    fn from(error: E) -> Self {
        // A failed request is counted where it failed; counted here again it would be two.
        if (&error as &dyn std::any::Any).is::<RequestFailed>() {
            return TaskError::Request;
        }
        TaskError::Exception(error.to_string())
    }
}

/// An `async` closure over a session: `async |s: &mut Session| { … }`.
///
/// What it awaits must be woken on its own core: the session's methods and everything made of them
/// are, a channel or a timer of another runtime or thread is not, and would not be noticed.
///
/// Implemented for every such closure; the future it gives stays on its core and need not be
/// `Send`, the closure itself is shared by all cores. Closures over the user's own value besides are
/// given to a [`StatefulUser`](super::StatefulUser).
pub trait TaskFn: Send + Sync {
    /// Starts the task for one user, who has this value; `()` where its class has none.
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
    /// A task of weight 1 that runs an `async` closure.
    pub fn new(name: impl Into<String>, action: impl TaskFn + 'static) -> Self {
        Task {
            name: stripped(&name.into()).into_owned(),
            weight: 1,
            tags: Vec::new(),
            action: TaskAction::run(action),
        }
    }

    /// A task of weight 1 that makes these requests in order.
    pub fn steps(name: impl Into<String>, steps: Vec<Step>) -> Self {
        Task {
            name: stripped(&name.into()).into_owned(),
            weight: 1,
            tags: Vec::new(),
            action: TaskAction::steps(steps),
        }
    }

    /// A task of weight 1 that makes these requests in order, some of them at the same time.
    pub fn step_groups(name: impl Into<String>, groups: Vec<StepGroup>) -> Self {
        Task {
            name: stripped(&name.into()).into_owned(),
            weight: 1,
            tags: Vec::new(),
            action: TaskAction::Steps(groups),
        }
    }

    /// Sets how often the task is chosen, relative to the user's other tasks.
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// Adds words by which a run takes this task or leaves it out; a word has neither spaces nor
    /// commas.
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }
}

/// A task of weight 1 that makes one request, named after it.
impl From<Step> for Task {
    fn from(step: Step) -> Self {
        Task::steps(step.label(), vec![step])
    }
}

impl Tasks {
    /// The choice between these tasks.
    pub(crate) fn new(tasks: &[Task]) -> Self {
        let bounds = tasks.iter().scan(0, |sum, task| {
            *sum += u64::from(task.weight);
            Some(*sum)
        });
        Tasks { bounds: bounds.collect() }
    }

    /// The index of the next task. A single task takes no random number; without any weight it is
    /// always the first.
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
    /// An action that makes these requests in order.
    pub fn steps(steps: Vec<Step>) -> Self {
        TaskAction::Steps(steps.into_iter().map(StepGroup::One).collect())
    }

    /// The requests that it declares; none where it is a closure.
    pub(crate) fn declared(&self) -> impl Iterator<Item = &Step> {
        let parts = match self {
            TaskAction::Steps(parts) => &parts[..],
            TaskAction::Run(_) => &[],
        };
        parts.iter().flat_map(StepGroup::steps)
    }

    /// An action that runs an `async` closure.
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
