//! Parameters of scenario files: how they are declared, and texts with `${name}` in them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use super::error::{Problem, Result};
use super::reader::{Entry, Item, Table};
use crate::nearest::hint;
use crate::scenario::Parameter;
use crate::template::{self, Part, Scope};

/// The same in a step.
const STEP_CURE: &str = "A name is that of a [parameter.NAME], of 'capture' or 'set' in a step, of a column of a \
     data set, or ${env.NAME}; the text '${' is written '$${'";

/// A parameter, and where the file declares it.
pub(super) struct Declared {
    pub(super) parameter: Parameter,
    pub(super) span: Range<usize>,
}

/// The value of each parameter, and the variables of the environment.
pub(super) struct Bindings {
    pub(super) parameters: BTreeMap<String, Bound>,
    pub(super) environment: BTreeMap<String, String>,
}

/// Names only: what is secret is known to the parameters alone.
impl fmt::Debug for Bindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.parameters.keys()).finish()
    }
}

/// The value of a parameter.
pub(super) struct Bound {
    pub(super) value: String,
    pub(super) secret: bool,
}

/// What to do about a name that no parameter is near to: it may be a variable that was meant.
const CURE: &str = "This must be known before the run: a [parameter.NAME], or ${env.NAME}; a value of each user \
     or request may be in a step only; the text '${' is written '$${'";

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
    /// Returns a text that must be known before the run; `span` is where it stands.
    pub(super) fn plain<'t>(&self, text: &'t str, span: Range<usize>) -> Result<Cow<'t, str>> {
        if !text.contains("${") {
            return Ok(Cow::Borrowed(text));
        }
        let mut filled = String::new();
        for part in template::parts(text) {
            filled += match part {
                Part::Text(text) => text,
                Part::Expression(name) => match self.value(name, &span)? {
                    Some(value) => value,
                    None => return Err(self.unknown(name, span)),
                },
                Part::Open => {
                    let message = "'${' has no '}'; write '$${' for one that names nothing";
                    return Err(Problem::new(span, message).part("${"));
                }
            };
        }
        Ok(Cow::Owned(filled))
    }

    /// Returns a template with values in place of the names of parameters.
    pub(super) fn template<'t>(
        &'t self,
        text: &'t str,
        variables: &Scope,
        span: Range<usize>,
    ) -> Result<Cow<'t, str>> {
        self.are_known(template::names_in(text), variables, &span)?;
        Ok(template::bound(text, &|name| self.value(name, &span).ok().flatten()))
    }

    /// Returns an expression with values in place of the names of parameters.
    pub(super) fn expression(
        &self,
        text: &str,
        variables: &Scope,
        span: Range<usize>,
    ) -> Result<String> {
        let names = template::names(text).into_iter().map(|(name, _)| name);
        self.are_known(names, variables, &span)?;
        Ok(template::bound_expression(text, &|name| self.value(name, &span).ok().flatten()))
    }

    /// Refuses names that nothing gives a value to.
    fn are_known<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
        variables: &Scope,
        span: &Range<usize>,
    ) -> Result<()> {
        for name in names {
            let is_known = self.value(name, span)?.is_some() || variables.has(name);
            // What is written like a variable and is a function is told when the expression is read.
            if !is_known && !template::is_function(name) {
                return Err(self.unknown_in_step(name, variables, span.clone()));
            }
        }
        Ok(())
    }

    fn unknown_in_step(&self, name: &str, variables: &Scope, span: Range<usize>) -> Problem {
        let mut known: Vec<&str> = self.parameters.keys().map(String::as_str).collect();
        known.extend(variables.names());
        let message =
            format!("unknown name '{name}'{}", cured(hint(name, &known, "there are"), STEP_CURE));
        Problem::new(span, message).part(name)
    }

    /// Returns the value of a parameter, or of a variable of the environment: `env.HOME`.
    fn value(&self, name: &str, span: &Range<usize>) -> Result<Option<&str>> {
        let name = name.trim();
        if let Some(bound) = self.parameters.get(name) {
            return Ok(Some(&bound.value));
        }
        let Some(variable) = name.strip_prefix("env.") else { return Ok(None) };
        match self.environment.get(variable) {
            Some(value) => Ok(Some(value)),
            None => {
                let message = format!(
                    "the environment has no variable '{variable}'; set it, or use a [parameter.NAME] \
                     with a default"
                );
                Err(Problem::new(span.clone(), message).part(name))
            }
        }
    }

    /// Returns the values of all secrets.
    pub(super) fn secrets(&self) -> Vec<String> {
        let secrets = self.parameters.values().filter(|bound| bound.secret);
        secrets.map(|bound| bound.value.clone()).collect()
    }

    /// Returns the first secret whose value is put into a text.
    pub(super) fn secret<'t>(&self, text: &'t str) -> Option<&'t str> {
        let is_secret = |name: &str| self.parameters.get(name).is_some_and(|bound| bound.secret);
        template::names_in(text).find(|name| is_secret(name))
    }

    fn unknown(&self, name: &str, span: Range<usize>) -> Problem {
        let known: Vec<&str> = self.parameters.keys().map(String::as_str).collect();
        let cure = cured(hint(name, &known, "there are"), CURE);
        let written = format!("${{{name}}}");
        Problem::new(span, format!("unknown parameter '{name}'{cure}")).part(written)
    }
}

/// Returns a hint, and with it what to do if it does not tell the name that was meant.
fn cured(hint: String, cure: &str) -> String {
    match hint.ends_with('?') {
        true => hint,
        false => format!("{hint}. {cure}"),
    }
}

/// Returns the pieces of a text that are neither expressions nor an escaped `${`.
pub(super) fn plain_pieces(text: &str) -> impl Iterator<Item = &str> {
    template::parts(text).into_iter().filter_map(|part| match part {
        Part::Text(text) => Some(text),
        Part::Expression(_) | Part::Open => None,
    })
}
