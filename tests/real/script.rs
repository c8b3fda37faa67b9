//! A server in an interpreted language. It prints its address, and logs every request.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::access_log::{self, Line};
use crate::server::{Server, skip, wait_for};

/// A server that logs nothing for this time has finished.
const REST: Duration = Duration::from_millis(300);

pub(crate) struct Script {
    server: Server,
    dir: TempDir,
}

impl Script {
    /// Starts a script of this folder with this program, and with these arguments after the path of its log.
    pub(crate) fn start(mut program: Command, name: &str, arguments: &[&str]) -> Script {
        let dir = tempfile::tempdir().unwrap();
        let script = format!("{}/tests/real/{name}", env!("CARGO_MANIFEST_DIR"));
        program.arg(script).arg(dir.path().join("access.log")).args(arguments);
        Script::run(program, dir)
    }

    /// Starts a command that writes its requests to `access.log` in this directory.
    pub(crate) fn run(mut command: Command, dir: TempDir) -> Script {
        let output = dir.path().join("output");
        let file = File::create(&output).unwrap();
        command.stdout(file.try_clone().unwrap()).stderr(file);
        let printed = || fs::read_to_string(&output).unwrap();
        let server = Server::start(command, || port(&printed()));
        let server = server.unwrap_or_else(|| panic!("{}", printed()));
        Script { server, dir }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The requests it has seen.
    pub(crate) fn log(&self) -> Vec<Line> {
        access_log::lines(&self.dir.path().join("access.log"))
    }

    /// How many requests it has seen.
    pub(crate) fn requests(&self) -> u64 {
        self.log().len() as u64
    }

    /// Waits until it has seen so many.
    pub(crate) fn has_seen(&self, requests: u64) {
        wait_for("requests in the log", || (self.requests() >= requests).then_some(()));
    }

    /// Returns the number of requests when it has handled all of them.
    pub(crate) fn settled_requests(&self) -> u64 {
        let mut last = self.requests();
        wait_for("the server's rest", || {
            thread::sleep(REST);
            let seen = self.requests();
            (std::mem::replace(&mut last, seen) == seen).then_some(seen)
        })
    }
}

/// The port in the first address that is printed, as in Flask's ` * Running on
/// http://127.0.0.1:5000`.
fn port(printed: &str) -> Option<u16> {
    let (_, rest) = printed.split_once("http://127.0.0.1:")?;
    let end = rest.find(|digit: char| !digit.is_ascii_digit())?;
    rest[..end].parse().ok()
}

/// Returns the Python of the tests if it has this module, or prints that it is missing.
pub(crate) fn python_with(module: &str) -> Option<Command> {
    let python = env::var_os("GREGARIA_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    program(python, &["-c", &format!("import {module}")], module)
}

/// Returns a program if it succeeds with these arguments, or prints that it is missing.
pub(crate) fn program(name: OsString, probe: &[&str], what: &str) -> Option<Command> {
    let mut ask = Command::new(&name);
    ask.args(probe).stdout(Stdio::null()).stderr(Stdio::null());
    if ask.status().is_ok_and(|status| status.success()) {
        return Some(Command::new(name));
    }
    skip(what);
    None
}
