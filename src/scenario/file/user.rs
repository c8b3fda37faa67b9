//! Classes of users of scenario files.

use super::data::{declare_columns, names_of};
use super::error::Result;
use super::instruction::{declare, instructions};
use super::policy;
use super::reader::{Item, Table};
use super::step::auth;
use super::task::{Reading, order, tasks};
use super::upload::Files;
use crate::data::Source;
use crate::scenario::{Error, Share, TaskAction, User, WaitTime, validate};
use crate::session::Policy;
use crate::template::Scope;

/// The keys of a class, beside those of how its requests are made.
const KEYS: [&str; 15] = [
    "name",
    "weight",
    "count",
    "fixed_count",
    "host",
    "wait_time",
    "headers",
    "basic_auth",
    "bearer",
    "digest_auth",
    "data",
    "on_start",
    "on_stop",
    "order",
    "task",
];

const WAIT_TIMES: [&str; 5] =
    ["constant", "between", "constant_pacing", "constant_throughput", "exponential"];

/// Reads one `[[user]]`; `common` is what the file says for all of them.
pub(super) fn user(
    item: Item<'_>,
    files: &Files,
    common: &Policy,
    sources: &[Source],
) -> Result<User> {
    let table = item.table(&[&KEYS[..], &policy::KEYS].concat())?;
    let name = table.require("name", "name = \"…\"")?;
    let mut user = User::new(name.shown()?);
    if user.name.is_empty() {
        return Err(name.problem(Error::EmptyName));
    }
    user.share = share(&table)?;
    user.host = table.get("host").map(host).transpose()?;
    if let Some(item) = table.get("wait_time") {
        user.wait_time = wait_time(item)?;
        item.judged(user.wait_time.validate())?;
    }
    if let Some(headers) = table.get("headers") {
        user.headers = headers.headers()?;
    }
    user.auth = auth(&table, None)?;
    user.policy = common.clone();
    policy::policy(&table, files, &mut user.policy)?;
    let mut variables = Scope::default();
    declare(&table, &mut variables)?;
    declare_columns(&table, sources, &mut variables)?;
    if let Some(item) = table.get("data") {
        user.data = names_of(item, sources)?;
    }
    let context = Reading { files, variables: &variables, sources };
    let hook = |item| instructions(item, files, &variables).map(TaskAction::Steps);
    user.on_start = table.get("on_start").map(hook).transpose()?;
    user.on_stop = table.get("on_stop").map(hook).transpose()?;
    user.tasks = tasks(&table, context)?;
    user.order = order(&table, &user.tasks)?;
    Ok(user)
}

/// Reads a base URL.
pub(super) fn host(item: Item<'_>) -> Result<String> {
    let host = item.shown_url()?;
    item.judged(validate::host(&host))?;
    Ok(host)
}

fn share(table: &Table<'_>) -> Result<Share> {
    match table.at_most_one(&["weight", "count", "fixed_count"])? {
        None => Ok(Share::Weight(1.0)),
        Some(("weight", item)) => {
            let weight = item.number()?;
            if weight > 0.0 && weight.is_finite() {
                return Ok(Share::Weight(weight));
            }
            Err(item.problem(Error::UserWeight(weight.to_string())))
        }
        Some((key, item)) => match item.count()? {
            0 => Err(item.problem(format!("{key} must be 1 or more; leave the class out instead"))),
            count => Ok(Share::Fixed(count)),
        },
    }
}

/// Reads `"2s"`, or a table with exactly one function.
pub(super) fn wait_time(item: Item<'_>) -> Result<WaitTime> {
    if !item.is_table() {
        return item.duration().map(WaitTime::constant);
    }
    let table = item.table(&WAIT_TIMES)?;
    let Some((function, item)) = table.at_most_one(&WAIT_TIMES)? else {
        return Err(item.problem(format!("wait_time needs one of {}", WAIT_TIMES.join(", "))));
    };
    Ok(match function {
        "constant" => WaitTime::constant(item.duration()?),
        "between" => between(item)?,
        "constant_pacing" => WaitTime::constant_pacing(item.duration()?),
        "constant_throughput" => throughput(item)?,
        _ => WaitTime::exponential(item.duration()?),
    })
}

fn between(item: Item<'_>) -> Result<WaitTime> {
    match item.array("an array of two durations")?.as_slice() {
        [min, max] => Ok(WaitTime::between(min.duration()?, max.duration()?)),
        other => Err(item.problem(format!("expected two durations, found {}", other.len()))),
    }
}

fn throughput(item: Item<'_>) -> Result<WaitTime> {
    let rate = item.number()?;
    if rate > 0.0 && rate.is_finite() {
        return Ok(WaitTime::constant_throughput(rate));
    }
    Err(item.problem(format!("a throughput must be a number above 0, not {rate}")))
}
