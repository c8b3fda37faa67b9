//! Tasks of scenario files.

use super::data::names_of;
use super::error::{Problem, Result};
use super::instruction::instructions;
use super::reader::{Item, Table};
use super::step::{self, step};
use super::upload::Files;
use crate::data::Source;
use crate::scenario::{Instruction, Order, Task, TaskAction, TaskSet, validate};
use crate::template::Scope;

/// What the tasks of a class are read with.
#[derive(Clone, Copy)]
pub(super) struct Reading<'r> {
    pub(super) files: &'r Files,
    pub(super) variables: &'r Scope,
    pub(super) sources: &'r [Source],
}

/// The keys of any task, whatever it does.
const COMMON_KEYS: [&str; 6] = ["name", "weight", "tags", "data", "next", "group"];

/// The keys of a set of tasks, the first of which makes it one.
const SET_KEYS: [&str; 4] = ["tasks", "order", "on_start", "on_stop"];

/// The keys of a request, but for its name, which is that of its task.
fn request_keys() -> impl Iterator<Item = &'static str> {
    step::KEYS.into_iter().filter(|key| *key != "name")
}

/// Reads the `[[user.task]]`s of a user.
pub(super) fn tasks(user: &Table<'_>, reading: Reading<'_>) -> Result<Vec<Task>> {
    let missing = || user.problem("this user has no tasks; add a [[user.task]] below");
    let Some(item) = user.get("task") else { return Err(missing()) };
    let items = item.array("an array of tables, written [[user.task]]")?;
    if items.is_empty() {
        return Err(missing());
    }
    items.into_iter().map(|item| task(item, reading)).collect()
}

/// Reads one task: with `steps` or `tasks`, or flat with the keys of its only step.
fn task(item: Item<'_>, reading: Reading<'_>) -> Result<Task> {
    let Reading { variables, sources, .. } = reading;
    let keys: Vec<&str> =
        COMMON_KEYS.into_iter().chain(["steps"]).chain(SET_KEYS).chain(request_keys()).collect();
    let table = item.table(&keys)?;
    let mut task = match table.at_most_one(&["steps", "tasks"])? {
        Some(("steps", steps)) => task_of_steps(&table, steps, reading)?,
        Some((_, tasks)) => task_of_set(&table, tasks, reading)?,
        None => task_of_request(&table, reading)?,
    };
    if let Some(name) = table.get("group") {
        group(&mut task, name.with_variables(variables).shown()?);
    }
    if let Some(item) = table.get("weight") {
        task.weight = item.count()?;
        item.judged(validate::task_weight(task.weight))?;
    }
    if let Some(item) = table.get("tags") {
        task.tags.extend(item.one_or_more().into_iter().map(tag).collect::<Result<Vec<_>>>()?);
    }
    if let Some(item) = table.get("data") {
        task.data = names_of(item, sources)?;
    }
    if let Some(item) = table.get("next") {
        task.next = next(item)?;
    }
    Ok(task)
}

fn task_of_request(table: &Table<'_>, reading: Reading<'_>) -> Result<Task> {
    if let Some((key, _)) = table.present(&SET_KEYS).next() {
        let message = format!("'{key}' belongs to a set of tasks; add tasks = [ … ]");
        return Err(Problem::new(table.key_span(key), message));
    }
    if table.present(&step::METHODS).next().is_none() {
        let message = "a task needs a request such as get = \"/\", or steps = [ … ]";
        return Err(table.problem(message));
    }
    step(table, reading.files, reading.variables).map(Task::from)
}

fn task_of_steps(table: &Table<'_>, steps: Item<'_>, reading: Reading<'_>) -> Result<Task> {
    has_no_request(table, "steps")?;
    if let Some((key, _)) = table.present(&SET_KEYS).next() {
        let message =
            format!("'{key}' belongs to a set of tasks; write tasks = [ … ] and no steps");
        return Err(Problem::new(table.key_span(key), message));
    }
    let instructions = instructions(steps, reading.files, reading.variables)?;
    let first = instructions.iter().flat_map(Instruction::steps).next();
    let name = match (table.get("name"), first) {
        (Some(name), _) => name.shown()?,
        (None, Some(step)) => step.label(),
        (None, None) => return Err(table.problem("a task without a request needs name = \"…\"")),
    };
    Ok(Task::instructions(name, instructions))
}

/// Reads a set of tasks, which may have sets in it.
fn task_of_set(table: &Table<'_>, tasks: Item<'_>, reading: Reading<'_>) -> Result<Task> {
    has_no_request(table, "tasks")?;
    let name = table.require("name", "name = \"…\", which a set of tasks needs")?.shown()?;
    let items = tasks.array("an array of tasks")?;
    if items.is_empty() {
        return Err(tasks.problem(crate::scenario::Error::NoTasks));
    }
    let hook = |key| match table.get(key) {
        Some(item) => instructions(item, reading.files, reading.variables),
        None => Ok(Vec::new()),
    };
    let tasks = items.into_iter().map(|item| task(item, reading));
    let mut set = TaskSet::new(tasks.collect::<Result<_>>()?);
    set.order = order(table, &set.tasks)?;
    Ok(Task::set(name, set.on_start(hook("on_start")?).on_stop(hook("on_stop")?)))
}

fn has_no_request(table: &Table<'_>, place: &str) -> Result<()> {
    match request_keys().find(|key| table.get(key).is_some()) {
        None => Ok(()),
        Some(key) => {
            let message = format!("'{key}' belongs to a request; move it into one of '{place}'");
            Err(Problem::new(table.key_span(key), message))
        }
    }
}

/// Has all of a task timed as a group.
fn group(task: &mut Task, name: String) {
    if let TaskAction::Steps(body) = &mut task.action {
        *body = vec![Instruction::Group { name, body: std::mem::take(body) }];
    }
}

/// Reads the order of tasks. Where tasks say what comes next, that is the order.
pub(super) fn order(table: &Table<'_>, tasks: &[Task]) -> Result<Order> {
    let Some(item) = table.get("order") else {
        let follows = tasks.iter().any(|task| !task.next.is_empty());
        return Ok(if follows { Order::Markov } else { Order::Weighted });
    };
    match &*item.text()? {
        "weighted" => Ok(Order::Weighted),
        "sequential" => Ok(Order::Sequential),
        "markov" => Ok(Order::Markov),
        other => {
            let orders = "\"weighted\", \"sequential\" or \"markov\"";
            Err(item.problem(format!("there is no order '{other}'; write {orders}")))
        }
    }
}

/// Reads `{ browse = 3, checkout = 1 }`.
fn next(item: Item<'_>) -> Result<Vec<(String, u32)>> {
    let weight = |item: Item<'_>| {
        let weight = item.count()?;
        item.judged(validate::task_weight(weight)).map(|()| weight)
    };
    item.entries()?.iter().map(|entry| Ok((entry.key.to_owned(), weight(entry.value)?))).collect()
}

fn tag(item: Item<'_>) -> Result<String> {
    let tag = item.shown()?;
    item.judged(validate::tag(&tag))?;
    Ok(tag)
}
