//! Parses the command line, with variables and files of flags. Flags of other tools get an error of their
//! own.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::Path;

use clap::builder::{BoolishValueParser, OsStr, Resettable, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, Parser};

use super::{custom, foreign, help};
use crate::cli::config::{self, File, Setting, Value};
use crate::locustfile::Argument;
use crate::nearest::hint;
use crate::options;

/// A parsed command line.
#[derive(Debug)]
pub(in crate::cli) struct Parsed<T> {
    pub(in crate::cli) args: T,
    /// The matches of the command line and the variables, without the files of flags.
    pub(in crate::cli) typed: ArgMatches,
    /// Log lines: which files of flags were read, and which flags they gave.
    pub(in crate::cli) flag_files: Vec<String>,
    /// The words for the parser of the locustfile.
    pub(in crate::cli) custom: Vec<String>,
}

/// Why the command line could not be parsed.
#[derive(Debug)]
pub(in crate::cli) enum ArgsError {
    /// The command line is wrong, or asks for help.
    CommandLine(Box<clap::Error>),
    /// A file of flags is wrong.
    File(String),
}

impl From<clap::Error> for ArgsError {
    fn from(error: clap::Error) -> Self {
        ArgsError::CommandLine(Box::new(error))
    }
}

/// Flags that exclude each other. If one of a pair is given, a file's value of the other is ignored. The
/// same holds for the two kinds of load.
const OPPOSITES: [(&str, &str); 2] = [("proxy", "unix_socket"), ("web", "headless")];

/// Parses these words, the first of which is the program's name. A locustfile adds its arguments, and the
/// variables of Locust.
pub(in crate::cli) fn read<T: Parser>(
    mut words: Vec<OsString>,
    locustfile: Option<&[Argument]>,
) -> Result<Parsed<T>, ArgsError> {
    let arguments = locustfile.unwrap_or_default();
    let command = custom::with_flags(help::command::<T>(&words), arguments);
    // What is still missing may be in a file.
    let typed = command.clone().ignore_errors(true).try_get_matches_from(&words)?;
    let mut flag_files = Vec::new();
    if let Some((of_run, typed_there, at)) = place_of_flags(&command, &typed) {
        let named = typed_there.try_get_one::<std::path::PathBuf>("config").ok().flatten();
        let files = config::files(named.map(Path::new)).map_err(ArgsError::File)?;
        let mut flags = Flags::new(&command, of_run, typed_there);
        flags.is_of_locustfile = locustfile.is_some();
        let variables = locustfile.map(|_| config::variables());
        let variables = variables.filter(|variables| !variables.settings.is_empty());
        for file in variables.into_iter().chain(files) {
            flag_files.push(flags.take(file).map_err(ArgsError::File)?);
        }
        words.splice(at..at, flags.words);
    }
    let matches = command
        .clone()
        .try_get_matches_from(&words)
        .map_err(|error| with_cure_for_foreign_flags(&command, error, &words))?;
    let custom = custom::words(&matches, arguments);
    Ok(Parsed { args: T::from_arg_matches(&matches)?, typed, flag_files, custom })
}

/// Returns the command that takes flags of a run, its matches, and the position of its first word. `None`
/// for subcommands whose flags of the same names mean something else.
fn place_of_flags<'c>(
    command: &'c Command,
    typed: &'c ArgMatches,
) -> Option<(&'c Command, &'c ArgMatches, usize)> {
    match typed.subcommand() {
        None => Some((command, typed, 1)),
        Some((name @ ("demo" | "check"), inner)) => {
            Some((command.find_subcommand(name)?, inner, 2))
        }
        Some(_) => None,
    }
}

/// The words that files of flags add to a command line.
struct Flags<'c> {
    /// The command with all flags of runs.
    known: &'c Command,
    /// The command that was given, which may have fewer flags.
    command: &'c Command,
    /// The same command without variables, so that only a file's words are checked.
    alone: Command,
    /// Arguments whose value takes precedence over those of further files.
    decided: HashSet<String>,
    words: Vec<OsString>,
    /// A locustfile runs, which one of Locust's files may have named.
    is_of_locustfile: bool,
}

impl<'c> Flags<'c> {
    fn new(known: &'c Command, command: &'c Command, typed: &ArgMatches) -> Self {
        let is_given = |id: &str| {
            matches!(
                typed.value_source(id),
                Some(ValueSource::CommandLine | ValueSource::EnvVariable)
            )
        };
        let ids = command.get_arguments().map(|arg| arg.get_id().as_str());
        let decided = ids.filter(|id| is_given(id)).map(str::to_owned).collect();
        let alone = command.clone().mut_args(|arg| arg.env(Resettable::<OsStr>::Reset));
        let (words, is_of_locustfile) = (Vec::new(), false);
        Flags { known, command, alone, decided, words, is_of_locustfile }
    }

    /// Adds the flags of a file that nothing overrides. Returns a log line about them.
    fn take(&mut self, file: File) -> Result<String, String> {
        let (mut taken, mut overridden, mut left) = (Vec::new(), Vec::new(), Vec::new());
        let mut of_file = Vec::new();
        for setting in file.settings {
            let Some(arg) = find(self.known, &setting.flag) else {
                if !file.of_locust {
                    return Err(self.unknown(&setting));
                }
                // What runs is read before all flags.
                if !self.is_of_locustfile || setting.flag != "locustfile" {
                    left.push(setting.flag);
                }
                continue;
            };
            let id = arg.get_id().as_str();
            if !self.command.get_arguments().any(|own| own.get_id() == id) {
                continue;
            }
            let words = self.words_of(arg, &setting)?;
            of_file.push(id.to_owned());
            if self.is_decided(id) {
                overridden.push(setting.flag);
            } else {
                self.words.extend(words);
                taken.push(setting.flag);
            }
        }
        self.decided.extend(of_file);
        let parts = [("", taken), ("given elsewhere: ", overridden), ("left aside: ", left)];
        let parts = parts.into_iter().filter(|(_, flags)| !flags.is_empty());
        let parts: Vec<String> =
            parts.map(|(what, flags)| what.to_owned() + &flags.join(", ")).collect();
        Ok(format!("Flags of {}: {}", file.name, parts.join("; ")))
    }

    fn is_decided(&self, id: &str) -> bool {
        self.decided.contains(id) || opposites(id).any(|other| self.decided.contains(other))
    }

    /// Returns a setting as words of a command line, if they are valid.
    fn words_of(&self, arg: &Arg, setting: &Setting) -> Result<Vec<OsString>, String> {
        let long = arg.get_long().unwrap_or_default();
        let wrong = |message: &str| format!("{}: {message}", setting.place);
        let is_switch = matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::Count);
        let words: Vec<OsString> = match &setting.value {
            Value::Boolean(_) if !is_switch => {
                return Err(wrong(&format!("{long} needs a value, not true or false")));
            }
            Value::Boolean(is_on) => {
                is_on.then(|| format!("--{long}").into()).into_iter().collect()
            }
            Value::Texts(texts) if is_switch => {
                let text = OsString::from(texts.join(","));
                let is_on = BoolishValueParser::new().parse_ref(self.command, None, &text);
                let expected =
                    || wrong(&format!("{long} is true or false, not '{}'", texts.join(",")));
                let is_on = is_on.map_err(|_| expected())?;
                is_on.then(|| format!("--{long}").into()).into_iter().collect()
            }
            // Each value is a flag of its own, because it may contain the separator of another one.
            Value::Texts(texts) => {
                texts.iter().map(|text| format!("--{long}={text}").into()).collect()
            }
        };
        self.judge(&words).map_err(|message| wrong(&message))?;
        Ok(words)
    }

    /// Parses these words alone. What is missing beside them is no error.
    fn judge(&self, words: &[OsString]) -> Result<(), String> {
        let alone = std::iter::once(OsString::from(self.known.get_name())).chain(words.to_owned());
        let Err(error) = self.alone.clone().try_get_matches_from(alone) else { return Ok(()) };
        let is_of_value = matches!(
            error.kind(),
            ErrorKind::ValueValidation
                | ErrorKind::InvalidValue
                | ErrorKind::ArgumentConflict
                | ErrorKind::TooManyValues
        );
        if !is_of_value {
            return Ok(());
        }
        let text = error.to_string();
        let first = text.split("\n\n").next().unwrap_or_default();
        Err(first.trim_start_matches("error: ").trim_end().to_owned())
    }

    fn unknown(&self, setting: &Setting) -> String {
        let Setting { flag, place, .. } = setting;
        if ["file", "locustfile"].contains(&&**flag) {
            return format!(
                "{place}: the scenario is named on the command line: gregaria scenario.toml"
            );
        }
        if let Some(cure) = foreign::cure(&format!("--{flag}")) {
            return format!("{place}: '{flag}' is no flag of gregaria: {cure}");
        }
        let known: Vec<&str> = longs(self.known).map(|(long, _)| long).collect();
        format!("{place}: unknown flag '{flag}'{}", hint(flag, &known, "there are"))
    }
}

/// Finds the argument with this long flag or alias.
fn find<'c>(command: &'c Command, flag: &str) -> Option<&'c Arg> {
    let has_alias = |arg: &Arg| arg.get_all_aliases().unwrap_or_default().contains(&flag);
    let is_it = |(long, arg): &(&str, &Arg)| long.replace('_', "-") == flag || has_alias(arg);
    longs(command).find(is_it).map(|(_, arg)| arg)
}

/// Returns the flags that a file may give.
fn longs(command: &Command) -> impl Iterator<Item = (&str, &Arg)> {
    let with_long = command.get_arguments().filter_map(|arg| Some((arg.get_long()?, arg)));
    let is_given_by_files = |long: &str| options::by_flag(long).is_some_and(|it| !it.typed_only);
    with_long.filter(move |(long, arg)| is_given_by_files(long) || custom::is_custom(arg))
}

/// Returns the flags that this one excludes.
fn opposites(id: &str) -> impl Iterator<Item = &'static str> {
    let load = options::all().find(|option| option.name == id).and_then(|option| option.load);
    let of_load = options::all().filter(move |other| {
        load.is_some_and(|load| other.load.is_some_and(|other| other != load))
    });
    let pairs =
        OPPOSITES.into_iter().flat_map(|(first, second)| [(first, second), (second, first)]);
    let of_pairs = pairs.filter(move |(one, _)| *one == id).map(|(_, other)| other);
    of_load.map(|option| option.name).chain(of_pairs)
}

/// Replaces the error about a flag of another tool by what to do instead. A similar flag of gregaria may
/// mean something else.
fn with_cure_for_foreign_flags(
    command: &Command,
    error: clap::Error,
    words: &[OsString],
) -> clap::Error {
    let bundle =
        words.iter().filter_map(|word| word.to_str()).find(|word| foreign::is_bundle(word));
    let unknown = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(flag))) => Some(&**flag),
        _ => None,
    };
    let Some(word) = bundle.or(unknown) else { return error };
    let Some(cure) = foreign::cure(word) else { return error };
    let flag = word.split('=').next().unwrap_or_default();
    let message = format!("'{flag}' is no flag of gregaria: {cure}");
    command.clone().error(ErrorKind::UnknownArgument, message)
}
