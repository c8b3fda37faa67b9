//! One run of the command: from a scenario and flags to the last report.

use std::io;
use std::sync::Arc;

use super::console_stream::ConsoleStream;
use super::facts::facts;
use super::journal::JournalLog;
use super::locustfile::{EventReport, Locustfile, Reports};
use super::milestones::{self, Milestones};
use super::refusal::Unstarted;
use super::requested_rate::requested_rate;
use super::scenario_template::ScenarioTemplate;
use super::{Error, FAILED, RunArgs, THRESHOLD_MISSED};
use crate::collector::{ReportError, Summary};
use crate::control::Control;
use crate::log::Log;
use crate::plan::{Options, Plan};
use crate::report::Report;
use crate::report::console::{Final, Progress, Screen};
use crate::report::csv::{self, CsvFiles};
use crate::report::history::History;
use crate::report::html::HtmlFile;
use crate::report::json::{JsonFile, JsonList};
use crate::report::view::Facts;
use crate::report::warnings::nothing_completed;
use crate::run;
use crate::scenario::Scenario;

/// A run that is ready to start. What can fail because of its options has been tried.
pub(super) struct Job {
    pub(super) plan: Arc<Plan>,
    pub(super) control: Arc<Control>,
    args: RunArgs,
    log: Log,
    pub(super) facts: Facts,
    reports: Reports,
    /// What runs the plan in place of threads of this process, and with which options.
    locustfile: Option<(Locustfile, Options)>,
}

impl Job {
    /// Plans a run of this scenario, which was made from the template, and creates its files.
    pub(super) fn new(
        template: &ScenarioTemplate,
        mut scenario: Scenario,
        mut options: Options,
        args: &RunArgs,
        log: &Log,
    ) -> Result<Self, Error> {
        let args = &args.with_reports_of(&scenario);
        let locustfile = template.locustfile();
        if let Some(locustfile) = locustfile {
            let ignored = locustfile.without_ignored(&mut options);
            ignored.iter().for_each(|line| log.warning("runners", line));
            scenario = locustfile.with_shape(scenario)?;
        }
        let locustfile = locustfile.map(|it| (it.clone(), options.clone()));
        let plan = Arc::new(Plan::watched(scenario, options, milestones::preparing(log))?);
        milestones::chosen(&run::preflight(&plan)?, log);
        let facts = facts(&plan, args, template);
        let control = Arc::new(Control::of(plan.arrivals.is_some()));
        let (args, log, reports) = (args.clone(), log.clone(), Vec::new());
        let mut job = Job { plan, control, args, log, facts, reports, locustfile };
        job.add_files()?;
        job.add_log();
        job.add_quitting();
        job.add_summary();
        Ok(job)
    }

    /// Adds a report after all others.
    pub(super) fn add(&mut self, name: &str, report: Box<dyn Report + Send>) {
        self.reports.push((name.to_owned(), report));
    }

    /// Runs to the end and returns the exit code.
    pub(super) fn run(self) -> Result<u8, Error> {
        let Job { plan, control, args, log, reports, locustfile, .. } = self;
        milestones::announce(&plan, &log);
        let mut tell = |error: &ReportError| log.error("report", error);
        let summary = match locustfile {
            None => run::run(&plan, &control, reports, tell),
            Some((locustfile, options)) => {
                locustfile.run(&options, &plan, &control, reports, &mut tell)
            }
        };
        match summary {
            Ok(summary) => Ok(exit_code(&summary, &args)),
            // The reports lack a part of the run.
            Err(run::Error::LostProcess(lost)) => Err(Unstarted::new(lost, FAILED).into()),
            Err(error) => Err(error.into()),
        }
    }

    fn add_files(&mut self) -> Result<(), Error> {
        let Job { args, plan, control, .. } = &*self;
        let mut files: Reports = Vec::new();
        if let Some(prefix) = &args.csv {
            let history =
                if args.csv_full_history { csv::History::Full } else { csv::History::Aggregated };
            files.push(("csv".into(), Box::new(CsvFiles::create(prefix, history)?)));
        }
        if let Some(path) = &args.json_file {
            files.push(("json file".into(), Box::new(JsonFile::create(path, plan.seed)?)));
        }
        if let Some(path) = &args.html {
            let history = History::new(requested_rate(plan, control));
            let (facts, workload) = (self.facts.clone(), plan.scenario.workload());
            let file = HtmlFile::create(path, facts, workload, history)?;
            files.push(("html".into(), Box::new(file)));
        }
        self.reports.extend(files);
        Ok(())
    }

    fn add_log(&mut self) {
        let (args, plan, log) = (&self.args, self.plan.clone(), self.log.clone());
        let control = self.control.clone();
        let resets = args.reset_stats;
        // As in Locust, a run with a page prints no tables by default.
        let is_told = if args.web.web { args.print_stats } else { !args.only_summary };
        if is_told {
            let screen = || Screen::of(io::stderr());
            self.add("progress", Box::new(Progress::new(ConsoleStream(io::stderr()), screen)));
        }
        if plan.journal {
            self.add("journal", Box::new(JournalLog(log.clone())));
        }
        let events = self.locustfile.as_ref().map(|(it, _)| it.events().clone());
        self.add("log", Box::new(Milestones::new(plan, log, control, events, resets)));
    }

    /// Without a page the command ends with its run.
    fn add_quitting(&mut self) {
        if let Some((locustfile, _)) = self.locustfile.as_ref().filter(|_| !self.args.web.web) {
            let quitting = EventReport::Quitting(locustfile.events().clone());
            self.add("quitting", Box::new(quitting));
        }
    }

    fn add_summary(&mut self) {
        if self.args.json {
            self.add("json", Box::new(JsonList::new(ConsoleStream(io::stdout()))));
            let screen = || Screen::of(io::stderr());
            self.add("summary", Box::new(Final::new(ConsoleStream(io::stderr()), screen)));
        } else {
            let screen = || Screen::of(io::stdout());
            self.add("summary", Box::new(Final::new(ConsoleStream(io::stdout()), screen)));
        }
    }
}

fn exit_code(summary: &Summary, args: &RunArgs) -> u8 {
    let snapshot = &summary.snapshot;
    let failed = snapshot.total.failures > 0
        || !snapshot.exceptions.is_empty()
        || nothing_completed(snapshot).is_some();
    let code = if failed { args.exit_code_on_error.unwrap_or(FAILED) } else { 0 };
    // A report that could not be written is an error, and so is a level that could not be judged.
    let is_missing = !summary.report_errors.is_empty() || !snapshot.unjudged.is_empty();
    let code = if code == 0 && is_missing { 1 } else { code };
    if snapshot.broken.is_some() { THRESHOLD_MISSED } else { code }
}
