//! How the run stands: written by the threads of a run, read by the page's.
//!
//! The collector's thread only puts a snapshot down here. What is made of it is made on the page's
//! thread, which is told that there is something new through a watch.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use tokio::sync::watch;

use crate::control::{Change, Control};
use crate::plan::Plan;
use crate::report::Report;
use crate::report::history::History;
use crate::report::view::{Facts, State};
use crate::scenario::{LoadShape, Scenario};
use crate::stats::Snapshot;

/// Snapshots that may wait for the page's thread. Beyond, the oldest is left out of the charts: what
/// comes after it counts for its second as well.
const NEWS_MAX: usize = 30;

/// The run at present, or the latest. One for each process.
pub struct Live {
    current: Mutex<Current>,
    /// Counts the changes.
    version: watch::Sender<u64>,
}

/// A run that is about to begin.
pub struct Beginning {
    /// What it is.
    pub facts: Facts,
    /// What it was planned to be.
    pub plan: Arc<Plan>,
    /// What steers it.
    pub control: Arc<Control>,
    /// Its course, with nothing in it.
    pub history: History,
}

/// What a run is steered by.
#[derive(Debug, Clone)]
pub struct Run {
    /// What it was planned to be.
    pub plan: Arc<Plan>,
    /// What steers it.
    pub control: Arc<Control>,
}

/// How things stand: references to what does not change any more.
#[derive(Clone)]
pub(super) struct Standing {
    /// Runs so far.
    pub(super) number: u64,
    pub(super) facts: Arc<Facts>,
    pub(super) scenario: Arc<Scenario>,
    /// What may be asked for at the start.
    pub(super) form: Arc<Value>,
    pub(super) snapshot: Option<Arc<Snapshot>>,
    run: Option<Run>,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No run is on, and one may be started.
    Idle,
    /// Somebody has asked for a run, which is not on yet.
    Claimed,
    /// A run is on.
    Active,
}

struct Current {
    standing: Standing,
    /// The course of a run that has begun, until the page's thread takes it.
    history: Option<History>,
    news: VecDeque<Arc<Snapshot>>,
}

/// What is new since somebody looked.
pub(super) struct News {
    pub(super) standing: Standing,
    /// Of a run that has begun since.
    pub(super) history: Option<History>,
    pub(super) snapshots: VecDeque<Arc<Snapshot>>,
}

impl Live {
    /// No run yet of this scenario, of which so much is known and this may be asked for.
    pub fn new(facts: Facts, scenario: Arc<Scenario>, form: Value) -> Arc<Self> {
        let standing = Standing {
            number: 0,
            facts: Arc::new(facts),
            scenario,
            form: Arc::new(form),
            snapshot: None,
            run: None,
            phase: Phase::Idle,
        };
        let current = Current { standing, history: None, news: VecDeque::new() };
        Arc::new(Live { current: Mutex::new(current), version: watch::Sender::new(0) })
    }

    /// Makes sure that nobody else starts a run; whether that was so. Ends with
    /// [`release`](Self::release) or [`begin`](Self::begin).
    pub fn claim(&self) -> bool {
        let phase = &mut self.current().standing.phase;
        let is_free = *phase == Phase::Idle;
        if is_free {
            *phase = Phase::Claimed;
        }
        is_free
    }

    /// No run comes of it.
    pub fn release(&self) {
        self.current().standing.phase = Phase::Idle;
    }

    /// This may be asked for from now on.
    pub fn offer(&self, form: Value) {
        self.current().standing.form = Arc::new(form);
        self.touch();
    }

    /// What may be asked for.
    pub fn form(&self) -> Arc<Value> {
        self.current().standing.form.clone()
    }

    /// A run begins: its number, and the report through which it is followed.
    pub fn begin(self: &Arc<Self>, run: Beginning) -> (u64, Box<dyn Report + Send>) {
        let Beginning { facts, plan, control, history } = run;
        let mut current = self.current();
        let standing = &mut current.standing;
        standing.number += 1;
        standing.facts = Arc::new(facts);
        standing.scenario = plan.scenario.clone();
        standing.snapshot = None;
        standing.run = Some(Run { plan, control });
        standing.phase = Phase::Active;
        let number = standing.number;
        current.history = Some(history);
        current.news.clear();
        drop(current);
        self.touch();
        (number, Box::new(Feed(self.clone())))
    }

    /// The run is over, and all of its reports are written.
    pub fn end(&self) {
        self.current().standing.phase = Phase::Idle;
        self.touch();
    }

    /// The run that is on.
    pub fn running(&self) -> Option<Run> {
        let current = self.current();
        current.standing.run.clone().filter(|_| current.standing.phase == Phase::Active)
    }

    /// Asks the run that is on to stop; whether one was.
    pub fn stop(&self) -> bool {
        let Some(run) = self.running() else { return false };
        run.control.stop();
        self.touch();
        true
    }

    /// The statistics of the run that is over begin anew, as on Locust's page: whether there are any.
    /// Its files stay as they are.
    pub(super) fn reset(&self) -> bool {
        let mut current = self.current();
        let standing = &mut current.standing;
        let is_over = standing.phase == Phase::Idle;
        let Some(snapshot) = standing.snapshot.as_mut().filter(|_| is_over) else { return false };
        *snapshot = Arc::new(snapshot.anew());
        drop(current);
        self.touch();
        true
    }

    /// Says that there is something new to see.
    pub(super) fn touch(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    /// Tells of changes from now on.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// How many changes there were.
    pub(super) fn version(&self) -> u64 {
        *self.version.borrow()
    }

    /// What has come since this was asked last. For one reader, who keeps the course of the run.
    pub(super) fn news(&self) -> News {
        let mut current = self.current();
        let snapshots = std::mem::take(&mut current.news);
        News { standing: current.standing.clone(), history: current.history.take(), snapshots }
    }

    fn tell(&self, snapshot: &Snapshot) {
        // Copied before the lock is taken, behind which the page's thread may wait.
        let snapshot = Arc::new(snapshot.clone());
        let mut current = self.current();
        current.standing.snapshot = Some(snapshot.clone());
        if current.news.len() == NEWS_MAX {
            current.news.pop_front();
        }
        current.news.push_back(snapshot);
        drop(current);
        self.touch();
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Standing {
    pub(super) fn state(&self) -> State {
        match (&self.run, self.phase) {
            (None, _) => State::Ready,
            (Some(run), Phase::Active) => run.state(self.snapshot.as_deref()),
            (Some(_), Phase::Idle | Phase::Claimed) => State::Stopped,
        }
    }

    /// What the load of the run that is on goes to.
    pub(super) fn target(&self) -> Option<Change> {
        self.run.as_ref().filter(|_| self.phase == Phase::Active)?.target()
    }
}

impl Run {
    /// What was asked for last, and before that the top of a plain ramp; a shape goes on and on.
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
            // Its users come as releases need them.
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

/// The report that the page is told by.
struct Feed(Arc<Live>);

impl Report for Feed {
    fn update(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        self.0.tell(snapshot);
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
    use crate::scenario::{Step, User};
    use crate::stats::{Limits, Totals, UserCount};

    /// A run of so many users.
    fn beginning(users: u32) -> Beginning {
        let user = User::new("u").task(Step::get("/"));
        let scenario = Scenario::new("http://127.0.0.1:1").user(user);
        let options = Options { users: Some(users), ..Options::default() };
        let control = Arc::<Control>::default();
        control.begin(Instant::now(), false);
        Beginning {
            facts: Facts::default(),
            plan: Arc::new(Plan::new(scenario, options).unwrap()),
            control,
            history: History::new(Box::new(|_| None)),
        }
    }

    fn running(users: u64) -> Snapshot {
        let mut totals = Totals::new(SystemTime::UNIX_EPOCH, Vec::new(), Limits::default());
        let running = UserCount { class: "u".into(), running: users };
        Snapshot { users: vec![running], ..totals.snapshot(Duration::from_secs(1)) }
    }

    fn live() -> Arc<Live> {
        Live::new(Facts::default(), Arc::default(), Value::Null)
    }

    #[test]
    fn a_run_goes_through_its_states() {
        let live = live();
        let state = || live.news().standing.state();
        let target = || live.news().standing.target();
        let to = |users| Some(Change::Users { users, spawn_rate: 1.0 });
        assert_eq!((state(), target()), (State::Ready, None));
        assert!(live.claim() && !live.claim(), "one at a time");
        assert!(!live.stop(), "there is nothing to stop yet");
        let run = beginning(2);
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
        assert!(live.claim(), "a start that came to nothing is in nobody's way");
        assert_eq!(live.begin(beginning(1)).0, 2);
        assert_eq!(state(), State::Spawning);
    }

    #[test]
    fn a_form_holds_until_the_next_is_offered() {
        let live = live();
        let before = live.version();
        live.offer("next".into());
        assert_eq!((&*live.form(), live.version()), (&Value::from("next"), before + 1));
        live.claim();
        live.begin(beginning(1));
        assert_eq!(*live.news().standing.form, "next");
    }

    #[test]
    fn every_change_is_told_and_what_nobody_takes_has_a_bound() {
        let live = live();
        live.claim();
        let before = live.version();
        let (_, mut report) = live.begin(beginning(1));
        (0..NEWS_MAX + 5).for_each(|_| report.update(&running(1)).unwrap());
        assert_eq!(live.version(), before + 1 + NEWS_MAX as u64 + 5);
        let news = live.news();
        assert_eq!((news.snapshots.len(), news.history.is_some()), (NEWS_MAX, true));
        let news = live.news();
        assert!(
            news.snapshots.is_empty() && news.history.is_none() && news.standing.snapshot.is_some()
        );
    }
}
