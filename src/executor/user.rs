//! Runs one user: `on_start`, then tasks and waits in turn, then `on_stop`.

use std::any::Any;
use std::cell::{Cell, RefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::class::{Class, CoreAction};
use super::dispatcher::DispatchSlot;
use super::lifecycle::{Phase, until};
use super::per_core::PerCore;
use super::pinned::yield_now;
use super::state::State;
use super::user_handle::UserHandle;
use crate::credentials::hidden;
use crate::scenario::{Pace, TaskError, TaskResult, WaitTime};
use crate::session::Session;
use crate::stats::Recorder;

/// The shortest wait for which the memory of a user's task is freed. Between tasks with shorter waits
/// nothing is allocated.
const LONG_WAIT: Duration = Duration::from_millis(100);

/// A running user.
pub(super) struct LiveUser {
    pub(super) class: Rc<Class>,
    pub(super) core: Rc<PerCore>,
    pub(super) handle: Rc<UserHandle>,
    /// Its slot in the dispatcher of an open load. Without one, it runs tasks and waits in turn.
    pub(super) slot: Option<Rc<DispatchSlot>>,
    pub(super) session: Session,
    pub(super) state: State,
}

/// How a user's task, `on_start` or `on_stop` ended.
enum Ended {
    /// It returned.
    Done,
    /// It returned an error or panicked, which has been counted.
    Failed,
    /// It asked for no wait before the next task.
    SkipsWait,
    /// It asked for the end of the user.
    StopsUser,
    /// It was cancelled, because the run or the user moved on to a later phase.
    Dropped,
}

impl LiveUser {
    /// Runs until the run stops, or until this user is no longer wanted. As in Locust, a user whose
    /// `on_start` fails ends there.
    pub(super) async fn live(&mut self) {
        self.tell(|user| format!("starts as {}", user.class.name));
        match self.start().await {
            Ended::Failed => {}
            Ended::StopsUser => self.stop().await,
            Ended::Done | Ended::SkipsWait | Ended::Dropped => {
                match self.slot {
                    None => self.work_by_itself().await,
                    Some(_) => Box::pin(self.work_on_arrivals()).await,
                }
                self.stop().await;
            }
        }
        if let Some((dispatcher, slot)) = self.core.dispatcher.as_ref().zip(self.slot.as_ref()) {
            dispatcher.leave(slot, &self.core);
        }
        self.tell(|_| "has ended".to_owned());
        self.recorder().user_ended(self.class.index);
        self.core.lifecycle.end();
    }

    fn recorder(&self) -> RefMut<'_, Recorder> {
        self.core.context.recorder.borrow_mut()
    }

    /// Writes what the user does to the journal, if there is one.
    fn tell(&self, what: impl FnOnce(&Self) -> String) {
        self.recorder().tell(self.session.user(), |_| what(self));
    }

    /// Returns the later of the core's phase and the user's own.
    fn phase(&self) -> Phase {
        self.core.lifecycle.phase().max(self.handle.phase())
    }

    async fn start(&mut self) -> Ended {
        let class = self.class.clone();
        match self.state.take_rows(&class, self.session.rng_mut()) {
            Ok(()) => {}
            Err(TaskError::Exception(message)) => return self.failed("data", &message),
            Err(_) => return Ended::StopsUser,
        }
        if let Some(factory) = &class.state {
            match catch_unwind(AssertUnwindSafe(|| factory.make(self.session.user()))) {
                Ok(made) => self.state.set_value(made),
                Err(panic) => return self.panicked("state", &*panic),
            }
        }
        let Some(on_start) = &class.on_start else { return Ended::Done };
        Box::pin(self.run("on_start", on_start, Phase::Killed)).await
    }

    async fn work_by_itself(&mut self) {
        let born = Instant::now();
        let mut pace = Pace::new(Duration::ZERO);
        while self.phase() == Phase::Running {
            // Boxed, and freed while the user waits. Of very many users nearly all wait, and the future
            // of a task is twice as large as the rest of a user.
            let busy = Box::pin(self.be_busy(born, &mut pace));
            let Some(wait) = busy.await else { return };
            self.wait(wait).await;
        }
    }

    /// Runs tasks with short waits until the next wait is long, and returns that wait. Returns `None`
    /// at the stop, and when no iteration is left.
    async fn be_busy(&mut self, born: Instant, pace: &mut Pace) -> Option<Duration> {
        while self.phase() == Phase::Running && self.core.iterations.try_take() {
            let turns = self.core.context.reactor.turns();
            let ended = self.run_a_task().await;
            self.core.iterations.ended();
            match ended {
                Ended::Dropped | Ended::StopsUser => return None,
                Ended::SkipsWait => {
                    self.let_the_core_turn(turns).await;
                    continue;
                }
                Ended::Done | Ended::Failed => {}
            }
            // The clock is read only where it is needed, because reading it costs time.
            let is_paced = self.class.wait_time.is_paced();
            let now = if is_paced { born.elapsed() } else { Duration::ZERO };
            if let Some(due) = self.class.wait_time.overdue(pace, now) {
                self.session.intend(born + due);
            }
            let wait = self.next_wait(pace, now)?;
            if wait >= LONG_WAIT {
                return Some(wait);
            }
            if !wait.is_zero() {
                self.wait(wait).await;
            }
            self.let_the_core_turn(turns).await;
        }
        None
    }

    /// Returns the next wait; `None` where its function panicked, which ends the user, as in Locust.
    fn next_wait(&mut self, pace: &mut Pace, now: Duration) -> Option<Duration> {
        let class = &self.class;
        let rng = self.session.rng_mut();
        let WaitTime::Function(wait) = &class.wait_time else {
            return Some(class.wait_time.next(pace, now, rng));
        };
        let state = self.state.value();
        match catch_unwind(AssertUnwindSafe(|| wait.call(state, rng))) {
            Ok(wait) => Some(wait),
            Err(panic) => {
                self.panicked("wait_time", &*panic);
                None
            }
        }
    }

    /// Waits. The journal's line is written first, so that the future that is kept does not hold it.
    fn wait(&self, wait: Duration) -> impl Future<Output = ()> {
        self.tell(|_| format!("waits for {} s", wait.as_secs_f64()));
        async move {
            let awake = pin!(self.session.sleep(wait));
            until(|| self.phase(), Phase::Stopping, awake).await;
        }
    }

    async fn work_on_arrivals(&mut self) {
        let Some((dispatcher, slot)) = self.core.dispatcher.clone().zip(self.slot.clone()) else {
            return;
        };
        while self.phase() == Phase::Running {
            let Some(arrival) = dispatcher.next(&slot, || self.phase()).await else { return };
            let now = self.core.elapsed();
            dispatcher.start(arrival, now, &mut self.recorder());
            self.session.intend(arrival.intended(self.core.started));
            let turns = self.core.context.reactor.turns();
            // Boxed, because most users of an open load may be idle.
            let ended = Box::pin(self.run_a_task()).await;
            self.core.iterations.ended();
            if let Ended::Dropped | Ended::StopsUser = ended {
                return;
            }
            self.let_the_core_turn(turns).await;
        }
    }

    /// Yields if the core has had no turn since this one. A task without a request and a wait that is
    /// over at once give it none.
    async fn let_the_core_turn(&self, turns: u64) {
        if turns == self.core.context.reactor.turns() {
            yield_now().await;
        }
    }

    async fn run_a_task(&mut self) -> Ended {
        let class = self.class.clone();
        let task = &class.tasks[self.state.choose(&class.picker, self.session.rng_mut())];
        self.run(&task.name, &task.action, Phase::Killed).await
    }

    async fn stop(&mut self) {
        let class = self.class.clone();
        if let Some(on_stop) = &class.on_stop {
            Box::pin(self.run("on_stop", on_stop, Phase::Over)).await;
        }
    }

    /// Runs an action until it ends or the phase `end` begins. An error or a panic is counted, and the
    /// user goes on, as in Locust.
    async fn run(&mut self, name: &str, action: &CoreAction, end: Phase) -> Ended {
        self.tell(|_| format!("runs {name}"));
        let ended = {
            // Pinned in place, because a task's future is large and each wrapper would copy it.
            let task = pin!(action.run(&mut self.state, &mut self.session));
            let attempt = pin!(catch_panic(task, &self.core.context.is_task_running));
            let (lifecycle, handle) = (&self.core.lifecycle, &self.handle);
            until(|| lifecycle.phase().max(handle.phase()), end, attempt).await
        };
        self.session.end_task();
        let message = match ended {
            None => return Ended::Dropped,
            Some(Ok(Ok(()))) => return Ended::Done,
            Some(Ok(Err(TaskError::Request))) => return Ended::Failed,
            Some(Ok(Err(TaskError::StopUser))) => return Ended::StopsUser,
            Some(Ok(Err(TaskError::SkipWait))) => return Ended::SkipsWait,
            Some(Ok(Err(TaskError::StopRun))) => {
                self.core.job.control.stop();
                return Ended::StopsUser;
            }
            Some(Ok(Err(TaskError::Exception(message)))) => message,
            Some(Err(panic)) => return self.panicked(name, &*panic),
        };
        self.failed(name, &message)
    }

    fn panicked(&self, name: &str, panic: &(dyn Any + Send)) -> Ended {
        self.failed(name, &format!("panic: {}", panic_text(panic)))
    }

    /// Counts an exception.
    fn failed(&self, name: &str, message: &str) -> Ended {
        let place = format!("user {}, task {name}", self.class.name);
        self.recorder().exception(&hidden(message), &place);
        Ended::Failed
    }
}

/// Runs a task, says while it does, and catches its panic, which must not end the core.
async fn catch_panic(
    mut task: Pin<&mut impl Future<Output = TaskResult>>,
    is_running: &Cell<bool>,
) -> Result<TaskResult, Box<dyn Any + Send>> {
    std::future::poll_fn(|context| {
        is_running.set(true);
        let polled = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(context)));
        is_running.set(false);
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

/// Returns the text of a panic, if it has one.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of what a function gives, without calling it.
    fn size_of_output<A, B>(_: impl Fn(A) -> B) -> usize {
        size_of::<B>()
    }

    #[test]
    fn a_user_that_waits_has_no_room_for_a_task() {
        let handle = size_of_output(|mut user: LiveUser| async move { user.live().await });
        assert!(handle <= 392, "{handle} bytes");
    }
}
