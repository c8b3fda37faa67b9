//! A Python user as the state of a user of ours: its fiber, and what the fiber asks for.

use std::pin::{Pin, pin};
use std::sync::PoisonError;
use std::task::Poll;
use std::time::Duration;

use super::core::Core;
use super::fiber::{Answer, Ask, Descriptor, Ended, Fiber, Job};
use super::object::Object;
use super::process;
use crate::executor::yield_now;
use crate::scenario::{TaskError, TaskResult};
use crate::session::Session;

/// A user of one class of a locustfile.
pub(crate) struct PythonUser {
    class: usize,
    /// Its number in the run, once it has started.
    number: Option<u64>,
    fiber: Option<Fiber>,
    /// The wait after the last task, where that is a function of the file's.
    wait: Duration,
}

impl PythonUser {
    /// Makes a user of the class with this number in the locustfile's description. Python hears of it when
    /// it [starts](Self::start).
    pub(crate) fn new(class: usize) -> Self {
        PythonUser { class, number: None, fiber: None, wait: Duration::ZERO }
    }

    /// Makes the user in Python, and runs its `on_start`.
    pub(crate) async fn start(&mut self, session: &Session) -> TaskResult {
        let core = Core::of_this_thread(session).map_err(TaskError::Exception)?;
        core.user_begins();
        self.number = Some(session.user());
        self.fiber =
            Some(Fiber::new(core).map_err(|error| TaskError::Exception(error.to_string()))?);
        let job = Job::Start { class: self.class, number: session.user() };
        self.run(session, Answer::Job(job)).await
    }

    /// Runs the task of this index for one iteration.
    pub(crate) async fn run_task(&mut self, session: &Session, task: usize) -> TaskResult {
        let ended = self.run(session, Answer::Job(Job::Task(task))).await;
        let finishes = self.fiber.as_ref().is_some_and(|fiber| fiber.parker().finishes());
        if finishes { Err(TaskError::StopUser) } else { ended }
    }

    /// Ends what the user does, as gevent ends a greenlet, and runs its `on_stop`.
    pub(crate) async fn stop(&mut self, session: &Session) -> TaskResult {
        if self.fiber.as_ref().is_some_and(Fiber::is_busy) {
            let exit = Core::of_this_thread(session).map_err(TaskError::Exception)?;
            // What it does on its way out is its own affair.
            let _ = self.run(session, Answer::Throw(exit.engine.greenlet_exit())).await;
        }
        self.run(session, Answer::Job(Job::Stop)).await
    }

    /// Returns the wait after the last task.
    pub(crate) fn wait(&self) -> Duration {
        self.wait
    }

    async fn run(&mut self, session: &Session, answer: Answer) -> TaskResult {
        let Some(fiber) = &mut self.fiber else { return Err(TaskError::StopUser) };
        let ended = drive(fiber, session, answer).await;
        if let Ended::Done(Some(wait)) | Ended::Failed(Some(wait)) = ended {
            self.wait = Duration::try_from_secs_f64(wait).unwrap_or_default();
        }
        match ended {
            Ended::Done(_) => Ok(()),
            // It has been counted.
            Ended::Failed(_) => Err(TaskError::Request),
            Ended::SkipsWait => Err(TaskError::SkipWait),
            Ended::StopsUser => Err(TaskError::StopUser),
        }
    }
}

impl Drop for PythonUser {
    fn drop(&mut self) {
        drop(self.fiber.take());
        if let Some((core, user)) = Core::current().zip(self.number) {
            core.forget_siblings(user);
            core.user_ends();
        }
    }
}

/// Runs a fiber until its job is done or an iteration of it, and waits for what it asks for.
pub(super) async fn drive(fiber: &mut Fiber, session: &Session, mut answer: Answer) -> Ended {
    std::future::poll_fn(|context| {
        fiber.parker().runs_in(context.waker());
        Poll::Ready(())
    })
    .await;
    loop {
        if fiber.is_busy()
            && let Some(thrown) = fiber.parker().take_thrown()
        {
            answer = Answer::Throw(thrown);
        }
        answer = match fiber.resume(session, answer) {
            Ask::Done(ended) | Ask::Iterated(ended) => return ended,
            Ask::Request(request) => {
                let request = pin!(session.make_pending(request));
                let made = or_thrown(fiber, request).await;
                made.map_or_else(Answer::Throw, Answer::Made)
            }
            Ask::Sleep(Duration::ZERO) => {
                yield_now().await;
                Answer::Happened(true)
            }
            Ask::Sleep(wait) => {
                let slept = or_thrown(fiber, pin!(session.sleep(wait))).await;
                slept.map_or_else(Answer::Throw, |()| Answer::Happened(true))
            }
            Ask::Park(timeout) => {
                let woken = or_thrown(fiber, pin!(park(fiber, session, timeout))).await;
                woken.map_or_else(Answer::Throw, Answer::Happened)
            }
            Ask::Descriptor(descriptor) => {
                let ready = or_thrown(fiber, pin!(until_ready(session, descriptor))).await;
                ready.map_or_else(Answer::Throw, Answer::Happened)
            }
            Ask::Call(name, text) => {
                let called = or_thrown(fiber, pin!(call(fiber, &name, &text))).await;
                called.map_or_else(Answer::Throw, Answer::Called)
            }
        };
    }
}

/// Waits for a future, or for an exception that is to be raised in the fiber meanwhile.
async fn or_thrown<T>(
    fiber: &Fiber,
    mut future: Pin<&mut impl Future<Output = T>>,
) -> Result<T, Object> {
    let parker = fiber.parker();
    std::future::poll_fn(|context| {
        if parker.is_thrown_at()
            && let Some(thrown) = parker.take_thrown()
        {
            return Poll::Ready(Err(thrown));
        }
        future.as_mut().poll(context).map(Ok)
    })
    .await
}

/// Asks the command, and waits for its answer.
async fn call(fiber: &Fiber, name: &str, text: &str) -> Result<String, String> {
    let answered = process::call_for(fiber.parker().token, name, text);
    std::future::poll_fn(|_| {
        let answer = answered.lock().unwrap_or_else(PoisonError::into_inner).take();
        answer.map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

/// Waits until the fiber is unparked. Returns `false` if the time is over first.
async fn park(fiber: &Fiber, session: &Session, timeout: Option<Duration>) -> bool {
    let parker = fiber.parker();
    let woken = std::future::poll_fn(|_| match parker.take_woken() {
        true => Poll::Ready(()),
        false => Poll::Pending,
    });
    within(session, timeout, woken).await.is_some()
}

/// Waits until a descriptor is ready. Returns `false` if the time is over first. A descriptor that cannot
/// be waited for is ready: the system call that follows says why.
async fn until_ready(session: &Session, descriptor: Descriptor) -> bool {
    let Descriptor { fd, writable, timeout } = descriptor;
    let reactor = session.reactor();
    let ready = if writable { reactor.writable(fd) } else { reactor.readable(fd) };
    within(session, timeout, ready).await.is_some()
}

async fn within<T>(
    session: &Session,
    timeout: Option<Duration>,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    let Some(timeout) = timeout else { return Some(future.await) };
    let mut over = pin!(session.sleep(timeout));
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => over.as_mut().poll(context).map(|()| None),
    })
    .await
}
