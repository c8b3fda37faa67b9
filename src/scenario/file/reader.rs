//! Reads typed values out of parsed TOML; what is not as expected is a [`Problem`] at its bytes.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::Range;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeTable, DeValue};

use super::error::{Problem, Result};
use super::parameter::Bindings;
use crate::credentials::stripped;
use crate::scenario::validate;
use crate::template::Scope;
use crate::units;

/// The names that strings may have in them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Names<'a> {
    /// What is put in place of names; without it strings are what is written.
    pub(super) bindings: Option<&'a Bindings>,
    /// The variables of the users. With it, strings are read as templates of their steps.
    pub(super) variables: Option<&'a Scope>,
}

/// A value with the bytes it stands at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) value: &'a Spanned<DeValue<'a>>,
    pub(super) names: Names<'a>,
}

/// A table, all of whose keys are valid ones but for the whole file's.
#[derive(Debug, Clone)]
pub(super) struct Table<'a> {
    span: Range<usize>,
    entries: &'a DeTable<'a>,
    names: Names<'a>,
}

/// A key of a table that takes any key, and its value.
#[derive(Debug, Clone)]
pub(super) struct Entry<'a> {
    pub(super) key: &'a str,
    pub(super) key_span: Range<usize>,
    pub(super) value: Item<'a>,
}

impl<'a> Table<'a> {
    /// Makes the reader of the whole file, whatever its keys.
    pub(super) fn root(entries: &'a DeTable<'a>, bindings: Option<&'a Bindings>) -> Self {
        Table { span: 0..0, entries, names: Names { bindings, variables: None } }
    }

    /// Refuses unknown keys before anything else, because a missing key is most often a misspelt
    /// one.
    pub(super) fn only(&self, valid: &[&str]) -> Result<()> {
        let mut all = in_order(self.entries, self.names).into_iter();
        match all.find(|entry| !valid.contains(&entry.key)) {
            Some(entry) => Err(Problem::unknown_key(entry.key_span, entry.key, valid)),
            None => Ok(()),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<Item<'a>> {
        self.entries.get(key).map(|value| Item { value, names: self.names })
    }

    /// Returns the value that must be there. The error has an example.
    pub(super) fn require(&self, key: &str, example: &str) -> Result<Item<'a>> {
        self.get(key).ok_or_else(|| self.problem(format!("missing key '{key}'; add {example}")))
    }

    /// Returns the one of these keys that is there, if any; two exclude each other.
    pub(super) fn at_most_one(
        &self,
        keys: &[&'static str],
    ) -> Result<Option<(&'static str, Item<'a>)>> {
        let mut found = self.present(keys);
        let first = found.next();
        match (first, found.next()) {
            (Some((first, _)), Some((second, _))) => Err(Problem::new(
                self.key_span(second),
                format!("'{first}' and '{second}' exclude each other; keep one"),
            )),
            _ => Ok(first),
        }
    }

    /// Returns those of these keys that are there.
    pub(super) fn present(
        &self,
        keys: &[&'static str],
    ) -> impl Iterator<Item = (&'static str, Item<'a>)> {
        keys.iter().filter_map(|key| self.get(key).map(|item| (*key, item)))
    }

    pub(super) fn problem(&self, message: impl Display) -> Problem {
        Problem::new(self.span.clone(), message)
    }

    pub(super) fn key_span(&self, key: &str) -> Range<usize> {
        self.entries.get_key_value(key).map_or(self.span.clone(), |(key, _)| key.span())
    }
}

impl<'a> Item<'a> {
    /// Makes a problem of this value. If it contains a secret, the reason is left out, because it
    /// might show it.
    pub(super) fn problem(&self, message: impl Display) -> Problem {
        match self.secret() {
            None => Problem::new(self.span(), message),
            Some(secret) => Problem::new(
                self.span(),
                format!("this cannot be used with the value of the secret '{secret}'"),
            ),
        }
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.value.span()
    }

    /// Turns an error from elsewhere about this value into a problem at this place.
    pub(super) fn judged<T, E: Display>(&self, verdict: std::result::Result<T, E>) -> Result<T> {
        verdict.map_err(|error| self.problem(error))
    }

    pub(super) fn expected(&self, expected: &str) -> Problem {
        let found = name_of(self.value.get_ref());
        Problem::new(self.span(), format!("expected {expected}, found {found}"))
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::String(_))
    }

    pub(super) fn is_table(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::Table(_))
    }

    /// Reads a string, with the values of the parameters that it names.
    pub(super) fn text(&self) -> Result<Cow<'a, str>> {
        match self.value.get_ref() {
            DeValue::String(text) => self.filled(text),
            _ => Err(self.expected("a string")),
        }
    }

    /// Reads a string that reports and errors show.
    pub(super) fn shown(&self) -> Result<String> {
        self.has_no_secret()?;
        self.text().map(Cow::into_owned)
    }

    /// Refuses a secret in what reports and errors show.
    pub(super) fn has_no_secret(&self) -> Result<()> {
        self.secret().map_or(Ok(()), |secret| {
            Err(Problem::new(
                self.span(),
                format!("reports and errors show this; it cannot have the secret '{secret}' in it"),
            ))
        })
    }

    /// Returns the first secret that is in this value, however deep.
    pub(super) fn secret(&self) -> Option<&'a str> {
        let bindings = self.names.bindings?;
        let inside = |value| Item { value, names: self.names }.secret();
        match self.value.get_ref() {
            DeValue::String(text) => bindings.secret(text),
            DeValue::Array(array) => array.iter().find_map(inside),
            DeValue::Table(entries) => entries.values().find_map(inside),
            _ => None,
        }
    }

    /// Reads a URL, which reports and errors show without its credentials: only there may be
    /// secrets.
    pub(super) fn shown_url(&self) -> Result<String> {
        let text = self.value.get_ref().as_str().map(stripped);
        let is_shown =
            |text: &str| self.names.bindings.is_some_and(|all| all.secret(text).is_some());
        if text.is_some_and(|text| is_shown(&text)) {
            return self.shown();
        }
        self.text().map(Cow::into_owned)
    }

    pub(super) fn number(&self) -> Result<f64> {
        match self.value.get_ref() {
            DeValue::Integer(integer) => {
                whole(integer).map(|n| n as f64).ok_or_else(|| self.problem("number is too large"))
            }
            DeValue::Float(float) => self.judged(float.as_str().parse()),
            _ => Err(self.expected("a number")),
        }
    }

    pub(super) fn boolean(&self) -> Result<bool> {
        self.value.get_ref().as_bool().ok_or_else(|| self.expected("true or false"))
    }

    /// Reads a number of things.
    pub(super) fn count(&self) -> Result<u32> {
        match self.value.get_ref() {
            DeValue::Integer(integer) => {
                whole(integer).and_then(|n| u32::try_from(n).ok()).ok_or_else(|| {
                    self.problem(format!(
                        "expected a number from 0 to {}, found {integer}",
                        u32::MAX
                    ))
                })
            }
            DeValue::Float(float) => {
                Err(self.problem(format!("expected a whole number, found {}", float.as_str())))
            }
            _ => Err(self.expected("a whole number")),
        }
    }

    /// Reads a text such as `"250ms"`, or a number of seconds.
    pub(super) fn duration(&self) -> Result<Duration> {
        match self.value.get_ref() {
            DeValue::String(text) => self.judged(units::parse_duration(&self.filled(text)?)),
            DeValue::Integer(_) | DeValue::Float(_) => self.judged(units::seconds(self.number()?)),
            _ => Err(self.expected("a duration such as \"2s\" or a number of seconds")),
        }
    }

    /// Reads a text such as `"64KiB"`, or a number of bytes.
    pub(super) fn size(&self) -> Result<u64> {
        match self.value.get_ref() {
            DeValue::String(text) => self.judged(units::parse_size(&self.filled(text)?)),
            DeValue::Integer(integer) => {
                let bytes = whole(integer).and_then(|bytes| u64::try_from(bytes).ok());
                bytes.ok_or_else(|| self.problem(format!("{integer} is no number of bytes")))
            }
            _ => Err(self.expected("a size such as \"1MiB\" or a number of bytes")),
        }
    }

    pub(super) fn array(&self, expected: &str) -> Result<Vec<Item<'a>>> {
        match self.value.get_ref() {
            DeValue::Array(array) => Ok(self.elements(array)),
            _ => Err(self.expected(expected)),
        }
    }

    /// Returns the elements of an array, or the value itself as the only one.
    pub(super) fn one_or_more(&self) -> Vec<Item<'a>> {
        match self.value.get_ref() {
            DeValue::Array(array) => self.elements(array),
            _ => vec![*self],
        }
    }

    pub(super) fn elements(&self, array: &'a DeArray<'a>) -> Vec<Item<'a>> {
        array.iter().map(|value| Item { value, names: self.names }).collect()
    }

    pub(super) fn table(&self, valid: &[&str]) -> Result<Table<'a>> {
        match self.value.get_ref() {
            DeValue::Table(entries) => {
                let table = Table { span: self.span(), entries, names: self.names };
                table.only(valid).map(|()| table)
            }
            _ => Err(self.expected("a table")),
        }
    }

    /// Returns the entries of a table with keys of the user's own, in the order they are written.
    pub(super) fn entries(&self) -> Result<Vec<Entry<'a>>> {
        match self.value.get_ref() {
            DeValue::Table(entries) => Ok(in_order(entries, self.names)),
            _ => Err(self.expected("a table")),
        }
    }

    /// Reads a string, or a number or a boolean as it is written.
    pub(super) fn scalar(&self) -> Result<String> {
        match self.value.get_ref() {
            DeValue::String(text) => self.filled(text).map(Cow::into_owned),
            DeValue::Integer(integer) => match whole(integer) {
                Some(number) => Ok(number.to_string()),
                None => Err(self.problem("number is too large")),
            },
            DeValue::Float(float) => Ok(float.as_str().to_owned()),
            DeValue::Boolean(boolean) => Ok(boolean.to_string()),
            DeValue::Datetime(datetime) => Ok(datetime.to_string()),
            DeValue::Array(_) | DeValue::Table(_) => Err(self.expected("a string or a number")),
        }
    }

    /// Names and values, as in a query or a form; an array stands for its name once per element.
    pub(super) fn pairs(&self) -> Result<Vec<(String, String)>> {
        let mut pairs = Vec::new();
        for entry in self.entries()? {
            for value in entry.value.one_or_more() {
                pairs.push((entry.key.to_owned(), value.scalar()?));
            }
        }
        Ok(pairs)
    }

    /// Names and values of headers; an array stands for its name once per element.
    pub(super) fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>> {
        let mut headers = Vec::new();
        for entry in self.entries()? {
            let name = entry.header_name()?;
            validate::header_name(&name).map_err(|error| entry.key_problem(error))?;
            for item in entry.value.one_or_more() {
                let value = item.header_value()?;
                item.judged(validate::header(&name, &value, &headers))?;
                headers.push((name.clone(), value));
            }
        }
        Ok(headers)
    }

    pub(super) fn header_value(&self) -> Result<HeaderValue> {
        HeaderValue::from_bytes(self.scalar()?.as_bytes())
            .map_err(|_| self.problem("a header's value must not contain control characters"))
    }

    /// Reads any value as JSON; dates are strings there.
    pub(super) fn json(&self) -> Result<Value> {
        Ok(match self.value.get_ref() {
            DeValue::String(text) => Value::String(self.filled(text)?.into_owned()),
            DeValue::Boolean(boolean) => Value::Bool(*boolean),
            DeValue::Datetime(datetime) => Value::String(datetime.to_string()),
            DeValue::Integer(integer) => {
                let number = whole(integer).and_then(serde_json::Number::from_i128);
                number.map(Value::Number).ok_or_else(|| self.problem("number is too large"))?
            }
            DeValue::Float(_) => serde_json::Number::from_f64(self.number()?)
                .map(Value::Number)
                .ok_or_else(|| self.problem("JSON has neither infinity nor nan"))?,
            DeValue::Array(array) => {
                self.elements(array).iter().map(Item::json).collect::<Result<_>>()?
            }
            DeValue::Table(entries) => in_order(entries, self.names)
                .into_iter()
                .map(|entry| Ok((entry.key.to_owned(), entry.value.json()?)))
                .collect::<Result<_>>()?,
        })
    }
}

impl Entry<'_> {
    pub(super) fn key_problem(&self, message: impl Display) -> Problem {
        Problem::new(self.key_span.clone(), message)
    }

    /// Returns the key as the name of a header.
    pub(super) fn header_name(&self) -> Result<HeaderName> {
        HeaderName::from_bytes(self.key.as_bytes())
            .map_err(|_| self.key_problem(format!("'{}' is not the name of a header", self.key)))
    }
}

/// Returns the entries in the order of the text: queries, headers and forms are sent in that order.
pub(super) fn in_order<'a>(entries: &'a DeTable<'a>, names: Names<'a>) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = entries
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref(),
            key_span: key.span(),
            value: Item { value, names },
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    entries
}

fn whole(integer: &DeInteger<'_>) -> Option<i128> {
    i128::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn name_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
