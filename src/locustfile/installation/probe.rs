//! Asks a Python what it is, by running it once.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;

use super::{FindError, OLDEST, version};

/// What it is asked.
const SCRIPT: &str = include_str!("probe.py");
/// What stands before its answer.
const MARK: &str = "gregaria-probe:";
/// How long it may take: a cold start from a network disk takes seconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// How ELF headers call 64 bits and this processor (elf(5): `e_ident[EI_CLASS]`, `e_machine`).
const MACHINE: [u32; 2] = [2, if cfg!(target_arch = "aarch64") { 183 } else { 62 }];

/// What a Python says of itself.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Probe {
    pub(super) version: Vec<u32>,
    pub(super) build: String,
    pub(super) implementation: String,
    pub(super) free_threaded: bool,
    pub(super) machine: [u32; 2],
    pub(super) executable: PathBuf,
    pub(super) prefix: PathBuf,
    pub(super) base_prefix: PathBuf,
    /// What a virtual environment says it was made for.
    pub(super) environment_version: Option<String>,
    /// The shared library that it runs on.
    pub(super) mapped_library: Option<PathBuf>,
    /// What its shared library may be called.
    pub(super) shared_library_names: Vec<Option<String>>,
    /// Where it may be.
    pub(super) shared_library_folders: Vec<Option<PathBuf>>,
}

impl Probe {
    /// Runs this program.
    ///
    /// # Errors
    ///
    /// Returns an error if it does not run, or says something else.
    pub(super) fn run(program: &Path) -> Result<Probe, FindError> {
        let path = || program.to_owned();
        let mut command = Command::new(program);
        command.args(["-c", SCRIPT]).stdin(Stdio::null());
        let output = output_within(command, PATIENCE)
            .map_err(|error| FindError::Run { path: path(), error })?
            .ok_or_else(|| FindError::Slow { path: path(), seconds: PATIENCE.as_secs() })?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let answer = printed.lines().rev().find_map(|line| line.strip_prefix(MARK));
        match answer.map(serde_json::from_str) {
            Some(Ok(probe)) => Ok(probe),
            _ => Err(FindError::Broken { path: path(), text: told(&output) }),
        }
    }

    /// What it is instead of what is needed.
    pub(super) fn obstacle(&self) -> Option<(String, String)> {
        let number = version(&self.version);
        let oldest = format!("Python {} or newer", version(&OLDEST));
        let named = |what: &str, needed: &str| Some((what.to_owned(), needed.to_owned()));
        if self.implementation != "cpython" {
            named(&format!("{} {number}", self.implementation), "CPython")
        } else if self.version < OLDEST.to_vec() {
            named(&format!("Python {number}"), &oldest)
        } else if self.free_threaded {
            named(
                &format!("a free-threaded Python {number}"),
                "a build with the global interpreter lock",
            )
        } else if self.machine != MACHINE {
            named(&format!("a Python {number} for another processor"), std::env::consts::ARCH)
        } else {
            None
        }
    }

    /// The version that its virtual environment was made for, if that is another one.
    pub(super) fn made_for_another(&self) -> Option<String> {
        let made_for = self.environment_version.as_ref()?;
        let numbers = |text: &str| text.split('.').take(2).map(|part| part.parse().ok()).collect();
        let minor: Option<Vec<u32>> = numbers(made_for);
        let is_another = self.prefix != self.base_prefix
            && minor.is_some_and(|minor| !self.version.starts_with(&minor));
        is_another.then(|| made_for.clone())
    }

    /// Its shared library: the one it runs on, or one that lies where it is installed. One elsewhere would be
    /// that of another installation, with the same version perhaps and other packages.
    pub(super) fn shared_library(&self) -> Option<PathBuf> {
        let folders = self
            .shared_library_folders
            .iter()
            .flatten()
            .filter(|folder| folder.starts_with(&self.base_prefix));
        let names =
            || self.shared_library_names.iter().flatten().filter(|name| name.contains(".so"));
        let installed = folders.flat_map(|folder| names().map(move |name| folder.join(name)));
        self.mapped_library.iter().cloned().chain(installed).find(|path| path.is_file())
    }
}

/// Runs a command to its end, or kills it: `None`.
fn output_within(mut command: Command, patience: Duration) -> std::io::Result<Option<Output>> {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let id = Pid::from_child(&child);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    if let Ok(output) = receiver.recv_timeout(patience) {
        return output.map(Some);
    }
    let _ = kill_process(id, Signal::KILL);
    Ok(None)
}

/// What is worth telling of what it printed: the error of Python, or else the first line, which a script of pyenv's
/// explains further. A program that repeats its arguments prints long lines.
fn told(output: &Output) -> String {
    const LONGEST: usize = 200;
    let text = String::from_utf8_lossy(&output.stderr);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let fatal = lines.clone().find(|line| line.starts_with("Fatal Python error"));
    let exception = || text.contains("Traceback").then(|| lines.clone().next_back()).flatten();
    match fatal.or_else(exception).or_else(|| lines.next()) {
        Some(line) => line.chars().take(LONGEST).collect(),
        None => format!("it ended with {}", output.status),
    }
}
