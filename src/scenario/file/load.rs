//! The load of scenario files: users and a spawn rate, a shape, stages, or a rate.

use std::net::IpAddr;
use std::time::Duration;

use super::error::{Problem, Result};
use super::reader::{Item, Table};
use super::shape::{self, Stages, shape, spawn_rate, stages, users};
use crate::options::{self, LoadKind, Section};
use crate::scenario::{
    ArrivalKind, Arrivals, Line, Load, LoadShape, RunTimeFrom, User, arrivals, validate,
};
use crate::threshold::Threshold;

/// Returns the keys: those that decide the load, then the rest. Options have most of them, too.
fn keys() -> Vec<&'static str> {
    let users = options::of_load(LoadKind::Users);
    let rate = options::of_load(LoadKind::Rate);
    let mut keys =
        [&users[..], &["shape", "stage"], &rate, &["run_time", "run_time_from"]].concat();
    let rest = options::keys(Section::Load).into_iter().filter(|key| !keys.contains(key));
    keys.extend(rest.collect::<Vec<_>>());
    keys
}

/// Reads `[load]`. Whether the classes of its mixes exist is checked elsewhere.
pub(super) fn load(item: Item<'_>) -> Result<Load> {
    let table = item.table(&keys())?;
    let of_rate = options::of_load(LoadKind::Rate);
    let of_users = options::of_load(LoadKind::Users);
    exclude(&table, &of_users, &[&["shape", "stage"], &of_rate[..]].concat())?;
    exclude(&table, &["shape"], &[&["stage"], &of_rate[..]].concat())?;
    let mut load = Load {
        users: table.get("users").map(users).transpose()?,
        spawn_rate: table.get("spawn_rate").map(spawn_rate).transpose()?,
        shape: table.get("shape").map(shape).transpose()?,
        run_time: table.get("run_time").map(run_time).transpose()?,
        run_time_from: table.get("run_time_from").map_or(Ok(RunTimeFrom::Start), run_time_from)?,
        iterations: table.get("iterations").map(|item| end("iterations", item)).transpose()?,
        requests: table.get("requests").map(|item| end("requests", item)).transpose()?,
        stop_timeout: table.get("stop_timeout").map(|item| item.duration()).transpose()?,
        abort_when: table.get("abort_when").map_or(Ok(Vec::new()), levels)?,
        abort_after: table.get("abort_after").map(|item| item.duration()).transpose()?,
        local_addresses: table.get("local_address").map_or(Ok(Vec::new()), addresses)?,
        dns_refresh: table.get("dns_refresh").map(dns_refresh).transpose()?,
        ..Load::default()
    };
    match table.get("stage").map(stages).transpose()? {
        Some(Stages::Users(stages)) => {
            exclude(&table, &["stage"], &of_rate)?;
            load.shape = Some(LoadShape::stages(stages));
        }
        Some(Stages::Rates(ramps)) => load.arrivals = arrivals(&table, ramps)?,
        None => load.arrivals = arrivals(&table, Vec::new())?,
    }
    if let Some(item) = table.get("run_time_from") {
        item.judged(load.run_time_is_known())?;
    }
    Ok(load)
}

/// Refuses mixes of classes that are not there.
pub(super) fn check_mixes(load: Item<'_>, classes: &[User]) -> Result<()> {
    load.table(&keys())?.get("stage").map_or(Ok(()), |stages| shape::check_mixes(stages, classes))
}

/// Refuses a key of the second group beside one of the first.
fn exclude(table: &Table<'_>, first: &[&'static str], second: &[&'static str]) -> Result<()> {
    match (table.present(first).next(), table.present(second).next()) {
        (Some((first, _)), Some((second, _))) => Err(Problem::new(
            table.key_span(second),
            format!("'{first}' and '{second}' exclude each other; keep one"),
        )),
        _ => Ok(()),
    }
}

fn run_time(item: Item<'_>) -> Result<Duration> {
    let run_time = item.duration()?;
    item.judged(validate::run_time(run_time))?;
    Ok(run_time)
}

/// Reads a number of things after which the run ends.
fn end(name: &'static str, item: Item<'_>) -> Result<u32> {
    let number = item.count()?;
    item.judged(validate::end(name, number))?;
    Ok(number)
}

/// Reads `"p95 > 2s"`, or an array of such.
fn levels(item: Item<'_>) -> Result<Vec<Threshold>> {
    let level = |item: Item<'_>| item.judged(item.shown()?.parse());
    item.one_or_more().into_iter().map(level).collect()
}

fn dns_refresh(item: Item<'_>) -> Result<Duration> {
    let every = item.duration()?;
    item.judged(validate::dns_refresh(every))?;
    Ok(every)
}

fn run_time_from(item: Item<'_>) -> Result<RunTimeFrom> {
    match &*item.text()? {
        "start" => Ok(RunTimeFrom::Start),
        "full" => Ok(RunTimeFrom::Full),
        word => Err(item.problem(format!("expected \"start\" or \"full\", found \"{word}\""))),
    }
}

/// Reads `"127.0.0.2"`, or an array of such.
fn addresses(item: Item<'_>) -> Result<Vec<IpAddr>> {
    let address = |item: Item<'_>| {
        let text = item.shown()?;
        item.judged(text.parse().map_err(|_| format!("'{text}' is not an IP address")))
    };
    item.one_or_more().into_iter().map(address).collect()
}

/// Reads a rate, ramps of it, or both: then the first ramp begins at the rate.
fn arrivals(table: &Table<'_>, ramps: Vec<(f64, Duration)>) -> Result<Option<Arrivals>> {
    let line = match (table.get("rate").map(rate).transpose()?, &ramps[..]) {
        (Some(rate), []) => Line::constant(rate),
        (None, []) => return no_arrivals(table),
        (start, ramps) => {
            let start = Line::starting_at(start.unwrap_or(0.0));
            ramps.iter().fold(start, |line, (to, within)| line.ramp(*to, *within))
        }
    };
    let mut arrivals = Arrivals::new(line);
    if let Some(item) = table.get("arrivals") {
        arrivals.kind = kind(item)?;
    }
    if let Some(item) = table.get("max_users") {
        arrivals.max_users = item.count()?;
        item.judged(arrivals::max_users(arrivals.max_users))?;
    }
    // What each number alone cannot tell: that there is one above zero.
    arrivals.validate().map_err(|error| match table.get("stage") {
        Some(stages) => stages.problem(error),
        None => table.problem(error),
    })?;
    Ok(Some(arrivals))
}

/// Refuses the keys that only go with a rate.
fn no_arrivals(table: &Table<'_>) -> Result<Option<Arrivals>> {
    match table.present(&options::of_load(LoadKind::Rate)).next() {
        None => Ok(None),
        Some((key, _)) => Err(Problem::new(
            table.key_span(key),
            format!("'{key}' needs a rate beside it; add rate = 100, iterations per second"),
        )),
    }
}

fn rate(item: Item<'_>) -> Result<f64> {
    let rate = item.number()?;
    item.judged(arrivals::rate(rate))?;
    Ok(rate)
}

fn kind(item: Item<'_>) -> Result<ArrivalKind> {
    match &*item.text()? {
        "uniform" => Ok(ArrivalKind::Uniform),
        "poisson" => Ok(ArrivalKind::Poisson),
        word => Err(item.problem(format!("expected \"uniform\" or \"poisson\", found \"{word}\""))),
    }
}
