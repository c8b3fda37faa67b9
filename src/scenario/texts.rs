//! Which names the texts of instructions use.

use serde_json::Value;

use super::Instruction;
use crate::session::{Auth, Body, Request};
use crate::template::{names, names_in};

impl Instruction {
    /// Calls a function with each name of a variable that it uses itself.
    pub(super) fn visit_names(&self, visit: &mut impl FnMut(&str)) {
        match self {
            Instruction::Request(step) => request(&step.request, visit),
            Instruction::Parallel(parallel) => {
                parallel.steps.iter().for_each(|step| request(&step.request, visit));
            }
            Instruction::Set(values) => values.iter().for_each(|(_, value)| text(value, visit)),
            Instruction::If { condition: expression, .. }
            | Instruction::While { condition: expression, .. }
            | Instruction::Repeat { times: expression, .. } => {
                names(expression).into_iter().for_each(|(name, _)| visit(name));
            }
            Instruction::Group { name, .. } => text(name, visit),
            Instruction::Tasks(_) | Instruction::Pause(_) | Instruction::End(_) => {}
        }
    }
}

fn text(text: &str, visit: &mut impl FnMut(&str)) {
    names_in(text).for_each(visit);
}

fn request(request: &Request, visit: &mut impl FnMut(&str)) {
    text(&request.path, visit);
    request.name.iter().for_each(|name| text(name, visit));
    let form = match &request.body {
        Body::Form(form) => &form[..],
        _ => &[],
    };
    for (name, value) in request.query.iter().chain(form) {
        text(name, visit);
        text(value, visit);
    }
    for (_, value) in &request.headers {
        text(&String::from_utf8_lossy(value.as_bytes()), visit);
    }
    match &request.body {
        Body::Bytes(bytes) => text(&String::from_utf8_lossy(bytes), visit),
        Body::Json(document) => json(document, visit),
        _ => {}
    }
    match &request.auth {
        Some(Auth::Bearer(token)) => text(token, visit),
        Some(Auth::Basic { user, password } | Auth::Digest { user, password }) => {
            text(user, visit);
            text(password, visit);
        }
        None => {}
    }
}

fn json(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::String(string) => text(string, visit),
        Value::Array(elements) => elements.iter().for_each(|element| json(element, visit)),
        Value::Object(members) => members.values().for_each(|member| json(member, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
