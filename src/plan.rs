//! One run, resolved and valid: after a [`Plan`] exists, configuration cannot fail.

mod churn;
mod class_tls;
mod error;
mod forecast;
mod hosts;
mod load;
mod progress;
mod secrets;
mod selection;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use core_affinity::CoreId;

pub use churn::Churn;
pub(crate) use class_tls::ClassTls;
pub use error::Error;
pub use forecast::{Forecast, RouteForecast};
pub(crate) use load::{ResolvedLoad, check};
pub(crate) use progress::{PlanPart, PlanProgress};
pub use selection::SelectedClass;

use hosts::{Hosts, key, local_addresses};

use crate::cores::allowed_cores;
use crate::scenario::{self, ArrivalKind, Arrivals, Classes, LoadShape, Scenario, Share};
use crate::session::{LocalAddresses, Resolve, ResolvedUrl, Secrets, Via};
use crate::stats::{Period, RowLimits};
use crate::threshold::Threshold;
use crate::transport::tls::TlsOptions;

/// What a run is asked for where the scenario leaves it open, or in its place. What nobody sets has
/// Locust's default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// Base URL in place of every other.
    pub host: Option<String>,
    /// The classes that run; without it, all.
    pub classes: Option<Vec<SelectedClass>>,
    /// Tags of which a task must have one to run; with none, every task does.
    pub tags: Vec<String>,
    /// Tags of which a task must have none. `on_start` and `on_stop` have no tags.
    pub exclude_tags: Vec<String>,
    /// Peak number of users.
    pub users: Option<u32>,
    /// Users started per second.
    pub spawn_rate: Option<f64>,
    /// Iterations released per second, in place of users who take their time.
    pub rate: Option<f64>,
    /// How these lie in time.
    pub arrivals: Option<ArrivalKind>,
    /// The most users that these may take.
    pub max_users: Option<u32>,
    /// Iterations after which the run ends.
    pub iterations: Option<u32>,
    /// Requests after which the run ends.
    pub requests: Option<u32>,
    /// How long the run takes, from its start; without one, until somebody stops it.
    pub run_time: Option<Duration>,
    /// Levels at which the run is stopped when it breaks them.
    pub abort_when: Vec<Threshold>,
    /// From which time on these are judged; without one, from ten seconds on or, where the run is
    /// shorter, at its end.
    pub abort_after: Option<Duration>,
    /// How long users may go on with their tasks after the stop.
    pub stop_timeout: Option<Duration>,
    /// The cores to use, by number; without them, all that are allowed.
    pub cores: Option<Vec<usize>>,
    /// What every random choice of the run comes from; without one, a random number.
    pub seed: Option<u64>,
    /// The addresses of this host that connections come from; with none, the kernel chooses.
    pub local_addresses: Vec<IpAddr>,
    /// What all classes of users have of TLS, in the place of what each says itself.
    pub tls: TlsOptions,
    /// How often names are looked up again in the course of the run; without it, never.
    pub dns_refresh: Option<Duration>,
    /// What all connections go through, whatever the classes say.
    pub via: Option<Via>,
    /// Whether the snapshots tell what users do.
    pub journal: bool,
    /// Addresses in place of what a resolver says; of two for the same host and port the later.
    pub resolve: Vec<Resolve>,
}

/// One run, resolved and valid.
#[derive(Debug)]
#[non_exhaustive]
pub struct Plan {
    /// What the users do.
    pub scenario: Arc<Scenario>,
    /// Where the users of each class do it, in the scenario's order.
    pub targets: Vec<ResolvedUrl>,
    /// Where the absolute URLs of declared steps lead, and whatever else is resolved already.
    pub other_hosts: Vec<ResolvedUrl>,
    /// How the connections of each class are sealed, in the scenario's order.
    pub(crate) tls: ClassTls,
    /// What is sent and not shown.
    pub secrets: Arc<Secrets>,
    /// Where connections come from.
    pub local_addresses: LocalAddresses,
    /// How often names are looked up again in the course of the run.
    pub dns_refresh: Option<Duration>,
    /// The class of each user, by the user's number.
    pub classes: Vec<u16>,
    /// The same for the users that a stage of the shape adds with a mix of its own.
    pub mixes: Vec<Vec<u16>>,
    /// Peak number of users.
    pub users: u32,
    /// How many users there are when.
    pub shape: LoadShape,
    /// The arrivals of an open load. The shape is not used then.
    pub arrivals: Option<Arrivals>,
    /// Iterations after which the run ends.
    pub iterations: Option<u32>,
    /// Requests after which the run ends.
    pub requests: Option<u32>,
    /// Classes that are left out because the tags leave no task of theirs.
    pub idle: Vec<String>,
    /// Options that were given and have no say.
    pub ignored: Vec<&'static str>,
    /// From the start of the run to the stop.
    pub run_time: Option<Duration>,
    /// Levels at which the run is stopped when it breaks them.
    pub abort_when: Vec<Threshold>,
    /// From which time on these are judged.
    pub abort_after: Duration,
    /// From the stop to the end of the last task.
    pub stop_timeout: Duration,
    /// The cores that run users: user *i* lives on the one at *i* mod their number.
    pub cores: Vec<CoreId>,
    /// What every random choice of the run comes from.
    pub seed: u64,
    /// Whether the snapshots tell what users do: some of it.
    pub journal: bool,
    /// How much is remembered of names and errors.
    pub limits: RowLimits,
}

impl Plan {
    /// Resolves everything a run needs: options before the scenario's own wishes before Locust's
    /// defaults of one user, one user per second and no end. Looks host names up.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub fn new(scenario: Scenario, options: Options) -> Result<Self, Error> {
        Plan::watched(scenario, options, |_| ())
    }

    /// The same, and tells how far it has come: there may be very many classes.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub(crate) fn watched(
        mut scenario: Scenario,
        options: Options,
        mut tell: impl FnMut(PlanProgress),
    ) -> Result<Self, Error> {
        scenario.validate()?;
        let idle = selection::select(&mut scenario, &options)?;
        let load = &scenario.load;
        let own = load.clone();
        let ResolvedLoad { shape, arrivals, run_time, users, ignored } =
            load::resolve(&options, load)?;
        // Fewer where every class has an exact number and these do not add up to what is asked.
        let classes = scenario::assign(&scenario.users, users as usize);
        let mixes = shape.mixes().into_iter().skip(1);
        let mixes =
            mixes.map(|mix| Classes::of_mix(&scenario.users, mix).take(users as usize).collect());
        let mixes = mixes.collect();
        let local = match &options.local_addresses[..] {
            [] => &load.local_addresses[..],
            given => given,
        };
        let local_addresses = local_addresses(local)?;
        let dns_refresh = options.dns_refresh.or(load.dns_refresh);
        if let Some(via) = &options.via {
            scenario.users.iter_mut().for_each(|user| user.policy.via = via.clone());
        }
        let all = scenario.users.len();
        let mut ready = |of, class: usize| tell(PlanProgress { of, done: class + 1, all });
        let looked_up = |class| ready(PlanPart::Hosts, class);
        let Hosts { targets, other_hosts } =
            Hosts::look_up(&scenario, &options, &local_addresses, looked_up)?;
        let sealed = |class| ready(PlanPart::Tls, class);
        let tls = ClassTls::new(&scenario, &options.tls, &targets, &other_hosts, sealed)?;
        let levels =
            if options.abort_when.is_empty() { own.abort_when } else { options.abort_when };
        let abort_after = options.abort_after.or(own.abort_after);
        let secrets = secrets::secrets(&scenario, targets.iter().chain(&other_hosts));
        let plan = Plan {
            users: classes.len() as u32,
            classes,
            mixes,
            shape,
            arrivals,
            idle,
            ignored,
            iterations: options.iterations.or(own.iterations),
            requests: options.requests.or(own.requests),
            targets,
            other_hosts,
            tls,
            secrets: Arc::new(secrets),
            local_addresses,
            dns_refresh,
            run_time,
            abort_when: levels,
            abort_after: abort_after.unwrap_or(Period::WINDOW),
            stop_timeout: options.stop_timeout.or(own.stop_timeout).unwrap_or_default(),
            cores: choose_cores(options.cores)?,
            seed: options.seed.unwrap_or_else(|| fastrand::u64(..)),
            journal: options.journal,
            limits: RowLimits::default(),
            scenario: Arc::new(scenario),
        };
        if options.abort_after.is_some() && plan.abort_when.is_empty() {
            return Err(Error::NothingToJudge);
        }
        let end = plan.load_end(plan.scenario.load.adaptive.is_some());
        refuse_idle_levels(&plan.abort_when, abort_after, end)?;
        Ok(plan)
    }

    /// When the load ends by itself, if it does; once somebody has changed it on the way it no longer
    /// follows its shape.
    pub fn load_end(&self, is_changed: bool) -> Option<Duration> {
        load::end(&self.shape, self.arrivals.as_ref(), self.run_time, is_changed)
    }

    /// Whether a URL of the plan is an `https://` one.
    pub(crate) fn is_secure(&self) -> bool {
        self.targets.iter().chain(&self.other_hosts).any(|host| host.url.secure)
    }

    /// How many of the cores, the first ones, ever have a user.
    pub(crate) fn cores_with_users(&self) -> usize {
        self.cores.len().min(self.users as usize)
    }

    /// The class of a user by its number, where it is added with this mix of the shape: 0 is the
    /// scenario's own. `None` beyond those that were planned.
    pub(crate) fn class_of(&self, user: usize, mix: usize) -> Option<usize> {
        let classes = match mix.checked_sub(1) {
            None => &self.classes,
            Some(mix) => self.mixes.get(mix)?,
        };
        classes.get(user).map(|&class| usize::from(class))
    }

    /// The random numbers of one user, whichever core it lives on.
    pub(crate) fn user_rng(&self, user: u64) -> fastrand::Rng {
        // An odd constant spreads neighbouring numbers over the whole range of seeds.
        let spread = user.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        fastrand::Rng::with_seed(self.seed ^ spread)
    }

    /// How many of the planned users are of each class, in the scenario's order.
    pub(crate) fn users_of_classes(&self) -> Vec<u64> {
        let mut users = vec![0; self.scenario.users.len()];
        self.classes.iter().for_each(|&class| users[usize::from(class)] += 1);
        users
    }

    /// What the run will hold of what this machine has little of.
    pub fn forecast(&self) -> Forecast {
        Forecast::new(self)
    }

    /// How often the run connects to each host where it gives connections back.
    pub fn churn(&self) -> Vec<Churn> {
        churn::churn(self)
    }

    /// Users with an exact number that is larger than the whole run, as Locust warns of them: the
    /// total of fixed counts, where it exceeds the number of users.
    pub fn fixed_beyond_users(&self) -> Option<u64> {
        let fixed = self.scenario.users.iter().map(|user| match user.share {
            Share::Fixed(count) => u64::from(count),
            Share::Weight(_) => 0,
        });
        Some(fixed.sum()).filter(|&total| total > u64::from(self.users))
    }
}

/// A time that nobody gave fits every run: what is not judged before its end is judged there.
fn refuse_idle_levels(
    levels: &[Threshold],
    after: Option<Duration>,
    end: Option<Duration>,
) -> Result<(), Error> {
    match (after, end) {
        (Some(after), Some(end)) if after >= end && !levels.is_empty() => {
            Err(Error::NeverJudged { after, end })
        }
        _ => Ok(()),
    }
}

fn choose_cores(asked: Option<Vec<usize>>) -> Result<Vec<CoreId>, Error> {
    let allowed = allowed_cores();
    let Some(asked) = asked else {
        return if allowed.is_empty() { Err(Error::NoCores) } else { Ok(allowed) };
    };
    let mut cores: Vec<CoreId> = Vec::new();
    for core in asked {
        match allowed.iter().find(|id| id.id == core) {
            Some(&id) if !cores.contains(&id) => cores.push(id),
            Some(_) => {}
            None => return Err(Error::Core { core, allowed: list(&allowed) }),
        }
    }
    if cores.is_empty() { Err(Error::NoCores) } else { Ok(cores) }
}

fn list(cores: &[CoreId]) -> String {
    let numbers: Vec<String> = cores.iter().map(|core| core.id.to_string()).collect();
    numbers.join(", ")
}
