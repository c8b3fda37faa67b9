//! A tiny executor around `turn`, on each backend.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use super::super::{Backend, Reactor, Turn, preflight};

thread_local! {
    /// Which backend the test's reactors have.
    pub(super) static BACKEND: Cell<Backend> = const { Cell::new(Backend::Epoll) };
}

pub(super) fn backend() -> Backend {
    BACKEND.get()
}

/// Runs a test on each backend that this process may use.
pub(super) fn on_each_backend(test: impl Fn()) {
    for backend in [Backend::IoUring, Backend::Epoll] {
        if backend == Backend::IoUring && preflight::io_uring().is_err() {
            continue;
        }
        BACKEND.set(backend);
        test();
    }
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Runs tasks in the order they are woken and turns the reactor when none is runnable.
pub(super) struct Executor {
    pub(super) reactor: Rc<Reactor>,
    tasks: RefCell<Vec<Option<Task>>>,
    woken: Arc<Mutex<VecDeque<usize>>>,
}

pub(super) struct TaskWaker {
    pub(super) task: usize,
    pub(super) woken: Arc<Mutex<VecDeque<usize>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.woken.lock().unwrap().push_back(self.task);
    }
}

impl Executor {
    pub(super) fn new() -> Rc<Self> {
        let reactor = Reactor::new(backend()).unwrap();
        Rc::new(Executor { reactor, tasks: RefCell::default(), woken: Arc::default() })
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + 'static) -> usize {
        let mut tasks = self.tasks.borrow_mut();
        tasks.push(Some(Box::pin(task)));
        self.woken.lock().unwrap().push_back(tasks.len() - 1);
        tasks.len() - 1
    }

    /// Drops a task wherever it is.
    pub(super) fn kill(&self, task: usize) {
        let killed = self.tasks.borrow_mut()[task].take();
        drop(killed);
    }

    /// Runs until `done` says so; panics when that takes more than ten seconds.
    pub(super) fn run_until(&self, done: impl Fn() -> bool) {
        let begin = Instant::now();
        while !done() {
            assert!(begin.elapsed() < Duration::from_secs(10), "the reactor hangs");
            self.run_woken();
            // Never for long: `done` may look at something that is not a task.
            let soon = self.reactor.sleep_until(Instant::now() + Duration::from_millis(5));
            let mut soon = std::pin::pin!(soon);
            let _ = soon.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            self.reactor.turn(Turn::Wait).unwrap();
        }
    }

    pub(super) fn run_woken(&self) {
        loop {
            let Some(task) = self.woken.lock().unwrap().pop_front() else { return };
            let Some(mut future) = self.tasks.borrow_mut()[task].take() else { continue };
            let waker = Waker::from(Arc::new(TaskWaker { task, woken: self.woken.clone() }));
            if future.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Pending {
                self.tasks.borrow_mut()[task] = Some(future);
            }
        }
    }
}
