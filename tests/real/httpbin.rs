//! httpbin under gunicorn's threads, which keep connections.

use std::fs;

use crate::script::{Script, python_with};

/// Starts it, or says that it is missing.
pub(crate) fn start() -> Option<Script> {
    python_with("httpbin")?;
    let mut python = python_with("gunicorn")?;
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("access.log");
    fs::write(&log, "").unwrap();
    python
        .args(["-m", "gunicorn", "httpbin:app", "--bind", "127.0.0.1:0"])
        .args(["--worker-class", "gthread", "--threads", "128", "--keep-alive", "5"])
        .args(["--access-logformat", "%(m)s %(U)s %(s)s", "--access-logfile"])
        .arg(log)
        .current_dir(dir.path());
    Some(Script::run(python, dir))
}
