//! The command: from the arguments to the exit code.

mod args;
mod command_line;
mod config;
mod demo;
mod facts;
mod job;
mod job_control;
mod journal;
mod keys;
mod locustfile;
mod milestones;
mod overhead;
mod ratio;
mod refusal;
mod requested_rate;
mod scenario_template;

mod console_stream;
mod scenario_source;
mod serve;
mod signals;
mod terminal;
#[cfg_attr(not(feature = "page"), path = "no_web.rs")]
mod web;

use std::env;
use std::error::Error as StdError;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{ArgMatches, Parser};

pub use args::Args;
use args::{
    ArgsError, Command, DEFAULT_SCENARIO, Early, OverheadArgs, Parsed, RunArgs, ServeArgs, USAGE,
};

use crate::credentials::hidden;
use crate::log::{Level, Log};
use crate::plan::{self, Plan};
use crate::python;
use crate::scenario::Scenario;
use crate::scenario::file::{Document, Values};
use job::Job;
use locustfile::{Events, Locustfile};
use refusal::{refuse, without_credentials};
use scenario_source::ScenarioSource;
use scenario_template::ScenarioTemplate;
use terminal::Terminal;

/// Failures were recorded, and `--exit-code-on-error` is not set.
const FAILED: u8 = 1;

/// The run could not start: a wrong flag, a wrong file, or a machine that does not allow it.
const COULD_NOT_RUN: u8 = 2;

/// A level of `--abort-when` was broken.
const THRESHOLD_MISSED: u8 = 3;

/// Why the command failed. Users see its text and nothing else.
type Error = Box<dyn StdError + Send + Sync>;

/// Runs the command with the arguments of this process.
pub fn main() -> ExitCode {
    if let Some(code) = python::host() {
        return code;
    }
    finish(run_words(env::args_os().collect()))
}

/// Runs the command with these words, the first of which is the program's name.
fn run_words(mut words: Vec<OsString>) -> Result<u8, Error> {
    let early = match args::early(&words) {
        Ok(early) => early,
        Err(error) => return report_args_error(error),
    };
    let is_alone = words.len() < 2 && env::var_os("GREGARIA_FILE").is_none();
    if is_alone && early.locustfile.is_none() {
        if !Path::new(DEFAULT_SCENARIO).is_file() {
            let _ = io::stderr().write_all(USAGE.as_bytes());
            return Ok(COULD_NOT_RUN);
        }
        // No load was asked for, so the page opens without a run.
        words = ["gregaria", DEFAULT_SCENARIO, "--web"].map(OsString::from).into();
    }
    let locustfile = early_locustfile(&early)?;
    let ran = match args::read::<Args>(words, locustfile.as_ref().map(Locustfile::arguments)) {
        Ok(parsed) => run_command(parsed, locustfile.clone()),
        Err(error) => report_args_error(error),
    };
    locustfile.iter().for_each(Locustfile::end);
    ran
}

/// Loads the locustfile, if one runs. Help does without it where it cannot be loaded.
fn early_locustfile(early: &Early) -> Result<Option<Locustfile>, Error> {
    let Some(name) = &early.locustfile else { return Ok(None) };
    match Locustfile::load(name, || locustfile::start(early.python.as_deref())) {
        Err(error) if early.help => {
            let _ = writeln!(io::stderr(), "gregaria: no arguments of {name} are listed: {error}");
            Ok(None)
        }
        loaded => loaded.map(Some),
    }
}

fn run_command(
    Parsed { mut args, typed, flag_files, custom }: Parsed<Args>,
    locustfile: Option<Locustfile>,
) -> Result<u8, Error> {
    match args.command.take() {
        None => {
            let name = locustfile.as_ref().map(Locustfile::name);
            let named = args.take_scenario(&typed, name).unwrap_or_else(|error| refuse(&error));
            let is_locustfile = locustfile.is_some();
            let renamed = args::renamed(locustfile.as_ref().map_or(&[], Locustfile::arguments));
            let source = match locustfile {
                Some(locustfile) if locustfile.name() == named => {
                    ScenarioSource::Loaded(ScenarioTemplate::of_locustfile(locustfile))
                }
                _ => ScenarioSource::Typed(named),
            };
            let flag_files = [flag_files, renamed].concat();
            let run = resolved(args.run, &typed, flag_files, is_locustfile);
            run_scenario(&source, &RunArgs { custom, ..run })
        }
        Some(Command::Demo(run)) => {
            let of_demo = typed.subcommand().map_or(&typed, |(_, of_demo)| of_demo);
            demo::demo(&resolved(*run, of_demo, flag_files, false))
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

/// Resolves the flags of a run that depend on each other.
fn resolved(
    mut run: RunArgs,
    typed: &ArgMatches,
    flag_files: Vec<String>,
    is_locustfile: bool,
) -> RunArgs {
    run.pick_classes(typed);
    run.choose_page(typed, is_locustfile);
    run.flag_files = flag_files;
    run
}

/// Ends the process with clap's text if the command line is wrong, or asks for help.
fn report_args_error(error: ArgsError) -> Result<u8, Error> {
    match error {
        ArgsError::CommandLine(error) => refuse(&error),
        ArgsError::File(error) => Err(error.into()),
    }
}

/// Runs a scenario written in Rust with the flags of this process: the `main` of your own load test.
/// Everything but the scenario file works as in the `gregaria` command.
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
    let source = ScenarioSource::Loaded(ScenarioTemplate::of_scenario(&name, scenario));
    let words = env::args_os().collect();
    finish(args::read::<OwnArgs>(words, None).map_or_else(
        report_args_error,
        |Parsed { args, typed, flag_files, .. }| {
            run_scenario(&source, &resolved(args.run, &typed, flag_files, false))
        },
    ))
}

fn finish(result: Result<u8, Error>) -> ExitCode {
    ExitCode::from(result.unwrap_or_else(|error| {
        let code = refusal::exit_code(&error);
        let error = without_credentials(&error.to_string());
        let _ = writeln!(io::stderr(), "gregaria: error: {error}");
        code
    }))
}

fn check(file: &Path, values: &Values) -> Result<u8, Error> {
    let name = file.to_string_lossy();
    let template = if locustfile::is_locustfile(&name) {
        ScenarioTemplate::of_locustfile(Locustfile::load(&name, || locustfile::start(None))?)
    } else {
        ScenarioTemplate::of_file(&name, Document::read(file)?)
    };
    let scenario = template.scenario(values)?;
    plan::check(scenario.clone())?;
    for warning in template.warnings() {
        let _ = writeln!(io::stderr(), "Warning: {warning}");
    }
    let users = scenario.users.len();
    let tasks: usize = scenario.users.iter().map(|user| user.tasks.len()).sum();
    print(&format!("{}: fine, user classes: {users}, tasks: {tasks}\n", file.display()))?;
    Ok(0)
}

fn run_scenario(source: &ScenarioSource, args: &RunArgs) -> Result<u8, Error> {
    let values = args.set.values();
    let template = source.read()?.with_class_changes(args).with_arguments(args, &values)?;
    let scenario = if args.web.web {
        template.scenario_or_parameters(&values)
    } else {
        template.scenario(&values)
    }?;
    if args.list {
        print(&ratio::list(&scenario))?;
        return Ok(0);
    }
    if let Some(locustfile) = template.locustfile() {
        locustfile.refuse_unknown_classes(&args.user_classes)?;
    }
    let level = if args.skip_log_setup { args.loglevel.max(Level::Warning) } else { args.loglevel };
    let log = Log::new(level, args.logfile.as_deref()).map_err(|error| {
        let file = args.logfile.as_deref().unwrap_or(Path::new("stderr")).display();
        format!("cannot write the log file {file}: {error}")
    })?;
    args.flag_files.iter().for_each(|file| log.info("main", file));
    template.warnings().iter().for_each(|warning| log.warning("scenario", warning));
    if !args.web.unused.is_empty() {
        let flags = args.web.unused.join(", ");
        log.warning("main", format_args!("Without --web there is no page, and no use for {flags}"));
    }
    let kept = args.with_reports_of(&scenario);
    if kept.csv_full_history && kept.csv.is_none() {
        return Err("--csv-full-history is of use with files only: add --csv PREFIX".into());
    }
    if args.show_task_ratio || args.show_task_ratio_json {
        let mut options = args.options();
        options.users = options.users.or_else(|| ratio::enough_users(&scenario));
        if template.locustfile().is_some() {
            // As in Locust, the classes of Python need none to be counted.
            options.host.get_or_insert_with(|| "http://127.0.0.1".to_owned());
        }
        let plan = Plan::new(scenario, options)?;
        print(&if args.show_task_ratio { ratio::text(&plan) } else { ratio::json(&plan) })?;
        return Ok(0);
    }
    let code = if args.web.web {
        web::serve(&source.for_next_run(&template), &template, &scenario, args, &log)?
    } else {
        run_once(&template, scenario, args, &log)?
    };
    let tell = |code: u8| log.info("main", format_args!("Shutting down (exit code {code})"));
    match template.locustfile() {
        Some(locustfile) => Ok(locustfile.events().end(code, tell)),
        None => {
            tell(code);
            Ok(code)
        }
    }
}

/// Runs once, without a page. Whatever is wrong with the options or the scenario is an error before the
/// load starts.
fn run_once(
    template: &ScenarioTemplate,
    scenario: Scenario,
    args: &RunArgs,
    log: &Log,
) -> Result<u8, Error> {
    let job = Job::new(template, scenario, args.options(), args, log)?;
    let terminal = Terminal::of_stdin();
    let events = template.locustfile().map(|locustfile| locustfile.events().clone());
    let interrupted = move || events.iter().for_each(Events::interrupt);
    let signals = signals::stop_on_signals(&job.control, log, terminal.clone(), interrupted)?;
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

/// Writes to stdout. A closed pipe is no error.
fn print(text: &str) -> Result<(), Error> {
    match io::stdout().write_all(hidden(text).as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
