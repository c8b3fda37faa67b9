//! The command: from the arguments to the exit code.

mod abort;
mod args;
mod asked;
mod demo;
mod facts;
mod keys;
mod milestones;
mod overhead;
mod ratio;
mod serve;
mod signals;
mod source;
mod terminal;

use std::env;
use std::error::Error as StdError;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser};

pub use args::{Args, Command, OverheadArgs, RunArgs, ServeArgs};

use crate::collector::Summary;
use crate::control::Control;
use crate::log::Log;
use crate::plan::Plan;
use crate::report::Report;
use crate::report::console::{Final, Progress, name_width, terminal_columns};
use crate::report::csv::{self, CsvFiles};
use crate::report::history::History;
use crate::report::html::HtmlFile;
use crate::report::json::{JsonFile, JsonList};
use crate::run;
use crate::scenario::{Scenario, file};
use abort::{AbortWhen, Broken};
use milestones::Milestones;
use source::Source;
use terminal::Terminal;

/// The run could not take place: a bad flag, a bad file, a machine that does not allow it.
const COULD_NOT_RUN: u8 = 2;

/// A level was broken that --abort-when names.
const THRESHOLD_MISSED: u8 = 3;

/// Why the command could not do what it was asked to. Its text is all the user gets to see.
type Error = Box<dyn StdError + Send + Sync>;

type Reports = Vec<(String, Box<dyn Report + Send>)>;

/// Runs the command with the arguments of this process.
pub fn main() -> ExitCode {
    let matches = Args::command().get_matches();
    refuse_two_scenarios(&matches);
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    finish(match args.command {
        None => {
            let source = args.scenario.as_deref().or(args.file.as_deref()).unwrap_or_default();
            run_scenario(&Source::Typed(source.to_owned()), &args.run)
        }
        Some(Command::Demo(run)) => demo::demo(&run),
        Some(Command::Serve(serve)) => serve::serve(&serve),
        Some(Command::Overhead(args)) => overhead::overhead(&args),
        Some(Command::Check { file }) => check(&file),
    })
}

/// A scenario takes the place of the variable's, but not of another one on the same line.
fn refuse_two_scenarios(matches: &ArgMatches) {
    let typed = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
    if typed("scenario") && typed("file") {
        let message = "there are two scenarios, one of them with --file: leave one out";
        Args::command().error(ErrorKind::ArgumentConflict, message).exit();
    }
}

/// Runs a scenario written in Rust, with the flags of this process: the `main` of a test of one's
/// own. Everything but the scenario file works as in the `gregaria` command.
///
/// ```no_run
/// use gregaria::scenario::{Scenario, Task, User};
/// use gregaria::session::Session;
///
/// fn main() -> std::process::ExitCode {
///     let user = User::new("APIUser").task(Task::new("home", async |session: &mut Session| {
///         session.get("/").send().await?;
///         Ok(())
///     }));
///     gregaria::cli::main_with(Scenario::new("http://127.0.0.1:5000").user(user))
/// }
/// ```
pub fn main_with(scenario: Scenario) -> ExitCode {
    /// Runs the load test that this program is.
    #[derive(Debug, Parser)]
    struct OwnArgs {
        #[command(flatten)]
        run: RunArgs,
    }
    let name = env::args().next().unwrap_or_default();
    let source = Source::Made { name, scenario: Box::new(scenario) };
    finish(run_scenario(&source, &OwnArgs::parse().run))
}

fn finish(result: Result<u8, Error>) -> ExitCode {
    ExitCode::from(result.unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "gregaria: error: {error}");
        COULD_NOT_RUN
    }))
}

fn check(file: &Path) -> Result<u8, Error> {
    let scenario = file::load(file)?;
    scenario.validate()?;
    let users = scenario.users.len();
    let tasks: usize = scenario.users.iter().map(|user| user.tasks.len()).sum();
    print(&format!("{}: fine, user classes: {users}, tasks: {tasks}\n", file.display()))?;
    Ok(0)
}

/// Everything that can fail because of what was asked fails before the load starts.
fn run_scenario(source: &Source, args: &RunArgs) -> Result<u8, Error> {
    let scenario = source.read()?;
    if args.list {
        print(&ratio::list(&scenario))?;
        return Ok(0);
    }
    let log = Log::new(args.loglevel, args.logfile.as_deref()).map_err(|error| {
        let file = args.logfile.as_deref().unwrap_or(Path::new("stderr")).display();
        format!("cannot write the log file {file}: {error}")
    })?;
    let plan = Arc::new(Plan::new(scenario, args.options())?);
    if args.show_task_ratio {
        print(&ratio::task_ratio(&plan))?;
        return Ok(0);
    }
    run::preflight(&plan)?;
    let (control, broken) = (Arc::new(Control::default()), Broken::default());
    let reports = reports(source, args, &plan, &log, &control, &broken)?;
    let terminal = Terminal::of_stdin();
    let signals = signals::stop_on_signals(&control, &log, terminal.clone())?;
    if let Some(terminal) = &terminal {
        keys::steer(terminal, &plan, &control, &log)?;
    }
    let _settings = terminal.as_ref().map(Terminal::restore_on_drop);

    milestones::announce(&plan, &log);
    let summary = run::run(&plan, &control, reports, |error| log.error("report", error))?;
    signals.close();
    Ok(exit_code(&summary, args, &broken, &log))
}

fn reports(
    source: &Source,
    args: &RunArgs,
    plan: &Arc<Plan>,
    log: &Log,
    control: &Arc<Control>,
    broken: &Broken,
) -> Result<Reports, Error> {
    let mut reports: Reports = Vec::new();
    if let Some(prefix) = &args.csv {
        let history =
            if args.csv_full_history { csv::History::Full } else { csv::History::Aggregated };
        let files = CsvFiles::create(prefix, history)?;
        reports.push(("csv".into(), Box::new(files)));
    }
    if let Some(path) = &args.json_file {
        let file = JsonFile::create(path, plan.seed)?;
        reports.push(("json file".into(), Box::new(file)));
    }
    if let Some(path) = &args.html {
        let facts = facts::facts(plan, args, source);
        let history = History::new(asked::asked(plan, control));
        let broken = broken.clone();
        let broken = Box::new(move || broken.get().map(ToString::to_string));
        let file = HtmlFile::create(path, facts, plan.scenario.clone(), history, broken)?;
        reports.push(("html".into(), Box::new(file)));
    }
    if !args.only_summary {
        let width = || name_width(terminal_columns(io::stderr()));
        reports.push(("progress".into(), Box::new(Progress::new(io::stderr(), width))));
    }
    let milestones = Milestones::new(plan.clone(), log.clone(), control.clone(), args.reset_stats);
    reports.push(("log".into(), Box::new(milestones)));
    if !args.abort_when.is_empty() {
        reports.push((
            "abort".into(),
            Box::new(AbortWhen {
                levels: args.abort_when.clone(),
                after: args.abort_after,
                control: control.clone(),
                log: log.clone(),
                broken: broken.clone(),
            }),
        ));
    }
    if args.json {
        reports.push(("json".into(), Box::new(JsonList::new(io::stdout()))));
        let width = || name_width(terminal_columns(io::stderr()));
        reports.push(("summary".into(), Box::new(Final::new(io::stderr(), width))));
    } else {
        let width = || name_width(terminal_columns(io::stdout()));
        reports.push(("summary".into(), Box::new(Final::new(io::stdout(), width))));
    }
    Ok(reports)
}

fn exit_code(summary: &Summary, args: &RunArgs, broken: &Broken, log: &Log) -> u8 {
    let snapshot = &summary.snapshot;
    let failed = snapshot.total.failures > 0 || !snapshot.exceptions.is_empty();
    let code = if failed { args.exit_code_on_error } else { 0 };
    // A report that could not be written is missing from what was asked for.
    let code = if code == 0 && !summary.report_errors.is_empty() { 1 } else { code };
    let code = if broken.get().is_some() { THRESHOLD_MISSED } else { code };
    log.info("main", format_args!("Shutting down (exit code {code})"));
    code
}

/// Writes to stdout; a reader that went away is none of our business.
fn print(text: &str) -> Result<(), Error> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
