//! Reports: they turn snapshots into bytes.
//!
//! | report | where to | what |
//! |---|---|---|
//! | [`console::Progress`] | stderr | the statistics table, every two seconds |
//! | [`console::Final`] | stdout | the closing tables: statistics, percentiles, errors, the generator itself |
//! | [`csv::CsvFiles`] | five files | Locust's CSV files and one of status codes, every second |
//! | [`json::JsonList`] | stdout | Locust's list of entries and more of each, at the end; the closing tables go to stderr then |
//! | [`json::JsonFile`] | a file | the whole run, at the end |
//! | [`html::HtmlFile`] | a file | tables and charts for a browser, at the end |
//!
//! Layouts, columns and spellings are Locust's, as `tests/golden/` checks. There are two differences:
//! times keep their measured digits ([`digits`]), and files are written once more at the end, so that
//! they agree with the console to the last request.
//!
//! Rendering is pure, from [`Snapshot`] to text, and reads no clock. The [`Report`]s around these
//! functions only decide when and where to write.

pub(crate) mod broken;
pub(crate) mod columns;
pub mod console;
pub mod csv;
mod destination;
pub mod digits;
pub(crate) mod file;
pub mod history;
pub mod html;
pub mod json;
mod percentiles;
#[cfg(test)]
pub(crate) mod samples;
mod ticker;
pub(crate) mod utc;
pub mod view;
pub mod warnings;

use std::io;

use crate::stats::Snapshot;

/// A report of a run.
///
/// A report that fails gets the next second as usual, so it must then, or at the end at the latest,
/// write what it could not write before. Only after a broken pipe, which means that nobody reads it, is
/// it not called again.
pub trait Report {
    /// Shows the present state of the run: called at its start and then every second.
    fn update(&mut self, snapshot: &Snapshot) -> io::Result<()>;

    /// Shows the end of the run, with all samples: called once, last.
    fn finish(&mut self, snapshot: &Snapshot) -> io::Result<()>;

    /// Returns whether a report that is slow gets the updates that it has missed. Without them it gets
    /// the newest one only, and `finish` takes its place at the end.
    fn needs_every_update(&self) -> bool {
        true
    }
}
