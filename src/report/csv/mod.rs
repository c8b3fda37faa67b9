//! Locust's four CSV files.
//!
//! | file | what | rhythm |
//! |---|---|---|
//! | `PREFIX_stats.csv` | a row per entry, then `Aggregated` | rewritten every second |
//! | `PREFIX_failures.csv` | a row per kind of failure | rewritten every second |
//! | `PREFIX_exceptions.csv` | a row per error of user code | rewritten every second |
//! | `PREFIX_stats_history.csv` | the run, second by second | appended, written out every 5 s |
//!
//! All four are created before the load starts, so that a path that does not work is known at once,
//! and all are written once more at the end, so that they agree with the console to the last
//! request (Locust's may lack the last second).
//!
//! The contents are pure functions, `render_*`.

mod history;
mod tables;

use std::io;
use std::path::{Path, PathBuf};

use self::history::HistoryFile;
use super::Report;
use super::file::{self, OutputFile};
use crate::stats::Snapshot;

pub use self::history::{History, render_history_header, render_history_rows};
pub use self::tables::{render_exceptions, render_failures, render_stats};
pub use super::file::Error;

/// Where a run with this prefix writes its history.
pub fn history_path(prefix: &Path) -> PathBuf {
    file::path(prefix, history::SUFFIX)
}

/// The four files of one run.
#[derive(Debug)]
pub struct CsvFiles {
    stats: OutputFile,
    failures: OutputFile,
    exceptions: OutputFile,
    history: HistoryFile,
}

/// What stands behind the prefix in their names; the history's is its own.
const SUFFIXES: [&str; 3] = ["_stats.csv", "_failures.csv", "_exceptions.csv"];

impl CsvFiles {
    /// Whether all four can be written. Takes nothing from files that are there.
    ///
    /// # Errors
    ///
    /// The first that cannot.
    pub fn probe(prefix: &Path) -> Result<(), Error> {
        let mut suffixes = SUFFIXES.into_iter().chain([history::SUFFIX]);
        suffixes.try_for_each(|suffix| OutputFile::probe(prefix, suffix))
    }

    /// Creates `PREFIX_stats.csv` and its three siblings with their headers, and the folders they
    /// are in. Files of that name are emptied.
    pub fn create(prefix: &Path, history: History) -> Result<Self, Error> {
        let [stats, failures, exceptions] = SUFFIXES;
        Ok(Self {
            stats: OutputFile::create(prefix, stats, &tables::stats_header())?,
            failures: OutputFile::create(prefix, failures, &tables::failures_header())?,
            exceptions: OutputFile::create(prefix, exceptions, &tables::exceptions_header())?,
            history: HistoryFile::create(prefix, history)?,
        })
    }

    /// The three files that show the present state only. One that cannot be written does not keep
    /// the others from being so; the first error is told.
    fn rewrite(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        let stats = self.stats.replace_from(0, &render_stats(snapshot));
        let failures = self.failures.replace_from(0, &render_failures(snapshot));
        let exceptions = self.exceptions.replace_from(0, &render_exceptions(snapshot));
        stats.and(failures).and(exceptions)
    }
}

impl Report for CsvFiles {
    fn update(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let rewritten = self.rewrite(snapshot);
        Ok(rewritten.and(self.history.update(snapshot))?)
    }

    fn finish(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let rewritten = self.rewrite(snapshot);
        Ok(rewritten.and(self.history.finish(snapshot))?)
    }
}
