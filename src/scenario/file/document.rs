//! A scenario file as it was read, from which scenarios are made.

use std::path::Path;

use super::Values;
use super::error::{Error, Problem};
use super::placeholder::placeholders;
use super::shown::shown;
use super::upload::Files;
use crate::files::{self, ReadError};
use crate::scenario::{Parameter, Scenario};

/// A scenario file as it was read: whatever is made of it is of the same text, though the file may
/// have been changed since. The files that it names are read when a scenario is made.
///
/// ```
/// use gregaria::scenario::file::{Document, Values};
///
/// let document = Document::new(
///     "x.toml",
///     r#"
///     [parameter.path]
///     required = true
///     [[user]]
///     name = "u"
///     [[user.task]]
///     get = "${path}"
///     "#,
/// );
/// assert_eq!(document.parameters().unwrap()[0].name, "path");
/// assert!(document.scenario(&Values::default()).is_err());
/// assert!(document.scenario(&Values::from_iter([("path", "/a")])).is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    file: String,
    text: String,
}

impl Document {
    /// This text; `file` is the name that errors give it, and relative paths in it begin beside that.
    pub fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        Document { file: file.into(), text: text.into() }
    }

    /// Reads what the path leads to, whatever is in it: a file, or a pipe as `/dev/stdin` may be one.
    ///
    /// # Errors
    ///
    /// That it cannot be read, has no end within 30 s, is larger than 16 MiB, or is no UTF-8.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        Document::of(path, files::read_any(path, files::TEXT_MAX))
    }

    /// Reads a regular file, which can be read again.
    ///
    /// # Errors
    ///
    /// As [`Document::read`], and that it is something else.
    pub fn read_regular(path: impl AsRef<Path>) -> Result<Self, Error> {
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

    /// The scenario, with these values of its parameters.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, or with the values: [`Error::parameter`] tells which.
    pub fn scenario(&self, values: &Values) -> Result<Scenario, Error> {
        let scenario = super::scenario(&self.text, &Files::beside(&self.file), values);
        scenario.map_err(|problem| problem.in_file(&self.file, &self.text))
    }

    /// Which parameters it has, and nothing else of it: what must be known before there can be a
    /// value for each.
    ///
    /// # Errors
    ///
    /// What is wrong with the text as TOML, or with what it says of parameters.
    pub fn parameters(&self) -> Result<Vec<Parameter>, Error> {
        super::parameters_of(&self.text).map_err(|problem| problem.in_file(&self.file, &self.text))
    }

    /// What in it is valid, and most likely not meant: `{{id}}` in a path, which is sent as it is
    /// written. Each is told with its place; nothing is said of a text that is no TOML.
    ///
    /// ```
    /// use gregaria::scenario::file::Document;
    ///
    /// let text = "[[user]]\nname = \"u\"\n[[user.task]]\nget = \"/items/{{id}}\"";
    /// let warnings = Document::new("x.toml", text).warnings();
    /// assert!(warnings[0].starts_with("x.toml:4:15: '{{id}}' is sent as it is written"));
    /// ```
    pub fn warnings(&self) -> Vec<String> {
        let Ok(toml) = super::toml(&self.text) else { return Vec::new() };
        let told = |problem: Problem| problem.in_one_line(&self.file, &self.text);
        placeholders(toml.get_ref()).into_iter().map(told).collect()
    }

    /// What is in it, for reports: `"***"` stands in the place of passwords, bearer tokens and the
    /// headers `Authorization`, `Proxy-Authorization` and `Cookie`, and URLs have no credentials.
    pub fn shown(&self) -> String {
        shown(&self.text)
    }
}
