//! A scenario before its parameters have values.

use super::locustfile::Locustfile;
use super::{Error, RunArgs};
use crate::scenario::file::{self, Document, Values};
use crate::scenario::{ClassChanges, ClassSettings, Parameter, Scenario, SettingError};
use crate::session::is_absolute;

/// A scenario as it was read, before its parameters have values. A run is made from it without reading the
/// file again, so that reports show the text that ran.
#[derive(Debug, Clone)]
pub(super) struct ScenarioTemplate {
    name: String,
    content: Content,
    changes: ClassChanges,
}

#[derive(Debug, Clone)]
enum Content {
    File(Document),
    /// It has no file, so it has no text and no parameters to replace.
    Scenario(Box<Scenario>),
    /// Files of Python, which are loaded. Their own parser takes the values.
    Locustfile(Box<Locustfile>),
}

impl ScenarioTemplate {
    /// Makes the template of a file.
    pub(super) fn of_file(name: &str, document: Document) -> Self {
        ScenarioTemplate {
            name: name.to_owned(),
            content: Content::File(document),
            changes: ClassChanges::default(),
        }
    }

    /// Makes the template of a scenario without a file.
    pub(super) fn of_scenario(name: &str, scenario: Scenario) -> Self {
        let content = Content::Scenario(Box::new(scenario));
        ScenarioTemplate { name: name.to_owned(), content, changes: ClassChanges::default() }
    }

    /// Makes the template of a loaded locustfile.
    pub(super) fn of_locustfile(locustfile: Locustfile) -> Self {
        ScenarioTemplate {
            name: locustfile.name().to_owned(),
            content: Content::Locustfile(Box::new(locustfile)),
            changes: ClassChanges::default(),
        }
    }

    /// Gives a locustfile the flags and these values of its arguments; anything else stays as it is.
    ///
    /// # Errors
    ///
    /// Returns the error of the file's own parser.
    pub(super) fn with_arguments(self, args: &RunArgs, values: &Values) -> Result<Self, Error> {
        let content = match self.content {
            Content::Locustfile(locustfile) => {
                Content::Locustfile(Box::new(locustfile.with_arguments(args, values)?))
            }
            other => other,
        };
        Ok(ScenarioTemplate { content, ..self })
    }

    /// Adds what flags change of the classes.
    pub(super) fn with_class_changes(self, args: &RunArgs) -> Self {
        let classes = args.class_settings().cloned().collect();
        let equal_weights = args.equal_weights;
        let of_python = matches!(self.content, Content::Locustfile(_));
        ScenarioTemplate { changes: ClassChanges { classes, equal_weights, of_python }, ..self }
    }

    /// Makes the scenario with these values of its parameters.
    pub(super) fn scenario(&self, values: &Values) -> Result<Scenario, Error> {
        let changed = self.changed(self.original(values)?, &[]);
        Ok(changed.map_err(|error| format!("--config-users: {error}"))?)
    }

    /// Makes the same from what [`original`](Self::original) has made, with further settings of its classes.
    pub(super) fn changed(
        &self,
        original: Scenario,
        settings: &[ClassSettings],
    ) -> Result<Scenario, SettingError> {
        let classes = [&*self.changes.classes, settings].concat();
        ClassChanges { classes, ..self.changes }.applied(original)
    }

    /// Makes the scenario without what flags change of its classes.
    pub(super) fn original(&self, values: &Values) -> Result<Scenario, Error> {
        Ok(match &self.content {
            Content::File(document) => document.scenario(values)?,
            Content::Scenario(scenario) => match values.unknown(&scenario.parameters) {
                Some(unknown) => return Err(unknown.into()),
                None => (**scenario).clone(),
            },
            Content::Locustfile(locustfile) => {
                let scenario = locustfile.scenario()?;
                match values.unknown(&scenario.parameters) {
                    Some(unknown) => return Err(unknown.into()),
                    None => scenario,
                }
            }
        })
    }

    /// Makes the scenario, or one with nothing but its parameters if one of them needs another value, which
    /// a form can ask for.
    pub(super) fn scenario_or_parameters(&self, values: &Values) -> Result<Scenario, Error> {
        self.or_parameters(self.scenario(values))
    }

    /// The same without what flags change of its classes.
    pub(super) fn original_or_parameters(&self, values: &Values) -> Result<Scenario, Error> {
        self.or_parameters(self.original(values))
    }

    fn or_parameters(&self, scenario: Result<Scenario, Error>) -> Result<Scenario, Error> {
        scenario.or_else(|error| {
            let fault = error.downcast_ref().and_then(file::Error::parameter);
            match fault {
                Some(_) => Ok(Scenario { parameters: self.parameters()?, ..Scenario::default() }),
                None => Err(error),
            }
        })
    }

    /// Returns the declared parameters.
    pub(super) fn parameters(&self) -> Result<Vec<Parameter>, Error> {
        match &self.content {
            Content::File(document) => Ok(document.parameters()?),
            Content::Scenario(scenario) => Ok(scenario.parameters.clone()),
            Content::Locustfile(locustfile) => Ok(locustfile.parameters()),
        }
    }

    /// Returns the locustfile, if it is one.
    pub(super) fn locustfile(&self) -> Option<&Locustfile> {
        match &self.content {
            Content::Locustfile(locustfile) => Some(locustfile),
            Content::File(_) | Content::Scenario(_) => None,
        }
    }

    /// Returns its name for reports.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns warnings about parts that are valid, but probably mistakes.
    pub(super) fn warnings(&self) -> Vec<String> {
        match &self.content {
            Content::File(document) => document.warnings(),
            Content::Scenario(_) if is_absolute(&self.name) => {
                file::placeholder_in_path(&self.name).into_iter().collect()
            }
            Content::Scenario(_) => Vec::new(),
            Content::Locustfile(locustfile) => locustfile.warnings(),
        }
    }

    /// Returns the text of the file as reports show it, or `None` without a file.
    pub(super) fn text(&self) -> Option<String> {
        match &self.content {
            Content::File(document) => Some(document.shown()),
            // Where Python has its secrets is not known.
            Content::Scenario(_) | Content::Locustfile(_) => None,
        }
    }
}
