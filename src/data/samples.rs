//! Tables of tests.

use std::path::Path;

use super::{Cell, Error, Table};

/// Reads the text of a file with this name.
pub(super) fn table(name: &str, text: impl AsRef<[u8]>) -> Result<Table, Error> {
    let (file, text) = (Path::new(name), text.as_ref());
    Table::parse(file, text, text.len()).map_err(|fault| Error::new(file, fault))
}

/// Returns why a file with this name and text is refused.
#[track_caller]
pub(super) fn refused(name: &str, text: impl AsRef<[u8]>) -> String {
    table(name, text).expect_err("it was read").to_string()
}

/// Returns all cells, JSON behind the word `json`.
pub(super) fn contents(table: &Table) -> Vec<Vec<String>> {
    let rows = (0..table.rows()).map(|index| table.row(index).cells());
    rows.map(|cells| cells.map(shown).collect()).collect()
}

/// Makes a table of so many rows, whose one column has the numbers from 0.
pub(super) fn numbers(rows: usize) -> Table {
    let numbers: Vec<_> = (0..rows).map(|row| row.to_string()).collect();
    table("numbers.csv", format!("n\n{}", numbers.join("\n"))).expect("it is a table")
}

fn shown(cell: Cell<'_>) -> String {
    match cell {
        Cell::Text(text) => text.to_owned(),
        Cell::Json(json) => format!("json {json}"),
    }
}
