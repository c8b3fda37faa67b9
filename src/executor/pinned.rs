//! A glommio executor pinned to one core, with the reactor its tasks live on.
//!
//! glommio schedules the tasks and gives the wakers; everything that waits, waits in the reactor's
//! turn. glommio's own reactor is looked at only when the executor starts and ends, so nothing on a
//! core may use glommio's timers, sockets, files or blocking calls.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use core_affinity::CoreId;

use super::scheduler::{Executor, Scheduler};
use super::worker::{self, Running};
use crate::reactor::{Backend, Reactor, Turn, preflight};

/// Rounds of runnable tasks before the kernel is looked at all the same.
const ROUNDS_MAX: u32 = 4;
/// One core's executor, as its tasks see it.
#[derive(Debug)]
pub struct Pinned {
    /// The core's reactor.
    pub reactor: Rc<Reactor>,
    scheduler: Scheduler,
    /// Polls of tasks so far: the driver waits only after a round that did not move it.
    polls: Cell<u64>,
    /// The tasks that have run and not ended. One that waits is otherwise known only to the reactor
    /// that it keeps alive itself.
    tasks: RefCell<Tasks>,
    /// Whether tasks end instead of running.
    ending: Cell<bool>,
}

/// Why a core did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The thread could not be pinned: the core is offline or not ours.
    #[error("cannot pin a thread to core {0}")]
    Pin(usize),
    /// glommio refused to start.
    #[error("cannot start glommio on core {core}: {reason}")]
    Glommio {
        /// The core.
        core: usize,
        /// What glommio says.
        reason: String,
    },
    /// The thread that takes orders to look names up could not be made.
    #[error("cannot start a thread to look names up: {0}")]
    Resolver(io::Error),
    /// A bug of ours: the thread says on stderr where.
    #[error("a core panicked, so the numbers are not complete; this is a bug in gregaria")]
    Panicked,
    /// io_uring was asked for, and this process may not use it.
    #[error(transparent)]
    Preflight(#[from] preflight::Error),
    /// The reactor could not be made, or broke.
    #[error("{backend} on core {core}: {source}")]
    Reactor {
        /// The core.
        core: usize,
        /// What it goes through.
        backend: Backend,
        /// What the kernel says.
        source: io::Error,
    },
}

thread_local! {
    /// What runs on this thread.
    static HERE: RefCell<Weak<Pinned>> = const { RefCell::new(Weak::new()) };
}

/// Runs a task on the core of this thread, as [`Pinned::spawn`] does. Returns `false` if this is no core's
/// thread.
pub(crate) fn spawn_here(task: impl Future<Output = ()> + 'static) -> bool {
    let here = HERE.with_borrow(Weak::upgrade);
    here.inspect(|pinned| pinned.spawn(task)).is_some()
}

impl Pinned {
    /// Has a thread that is pinned to `core` run `main`, with an executor and a reactor, over io_uring
    /// where this process may use it.
    ///
    /// Tasks that `main` leaves behind are dropped where they stand.
    ///
    /// # Errors
    ///
    /// Returns an error if the thread cannot be made; everything else comes with the join.
    pub fn start<T, F>(
        core: CoreId,
        name: &str,
        main: impl FnOnce(Rc<Pinned>) -> F + Send + 'static,
    ) -> io::Result<Running<T>>
    where
        T: Send + 'static,
        F: Future<Output = T> + 'static,
    {
        Pinned::start_over(Backend::best(), core, name, (), main)
    }

    /// Does the same over this backend, with a value that is dropped when `main` has ended, however
    /// it ends.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Pinned::start`].
    pub fn start_over<T, F>(
        backend: Backend,
        core: CoreId,
        name: &str,
        guard: impl Send + 'static,
        main: impl FnOnce(Rc<Pinned>) -> F + Send + 'static,
    ) -> io::Result<Running<T>>
    where
        T: Send + 'static,
        F: Future<Output = T> + 'static,
    {
        worker::start(core, name, move |executor| {
            let _guard = guard;
            Pinned::run(core, executor, backend, Scheduler::of(backend), main)
        })
    }

    fn run<T: 'static, F: Future<Output = T> + 'static>(
        core: CoreId,
        executor: &mut Executor,
        backend: Backend,
        scheduler: Scheduler,
        main: impl FnOnce(Rc<Pinned>) -> F + 'static,
    ) -> Result<T, Error> {
        let broken = |source| Error::Reactor { core: core.id, backend, source };
        let reactor = Reactor::new(backend).map_err(broken)?;
        let pinned = Rc::new(Pinned {
            reactor,
            scheduler,
            polls: Cell::new(0),
            tasks: RefCell::default(),
            ending: Cell::new(false),
        });
        HERE.set(Rc::downgrade(&pinned));
        let driven = executor.run(scheduler, async move {
            let output = Rc::new(Cell::new(None));
            let (main, slot) = (main(pinned.clone()), output.clone());
            pinned.spawn(async move { slot.set(Some(main.await)) });
            let driven = pinned.drive(output).await;
            pinned.drop_tasks().await;
            // It waits no more, even where something keeps the reactor: a response that a file keeps does.
            pinned.reactor.set_wait_hook(None);
            driven
        });
        driven?.map_err(broken)
    }

    /// Runs a task on this core. It is not awaited; a panic in it ends the core.
    pub fn spawn(self: &Rc<Self>, task: impl Future<Output = ()> + 'static) {
        self.spawn_numbered(|_| task);
    }

    /// Runs a task that knows its number on this core, by which it can be woken. A number is given
    /// again when its task has ended.
    pub(super) fn spawn_numbered<F: Future<Output = ()> + 'static>(
        self: &Rc<Self>,
        task: impl FnOnce(u32) -> F,
    ) {
        let number = self.tasks.borrow_mut().add();
        let entry = Entry { pinned: self.clone(), number, has_run: false };
        self.scheduler.spawn(Counted { task: task(number), entry });
    }

    /// Has the task of this number looked at once more, if it has not ended.
    pub(super) fn wake(&self, number: u32) {
        // One that has not run yet is going to.
        self.tasks.borrow().wakers[number as usize].iter().for_each(Waker::wake_by_ref);
    }

    /// Turns the reactor whenever all runnable tasks have run, until there is an output.
    async fn drive<T>(&self, output: Rc<Cell<Option<T>>>) -> io::Result<T> {
        loop {
            let turn = self.run_runnable().await;
            if let Some(output) = output.take() {
                return Ok(output);
            }
            self.reactor.turn(turn)?;
        }
    }

    /// Has every task looked at once more. Waking marks it as runnable and runs nothing.
    pub(super) fn wake_all(&self) {
        self.tasks.borrow().wakers.iter().flatten().for_each(Waker::wake_by_ref);
    }

    /// Lets every task run once more, and end instead.
    async fn drop_tasks(&self) {
        self.ending.set(true);
        self.wake_all();
        while self.run_runnable().await == Turn::Poll {}
    }

    /// Lets every runnable task run, in rounds, because a task that ran may have woken another. The turn
    /// may wait only after a whole round in which no task ran.
    async fn run_runnable(&self) -> Turn {
        for _ in 0..ROUNDS_MAX {
            let polls = self.polls.get();
            yield_now().await;
            if self.polls.get() == polls {
                return Turn::Wait;
            }
        }
        Turn::Poll
    }
}

/// Lets every other runnable task run first.
pub async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

pin_project_lite::pin_project! {
    /// A task whose polls the driver can see, and which it can end.
    struct Counted<F> {
        #[pin]
        task: F,
        entry: Entry,
    }
}

impl<F: Future<Output = ()>> Future for Counted<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let pinned = &this.entry.pinned;
        pinned.polls.set(pinned.polls.get() + 1);
        if pinned.ending.get() {
            return Poll::Ready(());
        }
        if !std::mem::replace(&mut this.entry.has_run, true) {
            pinned.tasks.borrow_mut().know(this.entry.number, context.waker().clone());
        }
        this.task.poll(context)
    }
}

/// A task's place in the list of its core.
struct Entry {
    pinned: Rc<Pinned>,
    number: u32,
    has_run: bool,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let waker = self.pinned.tasks.borrow_mut().remove(self.number);
        drop(waker);
    }
}

/// A waker for each task of a core, once it has run: 16 bytes, because there may be a million.
#[derive(Debug, Default)]
struct Tasks {
    wakers: Vec<Option<Waker>>,
    free: Vec<u32>,
}

impl Tasks {
    fn add(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.wakers.push(None);
            (self.wakers.len() - 1) as u32
        })
    }

    fn know(&mut self, number: u32, waker: Waker) {
        self.wakers[number as usize] = Some(waker);
    }

    fn remove(&mut self, number: u32) -> Option<Waker> {
        self.free.push(number);
        self.wakers[number as usize].take()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::cores::allowed_cores;

    /// On a core with each of the schedulers.
    fn on_a_core<F: Future<Output = ()> + 'static>(
        main: impl FnOnce(Rc<Pinned>) -> F + Clone + Send + 'static,
    ) {
        let core = allowed_cores()[0];
        let local = Scheduler::Local;
        let kinds = [
            (Backend::IoUring, Scheduler::Glommio),
            (Backend::IoUring, local),
            (Backend::Epoll, local),
        ];
        let is_allowed = preflight::io_uring().is_ok();
        let kinds =
            kinds.into_iter().filter(|(backend, _)| is_allowed || *backend == Backend::Epoll);
        for (backend, scheduler) in kinds {
            let main = main.clone();
            let run = move |executor: &mut Executor| {
                Pinned::run(core, executor, backend, scheduler, main)
            };
            worker::start(core, "test", run).unwrap().join().unwrap();
        }
    }

    #[test]
    fn a_core_runs_where_it_is_pinned() {
        let core = *allowed_cores().last().unwrap();
        let ran = Pinned::start(core, "test", async |_| rustix::thread::sched_getcpu());
        assert_eq!(ran.unwrap().join().unwrap(), core.id);
    }

    /// Tasks that hand a token round wake each other without any completion: were the core to wait
    /// while one of them is runnable, it would sleep until the far deadline.
    #[test]
    fn a_core_never_waits_while_a_task_is_runnable() {
        let begin = Instant::now();
        on_a_core(async |core| {
            let far = core.reactor.sleep_until(Instant::now() + Duration::from_secs(60));
            core.spawn(async move {
                far.await;
            });
            let tokens = Rc::new(Cell::new(0));
            for _ in 0..10 {
                let tokens = tokens.clone();
                core.spawn(async move {
                    while tokens.get() < 10_000 {
                        tokens.set(tokens.get() + 1);
                        yield_now().await;
                    }
                });
            }
            while tokens.get() < 10_000 {
                yield_now().await;
            }
        });
        assert!(begin.elapsed() < Duration::from_secs(30));
    }

    /// Only the reactor knows a waiting task, and the task keeps the reactor alive.
    #[test]
    fn tasks_that_are_left_behind_are_dropped() {
        struct Told(std::sync::mpsc::Sender<u32>, u32);
        impl Drop for Told {
            fn drop(&mut self) {
                self.0.send(self.1).unwrap();
            }
        }
        let (tell, told) = std::sync::mpsc::channel();
        let leave = async move |core: Rc<Pinned>| {
            for number in 0..3 {
                let (core, guard) = (core.clone(), Told(tell.clone(), number));
                core.clone().spawn(async move {
                    let _guard = guard;
                    match number {
                        0 => core.reactor.woken().await,
                        1 => {
                            core.reactor
                                .sleep_until(Instant::now() + Duration::from_secs(60))
                                .await;
                        }
                        _ => std::future::pending().await,
                    }
                });
            }
            yield_now().await;
            // This one has not even run.
            let guard = Told(tell.clone(), 3);
            core.spawn(async move { drop(guard) });
        };
        on_a_core(leave);
        let mut dropped: Vec<_> = told.iter().collect();
        dropped.sort();
        let each = dropped.len() / 4;
        assert!(each > 0);
        assert_eq!(dropped, [0, 1, 2, 3].map(|number| vec![number; each]).concat());
    }

    #[test]
    fn a_busy_core_still_sees_its_timers() {
        on_a_core(async |core| {
            let slept = Rc::new(Cell::new(false));
            let flag = slept.clone();
            let sleep = core.reactor.sleep_until(Instant::now() + Duration::from_millis(5));
            core.spawn(async move {
                sleep.await;
                flag.set(true);
            });
            while !slept.get() {
                yield_now().await;
            }
        });
    }
}
