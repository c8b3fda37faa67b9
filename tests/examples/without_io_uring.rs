//! Runs a command to which the kernel refuses io_uring, as it does in containers by default:
//! `cargo run --example without_io_uring -- COMMAND [ARG]...`.

// As in all tests.
#![allow(clippy::unwrap_used)]

#[path = "../harness/seccomp.rs"]
#[allow(dead_code)]
mod seccomp;

use std::env;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use seccomp::Refused;

fn main() -> ExitCode {
    let mut words = env::args_os().skip(1);
    let Some(command) = words.next() else {
        eprintln!("usage: without_io_uring COMMAND [ARG]...");
        return ExitCode::from(2);
    };
    Refused::io_uring().apply();
    // Comes back only where there is no such command.
    let error = Command::new(&command).args(words).exec();
    eprintln!("{}: {error}", command.display());
    ExitCode::from(127)
}
