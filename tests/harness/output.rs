//! The results of a run.

use std::path::PathBuf;
use std::process::ExitStatus;

use tempfile::TempDir;

use super::Table;

/// The exit status, the output and the files of a run that has ended.
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    dir: TempDir,
}

impl Output {
    pub(super) fn new(status: ExitStatus, stdout: String, stderr: String, dir: TempDir) -> Self {
        Output { status, stdout, stderr, dir }
    }

    /// Checks the exit code, and that nothing panicked.
    #[track_caller]
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.status.code(), Some(expected), "{}\n{}", self.stdout, self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    /// Reads a CSV file that it wrote.
    #[track_caller]
    pub(crate) fn csv(&self, file: &str) -> Table {
        Table::read(&self.path(file))
    }

    /// Returns requests and failures in the last row of the closing table.
    #[track_caller]
    pub(crate) fn aggregated(&self) -> (u64, u64) {
        let line = self.stdout.lines().find(|line| line.trim_start().starts_with("Aggregated"));
        let line = line.unwrap_or_else(|| panic!("no table:\n{}\n{}", self.stdout, self.stderr));
        let mut cells = line.split_whitespace().skip(1);
        let requests = cells.next().unwrap().parse().unwrap();
        let failures = cells.next().unwrap().split('(').next().unwrap().parse().unwrap();
        (requests, failures)
    }

    /// Returns the number of requests that the stop cancelled. The server may have seen them.
    pub(crate) fn cancelled(&self) -> u64 {
        self.printed("Requests cancelled at the stop: ")
    }

    /// Returns the number of requests that were sent a second time. The server may have seen both.
    pub(crate) fn retries(&self) -> u64 {
        self.printed("Requests sent again after a dead kept-alive connection: ")
    }

    /// Returns the number of further requests of samples, for redirects and challenges.
    pub(crate) fn followed(&self) -> u64 {
        self.printed("Requests sent to follow redirects: ")
            + self.printed("Requests sent again with the answer to a challenge: ")
    }

    /// Returns the number after this text on stdout, or 0 without the text.
    fn printed(&self, start: &str) -> u64 {
        let line = self.stdout.lines().find_map(|line| line.strip_prefix(start));
        line.map_or(0, |rest| rest.split(' ').next().unwrap().parse().unwrap())
    }
}
