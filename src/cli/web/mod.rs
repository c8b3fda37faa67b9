//! `--web`: one run after the other, as a page asks for them.

mod form;
mod order;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use signal_hook::iterator::Handle;

use super::draft::Draft;
use super::facts::{self, facts};
use super::job::Job;
use super::source::Source;
use super::terminal::Terminal;
use super::{COULD_NOT_RUN, Error, RunArgs, keys, milestones, signals};
use crate::log::Log;
use crate::plan::Plan;
use crate::report::csv::history_path;
use crate::scenario::Scenario;
use crate::scenario::file::Values;
use crate::web::{Answer, Fault, Live, Options, Order, Page, Start, Token};

/// What runs are made of and told to.
struct Desk<'d> {
    source: &'d Source,
    args: &'d RunArgs,
    log: &'d Log,
    live: Arc<Live>,
    quitting: Arc<AtomicBool>,
}

/// Opens the page and runs what it asks for, until somebody ends the process: the exit code of the
/// last run. There is a draft of the source already, for what is shown first and `--autostart`.
pub(super) fn serve(
    source: &Source,
    draft: &Draft,
    scenario: &Scenario,
    args: &RunArgs,
    log: &Log,
) -> Result<u8, Error> {
    let kept = args.with_reports_of(scenario);
    let options = options(&kept)?;
    let (orders, ordered) = unbounded();
    let live = before(draft, scenario, &kept, log)?;
    let (terminal, quitting) = (Terminal::of_stdin(), Arc::default());
    let signals = quit_on_signals(&live, &orders, &quitting, terminal.clone(), log)?;
    let token = options.token.clone().filter(|_| args.web.web_token_file.is_none());
    if options.tls.is_none() && !options.host.is_loopback() {
        let message = "Without --tls-cert the page's token travels in clear: use it in networks \
                       that you trust";
        log.warning("main", message);
    }
    let page = Page::open(options, live.clone(), orders, log)?;
    tell(&page, token, log);
    if let Some(terminal) = &terminal {
        let live = live.clone();
        keys::steer(terminal, log, move || live.running().map(|run| (run.plan, run.control)))?;
    }
    let _settings = terminal.as_ref().map(Terminal::restore_on_drop);

    let desk = Desk { source, args, log, live, quitting };
    let code = desk.work(draft, ordered)?;
    drop(page);
    signals.close();
    Ok(code)
}

/// Says where the page is, with a token that nobody knows yet. That stays out of the page's own log.
fn tell(page: &Page, token: Option<Token>, log: &Log) {
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

/// Where the page is to be, and who may see it.
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

/// What there is to see before the first run. What is missing yet may come with the form.
fn before(
    draft: &Draft,
    scenario: &Scenario,
    args: &RunArgs,
    log: &Log,
) -> Result<Arc<Live>, Error> {
    let read = draft.scenario(&args.set.values());
    if let Ok(scenario) = &read {
        scenario.validate()?;
    }
    let preparing = milestones::preparing(log);
    let planned = read.and_then(|scenario| Ok(Plan::watched(scenario, args.options(), preparing)?));
    let facts = match planned {
        Ok(plan) => facts(&plan, args, draft),
        Err(error) => {
            log.warning("main", format_args!("As it stands no run can start: {error}"));
            facts::without_plan(scenario, args, draft)
        }
    };
    let form = form::form(draft, scenario, args);
    Ok(Live::new(facts, Arc::new(scenario.clone()), form))
}

/// From now on the first signal ends the run, and then the process.
fn quit_on_signals(
    live: &Arc<Live>,
    orders: &Sender<Order>,
    quitting: &Arc<AtomicBool>,
    terminal: Option<Terminal>,
    log: &Log,
) -> io::Result<Handle> {
    let is_quitting = quitting.clone();
    let (live, orders, quitting) = (live.clone(), orders.clone(), quitting.clone());
    let quit = move || {
        quitting.store(true, Ordering::SeqCst);
        live.stop();
        // Nobody listens where the process ends already.
        let _ = orders.send(Order::Quit);
    };
    signals::on_signals(log, terminal, move || is_quitting.load(Ordering::SeqCst), quit)
}

impl Desk<'_> {
    /// Runs what is ordered until the end is. Who has ordered something behind that is told so when
    /// the orders are dropped here.
    fn work(&self, draft: &Draft, ordered: Receiver<Order>) -> Result<u8, Error> {
        let web = &self.args.web;
        let mut code = 0;
        if web.autostart && self.live.claim() {
            let scenario = draft.scenario(&self.args.set.values())?;
            let job = Job::new(draft, scenario, self.args.options(), self.args, self.log)?;
            code = self.run(job, |_| ());
        }
        let patience = web.autoquit.map(|seconds| Duration::from_secs(seconds.into()));
        while let Some(order) = next(&ordered, patience) {
            match order {
                Order::Start(start, answer) => code = self.start(&start, answer).unwrap_or(code),
                Order::Quit => break,
            }
        }
        Ok(code)
    }

    /// Runs what is asked for, of the source as it is now: the exit code, if it could be run.
    fn start(&self, start: &Start, answer: Answer) -> Option<u8> {
        let draft = self.source.read().map(|draft| draft.changed(self.args));
        let fault = |error: Error| order::fault(&error, start, &Values::default());
        let job = draft.map_err(fault).and_then(|draft| {
            draft.warnings().iter().for_each(|warning| self.log.warning("scenario", warning));
            self.offer(&draft, start);
            self.job(&draft, start)
        });
        match job {
            Ok(job) => Some(self.run(job, |number| answer.give(Ok(number)))),
            Err(fault) => {
                self.live.release();
                self.log.warning("web", format_args!("No run is started: {}", fault.message));
                answer.give(Err(vec![fault]));
                None
            }
        }
    }

    fn job(&self, draft: &Draft, start: &Start) -> Result<Job, Fault> {
        // A file that says of them what cannot be says why below.
        let known = draft.parameters();
        let (form, declared) = (self.live.form(), known.as_deref().unwrap_or_default());
        let start = &order::restored(start, form["host"].as_str(), self.args, declared)?;
        let args = order::overlaid(self.args, start);
        let options = order::options(&args, start);
        if let Some(fault) = known.as_ref().ok().and_then(|known| order::unknown(known, start)) {
            return Err(fault);
        }
        let values = order::values(&args, start, &known.unwrap_or_default());
        let fault = |error: Error| order::fault(&error, start, &values);
        let mut scenario = draft.scenario(&values).map_err(fault)?;
        // What was emptied is not to come from the file either.
        if start.run_time == Some(None) {
            scenario.load.run_time = None;
        }
        if start.profile.as_deref() == Some("") {
            scenario.reports.profile = None;
        }
        if let Some(fault) = order::contradiction(&args, &scenario, start) {
            return Err(fault);
        }
        let args = RunArgs { set: values.clone().into(), ..args };
        Job::new(draft, scenario, options, &args, self.log).map_err(fault)
    }

    /// What may be asked for next: the file may have been changed, and what it says may have needed
    /// the values that are there now. One with an error changes nothing.
    fn offer(&self, draft: &Draft, start: &Start) {
        let known = draft.parameters().unwrap_or_default();
        let scenario = draft.outline(&order::values(self.args, start, &known));
        let scenario = scenario.or_else(|_| draft.outline(&self.args.set.values()));
        let Ok(scenario) = scenario else { return };
        // Where a value is missing no more than the parameters is known; the rest stays as it was.
        let is_outline = scenario.users.is_empty();
        self.live.offer(if is_outline {
            form::asking(&self.live.form(), &scenario, self.args)
        } else {
            form::form(draft, &scenario, self.args)
        });
    }

    /// Runs to the end, and tells the number of the run when it begins.
    fn run(&self, mut job: Job, tell: impl FnOnce(u64)) -> u8 {
        job.control.expect_changes();
        let control = job.control.clone();
        let (number, report) = self.live.begin(job.beginning());
        job.add("web page", report);
        tell(number);
        if self.quitting.load(Ordering::SeqCst) {
            control.stop();
        }
        let code = job.run().unwrap_or_else(|error| {
            self.log.error("main", error);
            COULD_NOT_RUN
        });
        self.live.end();
        code
    }
}

/// The next order; none where none comes for so long.
fn next(ordered: &Receiver<Order>, patience: Option<Duration>) -> Option<Order> {
    match patience {
        Some(patience) => ordered.recv_timeout(patience).ok(),
        None => ordered.recv().ok(),
    }
}
