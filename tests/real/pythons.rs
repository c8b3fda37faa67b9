//! Pythons as they are on real machines: with the wheel in a virtual environment, and without a shared library.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, str};

use tempfile::{TempDir, tempdir};

use crate::harness::{Output, Run};
use crate::script::{Script, python_with};
use crate::server::skip;

/// Runs the locustfile that says which Python runs it, with 4 users, and checks what the server saw.
fn run(run: Run) -> Option<Output> {
    let server = Script::start(python_with("http.server")?, "old_http.py", &[]);
    let file = include_str!("which_python.py");
    let flags = [
        "-f",
        "which_python.py",
        "--headless",
        "-u",
        "4",
        "-r",
        "100",
        "-i",
        "40",
        "--stop-timeout",
        "5s",
    ];
    let output = run.file("which_python.py", file).args(flags).arg("-H").arg(server.url()).go();
    assert_eq!(server.settled_requests(), 40, "{}\n{}", output.stdout, output.stderr);
    Some(output.code(0))
}

#[track_caller]
fn says(output: &Output, executable: &Path, prefix: &Path) {
    let said = format!(" {} {}\n", executable.display(), prefix.display());
    assert!(output.stdout.contains(&said), "{}\n{}", output.stdout, output.stderr);
}

/// The interpreter of the tests, or the one on `PATH`.
fn python() -> PathBuf {
    env::var_os("GREGARIA_TEST_PYTHON").unwrap_or_else(|| "python3".into()).into()
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// `.ci/run` builds the wheel.
#[test]
fn the_wheel_puts_the_command_beside_the_python_of_its_environment() {
    let Some(wheel) = env::var_os("GREGARIA_TEST_WHEEL") else { return skip("the wheel") };
    let dir = tempdir().unwrap();
    let prefix = dir.path().canonicalize().unwrap().join("venv");
    succeeds(Command::new(python()).args(["-m", "venv"]).arg(&prefix));
    let bin = prefix.join("bin");
    succeeds(Command::new(bin.join("pip")).args(["install", "--no-index", "--no-deps"]).arg(wheel));
    let command = bin.join("gregaria");
    let version = Run::by(&command).arg("--version").go().code(0).stdout;
    assert_eq!(version, concat!("gregaria ", env!("CARGO_PKG_VERSION"), "\n"));
    // The environment is not active: the command finds the Python beside it.
    let run_there = Run::by(&command).env("VIRTUAL_ENV", "");
    let Some(output) = run(run_there) else { return };
    says(&output, &bin.join("python3"), &prefix);
    // A release build carries what this one loads.
    let Some((_dir, program)) = without_shared_library() else { return };
    let Some(output) = run(Run::by(&command).arg("--python").arg(&program)) else { return };
    says(&output, &program, program.parent().and_then(Path::parent).unwrap());
}

/// A Python whose program has all of it, and no shared library beside it: the one of Debian's package `python3.11`
/// alone, moved away from the library that another package may have put there.
fn without_shared_library() -> Option<(TempDir, PathBuf)> {
    let version = || {
        let output = Command::new("/usr/bin/python3").arg("--version").output().ok()?;
        let text = str::from_utf8(&output.stdout).ok()?.strip_prefix("Python ")?.to_owned();
        Some(text.rsplit_once('.')?.0.to_owned())
    };
    let found = version().filter(|version| *version != "3.9" && *version != "3.10");
    let Some(version) = found else {
        skip("a python3 in /usr/bin");
        return None;
    };
    let dir = tempdir().unwrap();
    let prefix = dir.path().canonicalize().unwrap();
    for folder in ["bin", "lib"] {
        fs::create_dir(prefix.join(folder)).unwrap();
    }
    let library = format!("lib/python{version}");
    symlink(Path::new("/usr").join(&library), prefix.join(&library)).unwrap();
    let program = prefix.join("bin/python3");
    // By another process: one that a test starts meanwhile would keep the copy open for writing, and then it cannot run.
    succeeds(Command::new("cp").arg(format!("/usr/bin/python{version}")).arg(&program));
    let maps = "print('libpython' in open('/proc/self/maps').read())";
    let output = Command::new(&program).args(["-c", maps]).output().unwrap();
    if output.stdout != b"False\n" {
        skip("a python3 in /usr/bin that is not linked to a shared library");
        return None;
    }
    Some((dir, program))
}

#[test]
fn a_python_without_a_shared_library_loads_the_engine() {
    let Some((_dir, program)) = without_shared_library() else { return };
    let run_there = Run::new(["--python"]).arg(&program);
    let Some(output) = run(run_there) else { return };
    says(&output, &program, program.parent().and_then(Path::parent).unwrap());
}

#[test]
fn its_virtual_environments_do_as_well() {
    let Some((dir, program)) = without_shared_library() else { return };
    let prefix = dir.path().canonicalize().unwrap().join("venv");
    succeeds(Command::new(program).args(["-m", "venv", "--without-pip"]).arg(&prefix));
    let run_there = Run::new::<&str>([]).env("VIRTUAL_ENV", prefix.to_str().unwrap());
    let Some(output) = run(run_there) else { return };
    says(&output, &prefix.join("bin/python3"), &prefix);
}
