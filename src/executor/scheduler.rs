//! What polls the tasks of a core: glommio's executor, or the [`local`] one where there are to be no
//! rings, which glommio has of its own.

use std::time::Duration;

use core_affinity::CoreId;
use glommio::{LocalExecutor, LocalExecutorBuilder, Placement};

use super::{Error, local};
use crate::reactor::Backend;

/// glommio's time slice, after which it would look at its own rings: longer than any run.
const TIME_SLICE: Duration = Duration::from_secs(365 * 24 * 3600);
/// glommio's own rings carry nothing, so they are as small as they may be.
const GLOMMIO_RING: usize = 8;
const GLOMMIO_IO_MEMORY: usize = 64 * 1024;

/// Which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheduler {
    Glommio,
    Local,
}

impl Scheduler {
    /// Returns the scheduler beside this backend: if we have no ring, glommio has none either.
    pub(super) fn of(backend: Backend) -> Self {
        match backend {
            Backend::IoUring => Scheduler::Glommio,
            Backend::Epoll => Scheduler::Local,
        }
    }

    /// Runs a task on this thread, which runs this scheduler.
    pub(super) fn spawn(self, task: impl Future<Output = ()> + 'static) {
        match self {
            Scheduler::Glommio => drop(glommio::spawn_local(task).detach()),
            Scheduler::Local => local::spawn(task),
        }
    }
}

/// The executors of a thread. glommio's is made when it is needed for the first time.
pub(super) struct Executor {
    core: CoreId,
    glommio: Option<LocalExecutor>,
}

impl Executor {
    pub(super) fn new(core: CoreId) -> Self {
        Executor { core, glommio: None }
    }

    /// Runs a future, and the tasks that it spawns, until it ends.
    ///
    /// # Errors
    ///
    /// Returns why there can be no executor.
    pub(super) fn run<T: 'static>(
        &mut self,
        scheduler: Scheduler,
        main: impl Future<Output = T> + 'static,
    ) -> Result<T, Error> {
        match scheduler {
            Scheduler::Glommio => Ok(self.glommio()?.run(main)),
            Scheduler::Local => Ok(local::run(main)),
        }
    }

    fn glommio(&mut self) -> Result<&LocalExecutor, Error> {
        let made = match self.glommio.take() {
            Some(made) => made,
            None => LocalExecutorBuilder::new(Placement::Unbound)
                .name("gregaria")
                .io_memory(GLOMMIO_IO_MEMORY)
                .ring_depth(GLOMMIO_RING)
                .preempt_timer(TIME_SLICE)
                .make()
                .map_err(|error| Error::Glommio {
                    core: self.core.id,
                    reason: error.to_string(),
                })?,
        };
        Ok(self.glommio.insert(made))
    }
}
