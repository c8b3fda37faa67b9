//! Data sets: files of rows, and which user gets which row.
//!
//! A [`Source`] says which file it is and who gets which row. A `Table` has the rows of a file: it is read once, before
//! the run, and all cores read the same memory. `Rows` divide the rows of a table over one run, and each core takes
//! from them by its own `CoreRows`.
//!
//! Nothing here knows variables or templates: a row gives its cells to whoever took it.

mod cells;
mod columns;
mod csv;
mod cursor;
mod error;
mod in_use;
mod json_lines;
mod rows;
mod source;
mod table;

#[cfg(test)]
mod samples;

pub(crate) use cells::Cell;
pub(crate) use error::Error;
pub(crate) use rows::{CoreRows, Ended, Rows, Taken};
pub use source::{AtEnd, Pick, Source};
pub(crate) use table::Table;
