//! One run from its start to its last report.

mod adapting;

use std::collections::BTreeSet;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crossbeam_channel::{Sender, bounded};

use self::adapting::{Adapting, Broken};
use crate::collector::{Collector, ReportError, Summary, ThresholdMonitor};
use crate::control::Control;
use crate::executor::{self, Cores};
use crate::plan::{Churn, Plan, RouteForecast};
use crate::reactor::Backend;
use crate::reactor::preflight::{self, Chosen};
use crate::report::Report;
use crate::session::Via;
use crate::stats::{Interval, Totals};

/// Intervals of one core that may wait for the collector before the core keeps them to itself.
pub(crate) const INTERVALS_WAITING: usize = 4;
/// Descriptors of a core besides those of its users' connections: rings, events, the scheduler
/// statistics of its thread. Eight are used.
const FILES_PER_CORE: u64 = 9;
/// Descriptors besides those of the cores: reports, the log, the terminal, signals.
const OTHER_FILES: u64 = 32;

/// Why a run could not start or was broken off.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The machine does not allow the run.
    #[error(transparent)]
    Preflight(#[from] preflight::Error),
    /// A core did not start, or panicked.
    #[error(transparent)]
    Core(#[from] executor::Error),
    /// The process of a core did not start.
    #[error("{0}")]
    NoProcess(String),
    /// A process was lost during the run, and with it a part of the statistics.
    #[error("{0}")]
    LostProcess(String),
    /// The function of an adaptive load panicked, or asked for a change that does not fit the load.
    #[error("the adaptive load cannot be followed: {0}")]
    Adaptive(String),
}

/// Checks that the machine allows this run, raises limits if it may, and chooses what sockets go through.
/// Refuses only what is certain to fail; see [`Forecast`](crate::plan::Forecast).
///
/// # Errors
///
/// Returns what is missing, and how to fix it.
pub fn preflight(plan: &Plan) -> Result<Chosen, Error> {
    let forecast = plan.forecast();
    for RouteForecast { target, connections, pairs } in &forecast.routes {
        preflight::local_ports(target, *connections, *pairs)?;
    }
    // Threads of earlier runs keep what they have.
    let cores = plan.cores.len() + executor::idle_elsewhere(&plan.cores);
    let other_files = OTHER_FILES + FILES_PER_CORE * cores as u64;
    preflight::open_files(forecast.kept + other_files, forecast.at_most + other_files)?;
    Ok(preflight::choose(plan.io)?)
}

/// Returns what is likely to run out during the run, each with what helps. The run is allowed all the
/// same.
pub fn doubts(plan: &Plan) -> Vec<String> {
    let doubt = |churn: Churn| {
        let Churn { target, per_second, pairs, is_loopback } = churn;
        let possible = preflight::lasting_connects(pairs, is_loopback)?;
        (per_second > possible).then(|| {
            format!(
                "Up to {per_second:.0} connections per second to {target} are given back, and \
                 their ports last for {possible:.0}: then requests fail. Try several addresses here \
                 (--local-address) or there (--resolve), \
                 sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\", or keep_alive = true"
            )
        })
    };
    plan.churn().into_iter().filter_map(doubt).chain(missing_sockets(plan)).collect()
}

/// Returns a text for each Unix socket that is not there. Its server may still start.
fn missing_sockets(plan: &Plan) -> impl Iterator<Item = String> {
    let paths: BTreeSet<&Path> = plan
        .scenario
        .users
        .iter()
        .filter_map(|user| match &user.policy.via {
            Via::UnixSocket(path) => Some(&**path),
            Via::Direct | Via::Proxy(_) => None,
        })
        .collect();
    paths.into_iter().filter_map(|path| {
        let shown = path.display();
        match path.metadata() {
            Ok(found) if found.file_type().is_socket() => None,
            Ok(_) => Some(format!("{shown} is not a socket: no connection can be made to it")),
            Err(error) => Some(format!(
                "No server is at {shown} ({}): requests fail until one is",
                error.kind()
            )),
        }
    })
}

/// Makes the monitor of this run's thresholds.
fn thresholds(plan: &Arc<Plan>, control: &Arc<Control>) -> ThresholdMonitor {
    let (levels, after) = (&plan.abort_when, plan.abort_after);
    let (plan, control) = (plan.clone(), control.clone());
    let is_over = move |elapsed| {
        let end = plan.load_end(control.target().is_some());
        control.is_stopping() || end.is_some_and(|end| elapsed > end)
    };
    ThresholdMonitor::new(levels, after, is_over)
}

/// The cores of a run that has started, wherever they are.
pub struct StartedCores {
    /// When the run started, or will in a moment.
    pub started: Instant,
    /// What the sockets of all of them go through.
    pub backend: Backend,
    /// Waits for every core to end, and returns what broke.
    pub join: Box<dyn FnOnce() -> Result<(), Error>>,
}

impl From<Cores> for StartedCores {
    fn from(cores: Cores) -> Self {
        let Cores { started, backend, .. } = cores;
        StartedCores { started, backend, join: Box::new(|| Ok(cores.join()?)) }
    }
}

/// Runs a plan to its end, on threads of this process. The reports are updated every second.
///
/// The calling thread works as the collector until the last core has ended. `control` can stop the run
/// early. `on_report_error` is called once for each error of a report, which is then updated again the
/// next second.
///
/// # Errors
///
/// Returns an error if no load could be made, or if a core or an adaptive load failed; in the second
/// case the reports are written all the same. Errors of user code are in the summary, not here.
pub fn run(
    plan: &Arc<Plan>,
    control: &Arc<Control>,
    reports: Vec<(String, Box<dyn Report + Send>)>,
    on_report_error: impl FnMut(&ReportError),
) -> Result<Summary, Error> {
    let start = |intervals| Ok(executor::start(plan, control, intervals)?.into());
    run_on(start, plan, control, reports, on_report_error)
}

/// Does the same on cores that `start` starts: each is to send its intervals to the sender, its last one
/// marked as such.
///
/// # Errors
///
/// Returns the errors of [`run`], of which those of cores come from `start`.
pub fn run_on(
    start: impl FnOnce(Sender<Interval>) -> Result<StartedCores, Error>,
    plan: &Arc<Plan>,
    control: &Arc<Control>,
    reports: Vec<(String, Box<dyn Report + Send>)>,
    on_report_error: impl FnMut(&ReportError),
) -> Result<Summary, Error> {
    let (intervals, shipped) = bounded(INTERVALS_WAITING * plan.cores.len());
    let (adaptive, broken) = (&plan.scenario.load.adaptive, Broken::default());
    if adaptive.is_some() {
        control.expect_changes();
    }
    let cores = start(intervals)?;
    let wall_start = SystemTime::now();
    let classes: Vec<_> = plan.scenario.users.iter().map(|user| user.name.clone()).collect();
    let processors = plan.cores.iter().map(|core| core.id).collect();
    let totals = Totals::new(wall_start, classes.clone(), plan.limits).processors(processors);
    let totals = totals.backend(cores.backend.to_string());
    let collector = Collector::new(cores.started, plan.cores.len(), totals);
    let mut collector = collector.control(control.clone()).thresholds(thresholds(plan, control));
    for (name, report) in reports {
        collector = collector.report(name, report);
    }
    if let Some(adaptive) = adaptive.clone() {
        let adapting = Adapting::new(adaptive, control.clone(), broken.clone(), classes);
        collector = collector.report("adaptive load", Box::new(adapting));
    }
    let summary = collector.run(&shipped, on_report_error);
    (cores.join)()?;
    match broken.get() {
        Some(reason) => Err(Error::Adaptive(reason.clone())),
        None => Ok(summary),
    }
}
