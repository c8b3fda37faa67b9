//! The rows of a file in memory: read once, before the run, and shared by all cores.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::cells::{Cells, Row};
use super::error::{Error, Problem, Result};
use super::{csv, json_lines};
use crate::files::{self, ReadError};

/// The largest file, and the most memory that its cells take, because where a row begins is a number of 32 bits.
pub(super) const SIZE_MAX: u64 = 1 << 32;

/// How much of a file is read at once.
const CHUNK: usize = 64 << 10;

/// The rows of a file. There is at least one, and at least one column.
pub(crate) struct Table {
    file: PathBuf,
    columns: Box<[String]>,
    cells: Cells,
}

/// How the rows of a file are written.
#[derive(Clone, Copy)]
enum Format {
    Csv,
    JsonLines,
}

impl Table {
    /// Reads a file. This blocks, so it is for the time before the run.
    ///
    /// # Errors
    ///
    /// Returns an error with the place in the file if it cannot be read, or is not a table with rows.
    pub(crate) fn read(file: &Path) -> std::result::Result<Self, Error> {
        let read = || {
            let opened = files::open(file)?;
            let len = opened.metadata()?.len();
            if len > SIZE_MAX {
                return Err(ReadError::TooLarge(SIZE_MAX).into());
            }
            // It may grow meanwhile.
            let input = BufReader::with_capacity(CHUNK, opened.take(SIZE_MAX));
            Table::parse(file, input, len as usize)
        };
        // A name that no format has is told even where there is no such file.
        let known = Format::of(file).map(|_| ());
        known.and_then(|()| read()).map_err(|fault| Error::new(file, fault))
    }

    /// Reads rows of the format that this file has by its name. The file has `len` bytes.
    pub(super) fn parse(file: &Path, mut input: impl BufRead, len: usize) -> Result<Self> {
        let format = Format::of(file)?;
        // A byte order mark is no part of the text.
        if input.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
            input.consume(3);
        }
        let (columns, cells) = format.read(input, len)?;
        Ok(Table { file: file.to_owned(), columns, cells })
    }

    /// Returns the file's name, without its folder.
    pub(crate) fn name(&self) -> impl fmt::Display {
        self.file.file_name().unwrap_or(self.file.as_os_str()).display()
    }

    /// Returns the names of the columns, in the order of the cells of each row.
    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Returns how many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.cells.rows()
    }

    /// Returns a row by its index. There must be one.
    pub(crate) fn row(&self, index: usize) -> Row<'_> {
        self.cells.row(index, self.columns.len())
    }

    /// Returns how many bytes the rows take.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> usize {
        self.cells.memory()
    }
}

/// Without cells: they are secrets, and very many.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("file", &self.file)
            .field("columns", &self.columns)
            .field("rows", &self.rows())
            .finish()
    }
}

impl Format {
    fn of(file: &Path) -> Result<Self> {
        let has =
            |extension| file.extension().is_some_and(|own| own.eq_ignore_ascii_case(extension));
        match () {
            () if has("csv") => Ok(Format::Csv),
            () if has("jsonl") => Ok(Format::JsonLines),
            () => Err(Problem::Extension.of_file()),
        }
    }

    fn read(self, input: impl BufRead, len: usize) -> Result<(Box<[String]>, Cells)> {
        let (columns, mut cells) = match self {
            Format::Csv => {
                // Cells take no more bytes than the file, which are so reserved at once. What is not
                // needed is never touched.
                let mut cells = Cells::with_capacity(len);
                (csv::read(input, &mut cells)?, cells)
            }
            Format::JsonLines => {
                let mut cells = Cells::default();
                (json_lines::read(input, &mut cells)?, cells)
            }
        };
        let columns = columns.into_names();
        match self {
            Format::Csv if cells.rows() == 0 => Err(Problem::NoRows.of_file()),
            Format::JsonLines if cells.rows() == 0 => Err(Problem::NoObjects.of_file()),
            _ if columns.is_empty() => Err(Problem::NoKeys.of_file()),
            _ => {
                cells.shrink();
                Ok((columns, cells))
            }
        }
    }
}

#[cfg(test)]
mod tests;
