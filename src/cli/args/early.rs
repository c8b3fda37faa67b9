//! What must be known before the flags are: which locustfile runs, because it may add flags of its own, and
//! by which Python.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::builder::OsStringValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Command};

use super::scenario::{DEFAULT_LOCUSTFILE, DEFAULT_SCENARIO, is_scenario};
use super::{Args, ArgsError, help};
use crate::cli::config::{self, File, Value};
use crate::cli::locustfile::{is_locustfile, is_python};

/// What a command line says of locustfiles.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct Early {
    /// The name of the locustfiles to run, as it was given; `None` if something else runs.
    pub(in crate::cli) locustfile: Option<String>,
    /// The interpreter of `--python`.
    pub(in crate::cli) python: Option<PathBuf>,
    /// Help is asked for, and no run.
    pub(in crate::cli) help: bool,
}

/// Reads what must be known first. Flags that gregaria does not have are passed over, and so is what is
/// wrong with others, because both are found out when all flags are known.
///
/// # Errors
///
/// Returns an error for a file of flags that cannot be read.
pub(in crate::cli) fn early(words: &[OsString]) -> Result<Early, ArgsError> {
    let Some(matches) = known_flags(words) else { return Ok(Early::default()) };
    // Words that cannot be parsed leave flags without their values.
    let count = |id: &str| matches.try_get_one::<u8>(id).ok().flatten().copied();
    let is_on = |id: &str| count(id).unwrap_or_default() > 0;
    if matches.subcommand().is_some() || is_on("version") {
        return Ok(Early::default());
    }
    let files = config::files(text(&matches, "config").map(Path::new)).map_err(ArgsError::File)?;
    let python = text(&matches, "python").map(PathBuf::from);
    let python = python.or_else(|| in_files(&files, &["python"], |_| true).map(PathBuf::from));
    let locustfile = name(&matches, &files).filter(|name| is_locustfile(name));
    Ok(Early { locustfile, python, help: is_on("help") })
}

/// Returns what is to run: what the command line names, then the variable, then a file of flags, then the
/// default of the working directory. `None` if it is a scenario of the command line, or if there is nothing.
fn name(matches: &ArgMatches, files: &[File]) -> Option<String> {
    let is_typed = matches.value_source("file") == Some(ValueSource::CommandLine);
    let of_flag = || text(matches, "file").map(ToString::to_string);
    if is_typed {
        return of_flag();
    }
    let words: Vec<&str> = ["scenario", "classes", "tags", "exclude_tags"]
        .into_iter()
        .filter(|id| matches.value_source(id) == Some(ValueSource::CommandLine))
        .flat_map(|id| texts(matches, id))
        .collect();
    // The value of a flag that is not known yet may stand among them, and it may be a file.
    let typed = words.iter().find(|word| is_python(word));
    if let Some(word) = typed.or_else(|| words.iter().find(|word| is_scenario(word))) {
        return Some((*word).to_owned());
    }
    of_flag()
        .or_else(|| env::var("LOCUST_LOCUSTFILE").ok().filter(|name| !name.is_empty()))
        .or_else(|| in_files(files, &["locustfile", "file"], |file| file.of_locust))
        .or_else(|| {
            let is_here = |name: &str| Path::new(name).is_file();
            (!is_here(DEFAULT_SCENARIO) && is_here(DEFAULT_LOCUSTFILE))
                .then(|| DEFAULT_LOCUSTFILE.to_owned())
        })
}

/// Parses the words with every value as text, and without the flags that gregaria does not have. Returns
/// `None` where that says of no run: for `gregaria help`.
fn known_flags(words: &[OsString]) -> Option<ArgMatches> {
    let command = help::command::<Args>(words).mut_args(|arg| match arg.get_id().as_str() {
        // Neither is to end the process here.
        "help" | "version" => arg.action(ArgAction::Count),
        _ if arg.get_action().takes_values() => arg.value_parser(OsStringValueParser::new()),
        _ => arg,
    });
    let mut words = words.to_vec();
    while let Some(at) = unknown(&command, &words) {
        words.remove(at);
    }
    command.ignore_errors(true).try_get_matches_from(&words).ok()
}

/// Returns the position of the first word that is a flag which is not known.
fn unknown(command: &Command, words: &[OsString]) -> Option<usize> {
    let error = command.clone().try_get_matches_from(words).err()?;
    let ErrorKind::UnknownArgument = error.kind() else { return None };
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return None };
    let is_it = |word: &OsString| {
        let word = word.to_string_lossy();
        let is_letter = flag.chars().count() == 2;
        word.split('=').next() == Some(flag) || is_letter && word.starts_with(flag)
    };
    let at = words.iter().skip(1).position(is_it)?;
    Some(at + 1)
}

/// Returns the first value of an argument, if it is UTF-8.
fn text<'m>(matches: &'m ArgMatches, id: &str) -> Option<&'m str> {
    texts(matches, id).into_iter().next()
}

fn texts<'m>(matches: &'m ArgMatches, id: &str) -> Vec<&'m str> {
    let values = matches.try_get_many::<OsString>(id).ok().flatten();
    values.into_iter().flatten().filter_map(|value| OsStr::to_str(value)).collect()
}

/// Returns the text of one of these flags in the first file that has it.
fn in_files(files: &[File], flags: &[&str], is_meant: fn(&File) -> bool) -> Option<String> {
    let settings = files.iter().filter(|file| is_meant(file)).flat_map(|file| &file.settings);
    let mut settings = settings.filter(|setting| flags.contains(&&*setting.flag));
    match &settings.next()?.value {
        Value::Texts(texts) => Some(texts.join(",")),
        Value::Boolean(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Early {
        let words = ["gregaria"].into_iter().chain(line.split_whitespace());
        early(&words.map(OsString::from).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_locustfile_is_found_among_flags_that_are_not_known_yet() {
        for (line, expected) in [
            ("a.py", Some("a.py")),
            ("-f a.py,b.py A B", Some("a.py,b.py")),
            ("--locustfile=a.py --headless", Some("a.py")),
            ("--my-arg 5 -f a.py", Some("a.py")),
            ("--my-arg 5 a.py -u x A", Some("a.py")),
            ("--my-arg=5 --other a.py -Y 7", Some("a.py")),
            ("--data Cargo.toml a.py", Some("a.py")),
            ("-u x -Yz a.py --help", Some("a.py")),
            ("-T a b a.py", Some("a.py")),
            ("-f src", Some("src")),
            ("src A", Some("src")),
            ("s.toml", None),
            ("http://h/ -u 5", None),
            ("-f s.toml a.py", None),
            ("-f a.py -u 5 -u 6 -f b.py", Some("b.py")),
            ("demo -u 5", None),
            ("a.py --version", None),
            ("A B", None),
            ("-u", None),
        ] {
            assert_eq!(read(line).locustfile.as_deref(), expected, "{line}");
        }
        assert!(read("a.py -h").help && read("a.py --help").help && !read("a.py").help);
        let python = read("--python /p a.py --headless").python;
        assert_eq!(python.as_deref(), Some(Path::new("/p")));
    }
}
