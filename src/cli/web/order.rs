//! What a start form asks for, laid over scenario and command line; and which field a refusal is
//! about.

use crate::cli::args::Cores;
use crate::cli::{Error, RunArgs};
use crate::plan::{self, Options};
use crate::scenario::file::{self, Values};
use crate::web::{Fault, Start};

/// The flags, as if what was asked for had been typed.
pub(super) fn overlaid(args: &RunArgs, start: &Start) -> RunArgs {
    let mut args = args.clone();
    // A rate takes the place of users, and the reverse, whichever of them was typed.
    if start.rate.is_some() {
        (args.users, args.spawn_rate) = (None, None);
    }
    if start.users.is_some() {
        args.rate = None;
    }
    args.users = start.users.or(args.users);
    args.spawn_rate = start.spawn_rate.or(args.spawn_rate);
    args.rate = start.rate.or(args.rate);
    args.host = start.host.clone().or(args.host);
    args.run_time = start.run_time.or(args.run_time);
    args.tags = start.tags.clone().unwrap_or(args.tags);
    args.exclude_tags = start.exclude_tags.clone().unwrap_or(args.exclude_tags);
    args.cores = start.cores.clone().map(Cores).or(args.cores);
    args.profile = start.profile.clone().or(args.profile);
    args
}

/// What these ask of the plan.
pub(super) fn options(args: &RunArgs, start: &Start) -> Options {
    let options = args.options();
    Options { classes: start.classes.clone().or(options.classes), ..options }
}

/// The values of the scenario's parameters; an empty field leaves one to the command line.
pub(super) fn values(args: &RunArgs, start: &Start) -> Values {
    let mut values = args.set.values();
    let given = start.parameters.iter().filter(|(_, value)| !value.is_empty());
    given.for_each(|(name, value)| values.set(name, value));
    values
}

/// Why there is no run, beside the field that is to be changed.
pub(super) fn fault(error: &Error, start: &Start) -> Fault {
    if let Some(parameter) = error.downcast_ref().and_then(file::Error::parameter) {
        return Fault::of(format!("parameters.{parameter}"), error);
    }
    let field = error.downcast_ref().map_or("", |error| field(error, start));
    Fault::of(field, error)
}

fn field(error: &plan::Error, start: &Start) -> &'static str {
    use plan::Error as E;
    match error {
        E::NoHost(_) | E::Url(_) | E::Resolve { .. } => "host",
        E::UnknownClass { .. } | E::PickedTwice(_) | E::NothingPicked(_) | E::MixGone(_) => {
            "classes"
        }
        E::UnknownTag { tag, .. }
            if start.exclude_tags.as_ref().is_some_and(|tags| tags.contains(tag)) =>
        {
            "exclude_tags"
        }
        E::UnknownTag { .. } | E::NothingTagged(_) => "tags",
        E::TooManyUsers(_) => "users",
        E::SpawnRate(_) => "spawn_rate",
        E::UsersAndRate => "rate",
        E::NoRunTime | E::UnknownPeak => "run_time",
        E::Core { .. } | E::NoCores => "cores",
        _ => "",
    }
}
