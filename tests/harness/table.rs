//! CSV files, with cells by the name of their column.

use std::path::Path;

/// A CSV file with a header.
#[derive(Debug)]
pub(crate) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads a file. An incomplete line is an error.
    #[track_caller]
    pub(crate) fn read(path: &Path) -> Self {
        let mut reader = csv::Reader::from_path(path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let cells = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
        let header = cells(reader.headers().unwrap());
        let rows = reader.records().map(|record| cells(&record.unwrap())).collect();
        Table { header, rows }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns a column as text.
    #[track_caller]
    pub(crate) fn column(&self, name: &str) -> Vec<&str> {
        let at = self.header.iter().position(|column| column == name);
        let at = at.unwrap_or_else(|| panic!("no column '{name}' in {:?}", self.header));
        self.rows.iter().map(|row| &*row[at]).collect()
    }

    /// Returns a column as counts.
    #[track_caller]
    pub(crate) fn counts(&self, name: &str) -> Vec<u64> {
        self.column(name).into_iter().map(|cell| cell.parse().unwrap()).collect()
    }

    /// Returns a count in the row of this name.
    #[track_caller]
    pub(crate) fn count(&self, row: &str, column: &str) -> u64 {
        let at = self.column("Name").into_iter().position(|name| name == row);
        self.counts(column)[at.unwrap_or_else(|| panic!("no row '{row}'"))]
    }
}
