//! What was read in the place of a scenario, before its parameters have values.

use super::class_settings::ClassChanges;
use super::{Error, RunArgs};
use crate::scenario::file::{self, Document, Values};
use crate::scenario::{Parameter, Scenario};
use crate::session::is_absolute;

/// A scenario as it was read once. A run is made of it and of nothing that is read later, so what a
/// report shows is what ran, whatever becomes of the file.
#[derive(Debug, Clone)]
pub(super) struct ScenarioTemplate {
    name: String,
    content: Content,
    changes: ClassChanges,
}

#[derive(Debug, Clone)]
enum Content {
    File(Document),
    /// Of no file, and so without a text; its strings are what they are, whatever the values.
    Scenario(Box<Scenario>),
}

impl ScenarioTemplate {
    /// Of a file of this name.
    pub(super) fn of_file(name: &str, document: Document) -> Self {
        ScenarioTemplate {
            name: name.to_owned(),
            content: Content::File(document),
            changes: ClassChanges::default(),
        }
    }

    /// Of a scenario that needs no file.
    pub(super) fn of_scenario(name: &str, scenario: Scenario) -> Self {
        let content = Content::Scenario(Box::new(scenario));
        ScenarioTemplate { name: name.to_owned(), content, changes: ClassChanges::default() }
    }

    /// The same, with what flags change of its classes.
    pub(super) fn with_class_changes(self, args: &RunArgs) -> Self {
        let (classes, equal_weights) = (args.config_users.clone(), args.equal_weights);
        ScenarioTemplate { changes: ClassChanges { classes, equal_weights }, ..self }
    }

    /// The scenario with these values of its parameters.
    pub(super) fn scenario(&self, values: &Values) -> Result<Scenario, Error> {
        let scenario = match &self.content {
            Content::File(document) => document.scenario(values)?,
            Content::Scenario(scenario) => match values.unknown(&scenario.parameters) {
                Some(unknown) => return Err(unknown.into()),
                None => (**scenario).clone(),
            },
        };
        Ok(self.changes.applied(scenario)?)
    }

    /// The same; or nothing but its parameters, where one of them needs another value, so that
    /// somebody can be asked for it.
    pub(super) fn scenario_or_parameters(&self, values: &Values) -> Result<Scenario, Error> {
        self.scenario(values).or_else(|error| {
            let fault = error.downcast_ref().and_then(file::Error::parameter);
            match fault {
                Some(_) => Ok(Scenario { parameters: self.parameters()?, ..Scenario::default() }),
                None => Err(error),
            }
        })
    }

    /// The parameters that it has.
    pub(super) fn parameters(&self) -> Result<Vec<Parameter>, Error> {
        match &self.content {
            Content::File(document) => Ok(document.parameters()?),
            Content::Scenario(scenario) => Ok(scenario.parameters.clone()),
        }
    }

    /// What to call it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What in it is valid, and most likely not meant.
    pub(super) fn warnings(&self) -> Vec<String> {
        match &self.content {
            Content::File(document) => document.warnings(),
            Content::Scenario(_) if is_absolute(&self.name) => {
                file::placeholder_in_path(&self.name).into_iter().collect()
            }
            Content::Scenario(_) => Vec::new(),
        }
    }

    /// The text of the file for reports, where it is one.
    pub(super) fn text(&self) -> Option<String> {
        match &self.content {
            Content::File(document) => Some(document.shown()),
            Content::Scenario(_) => None,
        }
    }
}
