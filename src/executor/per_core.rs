//! What one core runs: its share of the users or of the releases, the shipping of their statistics.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError};

use super::class::Class;
use super::event::Event;
use super::life::Life;
use super::lifecycle::{Lifecycle, Phase};
use super::meter::Meter;
use super::open::{self, Open, Release, Seat};
use super::pinned::Pinned;
use super::ramp;
use super::stopping::race;
use super::user::{LiveUser, State};
use crate::control::Control;
use crate::plan::Plan;
use crate::reactor::Woken;
use crate::scenario::{assign, share};
use crate::session::{Budget, Context, Resolver, Session};
use crate::stats::{Ending, Interval, Recorder};
use crate::transport::tls;

/// How often the numbers are shipped, at the same instants on all cores.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often a core looks how late its timers are, whatever its users do.
const PULSE: Duration = Duration::from_millis(10);

/// What a core is told before it runs.
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
    meter: RefCell<Meter>,
    /// The releases, where the load is open.
    pub(super) open: Option<Rc<Open>>,
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
    // Whoever still holds a sender has not been ready yet: that is how a core is missed.
    drop(ready);
    // Before the run there is nothing to turn for, so this may wait as it likes.
    let Ok(started) = job.start.recv() else { return };
    context.recorder.borrow_mut().begin(started);
    let core = Rc::new(PerCore::new(pinned, job, started, context, classes));
    core.pinned.reactor.sleep_until(started).await;
    // What was done and waited for until now is not the run's.
    core.pinned.reactor.begin_anew();
    core.meter.borrow_mut().read();

    core.begin();
    core.pinned.spawn(core.clone().pulse());
    race(core.ship_intervals(), core.stop_in_time()).await;
    core.ship_rest();
}

/// What the sessions of this core share. Its recorder begins with the run.
fn context(pinned: &Pinned, job: &Job) -> Rc<Context> {
    let plan = &job.plan;
    let mut recorder = Recorder::new(job.core, Instant::now(), plan.limits);
    if plan.journal {
        recorder.keep_journal();
    }
    let (sources, resolver) = (plan.sources.clone(), job.resolver.clone());
    let context = Context::new(pinned.reactor.clone(), recorder, sources, resolver);
    context.hide(plan.secrets.clone());
    context
}

/// This core's own copies of the classes, with their requests rendered.
fn classes(plan: &Plan, context: &Rc<Context>) -> Vec<Rc<Class>> {
    // Before any request is rendered: what is met on the way would be looked up on the way.
    plan.elsewhere.iter().for_each(|host| context.know(host));
    let tls = plan.tls.for_this_core();
    let users = plan.scenario.users.iter().enumerate();
    let class = |(index, user)| {
        Rc::new(Class::new(index, user, &plan.targets[index], tls.of(index), context))
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
        // Only who has users has releases.
        let cores = plan.manned_cores();
        let open = plan.arrivals.as_ref().filter(|_| core < cores).map(|arrivals| {
            let releases = arrivals.releases(plan.seed, core, cores);
            Rc::new(Open::new(arrivals, releases, share(plan.users, core, cores), cores))
        });
        PerCore {
            classes,
            meter: RefCell::new(Meter::new(&pinned.reactor)),
            lifecycle: Rc::new(Lifecycle::new()),
            over: Event::default(),
            stopped: Cell::new(None),
            iterations: Budget::default(),
            more_classes: RefCell::default(),
            open,
            job,
            started,
            pinned,
            context,
        }
    }

    /// Starts whatever starts the users. It counts as alive, so "all have ended" also says that all
    /// have been started.
    fn begin(self: &Rc<Self>) {
        let plan = self.plan();
        let requests = plan.requests.map(|all| self.share_of_work(all));
        let iterations = plan.iterations.map(|all| self.share_of_work(all));
        let is_idle = plan.arrivals.is_some() && self.open.is_none();
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
        match &self.open {
            Some(open) => self.pinned.spawn(open::release_all(self.clone(), open.clone())),
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

    /// Counts as alive until the stop, so that a core without users is there when some are asked
    /// for.
    async fn stay(self: Rc<Self>) {
        self.lifecycle.until(Phase::Stopping, std::future::pending::<()>()).await;
        self.lifecycle.end();
    }

    /// The shape or the rate has come to its end, which is no later than that of the run time.
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

    /// This core's number in the run.
    pub(super) fn number(&self) -> usize {
        self.job.core
    }

    /// How many cores the run has.
    pub(super) fn count(&self) -> usize {
        self.job.plan.cores.len()
    }

    /// From the start of the run.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// This core's share of what is to be done, which only users can do.
    fn share_of_work(&self, all: u32) -> u32 {
        let cores = self.plan().manned_cores();
        if self.number() < cores { share(all, self.number(), cores) } else { 0 }
    }

    /// Sleeps until an instant, or for ever, but no longer than until another thread wakes this core
    /// or the run stops.
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

    /// Starts the run's user of this number, who works as the class of users says.
    pub(super) fn spawn_user(self: &Rc<Self>, number: usize, class: usize) -> Rc<Life> {
        let mut life = None;
        self.pinned.spawn_numbered(|task| {
            let own = Life::new(task);
            life = Some(own.clone());
            let mut user = self.user(number, class, own, None);
            async move { user.live().await }
        });
        life.expect("the task was made at once")
    }

    /// Starts a user for the releases of an open load, and gives it its first.
    pub(super) fn spawn_seated(self: &Rc<Self>, place: u32, first: Option<Release>) {
        let number = self.number() + place as usize * self.count();
        let Some(class) = self.class_of(number, 0) else { return };
        self.pinned.spawn_numbered(|task| {
            let life = Life::new(task);
            let seat = Seat::new(place, life.clone(), first);
            let mut user = self.user(number, class, life, Some(seat));
            async move { user.live().await }
        });
    }

    /// The class of a user by its number and the mix that it is added with. Who steers may ask for
    /// more users than the plan has.
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
        life: Rc<Life>,
        seat: Option<Rc<Seat>>,
    ) -> LiveUser {
        self.lifecycle.begin();
        // At once, so that who is wanted and who is there are never a turn apart.
        self.context.recorder.borrow_mut().user_started(class);
        let class = self.classes[class].clone();
        let rng = self.plan().user_rng(number as u64);
        let session = Session::new(self.context.clone(), class.session.clone(), number as u64, rng);
        LiveUser { class, core: self.clone(), life, seat, session, state: State::default() }
    }

    /// Keeps a timer going, so that how late timers are is known where no user waits, too. Goes on
    /// until the core ends.
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
            // A core that waits for the collector is a core that stops sending load: what finds no
            // room is shipped with the next second.
            if let Err(TrySendError::Full(interval)) = self.job.intervals.try_send(interval) {
                self.context.recorder.borrow_mut().restore(interval);
            }
        }
    }

    /// Ships what is left. The load is over, so waiting costs nothing now.
    fn ship_rest(&self) {
        let now = Instant::now();
        let rest = self.take((now - self.started).as_secs(), now);
        // The other cores may have long to go, and the collector need not wait for this one then.
        let _ = self.job.intervals.send(Interval { last: true, ..rest });
    }

    fn take(&self, second: u64, cut: Instant) -> Interval {
        let mut recorder = self.context.recorder.borrow_mut();
        let mut meter = self.meter.borrow_mut();
        recorder.worked(meter.read());
        meter.standstills(self.started).for_each(|one| recorder.stood_still(one));
        if let Some(open) = &self.open {
            let until = cut - self.started;
            open.tell_asked(self.stopped.get().unwrap_or(until).min(until), &mut recorder);
        }
        recorder.take(second, cut)
    }
}
