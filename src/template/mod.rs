//! Texts with expressions in them: `/items/${random_int(1, 100)}`.
//!
//! A [`Template`] is read once, before the run, and written for each request with the values of its
//! user. An expression is a name, a literal or a call, with the operators of conditions between them;
//! its grammar is in [`mod@expression`]. `$${` is the text `${`.

mod error;
mod evaluate;
mod expression;
mod function;
mod json;
mod scene;
mod scope;
mod source;
mod token;
mod value;
mod variables;

pub(crate) use error::{Error, Fault};
pub(crate) use expression::{Expression, RESERVED};
pub(crate) use json::JsonTemplate;
pub(crate) use scene::{Scene, Sources};
pub(crate) use scope::{Scope, VARIABLES_MAX};
pub(crate) use source::{Part, bound, bound_expression, label, names, names_in, parts};
pub(crate) use value::Value;
pub(crate) use variables::{SlotId, Variables};

use expression::Parser;
use function::FUNCTIONS;

/// Returns whether there is a function of this name.
pub(crate) fn is_function(name: &str) -> bool {
    FUNCTIONS.iter().any(|function| function.name == name)
}

/// A text, perhaps with expressions in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    pieces: Box<[Piece]>,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(Box<str>),
    Expression(Expression),
}

impl Template {
    /// Reads a text whose names are in this scope.
    pub(crate) fn parse(text: &str, scope: &Scope) -> Result<Self, Error> {
        let (mut pieces, mut plain, mut at) = (Vec::new(), String::new(), 0);
        while let Some(open) = text[at..].find("${").map(|open| at + open) {
            if let Some(before) = text[at..open].strip_suffix('$') {
                plain += before;
                plain += "${";
                at = open + 2;
                continue;
            }
            plain += &text[at..open];
            if !text[open..].contains('}') {
                let message = "'${' has no '}'; write '$${' for one that names nothing";
                return Err(Error { place: open..open + 2, message: message.to_owned() });
            }
            let (expression, end) = Parser::new(text, open + 2, scope).braced()?;
            at = end;
            // Any other literal keeps its type, where the text is nothing else.
            if let Some(Value::Text(text)) = expression.literal() {
                plain += text;
                continue;
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain).into()));
            }
            pieces.push(Piece::Expression(expression));
        }
        plain += &text[at..];
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain.into()));
        }
        Ok(Template { pieces: pieces.into() })
    }

    /// Returns the text, if there is no expression in it.
    pub(crate) fn constant(&self) -> Option<&str> {
        match &*self.pieces {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Returns the expression, if the text is nothing but one.
    pub(crate) fn only_expression(&self) -> Option<&Expression> {
        match &*self.pieces {
            [Piece::Expression(expression)] => Some(expression),
            _ => None,
        }
    }

    /// Appends its value. Returns whether that is JSON text: it is if the text is nothing but one expression
    /// whose value is no text.
    ///
    /// # Errors
    ///
    /// Returns why an expression has no value.
    pub(crate) fn write_value<'v>(
        &'v self,
        scene: &mut Scene<'v, '_>,
        out: &mut String,
    ) -> Result<bool, Fault> {
        let Some(expression) = self.only_expression() else {
            return self.write(scene, out).map(|()| false);
        };
        let value = expression.evaluate(scene)?;
        value.write(out);
        Ok(!matches!(value, Value::Text(_)))
    }

    /// Appends the text with its values.
    ///
    /// # Errors
    ///
    /// Returns why an expression has no value.
    pub(crate) fn write<'v>(
        &'v self,
        scene: &mut Scene<'v, '_>,
        out: &mut String,
    ) -> Result<(), Fault> {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Expression(expression) => expression.write(scene, out)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
