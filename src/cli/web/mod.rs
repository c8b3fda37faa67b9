//! `--web`: opens the page and runs what is started there, one run after the other.

mod form;
mod submitted;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use signal_hook::iterator::Handle;

use super::facts::facts;
use super::job::Job;
use super::locustfile::{Events, Locustfile};
use super::requested_rate::requested_rate;
use super::scenario_source::ScenarioSource;
use super::scenario_template::ScenarioTemplate;
use super::terminal::Terminal;
use super::{Error, RunArgs, command_line, keys, milestones, refusal, signals};
use crate::credentials::hidden;
use crate::log::Log;
use crate::plan::Plan;
use crate::report::csv::history_path;
use crate::report::history::History;
use crate::report::view::Facts;
use crate::scenario::Scenario;
use crate::scenario::file::Values;
use crate::web::{
    Action, FieldError, LiveRun, NewRun, Options, Page, StartForm, StartReply, Token,
};

/// Runs the actions of the page.
struct Runner<'d> {
    source: &'d ScenarioSource,
    args: &'d RunArgs,
    log: &'d Log,
    live: Arc<LiveRun>,
    /// Whether the process is to end.
    quitting: Arc<AtomicBool>,
}

/// Opens the page and runs what is started there until the process is told to end. Returns the exit
/// code of the last run. `template` was read from the source already; it is shown first and runs with
/// `--autostart`.
pub(super) fn serve(
    source: &ScenarioSource,
    template: &ScenarioTemplate,
    scenario: &Scenario,
    args: &RunArgs,
    log: &Log,
) -> Result<u8, Error> {
    let with_reports = args.with_reports_of(scenario);
    let options = options(&with_reports)?;
    let (actions, received) = unbounded();
    if let Some(locustfile) = template.locustfile() {
        let actions = actions.clone();
        locustfile.on_quit(move || drop(actions.send(Action::Quit)));
    }
    let live = before_the_first_run(template, scenario, &with_reports, log)?;
    let (terminal, quitting) = (Terminal::of_stdin(), Arc::default());
    let events = template.locustfile().map(|locustfile| locustfile.events().clone());
    let signals = quit_on_signals(&live, &actions, &quitting, events, terminal.clone(), log)?;
    let token = options.token.clone().filter(|_| args.web.web_token_file.is_none());
    if options.tls.is_none() && !options.host.is_loopback() {
        let message = "Without --tls-cert the page's token travels in clear: use it in networks \
                       that you trust";
        log.warning("main", message);
    }
    let page = Page::open(options, live.clone(), actions, log)?;
    log_address(&page, token, log);
    if let Some(terminal) = &terminal {
        let live = live.clone();
        keys::steer(terminal, log, move || live.running().map(|run| (run.plan, run.control)))?;
    }
    let _settings = terminal.as_ref().map(Terminal::restore_on_drop);

    let runner = Runner { source, args, log, live, quitting };
    let code = runner.run_actions(template, received)?;
    drop(page);
    signals.close();
    Ok(code)
}

/// Logs the page's address, with the token if it is a new one. The page itself does not show that line
/// of the log.
fn log_address(page: &Page, token: Option<Token>, log: &Log) {
    let url = &page.url;
    match token {
        None => log.info("main", format_args!("Starting web interface at {url}")),
        Some(token) => {
            let token = token.as_str();
            log.unremembered(
                "main",
                format_args!("Starting web interface at {url}/?token={token}"),
            );
        }
    }
}

/// Reads the options of the page from the flags.
fn options(args: &RunArgs) -> Result<Options, Error> {
    let csv = args.csv.as_ref().filter(|_| args.csv_full_history);
    let args = &args.web;
    let token = match &args.web_token_file {
        Some(path) => Some(
            Token::read(path)
                .map_err(|error| format!("--web-token-file {}: {error}", path.display()))?,
        ),
        None if args.web_host.is_loopback() => None,
        None => Some(Token::random()?),
    };
    Ok(Options {
        host: args.web_host,
        port: args.web_port,
        base_path: args.web_base_path.clone(),
        tls: args.tls_cert.clone().zip(args.tls_key.clone()),
        token,
        full_history: csv.map(|prefix| history_path(prefix)),
    })
}

/// Makes what the page shows before the first run. A scenario that cannot run yet is no error, because
/// the start form may have what is missing.
fn before_the_first_run(
    template: &ScenarioTemplate,
    scenario: &Scenario,
    args: &RunArgs,
    log: &Log,
) -> Result<Arc<LiveRun>, Error> {
    let read = template.scenario(&args.set.values());
    if let Ok(scenario) = &read {
        scenario.validate()?;
    }
    let preparing = milestones::preparing(log);
    let planned = read.and_then(|scenario| Ok(Plan::watched(scenario, args.options(), preparing)?));
    let facts = match planned {
        Ok(plan) => facts(&plan, args, template),
        Err(error) => {
            log.warning("main", format_args!("As it stands no run can start: {error}"));
            facts_without_plan(scenario, args, template)
        }
    };
    let original = template.original(&args.set.values()).unwrap_or_else(|_| scenario.clone());
    Ok(LiveRun::new(facts, scenario.workload(), form::form(template, original, args)))
}

/// Returns what is known of a run that cannot be planned yet.
fn facts_without_plan(scenario: &Scenario, args: &RunArgs, template: &ScenarioTemplate) -> Facts {
    Facts {
        scenario: hidden(template.name()).into_owned(),
        scenario_text: template.text(),
        host: hidden(args.host.as_ref().or(scenario.host.as_ref()).map_or("", |h| h)).into_owned(),
        command_line: command_line::typed(&scenario.parameters),
        run_time: args.run_time.or(scenario.load.run_time),
        profile: args.profile.as_deref().map(|name| hidden(name).into_owned()),
        ..Facts::default()
    }
}

/// Lets the first signal end the run, and then the process.
fn quit_on_signals(
    live: &Arc<LiveRun>,
    actions: &Sender<Action>,
    quitting: &Arc<AtomicBool>,
    events: Option<Events>,
    terminal: Option<Terminal>,
    log: &Log,
) -> io::Result<Handle> {
    let is_quitting = quitting.clone();
    let (live, actions, quitting) = (live.clone(), actions.clone(), quitting.clone());
    let quit = move || {
        quitting.store(true, Ordering::SeqCst);
        events.iter().for_each(Events::interrupt);
        live.stop();
        // There is no receiver where the process ends already.
        let _ = actions.send(Action::Quit);
    };
    signals::on_signals(log, terminal, move || is_quitting.load(Ordering::SeqCst), quit)
}

impl Runner<'_> {
    /// Runs the actions up to `Quit`. Later ones are dropped, which tells their senders that the
    /// process is ending.
    fn run_actions(
        &self,
        template: &ScenarioTemplate,
        received: Receiver<Action>,
    ) -> Result<u8, Error> {
        let web = &self.args.web;
        let mut code = 0;
        if web.autostart && self.live.claim() {
            let scenario = template.scenario(&self.args.set.values())?;
            let job = Job::new(template, scenario, self.args.options(), self.args, self.log)?;
            code = self.run(job, |_| ());
        }
        let timeout = web.autoquit.map(|seconds| Duration::from_secs(seconds.into()));
        while let Some(action) = next(&received, timeout) {
            match action {
                Action::Start(form, reply) => code = self.start(&form, reply).unwrap_or(code),
                Action::Quit => break,
            }
        }
        Ok(code)
    }

    /// Reads the source again and runs it with this form. Returns the exit code, or `None` where the
    /// run could not start.
    fn start(&self, start: &StartForm, reply: StartReply) -> Option<u8> {
        let template = self.source.read().map(|template| template.with_class_changes(self.args));
        let fault = |error: Error| submitted::fault(&error, start, &Values::default());
        let job = template.map_err(fault).and_then(|template| {
            template.warnings().iter().for_each(|warning| self.log.warning("scenario", warning));
            self.update_form(&template, start);
            self.job(&template, start)
        });
        match job {
            Ok(job) => Some(self.run(job, |number| reply.send(Ok(number)))),
            Err(fault) => {
                self.live.release();
                self.log.warning("web", format_args!("No run is started: {}", fault.message));
                reply.send(Err(vec![fault]));
                None
            }
        }
    }

    fn job(&self, template: &ScenarioTemplate, start: &StartForm) -> Result<Job, FieldError> {
        // An error in their declaration is reported by `scenario()` below.
        let known = template.parameters();
        let (form, declared) = (self.live.form(), known.as_deref().unwrap_or_default());
        let start = &submitted::restored(start, form["host"].as_str(), self.args, declared)?;
        let settings = self.live.class_settings();
        if let Some(fault) = submitted::left_out(start, &settings) {
            return Err(fault);
        }
        let args = submitted::overlaid(self.args, start, &settings);
        let options = submitted::options(&args, start);
        if let Some(fault) = known.as_ref().ok().and_then(|known| submitted::unknown(known, start))
        {
            return Err(fault);
        }
        let known = known.unwrap_or_default();
        let values = submitted::values(&args, start, &known);
        let fault = |error: Error| submitted::fault(&error, start, &values);
        let shapes = template.locustfile().map(Locustfile::shapes).unwrap_or_default();
        if let Some(fault) =
            submitted::missing(&known, &values).or_else(|| submitted::unknown_shape(&shapes, start))
        {
            return Err(fault);
        }
        let template = template.clone().with_class_changes(&args);
        let template = &template.with_arguments(&args, &values).map_err(fault)?;
        let mut scenario = template.scenario(&values).map_err(fault)?;
        // An emptied field also replaces the scenario's value.
        if start.run_time == Some(None) {
            scenario.load.run_time = None;
        }
        if start.profile.as_deref() == Some("") {
            scenario.reports.profile = None;
        }
        if let Some(fault) = submitted::contradiction(&args, &scenario, start) {
            return Err(fault);
        }
        let args = RunArgs { set: values.clone().into(), ..args };
        Job::new(template, scenario, options, &args, self.log).map_err(fault)
    }

    /// Makes the start form anew, since the file may have changed, or may have needed the values that
    /// are known now. A scenario with an error changes nothing.
    fn update_form(&self, template: &ScenarioTemplate, start: &StartForm) {
        let known = template.parameters().unwrap_or_default();
        let original =
            template.original_or_parameters(&submitted::values(self.args, start, &known));
        let original =
            original.or_else(|_| template.original_or_parameters(&self.args.set.values()));
        let Ok(original) = original else { return };
        // Where a value is missing, only the parameters are known, and the rest of the form stays.
        let is_outline = original.users.is_empty();
        self.live.set_form(if is_outline {
            form::with_parameters(&self.live.form(), &original, self.args)
        } else {
            form::form(template, original, self.args)
        });
    }

    /// Runs to the end. Passes the number of the run to `on_start` when it begins.
    fn run(&self, mut job: Job, on_start: impl FnOnce(u64)) -> u8 {
        job.control.expect_changes();
        let control = job.control.clone();
        let (number, report) = self.live.begin(new_run(&job));
        job.add("web page", report);
        on_start(number);
        if self.quitting.load(Ordering::SeqCst) {
            control.stop();
        }
        let code = job.run().unwrap_or_else(|error| {
            self.log.error("main", &error);
            refusal::exit_code(&error)
        });
        self.live.end();
        code
    }
}

/// Returns what the page needs to begin a run.
fn new_run(job: &Job) -> NewRun {
    NewRun {
        facts: job.facts.clone(),
        plan: job.plan.clone(),
        control: job.control.clone(),
        history: History::new(requested_rate(&job.plan, &job.control)),
    }
}

/// Receives the next action; `None` where none comes within the timeout.
fn next(actions: &Receiver<Action>, timeout: Option<Duration>) -> Option<Action> {
    match timeout {
        Some(timeout) => actions.recv_timeout(timeout).ok(),
        None => actions.recv().ok(),
    }
}
