//! Tests of [`super`]: which values files give, and how errors read.

mod errors;
mod instructions;
mod load;
mod parameters;
mod uploads;
mod values;

use super::*;

/// A user with one task, with these lines in the user's table.
fn user_with(lines: &str) -> String {
    format!("[[user]]\nname = \"u\"\n{lines}\n[[user.task]]\nget = \"/\"\n")
}

/// A user with one task, which is this table.
fn task_with(lines: &str) -> String {
    format!("[[user]]\nname = \"u\"\n[[user.task]]\n{lines}\n")
}

/// The first line of the error, without the file's name.
fn message(text: &str) -> String {
    let error = parse("x.toml", text).expect_err(text).to_string();
    let first = error.lines().next().unwrap_or_default();
    first.strip_prefix("x.toml:").unwrap_or(first).to_owned()
}
