//! Tests of [`super`]: which values files give, and how errors read.

mod errors;
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
