//! Why a file of rows is refused. No text has a cell in it, because cells are passwords.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::columns::COLUMNS_MAX;
use super::json_lines::LINE_MAX;
use super::table::SIZE_MAX;
use crate::files::ReadError;
use crate::units::{grouped, size};

/// How much of a column's name is shown.
const NAME_MAX: usize = 60;

/// Why a file is refused, and where: `accounts.csv:7: …`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}{}: {}", .file.display(), .fault.place, .fault.problem)]
pub(crate) struct Error {
    file: PathBuf,
    fault: Fault,
}

/// What is wrong with a file whose name whoever found it does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    place: Place,
    problem: Problem,
}

pub(super) type Result<T> = std::result::Result<T, Fault>;

/// A place in a file. Lines and columns are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// All of it.
    File,
    /// A line.
    Line(u64),
    /// A byte of a line.
    Byte(u64, usize),
}

/// What is wrong there, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Problem {
    #[error(
        "the name must end with .csv, for a first line with the names of columns, or with .jsonl, for a \
         JSON object in each line"
    )]
    Extension,
    #[error("cannot be read: {0}")]
    Unreadable(String),
    #[error("its rows take more than {} of memory; divide it", size(SIZE_MAX))]
    TooLarge,
    #[error("the text is not UTF-8; save the file as UTF-8")]
    Utf8,
    #[error("there are more than {} columns; leave out those that no task needs", grouped(COLUMNS_MAX as u64))]
    TooManyColumns,
    #[error("column {0} has no name; name it, or leave it out")]
    NoName(usize),

    #[error("the file is empty; begin it with the names of the columns, such as: name,password")]
    NoHeader,
    #[error("there are no rows below the header; add one")]
    NoRows,
    #[error("two columns are named '{}'; rename one", shown(.0))]
    DuplicateColumn(String),
    #[error("'{}' is one column; separate columns by commas", shown(.0))]
    Separator(String),
    #[error("the row has {} and the header {columns}; quote cells that have commas in them", counted(*.cells))]
    Ragged { cells: usize, columns: usize },
    #[error(
        "a quote begins here that never ends; end it, or double it if it is text of a quoted cell"
    )]
    OpenQuote,

    #[error("there are no rows; add a line such as {{\"name\": \"ann\"}}")]
    NoObjects,
    #[error("no row has a key; name the columns, as in {{\"name\": \"ann\"}}")]
    NoKeys,
    #[error("expected one JSON object, such as {{\"name\": \"ann\"}}")]
    NoObject,
    #[error("expected one JSON object in each line; `jq -c '.[]'` makes them of an array")]
    Array,
    #[error("invalid JSON: {0}; write one whole object in each line")]
    Json(String),
    #[error("the key '{}' is there twice; keep one", shown(.0))]
    RepeatedKey(String),
    #[error("the line is longer than {}; write each object in its own line", size(LINE_MAX))]
    LongLine,
}

impl Error {
    pub(super) fn new(file: &Path, fault: Fault) -> Self {
        Error { file: file.to_owned(), fault }
    }
}

impl Problem {
    pub(super) fn of_file(self) -> Fault {
        Fault { place: Place::File, problem: self }
    }

    pub(super) fn at(self, line: u64) -> Fault {
        Fault { place: Place::Line(line), problem: self }
    }

    pub(super) fn at_byte(self, line: u64, byte: usize) -> Fault {
        Fault { place: Place::Byte(line, byte), problem: self }
    }
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        Problem::Unreadable(error.to_string()).of_file()
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        ReadError::from(error).into()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File => Ok(()),
            Place::Line(line) => write!(f, ":{line}"),
            Place::Byte(line, byte) => write!(f, ":{line}:{byte}"),
        }
    }
}

/// Returns a name for a terminal: in one line, and not too long.
fn shown(name: &str) -> String {
    let mut shown: String = name.chars().take(NAME_MAX).flat_map(char::escape_debug).collect();
    if name.chars().nth(NAME_MAX).is_some() {
        shown.push('…');
    }
    shown
}

fn counted(count: usize) -> String {
    if count == 1 { "1 cell".to_owned() } else { format!("{} cells", grouped(count as u64)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_in_one_short_line() {
        assert_eq!(shown("größe"), "größe");
        assert_eq!(shown("first\nname\x1b[0m"), "first\\nname\\u{1b}[0m");
        assert_eq!(shown(&"x".repeat(NAME_MAX)), "x".repeat(NAME_MAX));
        assert_eq!(shown(&"é".repeat(1 << 20)), "é".repeat(NAME_MAX) + "…");
    }
}
