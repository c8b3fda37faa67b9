//! The core processes of a run, as the command sees them.
//!
//! Each has a [`Member`], whose thread receives what the process sends: its intervals go into the channel
//! that cores of this process would use. One more thread passes on what [`Control`] gets, and kills
//! processes that do not end in time.

mod member;
mod relay;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, select, unbounded};
use serde_json::Value;

use self::member::{Member, Shared, Step};
use self::relay::Relay;
use super::assignment::Assignment;
use super::clock;
use super::connection::Connection;
use super::description::Description;
use super::desk::Latest;
use super::host_process::{HostError, HostProcess};
use super::message::ToCore;
use crate::collector::{ReportError, Summary};
use crate::control::Control;
use crate::plan::{Options, Plan};
use crate::reactor::Backend;
use crate::report::Report;
use crate::run::{self, Error, StartedCores};
use crate::stats::Interval;

/// From the last core's readiness to the start: enough for every process to be told.
const HEAD_START: Duration = Duration::from_millis(50);

/// How long processes have to get ready after the run was stopped, before its start.
const READY_WITHIN: Duration = Duration::from_secs(1);

/// What runs a plan of a locustfile: a process for each core, all of which a host forks.
#[derive(Debug, Clone)]
pub struct Crew {
    host: Arc<HostProcess>,
    description: Description,
    options: Options,
}

impl Crew {
    /// Makes what runs the plan of this description and these options.
    pub fn new(host: Arc<HostProcess>, description: Description, options: Options) -> Self {
        Crew { host, description, options }
    }

    /// Runs a plan to its end, as [`run::run`] does. `test_start` fires that event in the host, when all core
    /// processes have fired `init`, and returns what they are to fire it with.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`run::run`]; [`Error::LostProcess`] where a process was lost during the run.
    pub fn run(
        &self,
        plan: &Arc<Plan>,
        control: &Arc<Control>,
        test_start: impl FnOnce() -> Value,
        mut reports: Vec<(String, Box<dyn Report + Send>)>,
        on_report_error: impl FnMut(&ReportError),
    ) -> Result<Summary, Error> {
        let latest = Latest(self.host.desk.clone());
        reports.insert(0, ("statistics for Python".to_owned(), Box::new(latest)));
        let start = |intervals| self.start(plan, control, test_start, intervals);
        run::run_on(start, plan, control, reports, on_report_error)
    }

    fn start(
        &self,
        plan: &Arc<Plan>,
        control: &Arc<Control>,
        test_start: impl FnOnce() -> Value,
        intervals: Sender<Interval>,
    ) -> Result<StartedCores, Error> {
        let (tell, steps) = unbounded();
        let news = control.news();
        let shared = Arc::new(Shared::new(control.clone(), self.host.desk.clone(), intervals));
        let members = self.fork_all(plan.cores.len())?;
        let sending = members.iter().map(|member| member.sender()).collect();
        self.host.desk.begin(control, plan, sending);
        let mut threads = Vec::new();
        for member in &members {
            let changes = control.expects_changes();
            let (core, options) = (member.core, &self.options);
            let assignment = Assignment::new(core, &self.description, options, plan, changes);
            member.tell(&ToCore::Plan(Box::new(assignment)));
            let (member, shared, tell) = (member.clone(), shared.clone(), tell.clone());
            threads.push(thread::spawn(move || member.receive(&shared, &tell)));
        }
        drop((tell, shared));
        let await_all = || all_steps(&steps, &news, control, members.len());
        let ready = await_all().and_then(|_| {
            let details = test_start();
            members.iter().for_each(|member| member.tell(&ToCore::TestStart(details.clone())));
            await_all()
        });
        let backend = match ready.and_then(|backend| backend.ok_or_else(no_cores)) {
            Ok(backend) => backend,
            Err(error) => {
                members.iter().for_each(|member| member.kill());
                threads.into_iter().for_each(|thread| drop(thread.join()));
                self.host.desk.end();
                self.host.reap();
                return Err(error);
            }
        };
        let started = Instant::now() + HEAD_START;
        control.begin(started, plan.arrivals.is_some());
        let at = clock::to_clock(started);
        members.iter().for_each(|member| member.begin(at));
        let (done, ended) = bounded(0);
        let relay = Relay::new(control.clone(), plan.clone(), started, members.clone());
        let relay = thread::spawn(move || relay.run(&news, &ended));
        let host = self.host.clone();
        let join = Box::new(move || {
            threads.into_iter().for_each(|thread| drop(thread.join()));
            drop::<Sender<()>>(done);
            let _ = relay.join();
            let lost_host = host.desk.end();
            let ends = host.reap();
            let lost = members.iter().filter_map(|member| member.loss(&ends));
            let lost_host = lost_host.map(|how| HostError::Ended(how).to_string());
            match lost.chain(lost_host).reduce(|all, one| format!("{all}; {one}")) {
                Some(lost) => Err(Error::LostProcess(lost)),
                None => Ok(()),
            }
        });
        Ok(StartedCores { started, backend, join })
    }

    fn fork_all(&self, cores: usize) -> Result<Vec<Arc<Member>>, Error> {
        (0..cores)
            .map(|core| self.fork(core).map(Arc::new).map_err(|error| no_process(core, &error)))
            .collect()
    }

    fn fork(&self, core: usize) -> Result<Member, HostError> {
        let unusable = |error: std::io::Error| HostError::Python(error.to_string());
        let (ours, theirs) = Connection::pair().map_err(unusable)?;
        let process = self.host.fork(std::os::fd::AsFd::as_fd(&theirs))?;
        Member::new(core, process, ours).map_err(unusable)
    }
}

/// Waits until every core has got one step further. A run that is stopped before may still get ready, and
/// then ends in order. Returns what their sockets go through, if they know it then.
fn all_steps(
    steps: &Receiver<Result<Step, Error>>,
    news: &Receiver<()>,
    control: &Control,
    cores: usize,
) -> Result<Option<Backend>, Error> {
    let mut backend = None;
    let mut waits_for = cores;
    let mut last = crossbeam_channel::never();
    while waits_for > 0 {
        if control.is_stopping() && last.is_empty() {
            last = crossbeam_channel::after(READY_WITHIN);
        }
        select! {
            recv(steps) -> step => {
                if let Step::Ready(of_core) = step.map_err(|_| no_cores())?? {
                    backend = Some(of_core);
                }
                waits_for -= 1;
            }
            recv(news) -> _ => {}
            recv(last) -> _ => {
                return Err(Error::NoProcess("the run was stopped before it began".to_owned()));
            }
        }
    }
    Ok(backend)
}

fn no_cores() -> Error {
    Error::NoProcess("there are no cores".to_owned())
}

fn no_process(core: usize, error: &dyn std::error::Error) -> Error {
    Error::NoProcess(format!("the process of core {core} cannot be started: {error}"))
}
