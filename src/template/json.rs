//! JSON documents with templates in them.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::error::{Error, Fault};
use super::expression::Expression;
use super::scene::Scene;
use super::scope::Scope;
use super::value::{write_json_escaped, write_json_text};
use super::{Piece, Template};

/// A JSON document whose texts are templates. A text that is nothing but one expression has the type of
/// its value: `{"id": "${id}"}` is sent as `{"id":7}`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JsonTemplate {
    pieces: Vec<JsonPiece>,
}

#[derive(Debug, Clone, PartialEq)]
enum JsonPiece {
    /// JSON text as it is.
    Text(String),
    /// A whole value.
    Value(Expression),
    /// A part of a string.
    Inside(Expression),
}

impl JsonTemplate {
    /// Reads the templates of a document.
    pub(crate) fn parse(document: &Json, scope: &Scope) -> Result<Self, Error> {
        let mut pieces = JsonTemplate { pieces: Vec::new() };
        pieces.add(document, scope)?;
        Ok(pieces)
    }

    /// Returns the document, if it has no expressions.
    pub(crate) fn constant(&self) -> Option<&str> {
        match &self.pieces[..] {
            [JsonPiece::Text(text)] => Some(text),
            _ => None,
        }
    }

    fn add(&mut self, value: &Json, scope: &Scope) -> Result<(), Error> {
        match value {
            Json::String(text) => {
                let template = Template::parse(text, scope)?;
                if let Some(expression) = template.only_expression() {
                    self.pieces.push(JsonPiece::Value(expression.clone()));
                    return Ok(());
                }
                self.text().push('"');
                for piece in template.pieces {
                    match piece {
                        Piece::Text(text) => write_json_escaped(&text, self.text()),
                        Piece::Expression(inside) => self.pieces.push(JsonPiece::Inside(inside)),
                    }
                }
                self.text().push('"');
            }
            Json::Array(elements) => {
                self.text().push('[');
                for (at, element) in elements.iter().enumerate() {
                    if at > 0 {
                        self.text().push(',');
                    }
                    self.add(element, scope)?;
                }
                self.text().push(']');
            }
            Json::Object(members) => {
                self.text().push('{');
                for (at, (key, value)) in members.iter().enumerate() {
                    if at > 0 {
                        self.text().push(',');
                    }
                    write_json_text(key, self.text());
                    self.text().push(':');
                    self.add(value, scope)?;
                }
                self.text().push('}');
            }
            scalar => *self.text() += &scalar.to_string(),
        }
        Ok(())
    }

    /// Returns the text at the end, to be appended to.
    fn text(&mut self) -> &mut String {
        if !matches!(self.pieces.last(), Some(JsonPiece::Text(_))) {
            self.pieces.push(JsonPiece::Text(String::new()));
        }
        match self.pieces.last_mut() {
            Some(JsonPiece::Text(text)) => text,
            _ => unreachable!("a text was added"),
        }
    }

    /// Appends the document with its values.
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
                JsonPiece::Text(text) => out.push_str(text),
                JsonPiece::Value(Expression::Call(function, arguments)) if function.is_plain() => {
                    out.push('"');
                    function.write(arguments, scene, out)?;
                    out.push('"');
                }
                JsonPiece::Value(expression) => expression.evaluate(scene)?.write_json(out),
                JsonPiece::Inside(Expression::Call(function, arguments)) if function.is_plain() => {
                    function.write(arguments, scene, out)?;
                }
                JsonPiece::Inside(expression) => {
                    let text: Cow<'_, str> = expression.evaluate(scene)?.into_text();
                    write_json_escaped(&text, out);
                }
            }
        }
        Ok(())
    }
}
