//! What was read in the place of a scenario, before its parameters have values.

use super::class_settings::Changes;
use super::{Error, RunArgs};
use crate::scenario::file::{self, Document, Values};
use crate::scenario::{Parameter, Scenario};
use crate::session::is_absolute;

/// A scenario as it was read once. A run is made of it and of nothing that is read later, so what a
/// report shows is what ran, whatever becomes of the file.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    name: String,
    content: Content,
    changes: Changes,
}

#[derive(Debug, Clone)]
enum Content {
    File(Document),
    /// Of no file, and so without a text; its strings are what they are, whatever the values.
    Made(Box<Scenario>),
}

impl Draft {
    /// Of a file of this name.
    pub(super) fn of_file(name: &str, document: Document) -> Self {
        Draft {
            name: name.to_owned(),
            content: Content::File(document),
            changes: Changes::default(),
        }
    }

    /// Of a scenario that needs no file.
    pub(super) fn made(name: &str, scenario: Scenario) -> Self {
        let content = Content::Made(Box::new(scenario));
        Draft { name: name.to_owned(), content, changes: Changes::default() }
    }

    /// The same, with what flags change of its classes.
    pub(super) fn changed(self, args: &RunArgs) -> Self {
        let (classes, equal_weights) = (args.config_users.clone(), args.equal_weights);
        Draft { changes: Changes { classes, equal_weights }, ..self }
    }

    /// The scenario with these values of its parameters.
    pub(super) fn scenario(&self, values: &Values) -> Result<Scenario, Error> {
        let scenario = match &self.content {
            Content::File(document) => document.scenario(values)?,
            Content::Made(scenario) => match values.unknown(&scenario.parameters) {
                Some(unknown) => return Err(unknown.into()),
                None => (**scenario).clone(),
            },
        };
        Ok(self.changes.applied(scenario)?)
    }

    /// The same; or nothing but its parameters, where one of them needs another value, so that
    /// somebody can be asked for it.
    pub(super) fn outline(&self, values: &Values) -> Result<Scenario, Error> {
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
            Content::Made(scenario) => Ok(scenario.parameters.clone()),
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
            Content::Made(_) if is_absolute(&self.name) => {
                file::placeholder_in_path(&self.name).into_iter().collect()
            }
            Content::Made(_) => Vec::new(),
        }
    }

    /// The text of the file for reports, where it is one.
    pub(super) fn text(&self) -> Option<String> {
        match &self.content {
            Content::File(document) => Some(document.shown()),
            Content::Made(_) => None,
        }
    }
}
