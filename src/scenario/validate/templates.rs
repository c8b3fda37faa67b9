//! Checks the texts of a class that are templates, and its conditions.

use crate::data::Source;
use crate::scenario::request_template::RequestTemplate;
use crate::scenario::{Error, Instruction, Step, User};
use crate::template::{self, Expression, Scope, Template};

/// Returns an error if an expression of the class cannot be read.
pub(super) fn all(user: &User, sources: &[Source]) -> Result<(), Error> {
    let (scope, mut found) = (user.scope(sources)?, Ok(()));
    for instruction in user.instructions() {
        instruction.visit(&mut |instruction| {
            if found.is_ok() {
                found = one(instruction, &scope);
            }
        });
    }
    found
}

fn one(instruction: &Instruction, scope: &Scope) -> Result<(), Error> {
    match instruction {
        Instruction::Request(step) => request(step, scope),
        Instruction::Parallel(parallel) => {
            parallel.steps.iter().try_for_each(|step| request(step, scope))
        }
        Instruction::Set(values) => values.iter().try_for_each(|(_, value)| text(value, scope)),
        Instruction::If { condition, .. } | Instruction::While { condition, .. } => {
            expression(condition, scope)
        }
        Instruction::Repeat { times, .. } => expression(times, scope),
        Instruction::Group { name, .. } => text(name, scope),
        Instruction::Tasks(_) | Instruction::Pause(_) | Instruction::End(_) => Ok(()),
    }
}

fn request(step: &Step, scope: &Scope) -> Result<(), Error> {
    let path = &step.request.path;
    match RequestTemplate::parse(&step.request, scope) {
        Ok(_) => Ok(()),
        Err(error) => Err(mistake(path, &error)),
    }
}

fn text(text: &str, scope: &Scope) -> Result<(), Error> {
    Template::parse(text, scope).map(drop).map_err(|error| mistake(text, &error))
}

fn expression(text: &str, scope: &Scope) -> Result<(), Error> {
    Expression::parse(text, scope).map(drop).map_err(|error| mistake(text, &error))
}

fn mistake(text: &str, error: &template::Error) -> Error {
    Error::Expression { text: text.to_owned(), reason: error.message.clone() }
}
