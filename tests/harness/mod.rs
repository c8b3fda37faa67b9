//! Runs the `gregaria` binary for all tests: [`Run`] prepares a run, [`Running`] is the process, and
//! [`Output`] has its results. A run that hangs is a failed test.
//!
//! Each test binary includes this folder and uses a part of it.

#![allow(dead_code, unused_imports)]

mod output;
mod results;
mod run;
mod running;
mod seccomp;
mod table;
mod terminal;

use std::path::{Path, PathBuf};

pub(crate) use rustix::process::Signal;

pub(crate) use output::Output;
pub(crate) use results::{Failure, Results, shipped};
pub(crate) use run::Run;
pub(crate) use running::Running;
pub(crate) use seccomp::Refused;
pub(crate) use table::Table;
pub(crate) use terminal::Terminal;

/// Returns the path of a file of this repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
