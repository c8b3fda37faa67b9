//! Log lines in Locust's format, on stderr or in a file. The latest are kept for the page.

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

/// How many lines are kept: as many as Locust's page shows.
const RECENT_MAX: usize = 500;

/// How important a line is. Help shows these texts.
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

/// Where log lines go. Cheap to clone. Each line is one write.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    level: Level,
    host: Arc<str>,
    file: Option<Arc<Mutex<File>>>,
    recent: Arc<Mutex<VecDeque<String>>>,
}

impl Log {
    /// Makes a log of lines at least as important as `level`, on stderr or appended to a file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be opened.
    pub(crate) fn new(level: Level, file: Option<&Path>) -> io::Result<Self> {
        let file = file.map(files::append).transpose()?.map(|file| Arc::new(Mutex::new(file)));
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let host = host.split('.').next().unwrap_or_default().into();
        Ok(Log { level, host, file, recent: Arc::default() })
    }

    /// Writes a line about a part of the program. If the log file cannot be written, the line goes to stderr.
    /// Errors of stderr are ignored.
    pub(crate) fn line(&self, level: Level, part: &str, message: impl fmt::Display) {
        if level >= self.level {
            let line = self.stamped(level, part, message);
            // Kept first, so that every printed line is on the page.
            self.remember(&line);
            self.write(&line);
        }
    }

    /// Writes a line at every level, and does not keep it for the page: it may have a secret.
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

    /// Returns the latest lines, oldest first.
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

    /// Logs details. They are not kept for the page, because they would displace other lines.
    pub(crate) fn debug(&self, part: &str, message: impl fmt::Display) {
        if self.level == Level::Debug {
            self.write(&self.stamped(Level::Debug, part, message));
        }
    }

    /// Logs a normal event.
    pub(crate) fn info(&self, part: &str, message: impl fmt::Display) {
        self.line(Level::Info, part, message);
    }

    /// Logs what may make the numbers wrong.
    pub(crate) fn warning(&self, part: &str, message: impl fmt::Display) {
        self.line(Level::Warning, part, message);
    }

    /// Logs an error.
    pub(crate) fn error(&self, part: &str, message: impl fmt::Display) {
        self.line(Level::Error, part, message);
    }
}

/// Prints `2026-09-21 14:13:20,123` in local time, as Locust does.
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
