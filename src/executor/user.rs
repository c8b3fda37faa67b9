//! One user's life: `on_start`, then task and wait in turn, then `on_stop`.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::class::{Class, CoreAction};
use super::lifecycle::{Lifecycle, Phase};
use super::pinned::yield_now;
use crate::scenario::{Pace, TaskError, TaskResult};
use crate::session::{Context, Session};

/// From how long a wait on the memory of a user's tasks is given back for it. Below, and so on the
/// path of a user that hardly waits, nothing is allocated between tasks.
const LONG_WAIT: Duration = Duration::from_millis(100);

/// What one user needs to live.
pub(super) struct LiveUser {
    pub(super) class: Rc<Class>,
    pub(super) context: Rc<Context>,
    pub(super) lifecycle: Rc<Lifecycle>,
    pub(super) session: Session,
}

/// How an action of a user ended.
enum Ended {
    /// By itself, well or not.
    Done,
    /// With an error of its own or a panic, which has been counted.
    Failed,
    /// It was dropped, because the run went on to a later phase.
    Dropped,
}

impl LiveUser {
    /// Lives until the run stops. As in Locust, a user whose `on_start` fails ends there.
    pub(super) async fn live(&mut self) {
        self.context.recorder.borrow_mut().user_started(self.class.index);
        if self.start().await {
            self.work().await;
            self.stop().await;
        }
        self.context.recorder.borrow_mut().user_ended(self.class.index);
        self.lifecycle.end();
    }

    async fn start(&mut self) -> bool {
        let class = self.class.clone();
        let Some(on_start) = &class.on_start else { return true };
        match Box::pin(self.run("on_start", on_start, Phase::Killed)).await {
            Ended::Done => true,
            Ended::Dropped => true,
            Ended::Failed => false,
        }
    }

    async fn work(&mut self) {
        let born = Instant::now();
        let mut pace = Pace::new(Duration::ZERO);
        while self.lifecycle.phase() == Phase::Running {
            // On the heap, and gone while the user waits: there are very many users, nearly all of
            // them wait, and a task is two times as large as the rest of a life.
            let busy = Box::pin(self.be_busy(born, &mut pace));
            let Some(wait) = busy.await else { return };
            let awake = pin!(self.session.sleep(wait));
            self.lifecycle.until(Phase::Stopping, awake).await;
        }
    }

    /// Runs tasks, with short waits in between, up to a long one: how long it is, `None` at the stop.
    async fn be_busy(&mut self, born: Instant, pace: &mut Pace) -> Option<Duration> {
        let class = self.class.clone();
        while self.lifecycle.phase() == Phase::Running {
            let task = &class.tasks[class.picker.pick(self.session.rng())];
            let turns = self.context.reactor.turns();
            if let Ended::Dropped = self.run(&task.name, &task.action, Phase::Killed).await {
                return None;
            }
            let wait = class.wait_time.next(pace, born.elapsed(), self.session.rng());
            if wait >= LONG_WAIT {
                return Some(wait);
            }
            if !wait.is_zero() {
                let awake = pin!(self.session.sleep(wait));
                self.lifecycle.until(Phase::Stopping, awake).await;
            }
            if turns == self.context.reactor.turns() {
                // Neither the task nor the wait, which may be over before it begins, gave the core
                // a turn; a user must not keep it from one.
                yield_now().await;
            }
        }
        None
    }

    async fn stop(&mut self) {
        let class = self.class.clone();
        if let Some(on_stop) = &class.on_stop {
            Box::pin(self.run("on_stop", on_stop, Phase::Over)).await;
        }
    }

    /// Runs an action until it ends or `end` begins. An error of its own, or a panic, is counted,
    /// and the user goes on, as in Locust.
    async fn run(&mut self, name: &str, action: &CoreAction, end: Phase) -> Ended {
        let ended = {
            // Pinned where they are: a task's future is large, and would be moved into each wrapper.
            let task = pin!(action.run(&mut self.session));
            let attempt = pin!(catch_panic(task));
            self.lifecycle.until(end, attempt).await
        };
        self.session.end_task();
        let message = match ended {
            None => return Ended::Dropped,
            Some(Ok(Ok(()))) => return Ended::Done,
            Some(Ok(Err(TaskError::Request))) => return Ended::Failed,
            Some(Ok(Err(TaskError::Exception(message)))) => message,
            Some(Err(panic)) => format!("panic: {}", panic_text(&*panic)),
        };
        let place = format!("user {}, task {name}", self.class.name);
        self.context.recorder.borrow_mut().exception(&message, &place);
        Ended::Failed
    }
}

/// Runs a task and catches its panic: one broken user must not end the core.
async fn catch_panic(
    mut task: Pin<&mut impl Future<Output = TaskResult>>,
) -> Result<TaskResult, Box<dyn Any + Send>> {
    std::future::poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(context))) {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
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
        let life = size_of_output(|mut user: LiveUser| async move { user.live().await });
        assert!(life <= 320, "{life} bytes");
    }
}
