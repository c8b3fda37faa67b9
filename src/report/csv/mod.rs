//! Locust's four CSV files, and one more.
//!
//! | file | content | written |
//! |---|---|---|
//! | `PREFIX_stats.csv` | a row per entry, then `Aggregated` | rewritten every second |
//! | `PREFIX_failures.csv` | a row per kind of failure | rewritten every second |
//! | `PREFIX_exceptions.csv` | a row per error of user code | rewritten every second |
//! | `PREFIX_status_codes.csv` | a row per entry and status: ours | rewritten every second |
//! | `PREFIX_stats_history.csv` | the run, second by second | appended, written out every 5 s |
//!
//! All are tried before the load starts, so that an invalid path is an error at once; the files of an
//! earlier run stay until this run begins. All are written once more at the end, so that they agree
//! with the console to the last request (Locust's may lack the last second).
//!
//! A file that is rewritten is a new file each time: programs that open it by its name (`watch cat`,
//! `tail -F`) see complete tables only. The history stays the same file, as Locust's does: `tail -f`
//! follows it.
//!
//! Locust's columns have no place for a broken threshold; all other reports show it.
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

pub use self::history::History;
pub(crate) use self::tables::render_status_codes;
pub use self::tables::{render_exceptions, render_failures, render_stats};
pub use super::file::Error;

/// Returns the path of the history of a run with this prefix.
#[allow(dead_code, reason = "only the page offers the file")]
pub(crate) fn history_path(prefix: &Path) -> PathBuf {
    file::path(prefix, history::SUFFIX)
}

/// The files of one run.
#[derive(Debug)]
pub struct CsvFiles {
    stats: OutputFile,
    failures: OutputFile,
    exceptions: OutputFile,
    status_codes: OutputFile,
    history: HistoryFile,
}

/// The ends of their names, except the history's.
const SUFFIXES: [&str; 4] = ["_stats.csv", "_failures.csv", "_exceptions.csv", "_status_codes.csv"];

impl CsvFiles {
    /// Checks that `PREFIX_stats.csv` and its siblings can be written, and makes their folders. Their
    /// content stays until the first update.
    ///
    /// # Errors
    ///
    /// Returns the first error.
    pub fn create(prefix: &Path, history: History) -> Result<Self, Error> {
        let [stats, failures, exceptions, status_codes] = SUFFIXES;
        Ok(Self {
            stats: OutputFile::new(prefix, stats)?,
            failures: OutputFile::new(prefix, failures)?,
            exceptions: OutputFile::new(prefix, exceptions)?,
            status_codes: OutputFile::new(prefix, status_codes)?,
            history: HistoryFile::create(prefix, history)?,
        })
    }

    /// Rewrites the files that show the present state. If one cannot be written, the others are still
    /// written; the first error is returned.
    fn rewrite(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        let stats = self.stats.replace(&render_stats(snapshot));
        let failures = self.failures.replace(&render_failures(snapshot));
        let exceptions = self.exceptions.replace(&render_exceptions(snapshot));
        let status_codes = self.status_codes.replace(&render_status_codes(snapshot));
        stats.and(failures).and(exceptions).and(status_codes)
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
