//! Checks the instructions of a task.

use crate::scenario::instruction::DEPTH_MAX;
use crate::scenario::{End, Error, Instruction, Parallel, Step, WaitTime, order};
use crate::session::Condition;

use super::{auth, headers, method, path, status, timeout};

/// Where instructions are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    depth: usize,
    in_set: bool,
}

/// Returns an error if one of these instructions cannot be followed in this place.
pub(super) fn all<'i>(
    instructions: impl IntoIterator<Item = &'i Instruction>,
    place: Place,
) -> Result<(), Error> {
    if place.depth > DEPTH_MAX {
        return Err(Error::TooDeep(DEPTH_MAX));
    }
    instructions.into_iter().try_for_each(|instruction| one(instruction, place))
}

fn one(instruction: &Instruction, place: Place) -> Result<(), Error> {
    let deeper = Place { depth: place.depth + 1, ..place };
    match instruction {
        Instruction::Request(request) => step(request),
        Instruction::Parallel(parallel) => {
            connections(parallel.connections)?;
            if parallel.steps.is_empty() {
                return Err(Error::NoSteps);
            }
            parallel.steps.iter().try_for_each(step)
        }
        Instruction::Pause(time) => pause(time),
        Instruction::Tasks(set) => {
            if set.tasks.is_empty() {
                return Err(Error::NoTasks);
            }
            order::validate(&set.tasks, set.order)?;
            let in_set = Place { in_set: true, ..deeper };
            set.tasks.iter().try_for_each(|task| super::task(task, in_set))?;
            all(&set.on_start, in_set)?;
            all(&set.on_stop, deeper)
        }
        Instruction::End(End::Set) if !place.in_set => Err(Error::NoSet),
        _ => all(instruction.inner(), deeper),
    }
}

/// Returns an error if a pause has no length of its own.
pub(in crate::scenario) fn pause(time: &WaitTime) -> Result<(), Error> {
    match time {
        WaitTime::Constant(_) | WaitTime::Between(..) | WaitTime::Exponential(_) => time.validate(),
        WaitTime::ConstantPacing(_) | WaitTime::Function(_) => Err(Error::Pause),
    }
}

pub(in crate::scenario) fn connections(connections: u32) -> Result<(), Error> {
    match connections {
        0 => Err(Error::NoConnections),
        1..=Parallel::CONNECTIONS_MAX => Ok(()),
        _ => Err(Error::TooManyConnections(connections)),
    }
}

fn step(step: &Step) -> Result<(), Error> {
    let request = &step.request;
    method(&request.method)?;
    path(&request.path)?;
    headers(&request.headers)?;
    request.auth.as_ref().map_or(Ok(()), auth)?;
    request.timeout.map_or(Ok(()), timeout)?;
    step.checks.iter().try_for_each(|check| match &check.condition {
        Condition::Status(ranges) if ranges.is_empty() => Err(Error::NoStatus),
        Condition::Status(ranges) => ranges.iter().copied().try_for_each(status),
        _ => Ok(()),
    })
}
