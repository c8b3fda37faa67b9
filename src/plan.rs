//! A run, resolved and valid: once a [`Plan`] exists, its configuration cannot fail.

mod churn;
mod class_tls;
mod data;
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
use serde::{Deserialize, Serialize};

pub use churn::Churn;
pub(crate) use class_tls::ClassTls;
pub use error::Error;
pub use forecast::{Forecast, RouteForecast};
pub(crate) use load::{ResolvedLoad, check};
pub(crate) use progress::{PlanPart, PlanProgress};
pub use selection::SelectedClass;

use hosts::{Hosts, key, local_addresses};

use crate::cores::allowed_cores;
use crate::data::Rows;
use crate::reactor::BackendChoice;
use crate::scenario::{self, ArrivalKind, Arrivals, Classes, LoadShape, Scenario, Share};
use crate::session::{LocalAddresses, Resolve, ResolvedUrl, Secrets, Via};
use crate::stats::{Period, RowLimits};
use crate::threshold::Threshold;
use crate::transport::tls::TlsOptions;

/// Options of a run. They take precedence over the scenario; if neither sets one, Locust's default
/// holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Base URL that replaces all others.
    pub host: Option<String>,
    /// The classes that run; `None` for all.
    pub classes: Option<Vec<SelectedClass>>,
    /// Tags of which a task must have at least one to run; all tasks run if there are none.
    pub tags: Vec<String>,
    /// Tags that a task must not have to run. `on_start` and `on_stop` have no tags.
    pub exclude_tags: Vec<String>,
    /// Peak number of users.
    pub users: Option<u32>,
    /// Users started per second.
    pub spawn_rate: Option<f64>,
    /// Iterations started per second, instead of a number of users.
    pub rate: Option<f64>,
    /// The kind of the arrival process of these iterations.
    pub arrivals: Option<ArrivalKind>,
    /// The most users for these iterations.
    pub max_users: Option<u32>,
    /// Iterations after which the run ends.
    pub iterations: Option<u32>,
    /// Requests after which the run ends.
    pub requests: Option<u32>,
    /// How long the run takes, from its start; `None` to run until it is stopped.
    pub run_time: Option<Duration>,
    /// Levels that stop the run when they are broken. They do not leave the process that judges them.
    #[serde(skip)]
    pub abort_when: Vec<Threshold>,
    /// The time from which these are judged; by default after ten seconds or, in a shorter run, at its
    /// end.
    #[serde(skip)]
    pub abort_after: Option<Duration>,
    /// How long users may go on with their tasks after the stop.
    pub stop_timeout: Option<Duration>,
    /// The numbers of the cores to use; `None` for all that are allowed.
    pub cores: Option<Vec<usize>>,
    /// What sockets are to go through.
    pub io: BackendChoice,
    /// The seed of every random choice of the run; a random one by default.
    pub seed: Option<u64>,
    /// The local addresses of connections; if empty, the kernel chooses.
    pub local_addresses: Vec<IpAddr>,
    /// TLS options for all user classes, which replace those of each class.
    pub tls: TlsOptions,
    /// How often names are looked up again during the run; `None` for never.
    pub dns_refresh: Option<Duration>,
    /// The proxy or Unix socket of all connections, which replaces those of the classes.
    pub via: Option<Via>,
    /// Whether snapshots have a journal of what users do.
    pub journal: bool,
    /// Addresses that replace those of the resolver. The later of two for the same host and port wins.
    pub resolve: Vec<Resolve>,
}

/// A run, resolved and valid.
#[derive(Debug)]
#[non_exhaustive]
pub struct Plan {
    /// The scenario: what users do.
    pub scenario: Arc<Scenario>,
    /// The hosts of each class, in the scenario's order.
    pub targets: Vec<ResolvedUrl>,
    /// The hosts of absolute URLs in declared steps, and all others that are resolved already.
    pub other_hosts: Vec<ResolvedUrl>,
    /// The TLS configuration of each class, in the scenario's order.
    pub(crate) tls: ClassTls,
    /// Texts that are sent and never shown.
    pub secrets: Arc<Secrets>,
    /// The local addresses of connections.
    pub local_addresses: LocalAddresses,
    /// How often names are looked up again during the run.
    pub dns_refresh: Option<Duration>,
    /// The class of each user, by the user's number.
    pub classes: Vec<u16>,
    /// The same for users that a stage of the shape adds with its own mix.
    pub mixes: Vec<Vec<u16>>,
    /// Peak number of users.
    pub users: u32,
    /// The number of users over time.
    pub shape: LoadShape,
    /// The arrivals of an open load, which does not use the shape.
    pub arrivals: Option<Arrivals>,
    /// Iterations after which the run ends.
    pub iterations: Option<u32>,
    /// Requests after which the run ends.
    pub requests: Option<u32>,
    /// Classes that do not run because none of their tasks is selected by tags.
    pub idle: Vec<String>,
    /// Options that were given and have no effect.
    pub ignored: Vec<&'static str>,
    /// The time from the start of the run to the stop.
    pub run_time: Option<Duration>,
    /// Levels that stop the run when they are broken.
    pub abort_when: Vec<Threshold>,
    /// The time from which these are judged.
    pub abort_after: Duration,
    /// The longest time from the stop to the end of the last task.
    pub stop_timeout: Duration,
    /// The cores that run users. In each round of as many users as there are cores, every core gets one.
    pub cores: Vec<CoreId>,
    /// What sockets are to go through.
    pub io: BackendChoice,
    /// The seed of every random choice of the run.
    pub seed: u64,
    /// The rows of each data set of the scenario.
    pub(crate) data: Vec<Arc<Rows>>,
    /// The seed of what must be new in every run, such as UUIDs. It does not follow from `seed`.
    pub(crate) nonces: u64,
    /// Whether snapshots have a journal of what users do.
    pub journal: bool,
    /// The limits on distinct names and errors.
    pub limits: RowLimits,
}

impl Plan {
    /// Resolves everything that a run needs: options before the scenario's values before Locust's
    /// defaults of one user, one user per second and no end. Looks up host names.
    ///
    /// # Errors
    ///
    /// Returns the first error that is found.
    pub fn new(scenario: Scenario, options: Options) -> Result<Self, Error> {
        Plan::watched(scenario, options, |_| ())
    }

    /// The same, with progress reports, because there may be very many classes.
    ///
    /// # Errors
    ///
    /// Returns the first error that is found.
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
        // There are fewer users if every class has a fixed count and their sum is smaller.
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
        let cores = choose_cores(options.cores)?;
        let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
        let data = data::rows(&mut scenario, cores.len(), seed)?;
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
            cores,
            io: options.io,
            seed,
            data,
            nonces: fastrand::u64(..),
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

    /// Returns when the load ends by itself, if it does. A changed load no longer follows its shape.
    pub fn load_end(&self, is_changed: bool) -> Option<Duration> {
        load::end(&self.shape, self.arrivals.as_ref(), self.run_time, is_changed)
    }

    /// Returns whether a URL of the plan is an `https://` one.
    pub(crate) fn is_secure(&self) -> bool {
        self.targets.iter().chain(&self.other_hosts).any(|host| host.url.secure)
    }

    /// Returns how many of the cores ever have a user. They are the first ones.
    pub(crate) fn cores_with_users(&self) -> usize {
        self.cores.len().min(self.users as usize)
    }

    /// Returns the class of a user by its number if it is added with this mix of the shape; mix 0 is
    /// the scenario's own. `None` beyond the planned users.
    pub(crate) fn class_of(&self, user: usize, mix: usize) -> Option<usize> {
        let classes = match mix.checked_sub(1) {
            None => &self.classes,
            Some(mix) => self.mixes.get(mix)?,
        };
        classes.get(user).map(|&class| usize::from(class))
    }

    /// Returns the random numbers of one user, which do not depend on its core.
    pub(crate) fn user_rng(&self, user: u64) -> fastrand::Rng {
        // An odd constant spreads neighbouring numbers over the whole range of seeds.
        let spread = user.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        fastrand::Rng::with_seed(self.seed ^ spread)
    }

    /// Returns the number of planned users of each class, in the scenario's order.
    pub(crate) fn users_of_classes(&self) -> Vec<u64> {
        let mut users = vec![0; self.scenario.users.len()];
        self.classes.iter().for_each(|&class| users[usize::from(class)] += 1);
        users
    }

    /// Estimates what the run will use of this machine's scarce resources.
    pub fn forecast(&self) -> Forecast {
        Forecast::new(self)
    }

    /// Estimates how often the run connects to each host whose connections it gives back.
    pub fn churn(&self) -> Vec<Churn> {
        churn::churn(self)
    }

    /// Returns the total of fixed counts if it exceeds the number of users, of which Locust warns.
    pub fn fixed_beyond_users(&self) -> Option<u64> {
        let fixed = self.scenario.users.iter().map(|user| match user.share {
            Share::Fixed(count) => u64::from(count),
            Share::Weight(_) => 0,
        });
        Some(fixed.sum()).filter(|&total| total > u64::from(self.users))
    }
}

/// A default time fits every run: what is not judged before the end is judged at the end.
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
