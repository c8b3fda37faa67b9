//! Errors of scenario files: where, what, the line itself and the cure.

use std::fmt::Display;
use std::ops::Range;

use thiserror::Error;

use crate::credentials::{hidden_in_quotes, place_in_hidden};
use crate::nearest::hint;

/// How much of a line an error shows; a scenario may have all its steps on one.
const EXCERPT_CHARS: usize = 100;

/// Why a scenario file gave no scenario.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read at all.
    #[error("cannot read {file}: {reason}")]
    Unreadable {
        /// The file as it was named.
        file: String,
        /// What the system says.
        reason: String,
    },
    /// Something in the file is not as it must be.
    #[error("{file}:{line}:{column}: {message}\n{excerpt}")]
    Invalid {
        /// The file as it was named.
        file: String,
        /// Counted from 1.
        line: usize,
        /// In characters, counted from 1.
        column: usize,
        /// What is wrong, and the cure.
        message: String,
        /// The line with a mark under the fault.
        excerpt: String,
        /// The parameter whose value is at fault, if that is what is wrong.
        parameter: Option<String>,
    },
}

/// What is wrong at some bytes of the text; an error once the text and its name are known.
#[derive(Debug)]
pub(super) struct Problem {
    span: Range<usize>,
    message: String,
    /// What of these bytes is at fault, where it is not all of them.
    part: Option<String>,
    parameter: Option<String>,
}

pub(super) type Result<T> = std::result::Result<T, Problem>;

impl Error {
    /// Returns the parameter whose value is missing or none of the choices. The file itself may be
    /// right then, and [`parameters`](super::parameters) reads what it asks for.
    pub fn parameter(&self) -> Option<&str> {
        match self {
            Error::Invalid { parameter, .. } => parameter.as_deref(),
            Error::Unreadable { .. } => None,
        }
    }
}

impl Problem {
    pub(super) fn new(span: Range<usize>, message: impl Display) -> Self {
        Problem { span, message: message.to_string(), part: None, parameter: None }
    }

    /// Limits the problem to this part of the text. If an escape hides the part, the place stays as
    /// it was.
    pub(super) fn part(self, part: impl Into<String>) -> Self {
        Problem { part: Some(part.into()), ..self }
    }

    /// Makes it a fault of this parameter's value.
    pub(super) fn of_parameter(self, name: &str) -> Self {
        Problem { parameter: Some(name.to_owned()), ..self }
    }

    /// Makes the problem of a key that is not valid here.
    pub(super) fn unknown_key(span: Range<usize>, key: &str, valid: &[&str]) -> Self {
        let hint = hint(key, valid, "valid keys are");
        Problem::new(span, format!("unknown key '{key}'{hint}"))
    }

    /// Makes the error for this problem in the file of that name.
    pub(super) fn in_file(self, file: &str, text: &str) -> Error {
        let span = self.place(text);
        let start = floor_char_boundary(text, span.start);
        let end = floor_char_boundary(text, span.end.max(start));
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line = text[line_start..].lines().next().unwrap_or_default();
        let number = text[..line_start].matches('\n').count() + 1;
        // A byte order mark is no character that anybody sees.
        let before = |text: &str| text.trim_start_matches('\u{feff}').chars().count();
        let column = before(&text[line_start..start]) + 1;
        // The mark stands where the fault is in what is shown of the line.
        let shown = hidden_in_quotes(line);
        let place = |at: usize| place_in_hidden(line, (at - line_start).min(line.len()));
        let (from, to) = (place(start), place(end));
        let width = shown[from..to.max(from)].chars().count();
        let marked = before(&shown[..from]);
        Error::Invalid {
            file: file.to_owned(),
            line: number,
            column,
            message: hidden_in_quotes(&self.message).into_owned(),
            excerpt: excerpt(number, shown.trim_start_matches('\u{feff}'), marked, width),
            parameter: self.parameter,
        }
    }

    /// Returns the same text for a log, without the line of the file.
    pub(super) fn in_one_line(self, file: &str, text: &str) -> String {
        let error = self.in_file(file, text).to_string();
        error.lines().next().unwrap_or_default().to_owned()
    }

    fn place(&self, text: &str) -> Range<usize> {
        let found = self.part.as_deref().and_then(|part| {
            let at = self.span.start + text.get(self.span.clone())?.find(part)?;
            Some(at..at + part.len())
        });
        found.unwrap_or(self.span.clone())
    }
}

/// Returns the line under its number, with carets under the `width` characters after the first
/// `before`.
fn excerpt(number: usize, line: &str, before: usize, width: usize) -> String {
    let from = if line.chars().count() > EXCERPT_CHARS {
        before.saturating_sub(EXCERPT_CHARS / 2)
    } else {
        0
    };
    let lead = if from > 0 { "…" } else { "" };
    let shown: String = line.chars().skip(from).take(EXCERPT_CHARS).map(printable).collect();
    let tail = if line.chars().count() > from + EXCERPT_CHARS { "…" } else { "" };
    let indent: String = (lead.chars().chain(shown.chars()).chain(std::iter::repeat(' ')))
        .take(lead.chars().count() + before - from)
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let carets = "^".repeat(width.clamp(1, (EXCERPT_CHARS + from - before).max(1)));
    let number = number.to_string();
    let gutter = " ".repeat(number.len());
    format!("  {number} | {lead}{shown}{tail}\n  {gutter} | {indent}{carets}")
}

/// Replaces characters that a terminal would act on: a file may hold anything.
fn printable(c: char) -> char {
    if c.is_control() && c != '\t' { '\u{fffd}' } else { c }
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, span: Range<usize>, expected: &str) {
        let error = Problem::new(span, "bad").in_file("x.toml", text);
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn the_place_is_counted_in_characters_from_one() {
        check("a = 1\nb = 2\n", 6..7, "x.toml:2:1: bad\n  2 | b = 2\n    | ^");
        check("# é\r\né = 22\r\n", 11..13, "x.toml:2:5: bad\n  2 | é = 22\n    |     ^^");
        check("\u{feff}a = 1", 3..4, "x.toml:1:1: bad\n  1 | a = 1\n    | ^");
    }

    #[test]
    fn tabs_keep_the_mark_under_its_place() {
        check("\ta = 1", 5..6, "x.toml:1:6: bad\n  1 | \ta = 1\n    | \t    ^");
    }

    #[test]
    fn the_end_of_a_file_and_beyond_is_a_place() {
        check("", 0..0, "x.toml:1:1: bad\n  1 | \n    | ^");
        check("a = ", 4..4, "x.toml:1:5: bad\n  1 | a = \n    |     ^");
        check("a\n", 2..2, "x.toml:2:1: bad\n  2 | \n    | ^");
        check("a\n", 99..120, "x.toml:2:1: bad\n  2 | \n    | ^");
    }

    #[test]
    fn a_fault_over_several_lines_is_marked_on_its_first() {
        check("a = [\n1,\n]", 4..10, "x.toml:1:5: bad\n  1 | a = [\n    |     ^");
    }

    #[test]
    fn a_long_line_is_shown_around_the_fault() {
        let line = format!("{}!{}", "a".repeat(500), "b".repeat(500));
        let error = Problem::new(500..501, "bad").in_file("x.toml", &line).to_string();
        let expected = format!(
            "x.toml:1:501: bad\n  1 | …{}!{}…\n    | {}^",
            "a".repeat(50),
            "b".repeat(49),
            " ".repeat(51)
        );
        assert_eq!(error, expected);
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        check("\u{1b}[31m", 0..1, "x.toml:1:1: bad\n  1 | \u{fffd}[31m\n    | ^");
    }
}
