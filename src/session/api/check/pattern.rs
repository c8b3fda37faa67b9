//! Regular expressions of checks.

use std::fmt;

use regex::Regex;
use thiserror::Error;

/// A regular expression of the crate `regex`. Matching takes time in proportion to the length of the text.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

/// The error for a text that is no regular expression.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("invalid regular expression: {0}")]
pub struct InvalidPattern(String);

impl Pattern {
    /// Reads a regular expression.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is none.
    pub fn new(text: &str) -> Result<Self, InvalidPattern> {
        let reason = |error: regex::Error| {
            // The lines before the last draw the place.
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            InvalidPattern(last.trim_start_matches("error: ").to_owned())
        };
        Regex::new(text).map(Pattern).map_err(reason)
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// Returns the first groups of all matches, or the matches where there is no group.
    pub(in crate::session) fn all(&self, text: &str) -> Vec<String> {
        let group = |found: regex::Captures<'_>| {
            found.get(1).or(found.get(0)).map(|found| found.as_str().to_owned())
        };
        self.0.captures_iter(text).filter_map(group).collect()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}
