//! One pinned executor per core, and the users on it: glommio, or `local` where its rings are refused.
//!
//! [`start`] starts the cores, waits until all are ready, and gives them one instant to start at. From
//! then on the cores share nothing but the [`Control`]: each starts its own users by their number in
//! the whole run, ships its statistics every second, and ends by itself.

mod class;
mod compiler;
mod dispatcher;
mod event;
mod lifecycle;
mod local;
mod memory;
mod meter;
mod per_core;
mod pinned;
mod program;
mod ramp;
mod rows;
mod scheduler;
mod state;
mod step;
mod stopping;
mod user;
mod user_handle;
mod worker;

use std::ops::Range;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};

pub(crate) use pinned::spawn_here;
pub use pinned::{Error, Pinned, yield_now};
pub use worker::{Running, idle_elsewhere};

pub use crate::cores::allowed_cores;

use crate::control::Control;
use crate::plan::Plan;
use crate::reactor::{Backend, preflight};
use crate::session::Resolver;
use crate::stats::Interval;
use per_core::Job;

pub(crate) use user::panic_text;

/// From the last core's readiness to the start: enough for every core to be told.
const HEAD_START: Duration = Duration::from_millis(5);

/// The cores of a run that has started.
#[derive(Debug)]
pub struct Cores {
    /// When the run started, or will in a moment.
    pub started: Instant,
    /// What the sockets of all of them go through.
    pub backend: Backend,
    threads: Vec<Running<()>>,
}

/// Cores that wait for the start of their run.
#[derive(Debug)]
pub(crate) struct ReadyCores {
    /// What the sockets of all of them go through.
    pub(crate) backend: Backend,
    is_open: bool,
    control: Arc<Control>,
    threads: Vec<Running<()>>,
    starts: Vec<Sender<Instant>>,
}

/// Starts the cores of a plan. Each sends its statistics to `intervals` and drops its sender when
/// its last user has ended.
///
/// # Errors
///
/// Returns why a core could not start; no load has been made then.
pub fn start(
    plan: &Arc<Plan>,
    control: &Arc<Control>,
    intervals: Sender<Interval>,
) -> Result<Cores, Error> {
    let ready = prepare(plan, control, 0..plan.cores.len(), intervals)?;
    Ok(ready.begin(Instant::now() + HEAD_START))
}

/// Prepares those cores of a plan that this process runs, and waits until all of them are ready.
///
/// # Errors
///
/// Returns why a core could not start; no load has been made then.
pub(crate) fn prepare(
    plan: &Arc<Plan>,
    control: &Arc<Control>,
    numbers: Range<usize>,
    intervals: Sender<Interval>,
) -> Result<ReadyCores, Error> {
    let backend = preflight::choose(plan.io)?.backend;
    // Before any thread is pinned, so that look-ups are not.
    let resolver = Resolver::start(plan.dns_refresh).map_err(Error::Resolver)?;
    let (ready, all_ready) = bounded(numbers.len());
    let mut threads = Vec::new();
    let mut starts = Vec::new();
    for number in numbers {
        let core = plan.cores[number];
        let (tell, start) = bounded(1);
        let job = Job {
            plan: plan.clone(),
            control: control.clone(),
            resolver: resolver.clone(),
            core: number,
            start,
            intervals: intervals.clone(),
        };
        let ready = ready.clone();
        let main = move |pinned| per_core::run(pinned, job, ready);
        let end = End { core: number, control: control.clone(), intervals: intervals.clone() };
        let thread = Pinned::start_over(backend, core, "gregaria", end, main)
            .map_err(|source| Error::Reactor { core: core.id, backend, source })?;
        threads.push(thread);
        starts.push(tell);
    }
    drop(ready);
    // A core that cannot start drops its sender, and then fewer are ready.
    if all_ready.iter().take(threads.len()).count() < threads.len() {
        drop(starts);
        return match join(threads) {
            Err(error) => Err(error),
            Ok(()) => unreachable!("a core that ends without an error has been ready"),
        };
    }
    let (is_open, control) = (plan.arrivals.is_some(), control.clone());
    Ok(ReadyCores { backend, is_open, control, threads, starts })
}

impl ReadyCores {
    /// Begins the run at this instant.
    pub(crate) fn begin(self, started: Instant) -> Cores {
        let ReadyCores { backend, is_open, control, threads, starts } = self;
        control.begin(started, is_open);
        for start in starts {
            let _ = start.send(started);
        }
        Cores { started, backend, threads }
    }
}

/// What a core leaves behind when it breaks: its tasks, which may hold whatever they hold for ever.
struct End {
    core: usize,
    control: Arc<Control>,
    intervals: Sender<Interval>,
}

impl Drop for End {
    fn drop(&mut self) {
        if thread::panicking() {
            // Its users are lost, so the other cores have no reason to continue.
            self.control.stop();
            let _ = self.intervals.send(Interval::empty_last(self.core));
        }
    }
}

impl Cores {
    /// Waits for every core to end.
    ///
    /// # Errors
    ///
    /// Returns the error of the first core that broke.
    pub fn join(self) -> Result<(), Error> {
        join(self.threads)
    }
}

fn join(threads: Vec<Running<()>>) -> Result<(), Error> {
    let ends: Vec<_> = threads.into_iter().map(Running::join).collect();
    ends.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use core_affinity::CoreId;

    use super::*;
    use crate::plan::Options;
    use crate::scenario::{Scenario, Step, User};

    #[test]
    fn a_core_that_cannot_start_is_an_error_and_not_a_wait_for_ever() {
        let user = User::new("u").task(Step::get("/"));
        let scenario = Scenario::new("http://127.0.0.1:1").user(user);
        let mut plan = Plan::new(scenario, Options::default()).unwrap();
        plan.cores = vec![allowed_cores()[0], CoreId { id: 999 }];
        let (intervals, _collected) = bounded(8);
        let started = start(&Arc::new(plan), &Arc::default(), intervals);
        assert!(matches!(started, Err(Error::Pin(999))), "{started:?}");
    }
}
