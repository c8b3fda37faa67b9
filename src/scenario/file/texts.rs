//! Texts of scenario files: what is put in, and where they are.

use std::borrow::Cow;

use toml::de::DeValue;

use super::error::{Problem, Result};
use super::reader::{Item, Names, in_order};
use crate::template::{self, Expression, Scope, Template};

impl<'a> Item<'a> {
    /// Returns the same value, whose strings are templates with these variables.
    pub(super) fn with_variables(self, variables: &'a Scope) -> Self {
        Item { names: Names { variables: Some(variables), ..self.names }, ..self }
    }

    /// Reads a string that is a condition or another expression.
    pub(super) fn expression(&self) -> Result<String> {
        let (DeValue::String(text), Some(bindings)) = (self.value.get_ref(), self.names.bindings)
        else {
            return Err(self.expected("a condition such as \"${price} > 10\""));
        };
        let (none, span) = (Scope::default(), self.span());
        let variables = self.names.variables.unwrap_or(&none);
        let bound = bindings.expression(text, variables, span)?;
        match Expression::parse(&bound, variables) {
            Ok(_) => Ok(bound),
            Err(error) => Err(self.mistake(&bound, &error)),
        }
    }

    /// Makes the problem of a mistake in a template or an expression.
    fn mistake(&self, text: &str, error: &template::Error) -> Problem {
        let part = text.get(error.place.clone()).unwrap_or_default();
        let problem = self.problem(&error.message);
        if part.is_empty() { problem } else { problem.part(part) }
    }

    /// Puts in what is known. What is not must be known to the users, and is left as it is for them.
    pub(super) fn filled(&self, text: &'a str) -> Result<Cow<'a, str>> {
        let Names { bindings: Some(bindings), variables } = self.names else {
            return Ok(Cow::Borrowed(text));
        };
        let Some(variables) = variables else { return bindings.plain(text, self.span()) };
        let bound = bindings.template(text, variables, self.span())?;
        match Template::parse(&bound, variables) {
            Ok(_) => Ok(bound),
            Err(error) => Err(self.mistake(&bound, &error)),
        }
    }

    /// Calls a function with each text in this value, however deep.
    pub(super) fn visit_texts(self, visit: &mut impl FnMut(Item<'a>, &'a str)) {
        match self.value.get_ref() {
            DeValue::String(text) => visit(self, text),
            DeValue::Array(array) => {
                self.elements(array).into_iter().for_each(|item| item.visit_texts(visit));
            }
            DeValue::Table(entries) => {
                let entries = in_order(entries, self.names).into_iter();
                entries.for_each(|entry| entry.value.visit_texts(visit));
            }
            _ => {}
        }
    }
}
