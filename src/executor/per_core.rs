//! What one core runs: its share of the users, the shipping of their statistics, the stop.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError};

use super::class::Class;
use super::lifecycle::{Lifecycle, Phase};
use super::meter::Meter;
use super::pinned::Pinned;
use super::user::LiveUser;
use crate::control::Control;
use crate::plan::Plan;
use crate::session::{Context, Session};
use crate::stats::{Interval, Recorder};
use crate::units;

/// How often the numbers are shipped, at the same instants on all cores.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often a core looks how late its timers are, whatever its users do.
const PULSE: Duration = Duration::from_millis(10);
/// What `on_stop` may take where the stop timeout leaves it less.
const ON_STOP_GRACE: Duration = Duration::from_secs(1);

/// What a core is told before it runs.
pub(super) struct Job {
    pub(super) plan: Arc<Plan>,
    pub(super) control: Arc<Control>,
    /// This core's number in the run, from 0.
    pub(super) core: usize,
    /// The instant at which the run starts; disconnected where it does not.
    pub(super) start: Receiver<Instant>,
    pub(super) intervals: Sender<Interval>,
}

/// One core of a run.
struct PerCore {
    job: Job,
    started: Instant,
    pinned: Rc<Pinned>,
    context: Rc<Context>,
    lifecycle: Rc<Lifecycle>,
    classes: Vec<Rc<Class>>,
    meter: RefCell<Meter>,
}

/// Runs a core's share of a run to its end.
pub(super) async fn run(pinned: Rc<Pinned>, job: Job, ready: Sender<()>) {
    job.control.join(pinned.reactor.remote());
    let _ = ready.send(());
    // Whoever still holds a sender has not been ready yet: that is how a core is missed.
    drop(ready);
    // Before the run there is nothing to turn for, so this may wait as it likes.
    let Ok(started) = job.start.recv() else { return };
    let core = Rc::new(PerCore::new(pinned, job, started));
    core.pinned.reactor.sleep_until(started).await;
    // What was done and waited for until now is not the run's.
    core.meter.borrow_mut().read();

    // The spawner counts as alive, so "all have ended" also says that all have been started.
    core.lifecycle.begin();
    core.pinned.spawn(core.clone().spawn_users());
    core.pinned.spawn(core.clone().pulse());
    race(core.ship_intervals(), core.stop_in_time()).await;
    core.ship_rest();
}

impl PerCore {
    fn new(pinned: Rc<Pinned>, job: Job, started: Instant) -> Self {
        let recorder = Recorder::new(job.core, started, job.plan.limits);
        let sources = job.plan.sources.clone();
        let context = Context::new(pinned.reactor.clone(), recorder, sources);
        // Before any request is rendered: what is met on the way would be looked up on the way.
        job.plan.elsewhere.iter().for_each(|host| context.know(host));
        let users = job.plan.scenario.users.iter().zip(&job.plan.targets);
        let classes = users
            .enumerate()
            .map(|(index, (user, target))| Rc::new(Class::new(index, user, target, &context)))
            .collect();
        let lifecycle = Rc::new(Lifecycle::new());
        let meter = RefCell::new(Meter::new(&pinned.reactor));
        PerCore { job, started, pinned, context, lifecycle, classes, meter }
    }

    /// Starts this core's users, each at its own instant: user *i* of the run at *i* / rate.
    async fn spawn_users(self: Rc<Self>) {
        let plan = &self.job.plan;
        for number in (self.job.core..plan.users as usize).step_by(plan.cores.len()) {
            let due = self.started + spawn_time(number, plan.spawn_rate);
            let awake = self.pinned.reactor.sleep_until(due);
            let Some(lateness) = self.lifecycle.until(Phase::Stopping, awake).await else { break };
            self.context.recorder.borrow_mut().late(lateness);
            let mut user = self.user(number);
            self.pinned.spawn(async move { user.live().await });
        }
        self.lifecycle.end();
    }

    /// Keeps a timer going, so that how late timers are is known where no user waits, too. Goes on
    /// until the core ends.
    async fn pulse(self: Rc<Self>) {
        loop {
            let lateness = self.pinned.reactor.sleep_until(Instant::now() + PULSE).await;
            self.context.recorder.borrow_mut().late(lateness);
        }
    }

    fn user(&self, number: usize) -> LiveUser {
        self.lifecycle.begin();
        let class = self.classes[usize::from(self.job.plan.classes[number])].clone();
        let rng = self.job.plan.user_rng(number as u64);
        let session = Session::new(self.context.clone(), class.session.clone(), number as u64, rng);
        let (context, lifecycle) = (self.context.clone(), self.lifecycle.clone());
        LiveUser { class, context, lifecycle, session }
    }

    /// Ships what was recorded, every second on the second.
    async fn ship_intervals(&self) {
        for second in 0.. {
            let cut = self.started + INTERVAL * (second + 1);
            self.pinned.reactor.sleep_until(cut).await;
            let mut recorder = self.context.recorder.borrow_mut();
            recorder.worked(self.meter.borrow_mut().read());
            let interval = recorder.take(u64::from(second), cut);
            // A core that waits for the collector is a core that stops sending load: what finds no
            // room is shipped with the next second.
            if let Err(TrySendError::Full(interval)) = self.job.intervals.try_send(interval) {
                recorder.restore(interval);
            }
        }
    }

    /// Ships what is left. The load is over, so waiting costs nothing now.
    fn ship_rest(&self) {
        let now = Instant::now();
        let second = (now - self.started).as_secs();
        let mut recorder = self.context.recorder.borrow_mut();
        recorder.worked(self.meter.borrow_mut().read());
        let rest = recorder.take(second, now);
        // The other cores may have long to go, and the collector need not wait for this one then.
        let _ = self.job.intervals.send(Interval { last: true, ..rest });
    }

    /// Waits for the end of the run and sees to it that every user ends in time.
    async fn stop_in_time(&self) {
        let reactor = &self.pinned.reactor;
        let Plan { run_time, stop_timeout, .. } = *self.job.plan;
        match run_time {
            Some(run_time) => {
                let _ = reactor.until(self.started + run_time, self.stop_asked()).await;
            }
            None => self.stop_asked().await,
        }

        self.advance(Phase::Stopping);
        let stopping = Instant::now();
        if !stop_timeout.is_zero() {
            let _ = reactor.until(stopping + stop_timeout, self.lifecycle.all_ended()).await;
        }
        self.advance(Phase::Killed);
        let last = (stopping + stop_timeout).max(Instant::now() + ON_STOP_GRACE);
        if reactor.until(last, self.lifecycle.all_ended()).await.is_err() {
            self.advance(Phase::Over);
            self.lifecycle.all_ended().await;
        }
    }

    /// Goes on to a later phase and tells everybody.
    fn advance(&self, phase: Phase) {
        self.lifecycle.advance(phase);
        self.pinned.wake_all();
    }

    /// Completes when somebody asks the run to stop, or when no user is left.
    async fn stop_asked(&self) {
        loop {
            // First the wake-up, then the look: a wish in between is not missed.
            let woken = self.pinned.reactor.woken();
            if self.job.control.is_stopping() {
                return;
            }
            let all_ended = async {
                self.lifecycle.all_ended().await;
                true
            };
            let woken = async {
                woken.await;
                false
            };
            if race(all_ended, woken).await {
                return;
            }
        }
    }
}

/// When a user of the run starts, from the start of the run. A rate may be so small that it is
/// beyond all time; then it is merely beyond all runs.
fn spawn_time(number: usize, rate: f64) -> Duration {
    let time = Duration::try_from_secs_f64(number as f64 / rate).unwrap_or(units::LONGEST);
    time.min(units::LONGEST)
}

/// The output of whichever future is done first; the other is dropped.
async fn race<T>(first: impl Future<Output = T>, second: impl Future<Output = T>) -> T {
    let (mut first, mut second) = (pin!(first), pin!(second));
    std::future::poll_fn(|context| match first.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(output),
        Poll::Pending => second.as_mut().poll(context),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_starts_at_its_number_over_the_rate_however_small_the_rate_is() {
        assert_eq!(spawn_time(0, 10.0), Duration::ZERO);
        assert_eq!(spawn_time(5, 10.0), Duration::from_millis(500));
        assert_eq!(spawn_time(1, 1e-300), units::LONGEST);
        assert_eq!(spawn_time(1, f64::MIN_POSITIVE), units::LONGEST);
    }
}
