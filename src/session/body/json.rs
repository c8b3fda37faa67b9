//! Finds a value in JSON text by its pointer (RFC 6901), without building the document.
//!
//! The text is read once, to its end. Values beside the pointer are skipped, and a text that is not
//! entirely JSON is [`InvalidJson`]. If a key is repeated, the last member counts, as in
//! [`serde_json::Value`]. `NaN`, `Infinity` and `-Infinity` are read as strings: Python's `json` writes
//! them, and requests reads them under any content type.

mod constants;

use std::cell::RefCell;
use std::fmt;

use serde::Deserialize;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;
use serde_json::{Number, Value};
use thiserror::Error;

/// A JSON pointer, such as `/users/0/name` (RFC 6901): the place of a value in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    text: Box<str>,
    tokens: Box<[Token]>,
}

/// A reference token of a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    /// The member's name, unescaped.
    key: Box<str>,
    /// The index of an array's element, if the token is one.
    index: Option<usize>,
}

/// The error for a text that is not a JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PointerError {
    /// It does not begin with a slash.
    #[error("JSON pointer '{text}' must start with '/'; write '{cure}'")]
    NoSlash {
        /// The text.
        text: String,
        /// What was probably meant.
        cure: String,
    },
    /// It has a tilde that is not an escape.
    #[error("JSON pointer '{0}' has a '~' that is neither '~0' nor '~1'; write '~0' for '~'")]
    Escape(String),
}

/// The error for a text that is not JSON. It has no position, so that failures group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("invalid JSON")]
pub(crate) struct InvalidJson;

impl Pointer {
    /// Parses a pointer: keys and indices, each after a `/`, in which `~1` stands for `/` and `~0` for `~`.
    /// The empty pointer is the whole document.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not a pointer.
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        let mut parts = text.split('/');
        if parts.next().is_some_and(|before| !before.is_empty()) {
            return Err(PointerError::NoSlash { text: text.to_owned(), cure: cure(text) });
        }
        let tokens = parts.map(|part| Token::parse(part).ok_or(part)).collect::<Result<_, _>>();
        match tokens {
            Ok(tokens) => Ok(Pointer { text: text.into(), tokens }),
            Err(_) => Err(PointerError::Escape(text.to_owned())),
        }
    }

    /// Returns the pointer as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Token {
    fn parse(part: &str) -> Option<Self> {
        let is_escaped = |(at, _)| part[at + 1..].starts_with(['0', '1']);
        if !part.match_indices('~').all(is_escaped) {
            return None;
        }
        // Leading zeros and signs are names, never indices (RFC 6901 section 4).
        let is_index = part == "0" || part.starts_with(|c: char| matches!(c, '1'..='9'));
        Some(Token {
            key: part.replace("~1", "/").replace("~0", "~").into(),
            index: if is_index { part.parse().ok() } else { None },
        })
    }
}

/// Returns the pointer that was probably meant by `users`, `data/users` or JSONPath's `$.users`.
fn cure(text: &str) -> String {
    match text.strip_prefix("$.") {
        Some(path) => format!("/{}", path.replace('.', "/")),
        None => format!("/{text}"),
    }
}

/// Returns whether there is a value at the pointer, including `null`. Builds nothing.
pub(crate) fn exists(text: &str, pointer: &Pointer) -> Result<bool, InvalidJson> {
    walk(text, pointer, &Skip).map(|found| found.is_some())
}

/// Builds the value at the pointer; `None` also if the text is not JSON.
pub(crate) fn at(text: &str, pointer: &Pointer) -> Option<Value> {
    find(text, pointer).ok().flatten()
}

/// Builds the value at the pointer.
pub(crate) fn find(text: &str, pointer: &Pointer) -> Result<Option<Value>, InvalidJson> {
    walk(text, pointer, &Build)
}

/// Appends the text of the value at the pointer, as it is written. Returns whether there is one.
pub(in crate::session) fn copy(
    text: &str,
    pointer: &Pointer,
    out: &mut String,
) -> Result<bool, InvalidJson> {
    let copied = walk(text, pointer, &Copy(RefCell::new(out)))?;
    Ok(copied.is_some())
}

/// Returns whether this value is at the pointer. Only arrays and objects are built, because members have
/// no order.
pub(crate) fn equals(text: &str, pointer: &Pointer, expected: &Value) -> Result<bool, InvalidJson> {
    match expected {
        Value::Array(_) | Value::Object(_) => {
            Ok(find(text, pointer)?.is_some_and(|found| same(&found, expected)))
        }
        scalar => Ok(walk(text, pointer, &Compare(scalar))?.unwrap_or(false)),
    }
}

/// Returns whether two values are equal, where `1` and `1.0` are the same number.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

fn same_number(a: &Number, b: &Number) -> bool {
    // Integers are compared as such: as floats, 2^53 and 2^53 + 1 would be equal.
    if !a.is_f64() && !b.is_f64() {
        return a == b;
    }
    // Without `float_roundtrip`, serde_json may read the last bits of long fractions wrongly.
    let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
    (a - b).abs() <= 4.0 * f64::EPSILON * a.abs().max(b.abs())
}

/// Parses a whole text.
pub(in crate::session) fn read<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    let read = serde_json::from_str(text);
    match read.is_err().then(|| constants::quoted(text)).flatten() {
        Some(quoted) => serde_json::from_str(&quoted),
        None => read,
    }
}

fn walk<L: Leaf>(text: &str, pointer: &Pointer, leaf: &L) -> Result<Option<L::Out>, InvalidJson> {
    let found = walk_json(text, pointer, leaf);
    match found.is_err().then(|| constants::quoted(text)).flatten() {
        Some(quoted) => walk_json(&quoted, pointer, leaf),
        None => found,
    }
}

fn walk_json<L: Leaf>(
    text: &str,
    pointer: &Pointer,
    leaf: &L,
) -> Result<Option<L::Out>, InvalidJson> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let walk = Walk { tokens: &pointer.tokens, leaf };
    let found = walk.deserialize(&mut deserializer).map_err(|_| InvalidJson)?;
    deserializer.end().map_err(|_| InvalidJson)?;
    Ok(found)
}

/// What to do with the value at the pointer.
trait Leaf {
    type Out;

    fn read<'de, D: Deserializer<'de>>(&self, value: D) -> Result<Self::Out, D::Error>;
}

/// Skips the value.
struct Skip;

impl Leaf for Skip {
    type Out = ();

    fn read<'de, D: Deserializer<'de>>(&self, value: D) -> Result<(), D::Error> {
        IgnoredAny::deserialize(value).map(drop)
    }
}

/// Builds the value.
struct Build;

impl Leaf for Build {
    type Out = Value;

    fn read<'de, D: Deserializer<'de>>(&self, value: D) -> Result<Value, D::Error> {
        Value::deserialize(value)
    }
}

/// Copies the text of the value. Where a key is repeated, the last one counts.
struct Copy<'o>(RefCell<&'o mut String>);

impl Leaf for Copy<'_> {
    type Out = ();

    fn read<'de, D: Deserializer<'de>>(&self, value: D) -> Result<(), D::Error> {
        let raw = <&RawValue>::deserialize(value)?;
        let mut out = self.0.borrow_mut();
        out.clear();
        out.push_str(raw.get());
        Ok(())
    }
}

/// Compares the value with a scalar.
struct Compare<'v>(&'v Value);

impl Leaf for Compare<'_> {
    type Out = bool;

    fn read<'de, D: Deserializer<'de>>(&self, value: D) -> Result<bool, D::Error> {
        value.deserialize_any(Compare(self.0))
    }
}

impl Compare<'_> {
    fn number(&self, number: &Number) -> bool {
        matches!(self.0, Value::Number(expected) if same_number(number, expected))
    }
}

impl<'de> Visitor<'de> for Compare<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
        Ok(*self.0 == Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<bool, E> {
        Ok(self.number(&value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<bool, E> {
        Ok(self.number(&value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<bool, E> {
        Ok(Number::from_f64(value).is_some_and(|number| self.number(&number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<bool, E> {
        Ok(self.0.as_str() == Some(value))
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(self.0.is_null())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<bool, A::Error> {
        skip_elements(elements).map(|()| false)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<bool, A::Error> {
        IgnoredAny.visit_map(members).map(|_| false)
    }
}

/// Walks the rest of a pointer into a value.
struct Walk<'p, L> {
    tokens: &'p [Token],
    leaf: &'p L,
}

/// Looks for the next token among the members or the elements of a value.
struct Enter<'p, L> {
    token: &'p Token,
    rest: &'p [Token],
    leaf: &'p L,
}

impl<'de, L: Leaf> DeserializeSeed<'de> for Walk<'_, L> {
    type Value = Option<L::Out>;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
        match self.tokens.split_first() {
            None => self.leaf.read(value).map(Some),
            Some((token, rest)) => value.deserialize_any(Enter { token, rest, leaf: self.leaf }),
        }
    }
}

impl<'de, L: Leaf> Visitor<'de> for Enter<'_, L> {
    type Value = Option<L::Out>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_next) = members.next_key_seed(KeyIs(&self.token.key))? {
            if is_next {
                // Replaced at each equal key, so that the last one counts.
                found = members.next_value_seed(Walk { tokens: self.rest, leaf: self.leaf })?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let Some(index) = self.token.index else {
            return skip_elements(elements).map(|()| None);
        };
        for _ in 0..index {
            if elements.next_element::<IgnoredAny>()?.is_none() {
                return Ok(None);
            }
        }
        let found = elements.next_element_seed(Walk { tokens: self.rest, leaf: self.leaf })?;
        if found.is_some() {
            skip_elements(elements)?;
        }
        Ok(found.flatten())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

fn skip_elements<'de, A: SeqAccess<'de>>(elements: A) -> Result<(), A::Error> {
    IgnoredAny.visit_seq(elements).map(drop)
}

/// Compares a member's key without building it.
struct KeyIs<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for KeyIs<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<bool, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyIs<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

#[cfg(test)]
mod tests;
