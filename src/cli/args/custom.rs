//! The flags that a locustfile adds by `init_command_line_parser`.
//!
//! clap finds them among the others and lists them in the help. What their values mean is up to the file's
//! own parser, which gets their words.

use std::ffi::OsString;

use clap::builder::{FalseyValueParser, OsStringValueParser, TypedValueParser as _};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::locustfile::Argument;
use crate::options;

/// The heading of these flags in the help.
const HEADING: &str = "Custom arguments of the locustfile";

/// What the flag of gregaria is called that has the name of a custom one.
const OURS: &str = "gregaria-";

/// Adds the flags to a command. Where a file has a flag of the same name as gregaria, which Locust has not,
/// the file's is meant, and the other is called `--gregaria-NAME`.
pub(super) fn with_flags(command: Command, arguments: &[Argument]) -> Command {
    let (longs, letters) = (longs(arguments), letters(arguments));
    let command = command.mut_args(|arg| {
        let long = arg.get_long().filter(|long| longs.contains(long)).map(str::to_owned);
        let is_short = arg.get_short().is_some_and(|letter| letters.contains(&letter));
        let arg = if is_short { arg.short(None) } else { arg };
        match long {
            Some(long) => arg.long(format!("{OURS}{long}")),
            None => arg,
        }
    });
    command.args(arguments.iter().filter_map(flag))
}

/// Returns a log line for each flag of gregaria that has another name because the file has one of the same.
pub(in crate::cli) fn renamed(arguments: &[Argument]) -> Vec<String> {
    let own = longs(arguments).into_iter().filter(|long| options::by_flag(long).is_some());
    own.map(|long| format!("--{long} is of the locustfile, and gregaria's is --{OURS}{long}"))
        .collect()
}

/// Returns the words of a command line that are for the file's own parser.
pub(super) fn words(matches: &ArgMatches, arguments: &[Argument]) -> Vec<String> {
    let mut words: Vec<(usize, Vec<String>)> = Vec::new();
    for argument in arguments {
        let (id, Some(name)) = (id(argument), argument.flags.first()) else { continue };
        if matches.value_source(&id) != Some(ValueSource::CommandLine) {
            continue;
        }
        let at = matches.indices_of(&id).into_iter().flatten().next().unwrap_or_default();
        if argument.kind == "switch" {
            let count = matches.try_get_one::<u8>(&id).ok().flatten().map_or(1, |count| *count);
            words.push((at, vec![name.clone(); count.into()]));
            continue;
        }
        for values in matches.get_occurrences::<OsString>(&id).into_iter().flatten() {
            let values = values.map(|value| value.to_string_lossy().into_owned());
            words.push((at, written(name, values.collect())));
        }
    }
    words.sort_by_key(|(at, _)| *at);
    words.into_iter().flat_map(|(_, words)| words).collect()
}

/// Writes an occurrence of a flag. A single value stays with its flag, because it may begin with a dash.
fn written(name: &str, values: Vec<String>) -> Vec<String> {
    match <[String; 1]>::try_from(values) {
        Ok([value]) if name.starts_with("--") => vec![format!("{name}={value}")],
        Ok([value]) => vec![format!("{name}{value}")],
        Err(values) => std::iter::once(name.to_owned()).chain(values).collect(),
    }
}

/// Makes a flag. `None` where none of its names can be one: argparse takes `-word` as a single name.
fn flag(argument: &Argument) -> Option<Arg> {
    let of_it = std::slice::from_ref(argument);
    let (longs, letters) = (longs(of_it), letters(of_it));
    if longs.is_empty() && letters.is_empty() {
        return None;
    }
    let mut arg = Arg::new(id(argument)).help_heading(HEADING).help(help(argument));
    if let Some((long, aliases)) = longs.split_first() {
        arg = arg.long((*long).to_owned()).aliases(aliases.iter().map(|alias| (*alias).to_owned()));
    }
    if let Some((letter, aliases)) = letters.split_first() {
        arg = arg.short(*letter).short_aliases(aliases.to_vec());
    }
    // The file's parser reads the variable; here it is for the help, and for who counts.
    if let Some(variable) = &argument.env_var {
        arg = arg.env(variable.clone());
    }
    let arg = match &*argument.kind {
        // Some switches count how often they are given.
        "switch" if !argument.default.is_boolean() => {
            arg.action(ArgAction::Count).value_parser(FalseyValueParser::new().map(u8::from))
        }
        "switch" => {
            let arg = arg.action(ArgAction::SetTrue).overrides_with(id(argument));
            arg.value_parser(FalseyValueParser::new())
        }
        kind => {
            let arg = arg.action(ArgAction::Append).value_parser(OsStringValueParser::new());
            let arg = arg.value_name(argument.dest.to_uppercase()).allow_negative_numbers(true);
            match kind {
                "many" => arg.num_args(0..),
                "optional" => arg.num_args(0..=1),
                _ => arg,
            }
        }
    };
    Some(arg.hide_env_values(true))
}

/// Returns the help with the choices and the default, which are shown for no secret.
fn help(argument: &Argument) -> String {
    let mut help = argument.help.clone().unwrap_or_default();
    let shown = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if let Some(choices) = &argument.choices {
        let choices: Vec<String> = choices.iter().map(shown).collect();
        help += &format!(" [possible values: {}]", choices.join(", "));
    }
    help.trim_start().to_owned()
}

/// An id that no flag of gregaria has.
fn id(argument: &Argument) -> String {
    format!("custom {}", argument.dest)
}

/// Returns whether an argument of a command is one of a locustfile.
pub(super) fn is_custom(arg: &Arg) -> bool {
    arg.get_id().as_str().starts_with("custom ")
}

fn longs(arguments: &[Argument]) -> Vec<&str> {
    let flags = arguments.iter().flat_map(|argument| &argument.flags);
    flags.filter_map(|flag| flag.strip_prefix("--")).filter(|long| !long.is_empty()).collect()
}

fn letters(arguments: &[Argument]) -> Vec<char> {
    let letter = |flag: &String| match flag.chars().collect::<Vec<_>>()[..] {
        ['-', letter] if letter != '-' => Some(letter),
        _ => None,
    };
    arguments.iter().flat_map(|argument| &argument.flags).filter_map(letter).collect()
}
