//! `[report]` of scenario files: what is kept of a run.

use std::path::PathBuf;

use super::error::{Problem, Result};
use super::reader::Item;
use crate::options::{self, Section};
use crate::scenario::Reports;

/// Reads `[report]`, with the keys of flags.
pub(super) fn report(item: Item<'_>) -> Result<Reports> {
    let table = item.table(&options::keys(Section::Report))?;
    let path = |key: &str| table.get(key).map(path).transpose();
    let switch = |key: &str| table.get(key).map_or(Ok(false), |item| item.boolean());
    let reports = Reports {
        csv: path("csv")?,
        csv_full_history: switch("csv_full_history")?,
        html: path("html")?,
        json_file: path("json_file")?,
        profile: table.get("profile").map(|item| item.shown()).transpose()?,
        only_summary: switch("only_summary")?,
        reset_stats: switch("reset_stats")?,
        exit_code_on_error: table.get("exit_code_on_error").map(exit_code).transpose()?,
    };
    if reports.csv_full_history && reports.csv.is_none() {
        let message = "'csv_full_history' needs files beside it; add csv = \"results\"";
        return Err(Problem::new(table.key_span("csv_full_history"), message));
    }
    Ok(reports)
}

fn path(item: Item<'_>) -> Result<PathBuf> {
    let path = item.shown()?;
    match path.is_empty() {
        true => Err(item.problem("expected the name of a file; leave it out for none")),
        false => Ok(path.into()),
    }
}

fn exit_code(item: Item<'_>) -> Result<u8> {
    let code = item.count()?;
    item.judged(u8::try_from(code).map_err(|_| format!("an exit code is at most 255, not {code}")))
}
