//! Log lines in Locust's format: on stderr, or in a file in its place. The latest are remembered.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::credentials::hidden;
use crate::files;

/// The lines that are remembered: as many as Locust's page shows.
const RECENT_MAX: usize = 500;

/// How important a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum Level {
    /// What helps to find out why.
    Debug,
    /// What happens.
    Info,
    /// What may spoil the numbers.
    Warning,
    /// What went wrong.
    Error,
    /// What ends the run.
    Critical,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warning => "WARNING",
            Level::Error => "ERROR",
            Level::Critical => "CRITICAL",
        })
    }
}

/// Where log lines go. Cheap to clone; a line is written whole.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    level: Level,
    host: Arc<str>,
    file: Option<Arc<Mutex<File>>>,
    recent: Arc<Mutex<VecDeque<String>>>,
}

impl Log {
    /// A log of lines at least as important as `level`, on stderr or appended to a file.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub(crate) fn new(level: Level, file: Option<&Path>) -> io::Result<Self> {
        let file = file.map(files::append).transpose()?.map(|file| Arc::new(Mutex::new(file)));
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let host = host.split('.').next().unwrap_or_default().into();
        Ok(Log { level, host, file, recent: Arc::default() })
    }

    /// Writes a line about a part of the program. A log file that cannot be written is no reason to
    /// stop a run: its lines go to stderr, errors of which are let go.
    pub(crate) fn line(&self, level: Level, part: &str, message: impl fmt::Display) {
        if level >= self.level {
            let line = self.stamped(level, part, message);
            // Remembered first, so that every line that was printed is on the page.
            self.remember(&line);
            self.write(&line);
        }
    }

    /// Says something, whatever is left out, and does not remember it: for what somebody has to know
    /// and nobody is to read later.
    pub(crate) fn unremembered(&self, part: &str, message: impl fmt::Display) {
        self.write(&self.stamped(Level::Info, part, message));
    }

    fn stamped(&self, level: Level, part: &str, message: impl fmt::Display) -> String {
        let now = stamp(SystemTime::now());
        format!("[{now}] {}/{level}/gregaria.{part}: {}\n", self.host, hidden(&message.to_string()))
    }

    fn write(&self, line: &str) {
        let written = self.file.as_ref().is_some_and(|file| {
            let mut file = file.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            file.write_all(line.as_bytes()).is_ok()
        });
        if !written {
            let _ = io::stderr().write_all(line.as_bytes());
        }
    }

    /// The latest lines, oldest first.
    pub(crate) fn recent(&self) -> Vec<String> {
        self.remembered().iter().cloned().collect()
    }

    fn remember(&self, line: &str) {
        let mut recent = self.remembered();
        if recent.len() == RECENT_MAX {
            recent.pop_front();
        }
        recent.push_back(line.trim_end().to_owned());
    }

    fn remembered(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.recent.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Says what helps to find out why. It is not remembered: it would push out what matters.
    pub(crate) fn debug(&self, part: &str, message: impl fmt::Display) {
        if self.level == Level::Debug {
            self.write(&self.stamped(Level::Debug, part, message));
        }
    }

    /// Says what happens.
    pub(crate) fn info(&self, part: &str, message: impl fmt::Display) {
        self.line(Level::Info, part, message);
    }

    /// Says what may spoil the numbers.
    pub(crate) fn warning(&self, part: &str, message: impl fmt::Display) {
        self.line(Level::Warning, part, message);
    }

    /// Says what went wrong.
    pub(crate) fn error(&self, part: &str, message: impl fmt::Display) {
        self.line(Level::Error, part, message);
    }
}

/// `2026-09-21 14:13:20,123`, in local time as Locust has it.
fn stamp(time: SystemTime) -> String {
    let timestamp = Timestamp::try_from(time).unwrap_or_default();
    timestamp.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S,%3f").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_lines_are_remembered() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let log = Log::new(Level::Info, Some(file.path())).unwrap();
        (0..RECENT_MAX + 2).for_each(|n| log.info("main", n));
        log.line(Level::Debug, "main", "unimportant");
        let recent = log.clone().recent();
        assert_eq!(recent.len(), RECENT_MAX);
        assert!(recent[0].ends_with("/INFO/gregaria.main: 2"), "{}", recent[0]);
        assert!(recent[RECENT_MAX - 1].ends_with(": 501"));
    }
}
