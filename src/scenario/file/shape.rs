//! Load shapes of scenario files, and stages.

use std::time::Duration;

use super::error::{Problem, Result};
use super::reader::{Item, Table};
use crate::scenario::{Error, LoadShape, Mix, Stage, User, arrivals, shape, validate};

const SHAPES: [&str; 6] = ["constant", "ramp", "steps", "spike", "sine", "double_wave"];

const STAGE_KEYS: [&str; 5] = ["duration", "users", "spawn_rate", "mix", "rate"];

/// The `[[load.stage]]`s, all of one kind.
pub(super) enum Stages {
    Users(Vec<Stage>),
    /// Rates to go to, and how long that takes.
    Rates(Vec<(f64, Duration)>),
}

/// Reads a table with exactly one shape.
pub(super) fn shape(item: Item<'_>) -> Result<LoadShape> {
    let table = item.table(&SHAPES)?;
    let Some((shape, item)) = table.at_most_one(&SHAPES)? else {
        return Err(item.problem(format!("a shape is one of {}", SHAPES.join(", "))));
    };
    let shape = match shape {
        "constant" => LoadShape::constant(users(item)?),
        "ramp" => ramp(item)?,
        "steps" => steps(item)?,
        "spike" => spike(item)?,
        "sine" => sine(item)?,
        _ => double_wave(item)?,
    };
    // What each number alone cannot tell. The classes do not matter: only stages have mixes.
    item.judged(shape.validate(&[]))?;
    Ok(shape)
}

fn ramp(item: Item<'_>) -> Result<LoadShape> {
    let table = item.table(&["users", "spawn_rate"])?;
    Ok(LoadShape::ramp(required_users(&table, "users")?, required_spawn_rate(&table)?))
}

fn steps(item: Item<'_>) -> Result<LoadShape> {
    let table = item.table(&["users", "every", "spawn_rate", "until"])?;
    Ok(LoadShape::Steps {
        users: required_users(&table, "users")?,
        every: length(&table, "every")?,
        spawn_rate: required_spawn_rate(&table)?,
        until: length(&table, "until")?,
    })
}

fn spike(item: Item<'_>) -> Result<LoadShape> {
    let table = item.table(&["base", "peak", "at", "lasting", "spawn_rate"])?;
    Ok(LoadShape::Spike {
        base: required_users(&table, "base")?,
        peak: required_users(&table, "peak")?,
        at: length(&table, "at")?,
        lasting: length(&table, "lasting")?,
        spawn_rate: required_spawn_rate(&table)?,
    })
}

fn sine(item: Item<'_>) -> Result<LoadShape> {
    let table = item.table(&["min", "max", "period"])?;
    Ok(LoadShape::Sine {
        min: required_users(&table, "min")?,
        max: required_users(&table, "max")?,
        period: length(&table, "period")?,
    })
}

fn double_wave(item: Item<'_>) -> Result<LoadShape> {
    let table = item.table(&["min", "first", "second", "lasting"])?;
    Ok(LoadShape::DoubleWave {
        min: required_users(&table, "min")?,
        first: required_users(&table, "first")?,
        second: required_users(&table, "second")?,
        lasting: length(&table, "lasting")?,
    })
}

pub(super) fn stages(item: Item<'_>) -> Result<Stages> {
    let items = item.array("an array of tables, written [[load.stage]]")?;
    let tables = items.into_iter().map(|item| item.table(&STAGE_KEYS));
    let tables = tables.collect::<Result<Vec<_>>>()?;
    let Some(first) = tables.first() else { return Err(item.problem(Error::NoStages)) };
    let kind = stage_kind(first)?;
    for table in &tables {
        let other = stage_kind(table)?;
        if other != kind {
            let message = format!("this stage has '{other}', the first has '{kind}'; keep to one");
            return Err(Problem::new(table.key_span(other), message));
        }
    }
    Ok(match kind {
        "users" => Stages::Users(tables.iter().map(stage).collect::<Result<_>>()?),
        _ => Stages::Rates(tables.iter().map(ramp_of_rate).collect::<Result<_>>()?),
    })
}

/// Refuses mixes of classes that are not there.
pub(super) fn check_mixes(stages: Item<'_>, classes: &[User]) -> Result<()> {
    let known = shape::names(classes);
    for stage in stages.one_or_more() {
        let Some(mix) = stage.table(&STAGE_KEYS)?.get("mix") else { continue };
        for entry in mix.entries()? {
            let judged = shape::mix_class(entry.key, &known, classes);
            judged.map_err(|error| entry.key_problem(error))?;
        }
    }
    Ok(())
}

/// Returns the key that tells the kind of a stage.
fn stage_kind(table: &Table<'_>) -> Result<&'static str> {
    let message = "a stage needs users = 10 with spawn_rate = 2, or rate = 100";
    let kind = table.at_most_one(&["users", "rate"])?;
    kind.map(|(kind, _)| kind).ok_or_else(|| table.problem(message))
}

fn stage(table: &Table<'_>) -> Result<Stage> {
    Ok(Stage {
        duration: length(table, "duration")?,
        users: required_users(table, "users")?,
        spawn_rate: required_spawn_rate(table)?,
        mix: table.get("mix").map(mix).transpose()?,
    })
}

fn ramp_of_rate(table: &Table<'_>) -> Result<(f64, Duration)> {
    if let Some((key, _)) = table.present(&["spawn_rate", "mix"]).next() {
        let message = format!("'{key}' belongs to a stage with users; leave it out");
        return Err(Problem::new(table.key_span(key), message));
    }
    let item = table.require("rate", "rate = 100, iterations per second")?;
    let rate = item.number()?;
    item.judged(arrivals::stage_rate(rate))?;
    Ok((rate, length(table, "duration")?))
}

/// Names of classes with their weights.
fn mix(item: Item<'_>) -> Result<Mix> {
    let entries = item.entries()?;
    if entries.is_empty() {
        return Err(item.problem(Error::EmptyMix));
    }
    let weights = entries.into_iter().map(|entry| {
        let weight = entry.value.number()?;
        entry.value.judged(shape::mix_weight(weight))?;
        Ok((entry.key.to_owned(), weight))
    });
    weights.collect()
}

pub(super) fn users(item: Item<'_>) -> Result<u32> {
    let users = item.count()?;
    item.judged(validate::users(users))?;
    Ok(users)
}

fn required_users(table: &Table<'_>, key: &str) -> Result<u32> {
    users(table.require(key, &format!("{key} = 100"))?)
}

pub(super) fn spawn_rate(item: Item<'_>) -> Result<f64> {
    let rate = item.number()?;
    item.judged(validate::spawn_rate(rate))?;
    Ok(rate)
}

fn required_spawn_rate(table: &Table<'_>) -> Result<f64> {
    spawn_rate(table.require("spawn_rate", "spawn_rate = 10, users per second")?)
}

/// Reads the length of a part of a load, which must not be zero.
fn length(table: &Table<'_>, key: &'static str) -> Result<Duration> {
    let item = table.require(key, &format!("{key} = \"30s\""))?;
    let length = item.duration()?;
    item.judged(validate::length(key, length))?;
    Ok(length)
}
