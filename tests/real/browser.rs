//! Tests of the page in a real browser: scripts in `page/`, with Playwright and Chromium.

use std::env;
use std::fs::File;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use std::os::unix::process::CommandExt;

use crate::server::skip;

/// The time limit of a script.
const HANG: Duration = Duration::from_secs(180);

/// Runs a script of `page/` with these arguments, if there are Chromium and Playwright. Fails with its output if it
/// fails.
#[track_caller]
pub(crate) fn run(script: &str, arguments: &[&str]) {
    let Some(mut python) = python() else { return };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/page");
    let said = tempfile::NamedTempFile::new().unwrap();
    let file = File::options().append(true).open(said.path()).unwrap();
    let mut child = python
        .arg("-B")
        .arg(format!("{folder}/{script}"))
        .args(arguments)
        .env("PYTHONPATH", folder)
        .env("GREGARIA_TEST_COMMAND", env!("CARGO_BIN_EXE_gregaria"))
        .env("GREGARIA_TEST_SCENARIOS", concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))
        .stdin(Stdio::null())
        .stdout(file.try_clone().unwrap())
        .stderr(file)
        .process_group(0)
        .spawn()
        .unwrap();
    let started = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if started.elapsed() > HANG => break None,
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    // The browser and the servers of a script are ended with it.
    let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    let _ = child.wait();
    let said = std::fs::read_to_string(said.path()).unwrap();
    assert!(status.is_some_and(|status| status.success()), "{script}: {status:?}\n{said}");
}

/// Returns the Python that has Playwright, if there is a browser as well.
fn python() -> Option<Command> {
    let python = env::var_os("GREGARIA_TEST_BROWSER_PYTHON").unwrap_or_else(|| "python3".into());
    let browser =
        env::var_os("GREGARIA_TEST_CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    if !std::path::Path::new(&browser).exists() {
        skip("chromium");
        return None;
    }
    crate::script::program(python, &["-c", "import playwright"], "playwright")
}
