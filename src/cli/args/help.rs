//! The help: flags under headings, examples, a short and a long form.

use std::ffi::OsString;

use clap::builder::BoolishValueParser;
use clap::{Arg, ArgAction, Command, CommandFactory};

use crate::options::{self, GROUPS, Value};

/// Printed for a command without arguments.
pub(in crate::cli) const USAGE: &str = "\
gregaria: a load engine for one Linux host

  gregaria scenario.toml --web                  open a page to start and watch runs on
  gregaria locustfile.py                        the same with a locustfile, unmodified
  gregaria scenario.toml -u 50 -r 5 -t 1m       run 50 users, 5 more each second, for a minute
  gregaria http://127.0.0.1:5000/ -u 10 -t 30s  let users GET a URL; no scenario is needed
  gregaria check scenario.toml                  say whether a scenario is right
  gregaria demo                                 load a server of its own

Flags: gregaria -h, in long --help. Beside a scenario.toml or locustfile.py no name is needed.
";

const EXAMPLES: &str = "\
Examples:
  gregaria scenario.toml --web
  gregaria scenario.toml -H http://127.0.0.1:5000 -u 50 -r 5 -t 1m --html report.html
  gregaria scenario.toml APIUser Admin -T read fast --csv results
  gregaria -f locustfile.py --headless -u 1000 -r 100 -t 1m
  gregaria http://127.0.0.1:5000/ --rate 1000 --abort-when 'p95 > 200ms' -t 1m";

const LONG: &str = "\
Where flags come from:
  Of the command line, a variable, files of flags, and the scenario's [load] and [report], the
  first that says something holds. Files of flags are, in this order: that of --config, and in the
  working directory gregaria.toml, [tool.locust] of pyproject.toml, and locust.conf. gregaria.toml
  has a line for each flag, such as  users = 50  or  tags = [\"read\", \"fast\"]. Of the files of
  Locust the flags that both have are taken. The log says which files were read.

What runs:
  What the command line names; or else GREGARIA_FILE, LOCUST_LOCUSTFILE, locustfile of Locust's files,
  or locustfile.py of the working directory where that has no scenario.toml, with which the page opens.

Exit codes:
  0  all well
  1  failures or exceptions were recorded, no request came to its end, a report could not be
     written, or a level of --abort-when could not be judged at the end; or Locust's, where a
     locustfile is not there or has no classes
  2  could not run
  3  a level of --abort-when was broken";

/// Makes the command with its flags under headings. With `-h` among the words, help leaves out the
/// variables, which `--help` shows.
pub(in crate::cli) fn command<T: CommandFactory>(words: &[OsString]) -> Command {
    let command = with_subcommands(grouped(T::command()), |sub| match takes_a_run(&sub) {
        true => grouped(sub),
        false => with_help(sub),
    });
    // A variable may hold a URL with credentials.
    let command = with_subcommands(without_values(command), without_values);
    let command = with_subcommands(with_negative(command), with_negative);
    let command = with_subcommands(with_last(command), with_last);
    if words.iter().any(|word| word == "-h") { in_short(command) } else { command }
}

fn with_subcommands(command: Command, change: fn(Command) -> Command) -> Command {
    let names: Vec<String> =
        command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, change))
}

fn without_values(command: Command) -> Command {
    command.mut_args(|arg| arg.hide_env_values(true))
}

/// Lets the last one hold of a flag that is given twice, as argparse does for Locust.
fn with_last(command: Command) -> Command {
    command.args_override_self(true)
}

/// Reads `-r -1` as a wrong rate, and not as a flag `-1`.
fn with_negative(command: Command) -> Command {
    command.mut_args(|arg| {
        let takes_value = arg.get_action().takes_values() && !arg.is_positional();
        arg.allow_negative_numbers(takes_value)
    })
}

fn takes_a_run(command: &Command) -> bool {
    command.get_arguments().any(|arg| arg.get_id() == "spawn_rate")
}

/// Puts the flags under their headings, both in the order of the table.
fn grouped(command: Command) -> Command {
    let mut command = with_help(command);
    let ids: Vec<String> =
        command.get_arguments().map(|arg| arg.get_id().as_str().to_owned()).collect();
    let of_table = GROUPS
        .iter()
        .flat_map(|group| group.options.iter().map(move |option| (group.heading, option.name)));
    let own = ["help", "version"].map(|id| ("Log and help", id));
    for (order, (heading, id)) in of_table.chain(own).enumerate() {
        if ids.iter().any(|own| own == id) {
            command = command.mut_arg(id, |arg| arg.help_heading(heading).display_order(order));
        }
    }
    command.after_help(EXAMPLES).after_long_help(format!("{EXAMPLES}\n\n{LONG}"))
}

/// Describes a flag as the table of options does: its letter, other names, variable and help.
pub(super) fn described(arg: Arg) -> Arg {
    let Some(option) = arg.get_long().and_then(options::by_flag) else { return arg };
    let mut arg = arg.help(format!("{}{}", option.help, option.typed_help)).env(option.variable());
    if let Some(letter) = option.short {
        arg = arg.short(letter);
    }
    if let Some(alias) = option.alias {
        arg = arg.alias(alias);
    }
    match option.value {
        Value::Switch => arg.value_parser(BoolishValueParser::new()),
        Value::PerSecond { .. } => arg.value_name("RATE"),
        Value::Time => arg.value_name("TIME"),
        Value::Whole { name, .. } | Value::Text(name) | Value::Texts(name) => arg.value_name(name),
    }
}

/// Adds flags for help and version, because clap's own are under no heading.
fn with_help(command: Command) -> Command {
    let flag =
        |id: &'static str, letter, action| Arg::new(id).short(letter).long(id).action(action);
    let help = flag("help", 'h', ArgAction::Help).help("Print help: -h in short, --help in long");
    let version = flag("version", 'V', ArgAction::Version).help("Print the version");
    let version = command.get_version().is_some().then_some(version);
    command.disable_help_flag(true).disable_version_flag(true).arg(help).args(version)
}

fn in_short(command: Command) -> Command {
    with_subcommands(command.mut_args(|arg| arg.hide_env(true)), in_short)
}
