//! The status of the run, written by the threads of the run and read by the page's thread.
//!
//! The collector's thread only leaves its snapshots here. A watch channel tells the page's thread,
//! which does all the rendering.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use tokio::sync::watch;

use super::offered_form::{FormOf, OfferedForm};
use crate::control::{Change, Control};
use crate::plan::Plan;
use crate::report::Report;
use crate::report::history::History;
use crate::report::view::{Facts, State, Workload};
use crate::scenario::{ClassSettings, LoadShape, SettingError};
use crate::stats::Snapshot;

/// The most snapshots that wait for the page's thread. At the limit the oldest is dropped: the charts
/// then have one point less, and the next point counts for its second as well.
const SNAPSHOTS_MAX: usize = 30;

/// The present run, or the last one. There is one value of this per process.
pub(crate) struct LiveRun {
    current: Mutex<Current>,
    /// Is locked before `current`, and not by the threads of a run.
    offered: Mutex<OfferedForm>,
    /// The number of changes so far.
    version: watch::Sender<u64>,
}

/// A run that is about to begin.
pub(crate) struct NewRun {
    /// What is shown of it beside its numbers.
    pub facts: Facts,
    /// Its plan.
    pub plan: Arc<Plan>,
    /// Changes its load and stops it.
    pub control: Arc<Control>,
    /// Its history, which is still empty.
    pub history: History,
}

/// A handle that changes and stops a run.
#[derive(Debug, Clone)]
pub(crate) struct RunHandle {
    /// Its plan.
    pub plan: Arc<Plan>,
    /// Changes its load and stops it.
    pub control: Arc<Control>,
}

/// The status at one moment: references to values that do not change any more.
#[derive(Clone)]
pub(super) struct RunStatus {
    /// The number of the run, from 1; 0 before the first.
    pub(super) number: u64,
    pub(super) facts: Arc<Facts>,
    pub(super) workload: Arc<Workload>,
    /// The start form as JSON.
    pub(super) form: Arc<Value>,
    pub(super) snapshot: Option<Arc<Snapshot>>,
    run: Option<RunHandle>,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No run is active, and one may be started.
    Idle,
    /// A run is being prepared.
    Claimed,
    /// A run is active.
    Active,
}

struct Current {
    status: RunStatus,
    /// The history of a run that has begun, until the page's thread takes it.
    history: Option<History>,
    snapshots: VecDeque<Arc<Snapshot>>,
}

/// What is new since the last call of [`LiveRun::updates`].
pub(super) struct Updates {
    pub(super) status: RunStatus,
    /// The empty history of a run that has begun since.
    pub(super) history: Option<History>,
    pub(super) snapshots: VecDeque<Arc<Snapshot>>,
}

impl LiveRun {
    /// Starts without a run: shows these facts and this workload, and this start form.
    pub(crate) fn new(facts: Facts, workload: Workload, form: FormOf) -> Arc<Self> {
        let status = RunStatus {
            number: 0,
            facts: Arc::new(facts),
            workload: Arc::new(workload),
            form: Arc::new(form(&[]).unwrap_or_default()),
            snapshot: None,
            run: None,
            phase: Phase::Idle,
        };
        let current = Current { status, history: None, snapshots: VecDeque::new() };
        let offered = Mutex::new(OfferedForm::new(form));
        Arc::new(LiveRun { current: Mutex::new(current), offered, version: watch::Sender::new(0) })
    }

    /// Claims the right to start a run; returns `false` where a run is active or already claimed. A
    /// claim ends with [`release`](Self::release) or [`begin`](Self::begin).
    pub(crate) fn claim(&self) -> bool {
        let phase = &mut self.current().status.phase;
        let is_free = *phase == Phase::Idle;
        if is_free {
            *phase = Phase::Claimed;
        }
        is_free
    }

    /// Gives up a claim without a run.
    pub(crate) fn release(&self) {
        self.current().status.phase = Phase::Idle;
    }

    /// Replaces the start form, unless the new one cannot be made.
    pub(crate) fn set_form(&self, form: FormOf) {
        let mut offered = lock(&self.offered);
        if let Ok(json) = offered.replace(form) {
            self.show_form(json);
        }
    }

    /// Sets something of a class, from the next run on.
    pub(super) fn set_class(&self, settings: ClassSettings) -> Result<(), SettingError> {
        let mut offered = lock(&self.offered);
        self.show_form(offered.set_class(settings)?);
        Ok(())
    }

    fn show_form(&self, form: Value) {
        self.current().status.form = Arc::new(form);
        self.notify();
    }

    /// Returns what was set of classes.
    pub(crate) fn class_settings(&self) -> Vec<ClassSettings> {
        lock(&self.offered).settings.clone()
    }

    /// Returns the start form.
    pub(crate) fn form(&self) -> Arc<Value> {
        self.current().status.form.clone()
    }

    /// Begins a run. Returns its number, and the report that passes its snapshots on to the page.
    pub(crate) fn begin(self: &Arc<Self>, run: NewRun) -> (u64, Box<dyn Report + Send>) {
        let NewRun { facts, plan, control, history } = run;
        let mut current = self.current();
        let status = &mut current.status;
        status.number += 1;
        status.facts = Arc::new(facts);
        status.workload = Arc::new(plan.scenario.workload());
        status.snapshot = None;
        status.run = Some(RunHandle { plan, control });
        status.phase = Phase::Active;
        let number = status.number;
        current.history = Some(history);
        current.snapshots.clear();
        drop(current);
        self.notify();
        (number, Box::new(Feed(self.clone())))
    }

    /// Ends the run, after all of its reports are written.
    pub(crate) fn end(&self) {
        self.current().status.phase = Phase::Idle;
        self.notify();
    }

    /// Returns the active run, if there is one.
    pub(crate) fn running(&self) -> Option<RunHandle> {
        let current = self.current();
        current.status.run.clone().filter(|_| current.status.phase == Phase::Active)
    }

    /// Asks the active run to stop; returns `false` where there is none.
    pub(crate) fn stop(&self) -> bool {
        let Some(run) = self.running() else { return false };
        run.control.stop();
        self.notify();
        true
    }

    /// Resets the statistics that are shown of a run that is over, as Locust's page does; returns
    /// `false` where there are none. Files stay as they are.
    pub(super) fn reset(&self) -> bool {
        let mut current = self.current();
        let status = &mut current.status;
        let is_over = status.phase == Phase::Idle;
        let Some(snapshot) = status.snapshot.as_mut().filter(|_| is_over) else { return false };
        *snapshot = Arc::new(snapshot.anew());
        drop(current);
        self.notify();
        true
    }

    /// Tells the page's thread that the status has changed.
    pub(super) fn notify(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    /// Subscribes to changes.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Returns the number of changes so far.
    pub(super) fn version(&self) -> u64 {
        *self.version.borrow()
    }

    /// Takes what is new since the last call. There is one caller: the publisher, which keeps the
    /// history.
    pub(super) fn updates(&self) -> Updates {
        let mut current = self.current();
        let snapshots = std::mem::take(&mut current.snapshots);
        Updates { status: current.status.clone(), history: current.history.take(), snapshots }
    }

    fn add(&self, snapshot: &Snapshot) {
        // Copied before taking the lock, so that the page's thread does not wait for the copy.
        let snapshot = Arc::new(snapshot.clone());
        let mut current = self.current();
        current.status.snapshot = Some(snapshot.clone());
        if current.snapshots.len() == SNAPSHOTS_MAX {
            current.snapshots.pop_front();
        }
        current.snapshots.push_back(snapshot);
        drop(current);
        self.notify();
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        lock(&self.current)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl RunStatus {
    pub(super) fn state(&self) -> State {
        match (&self.run, self.phase) {
            (None, _) => State::Ready,
            (Some(run), Phase::Active) => run.state(self.snapshot.as_deref()),
            (Some(_), Phase::Idle | Phase::Claimed) => State::Stopped,
        }
    }

    /// Returns the load that the active run is heading for.
    pub(super) fn target(&self) -> Option<Change> {
        self.run.as_ref().filter(|_| self.phase == Phase::Active)?.target()
    }
}

impl RunHandle {
    /// Returns the last change that was asked for; before any, the top of a plain ramp. A load shape has
    /// no such target.
    fn target(&self) -> Option<Change> {
        let planned = || match (&self.plan.arrivals, &self.plan.shape) {
            (None, &LoadShape::Ramp { users, spawn_rate }) => {
                Some(Change::Users { users, spawn_rate })
            }
            _ => None,
        };
        self.control.target().or_else(planned)
    }

    fn state(&self, snapshot: Option<&Snapshot>) -> State {
        if self.control.is_stopping() {
            return State::Stopping;
        }
        let Some(snapshot) = snapshot else { return State::Spawning };
        let is_full = match (self.control.users_wanted(), &self.plan.arrivals, &self.plan.shape) {
            (Some(wanted), ..) => snapshot.user_count() == u64::from(wanted),
            // An open load starts users as its arrivals need them.
            (None, Some(arrivals), _) => {
                arrivals.full().is_none_or(|full| snapshot.elapsed >= full)
            }
            (None, None, LoadShape::Ramp { .. }) => {
                snapshot.user_count() == u64::from(self.plan.users)
            }
            (None, None, shape) => shape.full().is_none_or(|full| snapshot.elapsed >= full),
        };
        if is_full { State::Running } else { State::Spawning }
    }
}

/// The report that passes snapshots on to the page.
struct Feed(Arc<LiveRun>);

impl Report for Feed {
    fn update(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        self.0.add(snapshot);
        Ok(())
    }

    fn finish(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        self.update(snapshot)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant, SystemTime};

    use super::*;
    use crate::plan::Options;
    use crate::scenario::{Scenario, Step, User};
    use crate::stats::{RowLimits, Totals, UserCount};

    fn new_run(users: u32) -> NewRun {
        let user = User::new("u").task(Step::get("/"));
        let scenario = Scenario::new("http://127.0.0.1:1").user(user);
        let options = Options { users: Some(users), ..Options::default() };
        let control = Arc::<Control>::default();
        control.begin(Instant::now(), false);
        NewRun {
            facts: Facts::default(),
            plan: Arc::new(Plan::new(scenario, options).unwrap()),
            control,
            history: History::new(Box::new(|_| None)),
        }
    }

    fn running(users: u64) -> Snapshot {
        let mut totals = Totals::new(SystemTime::UNIX_EPOCH, Vec::new(), RowLimits::default());
        let running = UserCount { class: "u".into(), running: users };
        Snapshot { users: vec![running], ..totals.snapshot(Duration::from_secs(1)) }
    }

    fn live() -> Arc<LiveRun> {
        LiveRun::new(Facts::default(), Workload::default(), Arc::new(|_| Ok("first".into())))
    }

    #[test]
    fn a_run_goes_through_its_states() {
        let live = live();
        let state = || live.updates().status.state();
        let target = || live.updates().status.target();
        let to = |users| Some(Change::Users { users, spawn_rate: 1.0 });
        assert_eq!((state(), target()), (State::Ready, None));
        assert!(live.claim() && !live.claim(), "one at a time");
        assert!(!live.stop(), "there is nothing to stop yet");
        let run = new_run(2);
        let control = run.control.clone();
        let (number, mut report) = live.begin(run);
        assert_eq!((number, state(), target()), (1, State::Spawning, to(2)));
        report.update(&running(1)).unwrap();
        assert_eq!(state(), State::Spawning);
        report.update(&running(2)).unwrap();
        assert_eq!(state(), State::Running);
        control.set_users(3, 1.0).unwrap();
        assert_eq!((state(), target()), (State::Spawning, to(3)));
        report.update(&running(3)).unwrap();
        assert_eq!(state(), State::Running);
        assert!(live.stop() && control.is_stopping());
        assert_eq!(state(), State::Stopping);
        report.finish(&running(0)).unwrap();
        live.end();
        assert!(live.running().is_none() && !live.stop());
        assert_eq!((state(), target()), (State::Stopped, None));
        assert!(live.claim());
        live.release();
        assert!(live.claim(), "a claim that was given up is free again");
        assert_eq!(live.begin(new_run(1)).0, 2);
        assert_eq!(state(), State::Spawning);
    }

    #[test]
    fn a_form_is_shown_until_it_is_replaced() {
        let live = live();
        let before = live.version();
        assert_eq!(*live.form(), "first");
        live.set_form(Arc::new(|_| Ok("next".into())));
        assert_eq!((&*live.form(), live.version()), (&Value::from("next"), before + 1));
        live.claim();
        live.begin(new_run(1));
        assert_eq!(*live.updates().status.form, "next");
    }

    #[test]
    fn every_change_is_counted_and_waiting_snapshots_are_bounded() {
        let live = live();
        live.claim();
        let before = live.version();
        let (_, mut report) = live.begin(new_run(1));
        (0..SNAPSHOTS_MAX + 5).for_each(|_| report.update(&running(1)).unwrap());
        assert_eq!(live.version(), before + 1 + SNAPSHOTS_MAX as u64 + 5);
        let updates = live.updates();
        assert_eq!((updates.snapshots.len(), updates.history.is_some()), (SNAPSHOTS_MAX, true));
        let updates = live.updates();
        assert!(
            updates.snapshots.is_empty()
                && updates.history.is_none()
                && updates.status.snapshot.is_some()
        );
    }
}
