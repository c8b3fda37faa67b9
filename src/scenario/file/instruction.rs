//! Instructions of scenario files: requests, and what decides on them.

use super::error::{Problem, Result};
use super::reader::{Item, Table};
use super::step::{self, step};
use super::upload::Files;
use super::user::wait_time;
use crate::scenario::{End, Instruction, Parallel, Step, validate, variables};
use crate::template::Scope;

/// The key that tells what an instruction is, where it is no request, and the keys that may be beside it.
const KINDS: [(&str, &[&str]); 8] = [
    ("parallel", &["connections"]),
    ("pause", &[]),
    ("set", &[]),
    ("if", &["then", "else"]),
    ("while", &["steps"]),
    ("repeat", &["steps"]),
    ("group", &["steps"]),
    ("end", &["wait"]),
];

/// Reads `[ { get = "/" }, { if = "…", then = [ … ] }, … ]`, or a single instruction.
pub(super) fn instructions(
    item: Item<'_>,
    files: &Files,
    variables: &Scope,
) -> Result<Vec<Instruction>> {
    let items = some(item)?;
    items.into_iter().map(|item| instruction(item, files, variables)).collect()
}

fn some(item: Item<'_>) -> Result<Vec<Item<'_>>> {
    let items = item.one_or_more();
    if items.is_empty() {
        return Err(item.problem(crate::scenario::Error::NoSteps));
    }
    Ok(items)
}

fn instruction(item: Item<'_>, files: &Files, variables: &Scope) -> Result<Instruction> {
    let of_kinds = KINDS.iter().flat_map(|(kind, beside)| beside.iter().chain([kind]));
    let table = item.table(&of_kinds.chain(&step::KEYS).copied().collect::<Vec<_>>())?;
    let kinds = KINDS.map(|(kind, _)| kind);
    let Some((kind, value)) = table.at_most_one(&kinds)? else {
        only_beside(&table, &step::KEYS)?;
        return step(&table, files, variables).map(Instruction::Request);
    };
    let beside = KINDS.iter().find(|(known, _)| *known == kind).map_or(&[][..], |(_, keys)| keys);
    if let Some((key, _)) = table.present(&step::KEYS).next() {
        let place = match beside {
            ["connections"] => "move it into one of 'parallel'",
            [first, ..] if *first != "wait" => &format!("move it into one of '{first}'"),
            _ => "make it a step of its own",
        };
        let message = format!("'{key}' belongs to a request; {place}");
        return Err(Problem::new(table.key_span(key), message));
    }
    only_beside(&table, &[beside, &[kind]].concat())?;
    let body = |key: &'static str| {
        let body = table.require(key, &format!("{key} = [ … ]"))?;
        instructions(body, files, variables)
    };
    Ok(match kind {
        "parallel" => Instruction::Parallel(parallel(&table, value, files, variables)?),
        "pause" => Instruction::Pause(pause(value)?),
        "set" => Instruction::Set(set(value, variables)?),
        "if" => Instruction::If {
            condition: value.with_variables(variables).expression()?,
            then: body("then")?,
            otherwise: match table.get("else") {
                Some(_) => body("else")?,
                None => Vec::new(),
            },
        },
        "while" => Instruction::While {
            condition: value.with_variables(variables).expression()?,
            body: body("steps")?,
        },
        "repeat" => Instruction::Repeat { times: times(value, variables)?, body: body("steps")? },
        "group" => Instruction::Group {
            name: value.with_variables(variables).shown()?,
            body: body("steps")?,
        },
        _ => Instruction::End(end(&table, value)?),
    })
}

/// Refuses keys that belong to another kind of instruction.
fn only_beside(table: &Table<'_>, valid: &[&'static str]) -> Result<()> {
    for (kind, keys) in KINDS {
        let mut strays = keys.iter().filter(|key| !valid.contains(key));
        let Some(stray) = strays.find(|key| table.get(key).is_some()) else { continue };
        let message = match kind {
            "parallel" => {
                "'connections' needs parallel requests beside it; add parallel = [ … ]".to_owned()
            }
            "while" => "'steps' needs while, repeat or group beside it".to_owned(),
            _ => format!("'{stray}' needs '{kind}' beside it"),
        };
        return Err(Problem::new(table.key_span(stray), message));
    }
    Ok(())
}

fn parallel(
    table: &Table<'_>,
    steps: Item<'_>,
    files: &Files,
    variables: &Scope,
) -> Result<Parallel> {
    let step =
        |item: Item<'_>| -> Result<Step> { step(&item.table(&step::KEYS)?, files, variables) };
    let mut parallel = Parallel::new(some(steps)?.into_iter().map(step).collect::<Result<_>>()?);
    if let Some(item) = table.get("connections") {
        parallel.connections = item.count()?;
        item.judged(validate::connections(parallel.connections))?;
    }
    Ok(parallel)
}

fn pause(item: Item<'_>) -> Result<crate::scenario::WaitTime> {
    let pause = wait_time(item)?;
    item.judged(validate::pause(&pause))?;
    Ok(pause)
}

/// Reads `{ name = "value", … }`.
fn set(item: Item<'_>, variables: &Scope) -> Result<Vec<(String, String)>> {
    let mut values = Vec::new();
    for entry in item.entries()? {
        variables::variable_name(entry.key).map_err(|error| entry.key_problem(error))?;
        let value = match entry.value.is_text() {
            true => entry.value.with_variables(variables).scalar()?,
            // A number or a boolean stays one.
            false => format!("${{{}}}", entry.value.scalar()?),
        };
        values.push((entry.key.to_owned(), value));
    }
    Ok(values)
}

/// Reads `2` or `"${pages}"`.
fn times(item: Item<'_>, variables: &Scope) -> Result<String> {
    match item.is_text() {
        true => item.with_variables(variables).expression(),
        false => item.count().map(|times| times.to_string()),
    }
}

fn end(table: &Table<'_>, item: Item<'_>) -> Result<End> {
    let waits = table.get("wait").map_or(Ok(true), |item| item.boolean())?;
    match (&*item.text()?, waits) {
        ("task", true) => Ok(End::Task),
        ("task", false) => Ok(End::TaskWithoutWait),
        ("set" | "user" | "run", false) => {
            let message = "'wait' belongs to end = \"task\"; leave it out";
            Err(Problem::new(table.key_span("wait"), message))
        }
        ("set", true) => Ok(End::Set),
        ("user", true) => Ok(End::User),
        ("run", true) => Ok(End::Run),
        (other, _) => {
            let message = format!(
                "'{other}' cannot be ended here; write \"task\", \"set\", \"user\" or \"run\""
            );
            Err(item.problem(message))
        }
    }
}

/// Adds the names that the instructions of a class give values to.
pub(super) fn declare(user: &Table<'_>, variables: &mut Scope) -> Result<()> {
    for key in ["on_start", "on_stop", "task"] {
        user.get(key).map_or(Ok(()), |item| declare_in(item, variables))?;
    }
    Ok(())
}

fn declare_in(item: Item<'_>, variables: &mut Scope) -> Result<()> {
    for item in item.one_or_more().into_iter().filter(Item::is_table) {
        for entry in item.entries()? {
            match entry.key {
                "set" | "capture" if entry.value.is_table() => {
                    for declared in entry.value.entries()? {
                        let too_many = || declared.key_problem("there are too many variables");
                        variables.add(declared.key).ok_or_else(too_many)?;
                    }
                }
                "steps" | "then" | "else" | "parallel" | "tasks" | "on_start" | "on_stop" => {
                    declare_in(entry.value, variables)?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}
