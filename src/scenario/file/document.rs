//! A scenario file as it was read, from which scenarios are made.

use std::path::Path;

use super::Values;
use super::error::{Error, Problem};
use super::placeholder::placeholders;
use super::shown::shown;
use super::upload::Files;
use crate::files::{self, ReadError};
use crate::scenario::{Parameter, Scenario};

/// A scenario file as it was read: every scenario made from it is of the same text, even if the file
/// has changed since. The files that it names are read when a scenario is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    file: String,
    text: String,
}

impl Document {
    /// Takes this text. Errors call it `file`, and relative paths in it are relative to the folder of
    /// `file`.
    pub(crate) fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        Document { file: file.into(), text: text.into() }
    }

    /// Reads any kind of file: a regular file, or a pipe such as `/dev/stdin` may be.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be read, has no end within 30 s, is larger than 16 MiB, or is not
    /// UTF-8.
    pub(crate) fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        Document::of(path, files::read_any(path, files::TEXT_MAX))
    }

    /// Reads a regular file, which can be read again.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Document::read`], and one if it is not a regular file.
    pub(crate) fn read_regular(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        Document::of(path, files::read(path, files::TEXT_MAX))
    }

    fn of(path: &Path, read: Result<Vec<u8>, ReadError>) -> Result<Self, Error> {
        let file = path.display().to_string();
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(error) => return Err(Error::Unreadable { file, reason: error.to_string() }),
        };
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Document { file, text }),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let problem = Problem::new(at..at, "not UTF-8 text; save the file as UTF-8");
                // Valid up to the fault, so the place in this text is the place in the file.
                Err(problem.in_file(&file, &String::from_utf8_lossy(error.as_bytes())))
            }
        }
    }

    /// Returns the scenario, with these values of its parameters.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the text, or with a value: [`Error::parameter`] says of which
    /// parameter.
    pub(crate) fn scenario(&self, values: &Values) -> Result<Scenario, Error> {
        let scenario = super::scenario(&self.text, &Files::beside(&self.file), values);
        scenario.map_err(|problem| problem.in_file(&self.file, &self.text))
    }

    /// Returns its parameters and reads nothing else: they must be known before each can have a value.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not TOML, or if its parameters are not described correctly.
    pub(crate) fn parameters(&self) -> Result<Vec<Parameter>, Error> {
        super::parameters_of(&self.text).map_err(|problem| problem.in_file(&self.file, &self.text))
    }

    /// Returns a warning, with its place, for each text that is valid but most likely a mistake, such as
    /// `{{id}}` in a path, which is sent as it is written. Returns none if the text is not TOML.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let Ok(toml) = super::toml(&self.text) else { return Vec::new() };
        let warning = |problem: Problem| problem.in_one_line(&self.file, &self.text);
        placeholders(toml.get_ref()).into_iter().map(warning).collect()
    }

    /// Returns its text for reports: `"***"` replaces passwords, bearer tokens and the values of the
    /// headers `Authorization`, `Proxy-Authorization` and `Cookie`, and URLs have no credentials.
    pub(crate) fn shown(&self) -> String {
        shown(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_gives_its_parameters_first_and_then_a_scenario_of_their_values() {
        let text = r#"
            [parameter.path]
            required = true
            [[user]]
            name = "u"
            [[user.task]]
            get = "${path}"
        "#;
        let document = Document::new("x.toml", text);
        assert_eq!(document.parameters().unwrap()[0].name, "path");
        assert!(document.scenario(&Values::default()).is_err());
        assert!(document.scenario(&Values::from_iter([("path", "/a")])).is_ok());
    }

    #[test]
    fn a_placeholder_of_another_tool_is_warned_of_with_its_place() {
        let text = "[[user]]\nname = \"u\"\n[[user.task]]\nget = \"/items/{{id}}\"";
        let warnings = Document::new("x.toml", text).warnings();
        assert!(warnings[0].starts_with("x.toml:4:15: '{{id}}' is sent as it is written"));
    }
}
