//! The events of a run that listeners in the host process hear, in Locust's order.
//!
//! When all users have been started: `spawning_complete`. At the end of the load: `test_stopping`,
//! `test_stop`, `quitting`, `quit`. A signal ends the command, so there `quitting` comes first. Runs of the
//! page are followed by others, so there `quitting` and `quit` come with the end of the page.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::host::Host;
use super::spawning::Spawning;
use crate::control::Control;
use crate::plan::Plan;
use crate::report::Report;
use crate::stats::Snapshot;

/// How often a run is looked at for its end.
const LOOK: Duration = Duration::from_millis(20);

/// The events of one command. Clones are of the same.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Events {
    host: Arc<dyn Host>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    outcome: Mutex<Outcome>,
    /// A signal has come.
    is_interrupted: AtomicBool,
    has_quit: AtomicBool,
}

/// What listeners have left.
#[derive(Debug, Default, Clone, Copy)]
struct Outcome {
    /// `environment.process_exit_code`.
    process_exit_code: Option<i64>,
    /// Whether one raised an exception.
    listener_failed: bool,
}

impl Events {
    pub(super) fn new(host: Arc<dyn Host>) -> Self {
        Events { host, state: Arc::default() }
    }

    /// Fires an event. What a listener raises is logged by the host. That this is gone, the run tells.
    pub(in crate::cli) fn fire(&self, event: &str, details: Value) {
        self.left_by(event, details);
    }

    /// Fires `test_start`, and notes that it was. Returns what the listeners have left for the cores.
    pub(super) fn test_start(&self, begun: &AtomicBool) -> Value {
        let mut left = self.left_by("test_start", json!({}));
        begun.store(true, Ordering::SeqCst);
        left["cores"].take()
    }

    fn left_by(&self, event: &str, details: Value) -> Value {
        let Ok(left) = self.host.fire(event, details) else {
            self.outcome().listener_failed = true;
            return json!({});
        };
        let mut outcome = self.outcome();
        outcome.process_exit_code = left["process_exit_code"].as_i64();
        outcome.listener_failed |= left["listener_failed"] == true;
        left
    }

    /// Notes that a signal ends the command.
    pub(in crate::cli) fn interrupt(&self) {
        self.state.is_interrupted.store(true, Ordering::SeqCst);
    }

    /// Fires `quitting`, once.
    pub(in crate::cli) fn quitting(&self) {
        if !self.state.has_quit.swap(true, Ordering::SeqCst) {
            self.fire("quitting", json!({}));
        }
    }

    /// Ends the command: fires what is left, and returns its exit code. `told` gets that before the last
    /// event.
    pub(in crate::cli) fn end(&self, code: u8, told: impl FnOnce(u8)) -> u8 {
        self.quitting();
        let code = self.exit_code(code);
        told(code);
        self.fire("quit", json!({ "exit_code": code }));
        code
    }

    /// Returns the exit code of a command whose runs end with `code`, as Locust has it: the one that a
    /// listener sets, or else that of failures, or else 2 where a listener raised an exception.
    fn exit_code(&self, code: u8) -> u8 {
        let Outcome { process_exit_code, listener_failed } = *self.outcome();
        match process_exit_code {
            // As the system takes the number of a process.
            Some(code) => code.rem_euclid(256) as u8,
            None if code == 0 && listener_failed => 2,
            None => code,
        }
    }

    /// Watches a run on a thread of its own, which ends with it: fires `spawning_complete` when all users have
    /// been started, and `test_stopping` as soon as the run stops.
    pub(super) fn watch(&self, plan: &Arc<Plan>, control: &Arc<Control>) -> Watch {
        let (limit, mut spawning) = (plan.run_time, Spawning::new(plan, control));
        let (begun, is_over) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let (events, control) = (self.clone(), control.clone());
        let (has_begun, over) = (begun.clone(), is_over.clone());
        let thread = thread::spawn(move || {
            // A core that decides by itself to end tells it a moment later.
            let is_limit = || limit.is_some_and(|limit| control.elapsed() >= limit);
            let is_stopping = || control.is_stopping() || control.ending().is_some() || is_limit();
            let is_known = || has_begun.load(Ordering::SeqCst) && is_stopping();
            while !over.load(Ordering::SeqCst) && !is_known() {
                if let Some(users) = spawning.complete() {
                    events.fire("spawning_complete", json!({ "user_count": users }));
                }
                thread::sleep(LOOK);
            }
            if !has_begun.load(Ordering::SeqCst) {
                return;
            }
            if events.state.is_interrupted.load(Ordering::SeqCst) {
                events.quitting();
            }
            events.fire("test_stopping", json!({}));
        });
        Watch { begun, is_over, thread: Some(thread) }
    }

    fn outcome(&self) -> MutexGuard<'_, Outcome> {
        self.state.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the end of a run.
pub(in crate::cli) struct Watch {
    /// Whether `test_start` was fired.
    pub(super) begun: Arc<AtomicBool>,
    is_over: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Watch {
    /// Returns when `test_stopping` was fired.
    fn end(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.thread.take().into_iter().for_each(|thread| drop(thread.join()));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end();
    }
}

/// Fires events when the reports before it are finished.
pub(in crate::cli) enum EventReport {
    /// `test_stop`, after `test_stopping`.
    Stop(Events, Watch),
    /// `quitting`.
    Quitting(Events),
}

impl Report for EventReport {
    fn update(&mut self, _: &Snapshot) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Snapshot) -> io::Result<()> {
        match self {
            EventReport::Stop(events, watch) => {
                watch.end();
                events.fire("test_stop", json!({}));
            }
            EventReport::Quitting(events) => events.quitting(),
        }
        Ok(())
    }

    fn needs_every_update(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::locustfile::tests::{Fake, load};
    use crate::plan::Options;

    fn plan() -> Arc<Plan> {
        let scenario = load(Fake::default()).1.unwrap().scenario().unwrap();
        Arc::new(Plan::new(scenario, Options::default()).unwrap())
    }

    fn events() -> (Arc<Fake>, Events) {
        let fake = Arc::new(Fake::default());
        (fake.clone(), Events::new(fake))
    }

    #[test]
    fn events_come_in_the_order_of_locust() {
        let run = |is_interrupted: bool| {
            let (fake, events) = events();
            let control = Arc::new(Control::default());
            let watch = events.watch(&plan(), &control);
            events.test_start(&watch.begun);
            let mut reports =
                [EventReport::Stop(events.clone(), watch), EventReport::Quitting(events.clone())];
            if is_interrupted {
                events.interrupt();
            }
            control.stop();
            let snapshot = Snapshot::before_the_run(Vec::new());
            reports.iter_mut().for_each(|report| report.finish(&snapshot).unwrap());
            assert_eq!(events.end(1, |code| assert_eq!(code, 1)), 1);
            fake.fired()
        };
        assert_eq!(run(false), ["test_start", "test_stopping", "test_stop", "quitting", "quit"]);
        assert_eq!(run(true), ["test_start", "quitting", "test_stopping", "test_stop", "quit"]);
    }

    #[test]
    fn a_run_that_did_not_begin_does_not_stop() {
        let (fake, events) = events();
        let control = Arc::new(Control::default());
        let watch = events.watch(&plan(), &control);
        control.stop();
        thread::sleep(LOOK * 2);
        drop(watch);
        assert_eq!(fake.fired(), Vec::<String>::new());
    }

    #[test]
    fn the_code_of_a_listener_goes_before_that_of_failures_before_that_of_exceptions() {
        let code = |process_exit_code: Option<i64>, listener_failed, code| {
            let (_, events) = events();
            *events.outcome() = Outcome { process_exit_code, listener_failed };
            events.exit_code(code)
        };
        assert_eq!(code(None, false, 1), 1);
        assert_eq!(code(Some(0), true, 1), 0);
        assert_eq!(code(Some(7), false, 3), 7);
        assert_eq!(code(Some(-1), false, 0), 255);
        assert_eq!((code(None, true, 0), code(None, true, 1)), (2, 1));
    }
}
