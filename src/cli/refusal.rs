//! Errors on stderr, without the credentials in URLs.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process;

use super::{COULD_NOT_RUN, Error};
use crate::credentials::{hidden_in_malformed, hidden_in_quotes};

/// Why a run with a locustfile could not be started, or not be finished.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Unstarted {
    message: String,
    /// The exit code.
    pub(super) code: u8,
}

impl Unstarted {
    /// Makes an error with an exit code.
    pub(super) fn new(message: impl Into<String>, code: u8) -> Self {
        Unstarted { message: message.into(), code }
    }

    /// Makes an error that ends as those of gregaria do.
    pub(super) fn wrong(message: impl Into<String>) -> Self {
        Unstarted::new(message, COULD_NOT_RUN)
    }

    /// Makes an error that Locust has, too, and that ends there with exit code 1.
    pub(super) fn as_locust(message: impl Into<String>) -> Self {
        Unstarted::new(message, 1)
    }
}

/// Returns the exit code of a command that ends with this error.
pub(super) fn exit_code(error: &Error) -> u8 {
    error.downcast_ref().map_or(COULD_NOT_RUN, |error: &Unstarted| error.code)
}

/// Prints clap's error, or the help that was asked for, and ends the process.
pub(super) fn refuse(error: &clap::Error) -> ! {
    if !error.use_stderr() {
        error.exit();
    }
    let text = error.render();
    let text = if io::stderr().is_terminal() { text.ansi().to_string() } else { text.to_string() };
    let _ = io::stderr().write_all(without_credentials(&text).as_bytes());
    process::exit(COULD_NOT_RUN.into())
}

/// Returns the text without credentials, including those of arguments that look like URLs without a scheme.
pub(super) fn without_credentials(text: &str) -> String {
    let words = env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    // Also of `--flag=value` and of `--set name=value`.
    let values = words.flat_map(|word| {
        let starts: Vec<usize> = word.match_indices('=').map(|(at, _)| at + 1).collect();
        [0].into_iter().chain(starts).map(move |start| word[start..].to_owned()).collect::<Vec<_>>()
    });
    let values = values.filter(|value| value.split('@').rev().skip(1).any(|it| it.contains(':')));
    values.fold(hidden_in_quotes(text).into_owned(), |text, value| {
        text.replace(&value, &hidden_in_malformed(&value))
    })
}
