//! The start form: what scenario and command line say, for somebody to change.

use serde_json::{Value, json};

use crate::cli::RunArgs;
use crate::cli::facts::without_password;
use crate::cli::source::Source;
use crate::executor::allowed_cores;
use crate::scenario::{Scenario, Share, User};
use crate::units;

/// The form of a scenario whose load is `load`, in words, where that is known.
pub(super) fn form(
    source: &Source,
    scenario: &Scenario,
    args: &RunArgs,
    load: Option<String>,
) -> Value {
    let own = &scenario.load;
    let kind = match (&own.shape, &own.arrivals) {
        _ if args.rate.is_some() => "rate",
        (_, Some(_)) => "rate",
        (Some(_), None) => "shape",
        (None, None) => "users",
    };
    let allowed: Vec<usize> = allowed_cores().into_iter().map(|core| core.id).collect();
    let cores = args.cores.as_ref().map_or(&allowed, |cores| &cores.0);
    let (users, spawn_rate) = match kind {
        "users" => (
            Some(args.users.or(own.users).unwrap_or(1)),
            Some(args.spawn_rate.or(own.spawn_rate).unwrap_or(1.0)),
        ),
        _ => (None, None),
    };
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "scenario": without_password(source.name()),
        "users": users,
        "spawn_rate": spawn_rate,
        "host": args.host.as_ref().or(scenario.host.as_ref()),
        "run_time": args.run_time.or(own.run_time).map(units::short),
        "load": kind,
        "rate": args.rate,
        "load_text": load.unwrap_or_default(),
        "classes": scenario.users.iter().map(class).collect::<Value>(),
        "tags": scenario.tags(),
        "cores": units::cores(cores),
        "allowed_cores": allowed,
        "parameters": [],
    })
}

fn class(user: &User) -> Value {
    let (weight, count) = match user.share {
        Share::Weight(weight) => (Some(weight), None),
        Share::Fixed(count) => (None, Some(count)),
    };
    let tasks = user.tasks.iter().map(|task| &task.name);
    json!({
        "name": user.name,
        "weight": weight,
        "fixed_count": count,
        "host": user.host,
        "tasks": tasks.collect::<Vec<_>>(),
    })
}
