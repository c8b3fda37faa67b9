//! `Snapshot` in, bytes out: what a run tells its user.
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
//! Layouts, columns and spellings are Locust's, pinned by `tests/golden/`; what is ours is that
//! times keep the digits they really have ([`digits`]) and that the files are written once more at
//! the end, so that they agree with the console to the last request.
//!
//! Rendering is pure: a function from [`Snapshot`] to text, and no clock is read anywhere here. The
//! [`Report`]s around those functions only decide when to write, and where.

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

/// Something that is told how the run goes.
///
/// One that fails is told of the next second like all others, so it has to make good then, or at
/// the end at the latest, what it could not write. Only after a broken pipe, which says that nobody
/// reads it, is it not called again.
pub trait Report {
    /// The state of the run in its course: called once right at the start, then every second.
    fn update(&mut self, snapshot: &Snapshot) -> io::Result<()>;

    /// The run is over and every sample is in: called once, last.
    fn finish(&mut self, snapshot: &Snapshot) -> io::Result<()>;

    /// Returns whether a report that is slow gets the updates that it has missed. Without them it gets
    /// the newest one only, and `finish` takes its place at the end.
    fn needs_every_update(&self) -> bool {
        true
    }
}
