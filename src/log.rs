//! Log lines in Locust's format: on stderr, or in a file in its place.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How important a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
#[value(rename_all = "UPPER")]
pub enum Level {
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
pub struct Log {
    level: Level,
    host: Arc<str>,
    file: Option<Arc<Mutex<File>>>,
}

impl Log {
    /// A log of lines at least as important as `level`, on stderr or appended to a file.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub fn new(level: Level, file: Option<&Path>) -> io::Result<Self> {
        let open = |path| OpenOptions::new().append(true).create(true).open(path);
        let file = file.map(open).transpose()?.map(|file| Arc::new(Mutex::new(file)));
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let host = host.split('.').next().unwrap_or_default().into();
        Ok(Log { level, host, file })
    }

    /// Writes a line about a part of the program. A log that cannot be written is no reason to
    /// stop a run, so errors are let go.
    pub fn line(&self, level: Level, part: &str, message: impl fmt::Display) {
        if level < self.level {
            return;
        }
        let now = stamp(SystemTime::now());
        let line = format!("[{now}] {}/{level}/gregaria.{part}: {message}\n", self.host);
        let _ = match &self.file {
            Some(file) => {
                let mut file = file.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                file.write_all(line.as_bytes())
            }
            None => io::stderr().write_all(line.as_bytes()),
        };
    }

    /// Says what happens.
    pub fn info(&self, part: &str, message: impl fmt::Display) {
        self.line(Level::Info, part, message);
    }

    /// Says what may spoil the numbers.
    pub fn warning(&self, part: &str, message: impl fmt::Display) {
        self.line(Level::Warning, part, message);
    }

    /// Says what went wrong.
    pub fn error(&self, part: &str, message: impl fmt::Display) {
        self.line(Level::Error, part, message);
    }
}

/// `2026-09-21 14:13:20,123`, in local time as Locust has it.
fn stamp(time: SystemTime) -> String {
    let timestamp = Timestamp::try_from(time).unwrap_or_default();
    timestamp.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S,%3f").to_string()
}
