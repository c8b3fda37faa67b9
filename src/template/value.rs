//! Values: what an expression evaluates to.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;

/// A value. Values of JSON keep their type: a captured number is sent as a number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'v> {
    /// JSON's `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(Cow<'v, str>),
    /// A number, an array or an object as JSON text, as a server wrote it.
    Json(Cow<'v, str>),
}

/// A number, as exact as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
}

impl<'v> Value<'v> {
    /// Makes a value of JSON text.
    pub(crate) fn of_json(text: Cow<'v, str>) -> Self {
        match (&*text, text.as_bytes().first()) {
            ("null", _) => Value::Null,
            ("true", _) => Value::Bool(true),
            ("false", _) => Value::Bool(false),
            (_, Some(b'"')) => match serde_json::from_str(&text) {
                Ok(text) => Value::Text(Cow::Owned(text)),
                Err(_) => Value::Text(text),
            },
            _ => Value::Json(text),
        }
    }

    /// Appends it as text: `12.50` as it was written, `null` as `null`.
    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Value::Null => out.push_str("null"),
            Value::Bool(true) => out.push_str("true"),
            Value::Bool(false) => out.push_str("false"),
            // Writing to a string does not fail.
            Value::Int(number) => _ = write!(out, "{number}"),
            Value::Float(number) => _ = write!(out, "{number}"),
            Value::Text(text) | Value::Json(text) => out.push_str(text),
        }
    }

    /// Appends it as JSON.
    pub(crate) fn write_json(&self, out: &mut String) {
        match self {
            Value::Text(text) => write_json_text(text, out),
            // JSON has neither of them.
            Value::Float(number) if !number.is_finite() => out.push_str("null"),
            _ => self.write(out),
        }
    }

    /// Returns it as text.
    pub(crate) fn into_text(self) -> Cow<'v, str> {
        match self {
            Value::Text(text) | Value::Json(text) => text,
            other => {
                let mut text = String::new();
                other.write(&mut text);
                Cow::Owned(text)
            }
        }
    }

    /// Returns the number that it is or, as a text, reads as: columns of CSV files are texts.
    pub(super) fn number(&self) -> Option<Number> {
        match self {
            Value::Int(number) => Some(Number::Int(*number)),
            Value::Float(number) => Some(Number::Float(*number)),
            Value::Text(text) | Value::Json(text) => Number::parse(text.trim()),
            Value::Null | Value::Bool(_) => None,
        }
    }

    /// Returns how many rounds of a loop it stands for: a whole number, from 0.
    pub(crate) fn rounds(&self) -> Option<u64> {
        match self.number()? {
            Number::Int(number) => Some(u64::try_from(number).unwrap_or(0)),
            Number::Float(number) => Some(number.max(0.0) as u64),
        }
    }

    /// Returns whether a condition that is nothing but this value holds. As in Python, null, zero, and what is
    /// empty do not.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Value::Null => false,
            Value::Bool(bool) => *bool,
            Value::Int(number) => *number != 0,
            Value::Float(number) => *number != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::Json(text) => match self.number() {
                Some(number) => number.float() != 0.0,
                None => !text[1..].trim_start().starts_with([']', '}']),
            },
        }
    }

    /// Returns whether both are the same value: numbers by their value, also where one of them is a text that
    /// reads as a number; arrays and objects by their elements.
    pub(super) fn is_same(&self, other: &Value<'_>) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Bool(bool), Value::Text(text)) | (Value::Text(text), Value::Bool(bool)) => {
                **text == *bool.to_string()
            }
            (Value::Text(a), Value::Text(b)) => a == b,
            _ => match (self.number(), other.number()) {
                (Some(a), Some(b)) => a.compare(b) == Some(Ordering::Equal),
                (None, None) => self.json().is_some_and(|json| Some(json) == other.json()),
                _ => false,
            },
        }
    }

    fn json(&self) -> Option<serde_json::Value> {
        match self {
            Value::Json(text) => serde_json::from_str(text).ok(),
            _ => None,
        }
    }

    /// Returns whether a text has the other value in it, an array has it among its elements, or an object has a
    /// member of this name.
    pub(super) fn contains(&self, part: &Value<'_>) -> bool {
        match self {
            Value::Text(text) => text.contains(&*part.clone().into_text()),
            Value::Json(_) => match self.json() {
                Some(serde_json::Value::Array(elements)) => elements
                    .into_iter()
                    .any(|element| Value::of_json(Cow::Owned(element.to_string())).is_same(part)),
                Some(serde_json::Value::Object(members)) => {
                    members.contains_key(&*part.clone().into_text())
                }
                _ => false,
            },
            _ => false,
        }
    }
}

impl Number {
    fn parse(text: &str) -> Option<Self> {
        // A float would also be read from `nan`, `inf` and `infinity`.
        if !text.bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let int = text.parse().ok().map(Number::Int);
        int.or_else(|| text.parse().ok().map(Number::Float))
    }

    pub(super) fn float(self) -> f64 {
        match self {
            Number::Int(number) => number as f64,
            Number::Float(number) => number,
        }
    }

    pub(super) fn compare(self, other: Number) -> Option<Ordering> {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => Some(a.cmp(&b)),
            (a, b) => a.float().partial_cmp(&b.float()),
        }
    }
}

impl From<Number> for Value<'_> {
    fn from(number: Number) -> Self {
        match number {
            Number::Int(number) => Value::Int(number),
            Number::Float(number) => Value::Float(number),
        }
    }
}

/// Appends a text as a JSON string, with its quotes.
pub(super) fn write_json_text(text: &str, out: &mut String) {
    out.push('"');
    write_json_escaped(text, out);
    out.push('"');
}

/// Appends a text as it stands inside a JSON string (RFC 8259 section 7).
pub(super) fn write_json_escaped(text: &str, out: &mut String) {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[plain..at]);
        plain = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => _ = write!(out, "\\u{byte:04x}"),
        }
    }
    out.push_str(&text[plain..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value<'_> {
        Value::of_json(Cow::Borrowed(text))
    }

    fn text(text: &str) -> Value<'_> {
        Value::Text(Cow::Borrowed(text))
    }

    #[test]
    fn json_keeps_its_type_and_its_spelling() {
        for written in
            ["12.50", "1e3", "9007199254740993", "[1, 2]", "{\"a\":null}", "true", "null"]
        {
            let (mut plain, mut as_json) = (String::new(), String::new());
            json(written).write(&mut plain);
            json(written).write_json(&mut as_json);
            assert_eq!((&*plain, &*as_json), (written, written));
        }
        let (mut plain, mut as_json) = (String::new(), String::new());
        json(r#""a\"\u00e9\n""#).write(&mut plain);
        json(r#""a\"\u00e9\n""#).write_json(&mut as_json);
        assert_eq!((&*plain, &*as_json), ("a\"é\n", r#""a\"é\n""#));
    }

    #[test]
    fn a_json_text_is_escaped_as_serde_json_does_it() {
        for written in ["", "a", "\"\\/\u{0}\u{1f}\u{7f}\u{2028}é", "\n\r\t\u{8}\u{c}"] {
            let mut out = String::new();
            write_json_text(written, &mut out);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), written);
        }
    }

    #[test]
    fn values_are_the_same_by_number_text_or_elements() {
        let int = Value::Int;
        for (a, b, expected) in [
            (int(1), json("1.0"), true),
            (int(1), text("1"), true),
            (text("1"), text("1.0"), false),
            (json("9007199254740993"), text("9007199254740992"), false),
            (Value::Null, Value::Null, true),
            (Value::Null, int(0), false),
            (Value::Null, text(""), false),
            (Value::Bool(true), text("true"), true),
            (Value::Bool(true), int(1), false),
            (json("[1,2]"), json("[1, 2]"), true),
            (json("{\"a\":1}"), json("{\"a\":2}"), false),
            (json("[1]"), int(1), false),
            (text("nan"), int(1), false),
        ] {
            assert_eq!(a.is_same(&b), expected, "{a:?} {b:?}");
            assert_eq!(b.is_same(&a), expected, "{b:?} {a:?}");
        }
    }

    #[test]
    fn what_is_empty_or_zero_is_false() {
        let values = [Value::Null, Value::Bool(false), Value::Int(0), Value::Float(0.0), text("")];
        for value in values.into_iter().chain(["[]", "{ }", "0", "0.0", "null", "\"\""].map(json)) {
            assert!(!value.is_true(), "{value:?}");
        }
        let values = [Value::Bool(true), Value::Int(-1), Value::Float(0.1), text("0"), text(" ")];
        for value in values.into_iter().chain(["[0]", "{\"a\":0}", "7", "true"].map(json)) {
            assert!(value.is_true(), "{value:?}");
        }
    }

    #[test]
    fn texts_arrays_and_objects_contain_values() {
        for (whole, part, expected) in [
            (text("abc"), text("b"), true),
            (text("a1"), Value::Int(1), true),
            (json("[1, \"b\"]"), Value::Int(1), true),
            (json("[1, \"b\"]"), text("b"), true),
            (json("[1, \"b\"]"), text("a"), false),
            (json("{\"a\":1}"), text("a"), true),
            (Value::Null, text("a"), false),
        ] {
            assert_eq!(whole.contains(&part), expected, "{whole:?} {part:?}");
        }
    }
}
