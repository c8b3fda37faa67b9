//! An executor of one thread without a ring of its own: a queue of the tasks that can run.
//!
//! It stands in for glommio's and keeps its rules: a task that is woken goes to the end of the queue, one
//! that wakes itself while it runs as well, and nothing here waits. A task that was woken on another
//! thread joins the queue before the next one is taken from it; nothing wakes this thread for it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::mem;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_task::{Builder, Runnable};

type Task = Runnable<Arc<Home>>;

thread_local! {
    static THREAD: Thread = Thread::default();
}

/// The tasks of a thread that can run.
#[derive(Default)]
struct Thread {
    queue: RefCell<VecDeque<Task>>,
    home: Arc<Home>,
}

/// The thread that a task belongs to, as other threads see it.
#[derive(Default)]
struct Home {
    woken_elsewhere: Mutex<Vec<Task>>,
    /// Whether there are any.
    has_woken: AtomicBool,
}

/// Runs a task on this thread, with [`run`].
pub(super) fn spawn(task: impl Future<Output = ()> + 'static) {
    let home = THREAD.with(|thread| thread.home.clone());
    let (task, handle) = Builder::new().metadata(home).spawn_local(|_| task, schedule);
    handle.detach();
    task.schedule();
}

/// Runs a future and every task that it spawns, until the future ends.
pub(super) fn run<T: 'static>(main: impl Future<Output = T> + 'static) -> T {
    let _emptied = Emptied;
    let output = Rc::new(Cell::new(None));
    let slot = output.clone();
    spawn(async move { slot.set(Some(main.await)) });
    loop {
        if let Some(task) = THREAD.with(Thread::next) {
            task.run();
        }
        if let Some(output) = output.take() {
            return output;
        }
    }
}

/// Puts a task into the queue of its thread.
fn schedule(task: Task) {
    let mut task = Some(task);
    // On a thread that ends there is no queue any more.
    let _ = THREAD.try_with(|thread| {
        if let Some(own) = task.take_if(|task| Arc::ptr_eq(task.metadata(), &thread.home)) {
            thread.queue.borrow_mut().push_back(own);
        }
    });
    if let Some(task) = task {
        task.metadata().clone().wake(task);
    }
}

impl Thread {
    fn next(&self) -> Option<Task> {
        let mut queue = self.queue.borrow_mut();
        if self.home.has_woken.load(Ordering::Relaxed) {
            queue.extend(self.home.take_woken());
        }
        queue.pop_front()
    }
}

impl Home {
    #[cold]
    fn wake(&self, task: Task) {
        let mut woken = self.woken_elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        woken.push(task);
        self.has_woken.store(true, Ordering::Relaxed);
    }

    #[cold]
    fn take_woken(&self) -> Vec<Task> {
        let mut woken = self.woken_elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        self.has_woken.store(false, Ordering::Relaxed);
        mem::take(&mut woken)
    }
}

/// Drops what is left in the queue where the run ends, and so where it panics.
struct Emptied;

impl Drop for Emptied {
    fn drop(&mut self) {
        while let Some(task) = THREAD.with(Thread::next) {
            drop(task);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;
    use std::thread;

    use super::*;
    use crate::executor::yield_now;

    #[test]
    fn tasks_run_in_the_order_in_which_they_were_woken() {
        let order = Rc::new(RefCell::new(Vec::new()));
        let seen = order.clone();
        run(async move {
            for number in 0..3 {
                let seen = seen.clone();
                spawn(async move {
                    for _ in 0..2 {
                        seen.borrow_mut().push(number);
                        yield_now().await;
                    }
                });
            }
            while Rc::strong_count(&seen) > 2 {
                yield_now().await;
            }
        });
        assert_eq!(*order.borrow(), [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn a_task_that_another_thread_wakes_runs_on_its_own() {
        let ran_on = run(async {
            let (waker_of, wakers) = std::sync::mpsc::channel::<std::task::Waker>();
            let waking = thread::spawn(move || wakers.recv().unwrap().wake());
            let ran_on = Rc::new(Cell::new(None));
            let slot = ran_on.clone();
            let mut is_woken = false;
            spawn(async move {
                std::future::poll_fn(move |context| {
                    if mem::replace(&mut is_woken, true) {
                        return Poll::Ready(());
                    }
                    waker_of.send(context.waker().clone()).unwrap();
                    Poll::Pending
                })
                .await;
                slot.set(Some(thread::current().id()));
            });
            yield_now().await;
            waking.join().unwrap();
            while ran_on.get().is_none() {
                yield_now().await;
            }
            ran_on.get()
        });
        assert_eq!(ran_on, Some(thread::current().id()));
    }

    #[test]
    fn a_run_that_panics_drops_what_could_run() {
        let held = Rc::new(());
        let task = held.clone();
        let run = std::panic::AssertUnwindSafe(move || {
            run(async move {
                spawn(async move { drop(task) });
                panic!("on purpose");
            });
        });
        assert!(std::panic::catch_unwind(run).is_err());
        assert_eq!(Rc::strong_count(&held), 1);
    }
}
