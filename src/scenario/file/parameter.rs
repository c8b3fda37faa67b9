//! Parameters of scenario files: how they are declared, and texts with `${name}` in them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use super::error::{Problem, Result};
use super::reader::{Entry, Item, Table};
use crate::scenario::{Parameter, hint};

/// A parameter, and where the file declares it.
pub(super) struct Declared {
    pub(super) parameter: Parameter,
    pub(super) span: Range<usize>,
}

/// The value of each parameter.
#[derive(Debug)]
pub(super) struct Bindings(pub(super) BTreeMap<String, Bound>);

/// The value of a parameter.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) value: String,
    pub(super) secret: bool,
}

/// What to do about a name that no parameter is near to: it may be a variable that was meant.
const CURE: &str = "A [parameter.NAME] is a value for the whole run; a value of each user or request, or \
     one taken from a response, needs a scenario written in Rust; the text '${' is written '$${'";

/// What a text is made of.
#[derive(Debug, PartialEq)]
enum Piece<'t> {
    Text(&'t str),
    /// The name in `${name}`.
    Reference(&'t str),
    /// `${` without an end.
    Open,
}

/// Returns the `[parameter.…]` tables, in the order they are written.
pub(super) fn declared(root: &Table<'_>) -> Result<Vec<Declared>> {
    let entries = root.get("parameter").map_or(Ok(Vec::new()), |item| item.entries())?;
    entries.iter().map(declaration).collect()
}

fn declaration(entry: &Entry<'_>) -> Result<Declared> {
    let name = entry.key;
    if name.is_empty() || !name.chars().all(is_of_name) {
        let message = "the name of a parameter has letters, digits, _ and - only";
        return Err(entry.key_problem(message));
    }
    let table = entry.value.table(&["default", "required", "help", "choices", "secret"])?;
    let flag = |key| table.get(key).map_or(Ok(false), |item| item.boolean());
    let default = table.get("default").map(|item| item.scalar()).transpose()?;
    match (&default, flag("required")?) {
        (None, false) => {
            let message = format!("'{name}' needs default = \"…\", or required = true");
            return Err(entry.key_problem(message));
        }
        (Some(_), true) => {
            let message = "'default' and 'required' exclude each other; keep one";
            return Err(Problem::new(table.key_span("required"), message));
        }
        _ => {}
    }
    let choices = table.get("choices").map_or(Ok(Vec::new()), choices)?;
    if let (Some(item), Some(default)) = (table.get("default"), &default)
        && !choices.is_empty()
        && !choices.contains(default)
    {
        return Err(item.problem(format!("'{default}' is none of the choices")));
    }
    let help = table.get("help").map(|item| item.text()).transpose()?.map(Cow::into_owned);
    let secret = flag("secret")?;
    Ok(Declared {
        parameter: Parameter {
            name: name.to_owned(),
            required: default.is_none(),
            default,
            help,
            choices,
            secret,
            ..Parameter::default()
        },
        span: entry.key_span.clone(),
    })
}

fn choices(item: Item<'_>) -> Result<Vec<String>> {
    let items = item.array("an array of values")?;
    if items.is_empty() {
        return Err(item.problem("there are no choices; leave them out for any value"));
    }
    items.iter().map(Item::scalar).collect()
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

impl Bindings {
    /// Returns the text with values in place of names; `span` is where it stands.
    pub(super) fn fill<'t>(&self, text: &'t str, span: Range<usize>) -> Result<Cow<'t, str>> {
        if !text.contains("${") {
            return Ok(Cow::Borrowed(text));
        }
        let mut filled = String::new();
        for piece in pieces(text) {
            filled += match piece {
                Piece::Text(text) => text,
                Piece::Reference(name) => match self.0.get(name) {
                    Some(bound) => &bound.value,
                    None => return Err(self.unknown(name, span)),
                },
                Piece::Open => {
                    let message = "'${' has no '}'; write '$${' for one that names nothing";
                    return Err(Problem::new(span, message).part("${"));
                }
            };
        }
        Ok(Cow::Owned(filled))
    }

    /// Returns the values of all secrets.
    pub(super) fn secrets(&self) -> Vec<String> {
        self.0.values().filter(|bound| bound.secret).map(|bound| bound.value.clone()).collect()
    }

    /// Returns the first secret whose value is put into a text.
    pub(super) fn secret<'t>(&self, text: &'t str) -> Option<&'t str> {
        let is_secret = |name: &str| self.0.get(name).is_some_and(|bound| bound.secret);
        pieces(text).into_iter().find_map(|piece| match piece {
            Piece::Reference(name) if is_secret(name) => Some(name),
            _ => None,
        })
    }

    fn unknown(&self, name: &str, span: Range<usize>) -> Problem {
        let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
        let hint = hint(name, &known, "there are");
        let cure = match hint.ends_with('?') {
            true => hint,
            false => format!("{hint}. {CURE}"),
        };
        let written = format!("${{{name}}}");
        Problem::new(span, format!("unknown parameter '{name}'{cure}")).part(written)
    }
}

/// Returns the pieces of a text that are neither parameters nor an escaped `${`.
pub(super) fn plain_pieces(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Text(text) => Some(text),
        Piece::Reference(_) | Piece::Open => None,
    })
}

/// Splits a text into pieces. `$${` is the text `${`.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            pieces.extend([Piece::Text(before), Piece::Text("${")]);
            rest = after;
            continue;
        }
        pieces.push(Piece::Text(before));
        let Some((name, after)) = after.split_once('}') else {
            pieces.push(Piece::Open);
            return pieces;
        };
        pieces.push(Piece::Reference(name));
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_its_names() {
        use Piece::{Open, Reference, Text};
        for (text, expected) in [
            ("", vec![Text("")]),
            ("a $b {c}", vec![Text("a $b {c}")]),
            ("${a}", vec![Text(""), Reference("a"), Text("")]),
            ("x${a}y${}", vec![Text("x"), Reference("a"), Text("y"), Reference(""), Text("")]),
            ("$${a}", vec![Text(""), Text("${"), Text("a}")]),
            ("$$${a}", vec![Text("$"), Text("${"), Text("a}")]),
            ("x${a", vec![Text("x"), Open]),
        ] {
            assert_eq!(pieces(text), expected, "{text}");
        }
    }
}
