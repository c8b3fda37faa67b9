//! The tutorial's API on Flask's development server, and what it saw.

use std::env;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::server::{Server, skip};

pub(crate) struct Flask {
    server: Server,
    counts: PathBuf,
    _dir: TempDir,
}

impl Flask {
    /// Starts it, or says that there is none.
    pub(crate) fn start(variant: &str) -> Option<Flask> {
        let python = env::var_os("GREGARIA_TEST_PYTHON").unwrap_or_else(|| "python3".into());
        let probe =
            Command::new(&python).args(["-c", "import flask"]).stderr(Stdio::null()).status();
        if !probe.is_ok_and(|status| status.success()) {
            skip("Flask");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let counts = dir.path().join("counts");
        let log = dir.path().join("log");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/api.py");
        let mut command = Command::new(&python);
        command.arg(script).arg(&counts).arg(variant).stderr(File::create(&log).unwrap());
        let server = Server::start(command, || port(&fs::read_to_string(&log).unwrap()));
        let server = server.unwrap_or_else(|| panic!("{}", fs::read_to_string(&log).unwrap()));
        Some(Flask { server, counts, _dir: dir })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// How many requests it has seen.
    pub(crate) fn requests(&self) -> u64 {
        fs::read_to_string(&self.counts).unwrap().lines().count() as u64
    }
}

/// The port in Flask's ` * Running on http://127.0.0.1:5000`.
fn port(log: &str) -> Option<u16> {
    let (_, rest) = log.split_once("Running on http://127.0.0.1:")?;
    rest.split_once('\n')?.0.trim().parse().ok()
}
