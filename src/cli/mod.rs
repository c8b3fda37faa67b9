//! The command: from the arguments to the exit code.

mod args;
mod asked;
mod class_settings;
mod command_line;
mod config;
mod demo;
mod draft;
mod facts;
mod job;
mod job_control;
mod journal;
mod keys;
mod milestones;
mod overhead;
mod ratio;
mod refusal;

mod serve;
mod signals;
mod source;
mod terminal;
mod tty;
#[cfg_attr(not(feature = "page"), path = "no_web.rs")]
mod web;

use std::env;
use std::error::Error as StdError;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{ArgMatches, Parser};

pub use args::{Args, Command, OverheadArgs, RunArgs, ServeArgs, SetArgs, WebArgs};
use args::{GREETING, Read, USUAL, Unread};
pub use class_settings::ClassSettings;

use crate::credentials::hidden;
use crate::log::{Level, Log};
use crate::plan::{self, Plan};
use crate::scenario::Scenario;
use crate::scenario::file::{Document, Values};
use draft::Draft;
use job::Job;
use refusal::{refuse, without_credentials};
use source::Source;
use terminal::Terminal;

/// Failures were recorded, and `--exit-code-on-error` is not set.
const FAILED: u8 = 1;

/// The run could not take place: a bad flag, a bad file, a machine that does not allow it.
const COULD_NOT_RUN: u8 = 2;

/// A level was broken that --abort-when names.
const THRESHOLD_MISSED: u8 = 3;

/// Why the command could not do what it was asked to. Its text is all the user gets to see.
type Error = Box<dyn StdError + Send + Sync>;

/// Runs the command with the arguments of this process.
pub fn main() -> ExitCode {
    let mut words: Vec<OsString> = env::args_os().collect();
    if words.len() < 2 && env::var_os("GREGARIA_FILE").is_none() {
        if !Path::new(USUAL).is_file() {
            let _ = io::stderr().write_all(GREETING.as_bytes());
            return ExitCode::from(COULD_NOT_RUN);
        }
        // Opens the page without a run, because no load was asked for.
        words = ["gregaria", USUAL, "--web"].map(OsString::from).into();
    }
    finish(args::read::<Args>(words).map_or_else(unread, obey))
}

fn obey(Read { mut args, typed, told }: Read<Args>) -> Result<u8, Error> {
    match args.command.take() {
        None => {
            let source = args.take_scenario(&typed).unwrap_or_else(|error| refuse(&error));
            run_scenario(&Source::Typed(source), &settled(args.run, &typed, told))
        }
        Some(Command::Demo(run)) => {
            let of_demo = typed.subcommand().map_or(&typed, |(_, of_demo)| of_demo);
            demo::demo(&settled(*run, of_demo, told))
        }
        Some(Command::Serve(serve)) => serve::serve(&serve),
        Some(Command::Overhead(args)) => overhead::overhead(&args),
        Some(Command::Check { file, set }) => check(&file, &set.values()),
        Some(Command::Completions { shell }) => {
            let mut command = args::command::<Args>(&[]);
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut command, "gregaria", &mut text);
            print(&String::from_utf8_lossy(&text)).map(|()| 0)
        }
        Some(Command::Man) => {
            let mut text = Vec::new();
            clap_mangen::Man::new(args::command::<Args>(&[])).render(&mut text)?;
            print(&String::from_utf8_lossy(&text)).map(|()| 0)
        }
    }
}

/// The flags of a run, once it is settled what those mean that depend on each other.
fn settled(mut run: RunArgs, typed: &ArgMatches, told: Vec<String>) -> RunArgs {
    run.pick_classes(typed);
    run.choose_page(typed);
    run.told = told;
    run
}

/// What cannot be understood ends the process here where clap has words for it; so does a wish for
/// help.
fn unread(unread: Unread) -> Result<u8, Error> {
    match unread {
        Unread::Words(error) => refuse(&error),
        Unread::File(error) => Err(error.into()),
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
    let name = env::args_os().next().unwrap_or_default().to_string_lossy().into_owned();
    let source = Source::Kept(Draft::made(&name, scenario));
    let words = env::args_os().collect();
    finish(args::read::<OwnArgs>(words).map_or_else(unread, |Read { args, typed, told }| {
        run_scenario(&source, &settled(args.run, &typed, told))
    }))
}

fn finish(result: Result<u8, Error>) -> ExitCode {
    ExitCode::from(result.unwrap_or_else(|error| {
        let error = without_credentials(&error.to_string());
        let _ = writeln!(io::stderr(), "gregaria: error: {error}");
        COULD_NOT_RUN
    }))
}

fn check(file: &Path, values: &Values) -> Result<u8, Error> {
    let document = Document::read(file)?;
    let scenario = document.scenario(values)?;
    plan::check(scenario.clone())?;
    for warning in document.warnings() {
        let _ = writeln!(io::stderr(), "Warning: {warning}");
    }
    let users = scenario.users.len();
    let tasks: usize = scenario.users.iter().map(|user| user.tasks.len()).sum();
    print(&format!("{}: fine, user classes: {users}, tasks: {tasks}\n", file.display()))?;
    Ok(0)
}

fn run_scenario(source: &Source, args: &RunArgs) -> Result<u8, Error> {
    let values = args.set.values();
    let draft = source.read()?.changed(args);
    let scenario = if args.web.web { draft.outline(&values) } else { draft.scenario(&values) }?;
    if args.list {
        print(&ratio::list(&scenario))?;
        return Ok(0);
    }
    let level = if args.skip_log_setup { args.loglevel.max(Level::Warning) } else { args.loglevel };
    let log = Log::new(level, args.logfile.as_deref()).map_err(|error| {
        let file = args.logfile.as_deref().unwrap_or(Path::new("stderr")).display();
        format!("cannot write the log file {file}: {error}")
    })?;
    args.told.iter().for_each(|file| log.info("main", file));
    draft.warnings().iter().for_each(|warning| log.warning("scenario", warning));
    if !args.web.idle.is_empty() {
        let flags = args.web.idle.join(", ");
        log.warning("main", format_args!("Without --web there is no page, and no use for {flags}"));
    }
    let kept = args.with_reports_of(&scenario);
    if kept.csv_full_history && kept.csv.is_none() {
        return Err("--csv-full-history is of use with files only: add --csv PREFIX".into());
    }
    if args.show_task_ratio || args.show_task_ratio_json {
        let mut options = args.options();
        options.users = options.users.or_else(|| ratio::enough_users(&scenario));
        let plan = Plan::new(scenario, options)?;
        print(&if args.show_task_ratio { ratio::text(&plan) } else { ratio::json(&plan) })?;
        return Ok(0);
    }
    let code = if args.web.web {
        web::serve(&source.again(&draft), &draft, &scenario, args, &log)?
    } else {
        run_once(&draft, scenario, args, &log)?
    };
    log.info("main", format_args!("Shutting down (exit code {code})"));
    Ok(code)
}

/// Everything that can fail because of what was asked fails before the load starts.
fn run_once(draft: &Draft, scenario: Scenario, args: &RunArgs, log: &Log) -> Result<u8, Error> {
    let job = Job::new(draft, scenario, args.options(), args, log)?;
    let terminal = Terminal::of_stdin();
    let signals = signals::stop_on_signals(&job.control, log, terminal.clone())?;
    if let Some(terminal) = &terminal {
        job.control.expect_changes();
        let run = (job.plan.clone(), job.control.clone());
        keys::steer(terminal, log, move || Some(run.clone()))?;
    }
    let _settings = terminal.as_ref().map(Terminal::restore_on_drop);
    let code = job.run()?;
    signals.close();
    Ok(code)
}

/// Writes to stdout; a reader that went away is none of our business.
fn print(text: &str) -> Result<(), Error> {
    match io::stdout().write_all(hidden(text).as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
