//! The state of a user: a value of any type that it keeps from task to task.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::task::{Task, TaskAction, TaskError, TaskFn, TaskResult};
use super::user::User;
use super::wait_time::{WaitFn, WaitTime};
use crate::session::Session;

/// Makes the state of one user, on the user's core, when the user starts. The state is never sent to
/// another thread or shared.
#[derive(Clone)]
pub struct StateFactory(Arc<dyn Fn(u64) -> Box<dyn Any> + Send + Sync>);

/// A user class whose users each have a value of type `S`, for example with a token of a login or the
/// content of a cart. Their tasks get it as `&mut` beside the session.
///
/// ```
/// use gregaria::scenario::{Scenario, User, WaitTime};
/// use gregaria::session::{Session, status};
///
/// #[derive(Default)]
/// struct Shopper {
///     token: String,
/// }
///
/// let shopper = User::with_state("Shopper", Shopper::default)
///     .on_start(async |user: &mut Shopper, http: &mut Session| {
///         user.token = http.post("/login").check(status(200)).send().await?.text().into();
///         Ok(())
///     })
///     .task(3, "item", async |user, http| {
///         let path = format!("/items/{}", http.rng().u32(1..100));
///         http.get(path).name("/items/[id]").bearer_auth(&user.token).send().await?;
///         Ok(())
///     })
///     .class(|class| class.wait_time(WaitTime::constant(std::time::Duration::from_secs(1))));
/// let scenario = Scenario::new("http://127.0.0.1:5000").user(shopper);
/// ```
#[derive(Debug)]
pub struct StatefulUser<S> {
    user: User,
    of: PhantomData<fn() -> S>,
}

/// An `async` closure over a user's state and session.
struct WithState<S, F> {
    run: F,
    of: PhantomData<fn(S)>,
}

impl User {
    /// Makes a class of weight 1 whose users each have a state. The state is made when the user starts;
    /// if `make` panics, an exception is counted and the user ends.
    pub fn with_state<S: 'static>(
        name: impl Into<String>,
        make: impl Fn() -> S + Send + Sync + 'static,
    ) -> StatefulUser<S> {
        let user = User::new(name).with_state_factory(StateFactory::new(move |_| Box::new(make())));
        StatefulUser { user, of: PhantomData }
    }

    /// Has each user's state made by this factory. The tasks get it as it is, for a [`TaskFn`] that knows
    /// its type.
    pub fn with_state_factory(mut self, factory: StateFactory) -> Self {
        self.state = Some(factory);
        self
    }
}

impl<S: 'static> StatefulUser<S> {
    /// Adds a task with this weight.
    pub fn task(
        mut self,
        weight: u32,
        name: impl Into<String>,
        run: impl AsyncFn(&mut S, &mut Session) -> TaskResult + Send + Sync + 'static,
    ) -> Self {
        self.user = self.user.task(Task::new(name, WithState::new(run)).weight(weight));
        self
    }

    /// Adds tags to the latest task.
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        if let Some(task) = self.user.tasks.pop() {
            self.user.tasks.push(task.tags(tags));
        }
        self
    }

    /// Runs this before the first task. If it returns an error or panics, the user ends, as in Locust.
    pub fn on_start(
        mut self,
        run: impl AsyncFn(&mut S, &mut Session) -> TaskResult + Send + Sync + 'static,
    ) -> Self {
        self.user.on_start = Some(TaskAction::run(WithState::new(run)));
        self
    }

    /// Runs this after the last task.
    pub fn on_stop(
        mut self,
        run: impl AsyncFn(&mut S, &mut Session) -> TaskResult + Send + Sync + 'static,
    ) -> Self {
        self.user.on_stop = Some(TaskAction::run(WithState::new(run)));
        self
    }

    /// Sets a function that returns how long the user waits after each task.
    pub fn wait_time(
        mut self,
        wait: impl Fn(&mut S, &mut fastrand::Rng) -> Duration + Send + Sync + 'static,
    ) -> Self {
        self.user.wait_time = WaitTime::Function(WaitFn::new(move |state, rng| {
            state.downcast_mut().map_or(Duration::ZERO, |state| wait(state, rng))
        }));
        self
    }

    /// Sets any other property of the class, such as its weight or host.
    pub fn class(mut self, set: impl FnOnce(User) -> User) -> Self {
        self.user = set(self.user);
        self
    }
}

impl<S> From<StatefulUser<S>> for User {
    fn from(stateful: StatefulUser<S>) -> Self {
        stateful.user
    }
}

impl<S, F> WithState<S, F> {
    fn new(run: F) -> Self {
        WithState { run, of: PhantomData }
    }
}

impl<S: 'static, F> TaskFn for WithState<S, F>
where
    F: AsyncFn(&mut S, &mut Session) -> TaskResult + Send + Sync,
{
    fn call<'a>(
        &'a self,
        state: &'a mut dyn Any,
        session: &'a mut Session,
    ) -> Pin<Box<dyn Future<Output = TaskResult> + 'a>> {
        match state.downcast_mut::<S>() {
            Some(state) => Box::pin((self.run)(state, session)),
            // The task was moved to another class, with another state.
            None => Box::pin(std::future::ready(Err(TaskError::Exception(format!(
                "the task needs a user with a {}",
                std::any::type_name::<S>()
            ))))),
        }
    }
}

impl StateFactory {
    /// Makes a factory of a function that gets the user's number in the run.
    pub fn new(make: impl Fn(u64) -> Box<dyn Any> + Send + Sync + 'static) -> Self {
        StateFactory(Arc::new(make))
    }

    pub(crate) fn make(&self, user: u64) -> Box<dyn Any> {
        (self.0)(user)
    }
}

impl fmt::Debug for StateFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StateFactory(..)")
    }
}

impl PartialEq for StateFactory {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
