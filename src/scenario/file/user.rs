//! Classes of users of scenario files, and their tasks.

use super::error::{Problem, Result};
use super::policy;
use super::reader::{Item, Table};
use super::step::{self, auth, parts, step};
use super::upload::Files;
use crate::scenario::{Error, Share, Task, TaskAction, User, WaitTime, validate};
use crate::session::Policy;

/// The keys of a class, beside those of how its requests are made.
const KEYS: [&str; 13] = [
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
    "on_start",
    "on_stop",
    "task",
];

const WAIT_TIMES: [&str; 5] =
    ["constant", "between", "constant_pacing", "constant_throughput", "exponential"];

/// Reads one `[[user]]`; `common` is what the file says for all of them.
pub(super) fn user(item: Item<'_>, files: &Files, common: &Policy) -> Result<User> {
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
    user.auth = auth(&table)?;
    user.policy = common.clone();
    policy::policy(&table, files, &mut user.policy)?;
    user.on_start = table.get("on_start").map(|item| hook(item, files)).transpose()?;
    user.on_stop = table.get("on_stop").map(|item| hook(item, files)).transpose()?;
    user.tasks = tasks(&table, files)?;
    Ok(user)
}

/// Reads a base URL.
pub(super) fn host(item: Item<'_>) -> Result<String> {
    let host = item.shown_url()?;
    item.judged(validate::host(&host))?;
    Ok(host)
}

fn hook(item: Item<'_>, files: &Files) -> Result<TaskAction> {
    parts(item, files).map(TaskAction::Steps)
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
fn wait_time(item: Item<'_>) -> Result<WaitTime> {
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

fn tasks(user: &Table<'_>, files: &Files) -> Result<Vec<Task>> {
    let missing = || user.problem("this user has no tasks; add a [[user.task]] below");
    let Some(item) = user.get("task") else { return Err(missing()) };
    let items = item.array("an array of tables, written [[user.task]]")?;
    if items.is_empty() {
        return Err(missing());
    }
    items.into_iter().map(|item| task(item, files)).collect()
}

/// Reads one `[[user.task]]`: with `steps`, or flat with the keys of its only step.
fn task(item: Item<'_>, files: &Files) -> Result<Task> {
    let mut keys = vec!["name", "weight", "tags", "steps"];
    keys.extend(step::KEYS.iter().filter(|key| **key != "name"));
    let table = item.table(&keys)?;
    let mut task = match table.get("steps") {
        Some(steps) => task_of_steps(&table, steps, files)?,
        None if table.present(&step::METHODS).next().is_none() => {
            let message = "a task needs a request such as get = \"/\", or steps = [ … ]";
            return Err(table.problem(message));
        }
        None => Task::from(step(&table, files)?),
    };
    if let Some(item) = table.get("weight") {
        task.weight = item.count()?;
        item.judged(validate::task_weight(task.weight))?;
    }
    if let Some(item) = table.get("tags") {
        task.tags = item.one_or_more().into_iter().map(tag).collect::<Result<_>>()?;
    }
    Ok(task)
}

fn tag(item: Item<'_>) -> Result<String> {
    let tag = item.shown()?;
    item.judged(validate::tag(&tag))?;
    Ok(tag)
}

fn task_of_steps(table: &Table<'_>, item: Item<'_>, files: &Files) -> Result<Task> {
    let mut own = step::KEYS.iter().filter(|key| **key != "name");
    if let Some(key) = own.find(|key| table.get(key).is_some()) {
        let message = format!("'{key}' belongs to a request; move it into one of 'steps'");
        return Err(Problem::new(table.key_span(key), message));
    }
    let parts = parts(item, files)?;
    let name = match table.get("name") {
        Some(name) => name.shown()?,
        None => parts[0].steps()[0].label(),
    };
    Ok(Task::step_groups(name, parts))
}
