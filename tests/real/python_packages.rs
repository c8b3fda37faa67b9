//! The tests of the Python packages that the binary carries, `tests/python/test_*.py`: each file in a
//! process of its own, because each brings an engine of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::server::skip;

#[test]
fn the_tests_in_python_pass() {
    let python = env::var_os("GREGARIA_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let version = "import sys; sys.exit(sys.version_info < (3, 11))";
    if !Command::new(&python).args(["-c", version]).status().is_ok_and(|status| status.success()) {
        return skip("Python 3.11 or newer");
    }
    let files = files();
    assert!(!files.is_empty(), "there are no tests in Python");
    let failed: Vec<String> = files
        .iter()
        .filter_map(|file| {
            let run = Command::new(&python).arg(file).output().unwrap();
            let said = String::from_utf8_lossy(&run.stderr).into_owned();
            (!run.status.success()).then(|| format!("{}:\n{said}", file.display()))
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("test_"))
        .collect();
    files.sort();
    files
}
