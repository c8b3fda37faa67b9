//! Values for the parameters of scenario files.

use std::collections::BTreeMap;
use std::fmt;

use super::error::{Problem, Result};
use super::parameter::{Bindings, Bound, Declared};
use super::reader::Table;
use crate::nearest::hint;
use crate::scenario::Parameter;

/// Values for the parameters of a scenario file, by name.
///
/// ```
/// use gregaria::scenario::file::{self, Values};
///
/// let text = r#"
///     host = "http://${region}.example.com"
///     [parameter.region]
///     default = "eu"
///     choices = ["eu", "us"]
///     [[user]]
///     name = "u"
///     [[user.task]]
///     get = "/"
/// "#;
/// let values = Values::from_iter([("region", "us")]);
/// let scenario = file::parse_with("x.toml", text, &values).unwrap();
/// assert_eq!(scenario.host.as_deref(), Some("http://us.example.com"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<String, String>);

impl Values {
    /// Gives a parameter this value, in place of another one.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// Returns the value of a parameter, where there is one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns all names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Returns what is wrong if there is a value for something other than these parameters.
    pub fn unknown(&self, parameters: &[Parameter]) -> Option<String> {
        let known: Vec<&str> = parameters.iter().map(|known| &*known.name).collect();
        let name = self.0.keys().find(|name| !known.contains(&name.as_str()))?;
        let hint = match known.is_empty() {
            true => format!("; a scenario file declares one with [parameter.{name}]"),
            false => hint(name, &known, "there are"),
        };
        Some(format!("there is no parameter '{name}'{hint}"))
    }

    /// Binds a value to each parameter of a file.
    pub(super) fn bind(&self, root: &Table<'_>, declared: &[Declared]) -> Result<Bindings> {
        let parameters: Vec<Parameter> = declared.iter().map(|d| d.parameter.clone()).collect();
        if let Some(unknown) = self.unknown(&parameters) {
            return Err(Problem::new(root.key_span("parameter"), unknown));
        }
        let bound = declared.iter().map(|declared| {
            let parameter = &declared.parameter;
            let value = self.value(parameter).map_err(|message| {
                Problem::new(declared.span.clone(), message).of_parameter(&parameter.name)
            })?;
            Ok((parameter.name.clone(), Bound { value, secret: parameter.secret }))
        });
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Ok(Bindings {
            parameters: bound.collect::<Result<_>>()?,
            environment: environment.collect(),
        })
    }

    fn value(&self, parameter: &Parameter) -> std::result::Result<String, String> {
        let Parameter { name, default, choices, secret, .. } = parameter;
        let value = match self.0.get(name).or(default.as_ref()) {
            Some(value) if choices.is_empty() || choices.contains(value) => value.clone(),
            Some(_) if *secret => {
                return Err(format!("the value of the secret '{name}' is none of its choices"));
            }
            Some(value) => {
                let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
                let hint = hint(value, &choices, "its choices are");
                return Err(format!("the parameter '{name}' cannot be '{value}'{hint}"));
            }
            None => {
                return Err(format!(
                    "the parameter '{name}' needs a value; give one with --set {name}=VALUE"
                ));
            }
        };
        Ok(value)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Values {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(values: I) -> Self {
        Values(values.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl Extend<Values> for Values {
    /// Adds values. Of two values for the same parameter the later one holds.
    fn extend<I: IntoIterator<Item = Values>>(&mut self, values: I) {
        values.into_iter().for_each(|values| self.0.extend(values.0));
    }
}

/// Names only: which of the values are secrets is known to the file alone.
impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
