//! What one core runs: its share of the users or of the arrivals, and the shipping of their statistics.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError};

use super::class::Class;
use super::dispatcher::{self, Arrival, DispatchSlot, Dispatcher};
use super::event::Event;
use super::lifecycle::{Lifecycle, Phase};
use super::meter::Meter;
use super::pinned::Pinned;
use super::ramp;
use super::rows::DataSets;
use super::state::State;
use super::stopping::race;
use super::user::LiveUser;
use super::user_handle::UserHandle;
use crate::control::Control;
use crate::plan::Plan;
use crate::reactor::Woken;
use crate::scenario::{assign, share, user_number};
use crate::session::{Budget, Context, Resolver, Session};
use crate::stats::{Ending, Interval, Recorder};
use crate::template::Sources;
use crate::transport::tls;

/// How often statistics are shipped, at the same instants on all cores.
const INTERVAL: Duration = Duration::from_secs(1);
/// The interval of the timer that measures lateness on a core whose users may have none.
const PULSE: Duration = Duration::from_millis(10);

/// What a core needs to run.
pub(super) struct Job {
    pub(super) plan: Arc<Plan>,
    pub(super) control: Arc<Control>,
    pub(super) resolver: Resolver,
    /// This core's number in the run, from 0.
    pub(super) core: usize,
    /// The instant at which the run starts; disconnected where it does not.
    pub(super) start: Receiver<Instant>,
    pub(super) intervals: Sender<Interval>,
}

/// One core of a run.
pub(super) struct PerCore {
    pub(super) job: Job,
    pub(super) started: Instant,
    pub(super) pinned: Rc<Pinned>,
    pub(super) context: Rc<Context>,
    pub(super) lifecycle: Rc<Lifecycle>,
    /// The load is over: a shape that has ended.
    pub(super) over: Event,
    /// When the run was stopped, from its start.
    pub(super) stopped: Cell<Option<Duration>>,
    classes: Vec<Rc<Class>>,
    /// What the templates of its users draw from.
    sources: Rc<Sources>,
    meter: RefCell<Meter>,
    /// The arrivals, where the load is open.
    pub(super) dispatcher: Option<Rc<Dispatcher>>,
    /// Iterations that may still be started.
    pub(super) iterations: Budget,
    /// The classes of users beyond those that were planned.
    more_classes: RefCell<Vec<u16>>,
}

/// Runs a core's share of a run to its end.
pub(super) async fn run(pinned: Rc<Pinned>, job: Job, ready: Sender<()>) {
    job.control.join(pinned.reactor.remote());
    if job.plan.is_secure() {
        tls::warm_up();
    }
    let context = context(&pinned, &job);
    let classes = classes(&job.plan, &context);
    let _ = ready.send(());
    // The run waits until all senders are dropped. A core that still holds its sender is not ready.
    drop(ready);
    // Before the run the core has nothing else to do, so this may block.
    let Ok(started) = job.start.recv() else { return };
    context.recorder.borrow_mut().begin(started);
    let core = Rc::new(PerCore::new(pinned, job, started, context, classes));
    core.pinned.reactor.sleep_until(started).await;
    // Work and waits up to now do not count.
    core.pinned.reactor.begin_anew();
    core.meter.borrow_mut().read();

    core.begin();
    core.pinned.spawn(core.clone().pulse());
    race(core.ship_intervals(), core.stop_in_time()).await;
    core.ship_rest();
}

/// Makes what the sessions of this core share. Its recorder begins with the run.
fn context(pinned: &Pinned, job: &Job) -> Rc<Context> {
    let plan = &job.plan;
    let mut recorder = Recorder::new(job.core, Instant::now(), plan.limits);
    if plan.journal {
        recorder.keep_journal();
    }
    let (local_addresses, resolver) = (plan.local_addresses.clone(), job.resolver.clone());
    let context = Context::new(pinned.reactor.clone(), recorder, local_addresses, resolver);
    context.set_secrets(plan.secrets.clone());
    context
}

/// Makes this core's own copies of the classes, with their requests rendered.
fn classes(plan: &Plan, context: &Rc<Context>) -> Vec<Rc<Class>> {
    // Hosts are looked up before any request is rendered, and not during the run.
    plan.other_hosts.iter().for_each(|host| context.know(host));
    let tls = plan.tls.for_this_core();
    let users = plan.scenario.users.iter().enumerate();
    let data_sets = DataSets::new(plan);
    let data = (&plan.scenario.data[..], &data_sets);
    let class = |(index, user)| {
        Rc::new(Class::new(index, user, &plan.targets[index], tls.of(index), context, data))
    };
    users.map(class).collect()
}

impl PerCore {
    fn new(
        pinned: Rc<Pinned>,
        job: Job,
        started: Instant,
        context: Rc<Context>,
        classes: Vec<Rc<Class>>,
    ) -> Self {
        let plan = job.plan.clone();
        let core = job.core;
        // Only cores with users have arrivals.
        let cores = plan.cores_with_users();
        let dispatcher = plan.arrivals.as_ref().filter(|_| core < cores).map(|arrivals| {
            let arrival_times = arrivals.times(plan.seed, core, cores);
            Rc::new(Dispatcher::new(arrivals, arrival_times, share(plan.users, core, cores), cores))
        });
        PerCore {
            sources: Rc::new(Sources::new(core, cores.max(1), plan.nonces)),
            classes,
            meter: RefCell::new(Meter::new(&pinned.reactor)),
            lifecycle: Rc::new(Lifecycle::new()),
            over: Event::default(),
            stopped: Cell::new(None),
            iterations: Budget::default(),
            more_classes: RefCell::default(),
            dispatcher,
            job,
            started,
            pinned,
            context,
        }
    }

    /// Starts the task that starts users. It is counted in the lifecycle, so that "all have ended" also
    /// means that no more users will start.
    fn begin(self: &Rc<Self>) {
        let plan = self.plan();
        let requests = plan.requests.map(|all| self.share_of_work(all));
        let iterations = plan.iterations.map(|all| self.share_of_work(all));
        let is_idle = plan.arrivals.is_some() && self.dispatcher.is_none();
        // A core with nothing to do has ended before it begins, and none of its users logs in.
        if is_idle || requests == Some(0) || iterations == Some(0) {
            return;
        }
        if let Some(requests) = requests {
            self.context.limit_requests(requests);
            let core = self.clone();
            self.pinned.spawn(async move {
                core.context.requests_spent().await;
                core.end_by(Ending::Requests);
            });
        }
        if let Some(iterations) = iterations {
            self.iterations.limit(iterations);
            let core = self.clone();
            self.pinned.spawn(async move {
                core.iterations.spent().await;
                core.end_by(Ending::Iterations);
            });
        }
        self.lifecycle.begin();
        match &self.dispatcher {
            Some(dispatcher) => {
                self.pinned.spawn(dispatcher::dispatch_all(self.clone(), dispatcher.clone()))
            }
            None => {
                self.pinned.spawn(ramp::follow(self.clone()));
                // A run with so much to do is over when its users have done it.
                let is_limited = plan.iterations.is_some() || plan.requests.is_some();
                if self.job.control.expects_changes() && !is_limited {
                    self.lifecycle.begin();
                    self.pinned.spawn(self.clone().stay());
                }
            }
        }
    }

    /// Keeps the core alive until the stop, so that users can be added where there are none.
    async fn stay(self: Rc<Self>) {
        self.lifecycle.until(Phase::Stopping, std::future::pending::<()>()).await;
        self.lifecycle.end();
    }

    /// Ends the run because its shape or rate has ended, no later than its run time.
    pub(super) fn load_is_over(&self) {
        let is_cut = self.plan().run_time.is_some_and(|time| time <= self.elapsed());
        self.end_by(if is_cut { Ending::RunTime } else { Ending::Load });
    }

    fn end_by(&self, ending: Ending) {
        self.job.control.ended_by(ending);
        self.over.happen();
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.job.plan
    }

    /// Returns this core's number in the run.
    pub(super) fn number(&self) -> usize {
        self.job.core
    }

    /// Returns how many cores the run has.
    pub(super) fn count(&self) -> usize {
        self.job.plan.cores.len()
    }

    /// Returns the time since the start of the run.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Returns this core's share of the iterations or requests. A core without users has none.
    fn share_of_work(&self, all: u32) -> u32 {
        let cores = self.plan().cores_with_users();
        if self.number() < cores { share(all, self.number(), cores) } else { 0 }
    }

    /// Sleeps until an instant, or without one. Another thread that wakes this core ends the sleep, and
    /// so does the stop of the run.
    pub(super) async fn sleep_until_woken(&self, instant: Option<Instant>, woken: Woken) {
        let sleep = async {
            match instant {
                Some(instant) => Some(self.pinned.reactor.sleep_until(instant).await),
                None => std::future::pending().await,
            }
        };
        let woken = async {
            woken.await;
            None
        };
        let slept = self.lifecycle.until(Phase::Stopping, pin!(race(sleep, woken))).await;
        let lateness = slept.flatten().into_iter();
        lateness.for_each(|lateness| self.context.recorder.borrow_mut().late(lateness));
    }

    /// Starts the user with this number of the run, as one of this class.
    pub(super) fn spawn_user(self: &Rc<Self>, number: usize, class: usize) -> Rc<UserHandle> {
        let mut handle = None;
        self.pinned.spawn_numbered(|task| {
            let own = UserHandle::new(task);
            handle = Some(own.clone());
            let mut user = self.user(number, class, own, None);
            async move { user.live().await }
        });
        handle.expect("the task was made at once")
    }

    /// Starts a user for the arrivals of an open load, with its first.
    pub(super) fn spawn_for_arrival(self: &Rc<Self>, place: u32, first: Option<Arrival>) {
        let number = user_number(place as usize, self.number(), self.count());
        let Some(class) = self.class_of(number, 0) else { return };
        self.pinned.spawn_numbered(|task| {
            let handle = UserHandle::new(task);
            let slot = DispatchSlot::new(place, handle.clone(), first);
            let mut user = self.user(number, class, handle, Some(slot));
            async move { user.live().await }
        });
    }

    /// Returns the class of a user by its number and the mix of its stage. A command may ask for more
    /// users than the plan has.
    pub(super) fn class_of(&self, number: usize, mix: usize) -> Option<usize> {
        self.plan().class_of(number, mix).or_else(|| {
            let mut more = self.more_classes.borrow_mut();
            if more.len() <= number {
                *more = assign(&self.plan().scenario.users, 2 * number + 1);
            }
            more.get(number).map(|&class| usize::from(class))
        })
    }

    fn user(
        self: &Rc<Self>,
        number: usize,
        class: usize,
        handle: Rc<UserHandle>,
        slot: Option<Rc<DispatchSlot>>,
    ) -> LiveUser {
        self.lifecycle.begin();
        // Counted at once, so that the numbers of wanted and running users are never a turn apart.
        self.context.recorder.borrow_mut().user_started(class);
        let class = self.classes[class].clone();
        let rng = self.plan().user_rng(number as u64);
        let session = Session::new(self.context.clone(), class.session.clone(), number as u64, rng);
        let state = State::new(&class, &self.sources);
        LiveUser { class, core: self.clone(), handle, slot, session, state }
    }

    /// Measures lateness by a timer of the core's own, for times at which no user waits. Runs until the
    /// core ends.
    async fn pulse(self: Rc<Self>) {
        loop {
            let lateness = self.pinned.reactor.sleep_until(Instant::now() + PULSE).await;
            self.context.recorder.borrow_mut().late(lateness);
        }
    }

    /// Ships what was recorded, every second on the second.
    async fn ship_intervals(&self) {
        for second in 0.. {
            let cut = self.started + INTERVAL * (second + 1);
            self.pinned.reactor.sleep_until(cut).await;
            let interval = self.take(u64::from(second), cut);
            // A core must not wait for the collector, because it would stop sending load. Where the
            // channel is full, the interval is shipped with the next.
            if let Err(TrySendError::Full(interval)) = self.job.intervals.try_send(interval) {
                self.context.recorder.borrow_mut().restore(interval);
            }
        }
    }

    /// Ships the rest. The load is over, so this may wait.
    fn ship_rest(&self) {
        let now = Instant::now();
        let rest = self.take((now - self.started).as_secs(), now);
        // Marks the last interval: the collector does not wait for this core any more.
        let _ = self.job.intervals.send(Interval { last: true, ..rest });
    }

    fn take(&self, second: u64, cut: Instant) -> Interval {
        let mut recorder = self.context.recorder.borrow_mut();
        let mut meter = self.meter.borrow_mut();
        recorder.worked(meter.read());
        meter.standstills(self.started).for_each(|one| recorder.stood_still(one));
        if let Some(dispatcher) = &self.dispatcher {
            let until = cut - self.started;
            dispatcher.record_asked(self.stopped.get().unwrap_or(until).min(until), &mut recorder);
        }
        recorder.take(second, cut)
    }
}
