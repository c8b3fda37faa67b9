//! Errors on stderr, without the credentials in URLs.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process;

use super::COULD_NOT_RUN;
use crate::credentials::{hidden_in_malformed, hidden_in_quotes};

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
