//! Locustfiles: which files a name stands for, the process that has loaded them, and the scenario that
//! their classes are.

mod arguments;
mod files;
mod options;

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::refusal::Unstarted;
use super::{Error, RunArgs};
use crate::locustfile::{Argument, Described, Description, Load, LoadError};
use crate::scenario::file::Values;
use crate::scenario::{Parameter, Scenario};

pub(super) use files::{is_locustfile, is_python};

/// What the host process does for the command.
pub(super) trait Host: fmt::Debug + Send + Sync {
    /// Loads the files. A later call gives further values of arguments and options.
    ///
    /// # Errors
    ///
    /// Returns the traceback of the user's code, or the error of the file's own parser.
    fn load(&self, load: &Load) -> Result<Description, LoadError>;
}

/// Loaded locustfiles. Clones share the process that has loaded them.
#[derive(Debug, Clone)]
pub(super) struct Locustfile {
    name: String,
    files: Vec<String>,
    host: Arc<dyn Host>,
    /// What the files define.
    loaded: Arc<Description>,
    /// The same with the values and options that hold now.
    current: Arc<Description>,
}

impl Locustfile {
    /// Loads the files that a name stands for. `start` starts the process that loads them.
    ///
    /// # Errors
    ///
    /// Returns an error if a file is not there, if there is no Python to run it, or if it cannot be loaded.
    pub(super) fn load(
        name: &str,
        start: impl FnOnce() -> Result<Arc<dyn Host>, Error>,
    ) -> Result<Self, Error> {
        let found = files::find(name)?;
        let files: Vec<String> = found.iter().map(|path| path.display().to_string()).collect();
        let host = start()?;
        let load = Load {
            files: files.clone(),
            arguments: json!({}),
            options: json!({"locustfile": name}),
        };
        let loaded = host.load(&load).map_err(|error| {
            Unstarted::new(
                format!("{name} cannot be loaded\n{}", error.text.trim_end()),
                error.exit,
            )
        })?;
        refuse_errors(&loaded)?;
        let (loaded, name) = (Arc::new(loaded), name.to_owned());
        Ok(Locustfile { name, files, host, current: loaded.clone(), loaded })
    }

    /// Gives the files the flags, and these values of their arguments.
    ///
    /// # Errors
    ///
    /// Returns the error of their own parser, or of a listener of `init`.
    pub(super) fn with_arguments(self, args: &RunArgs, values: &Values) -> Result<Self, Error> {
        let known = self.parameters();
        if let Some(unknown) = values.unknown(&known) {
            return Err(unknown.into());
        }
        // What a form sends back unchanged may be the text of a value of any type, which is kept.
        let holds = |name: &str, value: &str| {
            let mut known = known.iter();
            known.any(|it| it.name == name && it.default.as_deref() == Some(value))
        };
        let changed = values.iter().filter(|(name, value)| !holds(name, value));
        let values: Map<String, Value> =
            changed.map(|(name, value)| (name.to_owned(), json!(value))).collect();
        let load = Load {
            files: self.files.clone(),
            arguments: json!({"words": args.custom, "values": values}),
            options: options::parsed_options(&self.name, args),
        };
        let current = self.host.load(&load).map_err(|error| self.refusal(&error))?;
        refuse_errors(&current)?;
        Ok(Locustfile { current: Arc::new(current), ..self })
    }

    /// Returns the error of a later call, which names an argument, or ends with an exit code of its own.
    fn refusal(&self, error: &LoadError) -> Error {
        let message = error.text.trim_end();
        match arguments::named_in(message, &self.loaded.arguments) {
            Some(Argument { dest, is_secret, .. }) => {
                let hidden = format!("the value of the secret '{dest}' is not valid");
                let message = if *is_secret { hidden } else { message.to_owned() };
                WrongArgument { message, name: dest.clone() }.into()
            }
            None => Unstarted::new(message, error.exit).into(),
        }
    }

    /// Returns the name as it was given.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the arguments that the files add to the command line.
    pub(super) fn arguments(&self) -> &[Argument] {
        &self.loaded.arguments
    }

    /// Returns the same as parameters, with the values that hold now.
    pub(super) fn parameters(&self) -> Vec<Parameter> {
        let current = |argument: &Argument| {
            let mut now = self.current.arguments.iter();
            now.find(|other| other.dest == argument.dest).unwrap_or(argument).clone()
        };
        let arguments = self.loaded.arguments.iter();
        arguments.map(|argument| arguments::parameter(argument, &current(argument))).collect()
    }

    /// Makes the scenario of the classes, for a process that plans and runs no users.
    ///
    /// # Errors
    ///
    /// Returns what of the classes is not valid.
    pub(super) fn scenario(&self) -> Result<Scenario, Error> {
        let scenario = self.current.scenario(&Described)?;
        let secrets = arguments::secrets(&self.current.arguments);
        Ok(Scenario { parameters: self.parameters(), secrets, ..scenario })
    }

    /// Returns what is probably a mistake.
    pub(super) fn warnings(&self) -> Vec<String> {
        self.current.warnings.clone()
    }
}

/// A value that the file's own parser does not take.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct WrongArgument {
    message: String,
    /// The name of the argument.
    pub(super) name: String,
}

/// Returns the errors of a description, if it has some.
fn refuse_errors(description: &Description) -> Result<(), Unstarted> {
    let Some(exit) = description.errors.iter().map(|error| error.exit).max() else { return Ok(()) };
    let texts: Vec<&str> = description.errors.iter().map(|error| &*error.text).collect();
    Err(Unstarted::new(texts.join("\n"), exit))
}

#[cfg(test)]
mod tests;
