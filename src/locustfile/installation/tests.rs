use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use super::places::Places;
use super::probe::Probe;
use super::{BUILD, Entry, Extension, FindError, Installation, LIBRARY};

const EXTENSION: Extension = Extension::Carried(b"engine");

/// A program that prints this. Another process writes it: a program that this one has open for writing while a
/// test beside it forks cannot be run (ETXTBSY, execve(2)).
fn program(path: &Path, prints: &str) -> PathBuf {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let write = r#"printf '#!/bin/sh\ncat <<"END"\n%s\nEND\n' "$1" > "$0" && chmod +x "$0""#;
    assert!(
        Command::new("sh").args(["-c", write]).arg(path).arg(prints).status().unwrap().success()
    );
    path.to_owned()
}

fn places(virtual_env: Option<&Path>, beside: Option<&Path>, path: &[&Path]) -> Places {
    Places {
        virtual_env: virtual_env.map(Into::into),
        beside: beside.map(Into::into),
        path: Some(std::env::join_paths(path).unwrap()),
    }
}

fn answer(changes: Value) -> Value {
    let mut answer = json!({
        "version": [3, 12, 1], "build": "3.12.1 (main)", "implementation": "cpython", "free_threaded": false,
        "machine": [2, if cfg!(target_arch = "aarch64") { 183 } else { 62 }], "executable": "/opt/bin/python3",
        "prefix": "/opt", "base_prefix": "/opt", "environment_version": null, "mapped_library": null,
        "shared_library_names": [], "shared_library_folders": [],
    });
    let changed = answer.as_object_mut().unwrap();
    changed.extend(changes.as_object().unwrap().clone());
    answer
}

fn found(changes: Value) -> Result<Installation, FindError> {
    let probe: Probe = serde_json::from_value(answer(changes)).unwrap();
    Installation::from_probe(probe, Some(EXTENSION))
}

#[test]
fn the_environment_comes_before_the_neighbour_and_that_before_path() {
    let dir = tempdir().unwrap();
    let environment = dir.path().join("venv");
    let in_environment = program(&environment.join("bin/python3"), "");
    let beside = dir.path().join("tools");
    let neighbour = program(&beside.join("python"), "");
    let path = dir.path().join("path");
    let on_path = program(&path.join("python3"), "");
    let chosen = |environment, beside| {
        places(environment, beside, &[&dir.path().join("none"), &path]).choose(None).unwrap()
    };
    assert_eq!(chosen(Some(&environment), Some(&beside)), in_environment);
    assert_eq!(chosen(None, Some(&beside)), neighbour);
    assert_eq!(chosen(None, Some(dir.path())), on_path);
}

#[test]
fn the_flag_takes_a_program_an_environment_or_a_name() {
    let dir = tempdir().unwrap();
    let in_environment = program(&dir.path().join("venv/bin/python3"), "");
    let on_path = program(&dir.path().join("path/python3.12"), "");
    let places = places(Some(Path::new("/nonexistent")), None, &[on_path.parent().unwrap()]);
    let choose = |named: &Path| places.choose(Some(named)).unwrap();
    assert_eq!(choose(&on_path), on_path);
    assert_eq!(choose(&dir.path().join("venv")), in_environment);
    assert_eq!(choose(Path::new("python3.12")), on_path);
    let error = places.choose(Some(Path::new("python3.99"))).unwrap_err().to_string();
    assert_eq!(error, "there is no Python at python3.99, which --python names");
}

#[test]
fn where_there_is_none_the_error_says_what_to_do() {
    let error = places(None, None, &[]).choose(None).unwrap_err().to_string();
    assert!(error.contains("no python3 on PATH") && error.contains("--python"), "{error}");
    let error =
        places(Some(Path::new("/nonexistent")), None, &[]).choose(None).unwrap_err().to_string();
    assert_eq!(error, "there is no Python at /nonexistent/bin/python3, which VIRTUAL_ENV names");
}

#[test]
fn an_environment_whose_python_was_removed_is_told() {
    let dir = tempdir().unwrap();
    let bin = dir.path().join("bin");
    fs::create_dir(&bin).unwrap();
    // As venv makes them: the one to the other, that to the base.
    symlink("/nonexistent/bin/python3.11", bin.join("python")).unwrap();
    symlink("python", bin.join("python3")).unwrap();
    let expected =
        "leads to /nonexistent/bin/python3.11, which is gone: make its virtual environment anew";
    for (places, named) in [
        (places(Some(dir.path()), None, &[]), None),
        (places(None, Some(&bin), &[]), None),
        (places(None, None, &[]), Some(bin.join("python3"))),
    ] {
        let error = places.choose(named.as_deref()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn an_answer_is_found_among_what_else_is_printed() {
    let dir = tempdir().unwrap();
    let printed = format!("hello from sitecustomize\ngregaria-probe:{}\nbye", answer(json!({})));
    let probe = Probe::run(&program(&dir.path().join("python3"), &printed)).unwrap();
    assert_eq!(Installation::from_probe(probe, Some(EXTENSION)).unwrap().version, "3.12.1");
}

#[test]
fn a_program_that_is_no_python_is_told() {
    let dir = tempdir().unwrap();
    let error = |program: &Path| Probe::run(program).unwrap_err().to_string();
    assert!(
        error(&program(&dir.path().join("other"), "what?"))
            .ends_with("other does not work: it ended with exit status: 0")
    );
    let not_a_program = dir.path().join("text");
    fs::write(&not_a_program, "").unwrap();
    assert!(error(&not_a_program).contains("Permission denied"));
}

#[test]
fn what_cannot_run_locustfiles_is_named() {
    let told = |changes| found(changes).unwrap_err().to_string();
    for (changes, what) in [
        (
            json!({"version": [3, 10, 13]}),
            "is Python 3.10.13: a locustfile needs Python 3.11 or newer;",
        ),
        (
            json!({"version": [2, 7, 18]}),
            "is Python 2.7.18: a locustfile needs Python 3.11 or newer;",
        ),
        (json!({"implementation": "pypy"}), "is pypy 3.12.1: a locustfile needs CPython;"),
        (
            json!({"free_threaded": true}),
            "is a free-threaded Python 3.12.1: a locustfile needs a build with the global",
        ),
        (
            json!({"machine": [1, 3]}),
            "is a Python 3.12.1 for another processor: a locustfile needs ",
        ),
    ] {
        let error = told(changes);
        assert!(error.starts_with("/opt/bin/python3 ") && error.contains(what), "{error}");
    }
    assert_eq!(found(json!({"version": [4, 0, 0]})).unwrap().version, "4.0.0");
}

#[test]
fn an_environment_of_another_version_is_told() {
    let venv =
        |made_for: &str| found(json!({"prefix": "/srv/venv", "environment_version": made_for}));
    let error = venv("3.11.2").unwrap_err().to_string();
    assert!(
        error.contains("/srv/venv was made for Python 3.11.2, and its interpreter is 3.12.1 now"),
        "{error}"
    );
    for fine in ["3.12.0", "3.12.1.final.0", "unheard of"] {
        assert!(venv(fine).is_ok(), "{fine}");
    }
}

/// An installation's folder with this file, and what its Python says.
fn installed(file: &str, changes: Value) -> (TempDir, Option<PathBuf>) {
    let dir = tempdir().unwrap();
    let path = dir.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "").unwrap();
    let text = changes.to_string().replace("BASE", dir.path().to_str().unwrap());
    let library = match found(serde_json::from_str(&text).unwrap()).unwrap().entry {
        Entry::Library(path) => Some(path.strip_prefix(dir.path()).unwrap().to_owned()),
        Entry::Extension(extension) => {
            assert_eq!(extension, EXTENSION);
            None
        }
    };
    (dir, library)
}

#[test]
fn the_shared_library_is_one_of_the_installation() {
    let names = json!([null, "libpython3.12.a", "libpython3.12.so", "libpython3.12.so.1.0"]);
    let folders = json!(["BASE/lib", "BASE/lib/x86_64-linux-gnu", "/elsewhere"]);
    let said = json!({"prefix": "BASE", "base_prefix": "BASE", "shared_library_names": names, "shared_library_folders": folders});
    // Debian's; the link without a number is in its package for developers.
    let debian = "lib/x86_64-linux-gnu/libpython3.12.so.1.0";
    assert_eq!(installed(debian, said.clone()).1, Some(debian.into()));
    // A static library is none, and what is not there neither.
    assert_eq!(installed("lib/libpython3.12.a", said.clone()).1, None);
    // One in a folder of another installation neither.
    let mut elsewhere = said.clone();
    elsewhere["base_prefix"] = "BASE/opt".into();
    assert_eq!(installed("lib/libpython3.12.so", elsewhere).1, None);
    // The one it runs on is right wherever it is.
    let mut mapped = said;
    mapped["mapped_library"] = "BASE/moved/libpython3.12.so.1.0".into();
    assert_eq!(
        installed("moved/libpython3.12.so.1.0", mapped).1,
        Some("moved/libpython3.12.so.1.0".into())
    );
}

#[test]
fn without_a_shared_library_and_an_extension_the_error_says_what_to_install() {
    let probe: Probe = serde_json::from_value(answer(json!({}))).unwrap();
    let error = Installation::from_probe(probe, None).unwrap_err().to_string();
    assert!(error.starts_with("/opt/bin/python3 has no shared library"), "{error}");
    assert!(
        error.contains("libpython3.12 on Debian") && error.contains("pip install gregaria"),
        "{error}"
    );
}

#[test]
fn python_can_open_what_this_program_carries() {
    let path = EXTENSION.path().unwrap();
    let output = Command::new("cat").arg(&path).output().unwrap();
    assert_eq!(output.stdout, b"engine");
    assert_eq!(EXTENSION.path().unwrap(), path);
}

#[test]
fn a_process_of_a_python_is_our_program_or_its_own() {
    let mut python = found(json!({})).unwrap();
    assert_eq!(python.command().unwrap().get_program(), "/opt/bin/python3");
    python.entry = Entry::Library("/opt/lib/libpython3.12.so.1.0".into());
    let command = python.command().unwrap();
    assert_eq!(command.get_program(), "/proc/self/exe");
    let words: Vec<_> = command.get_args().collect();
    assert_eq!(words, ["-P", "-c", "import _gregaria; _gregaria.host()"]);
    let variables: Vec<_> =
        command.get_envs().filter_map(|(name, value)| Some((name.to_str()?, value?))).collect();
    assert!(
        variables.contains(&(LIBRARY, "/opt/lib/libpython3.12.so.1.0".as_ref())),
        "{variables:?}"
    );
    assert!(variables.contains(&(BUILD, "3.12.1 (main)".as_ref())), "{variables:?}");
}

#[test]
fn a_python_of_this_machine_is_found() {
    let path: Option<OsString> = std::env::var_os("PATH");
    let Ok(program) = (Places { path, ..Places::default() }).choose(None) else {
        return;
    };
    let probe = Probe::run(&program).unwrap();
    assert!(probe.executable.is_file(), "{probe:?}");
    assert!(probe.version[0] >= 3, "{probe:?}");
}

/// What is told of a program that prints this to stderr, and fails.
fn told(name: &str, stderr: &str) -> String {
    let dir = tempdir().unwrap();
    let path = program(&dir.path().join(name), stderr);
    // The program prints to stdout; here a shell turns that.
    let turned = dir.path().join("turned");
    let write = r#"printf '#!/bin/sh\n"%s" >&2\nexit 1\n' "$1" > "$0" && chmod +x "$0""#;
    assert!(
        Command::new("sh").args(["-c", write]).arg(&turned).arg(path).status().unwrap().success()
    );
    let error = Probe::run(&turned).unwrap_err().to_string();
    error.split_once("turned does not work: ").unwrap().1.to_owned()
}

#[test]
fn of_what_a_program_prints_the_error_is_told() {
    let shim = "pyenv: python3: command not found\n\nThe command exists in these Python versions:\n  3.12.1";
    assert_eq!(told("shim", shim), "pyenv: python3: command not found");
    let home = "Python path configuration:\n  PYTHONHOME = '/nope'\nFatal Python error: init_fs_encoding: failed\n\n<no Python frame>";
    assert_eq!(told("home", home), "Fatal Python error: init_fs_encoding: failed");
    let site = "Traceback (most recent call last):\n  File \"x\", line 1\nKeyError: 'a'";
    assert_eq!(told("site", site), "KeyError: 'a'");
    assert_eq!(told("echo", &"a".repeat(9000)), "a".repeat(200));
}
