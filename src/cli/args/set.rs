//! `--set`: values for the parameters of a scenario file.

use std::ffi::OsStr;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, Args as ClapArgs, Command, Error};

use super::help::described;
use crate::scenario::file::Values;

/// The flag that gives values to parameters.
#[derive(Debug, Clone, ClapArgs)]
#[command(mut_args = described)]
pub(in crate::cli) struct SetArgs {
    // What is in the variable may be a secret, which help would show.
    #[arg(long, value_parser = Assignments, hide_env_values = true)]
    set: Vec<Values>,
}

impl SetArgs {
    /// Returns the values. The later of two for one parameter holds.
    pub(crate) fn values(&self) -> Values {
        let mut values = Values::default();
        values.extend(self.set.iter().cloned());
        values
    }
}

impl From<Values> for SetArgs {
    fn from(values: Values) -> Self {
        SetArgs { set: vec![values] }
    }
}

/// Parses `NAME=VALUE`. The variable may hold several, separated by `;`; a flag has one, because its value
/// may contain a `;`.
#[derive(Debug, Clone)]
struct Assignments;

impl TypedValueParser for Assignments {
    type Value = Values;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Values, Error> {
        self.parse_ref_(command, arg, value, ValueSource::CommandLine)
    }

    fn parse_ref_(
        &self,
        command: &Command,
        _: Option<&Arg>,
        value: &OsStr,
        source: ValueSource,
    ) -> Result<Values, Error> {
        let values = value.to_str().and_then(|text| match source {
            ValueSource::EnvVariable => {
                text.split(';').filter(|part| !part.is_empty()).map(assignment).collect()
            }
            _ => assignment(text).map(|one| Values::from_iter([one])),
        });
        // Unlike clap's errors, this one does not show the value, which may be a secret.
        values.ok_or_else(|| {
            let message = match source {
                ValueSource::EnvVariable => "GREGARIA_SET takes NAME=VALUE;NAME=VALUE",
                _ => "--set takes NAME=VALUE, such as --set region=eu",
            };
            Error::raw(ErrorKind::ValueValidation, format!("{message}\n")).with_cmd(command)
        })
    }
}

fn assignment(text: &str) -> Option<(&str, &str)> {
    text.split_once('=').filter(|(name, _)| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, source: ValueSource) -> Result<Values, String> {
        let read = Assignments.parse_ref_(&Command::new("x"), None, text.as_ref(), source);
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn a_flag_has_one_value_and_the_variable_several() {
        let (flag, variable) = (ValueSource::CommandLine, ValueSource::EnvVariable);
        for (text, source, expected) in [
            ("a=b", flag, &[("a", "b")][..]),
            ("a=", flag, &[("a", "")]),
            ("a=b=c;d=e", flag, &[("a", "b=c;d=e")]),
            ("a=b=c;d=e;", variable, &[("a", "b=c"), ("d", "e")]),
            ("", variable, &[]),
        ] {
            assert_eq!(read(text, source), Ok(expected.iter().copied().collect()), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_the_value() {
        let cure = "--set takes NAME=VALUE, such as --set region=eu";
        let of_variable = "GREGARIA_SET takes NAME=VALUE;NAME=VALUE";
        for (text, source, expected) in [
            ("hunter2", ValueSource::CommandLine, cure),
            ("=hunter2", ValueSource::CommandLine, cure),
            ("a=b;hunter2", ValueSource::EnvVariable, of_variable),
        ] {
            let error = read(text, source).unwrap_err();
            assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
        }
    }
}
