//! What a user keeps from task to task: one value of a type of its class's own.

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

/// Makes the value of one user, on the user's core, when the user starts. So the value is neither sent
/// to another thread nor shared.
#[derive(Clone)]
pub(crate) struct StateFactory(Arc<dyn Fn() -> Box<dyn Any> + Send + Sync>);

/// A class of users who each have a value of type `S`, which their tasks get as `&mut` beside the
/// session: what a login returned, what is in the cart.
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

/// An `async` closure over a user's value and session.
struct WithState<S, F> {
    run: F,
    of: PhantomData<fn(S)>,
}

impl User {
    /// A class of weight 1 whose users each have a value. It is made when the user starts; a panic in
    /// `make` is counted as an exception, and the user ends there.
    pub fn with_state<S: 'static>(
        name: impl Into<String>,
        make: impl Fn() -> S + Send + Sync + 'static,
    ) -> StatefulUser<S> {
        let mut user = User::new(name);
        user.state = Some(StateFactory(Arc::new(move || Box::new(make()))));
        StatefulUser { user, of: PhantomData }
    }
}

impl<S: 'static> StatefulUser<S> {
    /// Adds a task that is chosen as often as this weight says.
    pub fn task(
        mut self,
        weight: u32,
        name: impl Into<String>,
        run: impl AsyncFn(&mut S, &mut Session) -> TaskResult + Send + Sync + 'static,
    ) -> Self {
        self.user = self.user.task(Task::new(name, WithState::new(run)).weight(weight));
        self
    }

    /// Adds words by which a run takes the latest task or leaves it out.
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        if let Some(task) = self.user.tasks.pop() {
            self.user.tasks.push(task.tags(tags));
        }
        self
    }

    /// Runs this before the first task. A user for whom it returns an error, or panics, does not go
    /// on, as in Locust.
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

    /// Has a function say how long the user waits after each task.
    pub fn wait_time(
        mut self,
        wait: impl Fn(&mut S, &mut fastrand::Rng) -> Duration + Send + Sync + 'static,
    ) -> Self {
        self.user.wait_time = WaitTime::Function(WaitFn::new(move |state, rng| {
            state.downcast_mut().map_or(Duration::ZERO, |state| wait(state, rng))
        }));
        self
    }

    /// Sets whatever else a class has: its weight, its host, how it makes requests.
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
            // It was taken out of its class and put into another.
            None => Box::pin(std::future::ready(Err(TaskError::Exception(format!(
                "the task needs a user with a {}",
                std::any::type_name::<S>()
            ))))),
        }
    }
}

impl StateFactory {
    pub(crate) fn make(&self) -> Box<dyn Any> {
        (self.0)()
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
