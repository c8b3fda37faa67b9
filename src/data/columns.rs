//! The names of columns, each once.

use std::collections::HashMap;

use super::error::Problem;

/// The most columns: far above any table, and so few that rows without most of them stay small.
pub(super) const COLUMNS_MAX: usize = 10_000;

/// The names of a table's columns.
#[derive(Default)]
pub(super) struct Columns {
    names: Vec<String>,
    indices: HashMap<String, usize>,
}

impl Columns {
    /// Adds a column. It fails if there is one with this name.
    pub(super) fn add(&mut self, name: &str) -> Result<usize, Problem> {
        let index = self.names.len();
        if name.is_empty() {
            return Err(Problem::NoName(index + 1));
        }
        if index == COLUMNS_MAX {
            return Err(Problem::TooManyColumns);
        }
        if self.indices.insert(name.to_owned(), index).is_some() {
            return Err(Problem::DuplicateColumn(name.to_owned()));
        }
        self.names.push(name.to_owned());
        Ok(index)
    }

    /// Returns a column's index, and adds the column if there is none with this name. Rows have their columns mostly
    /// in the same order, so the column is looked for at `expected` first.
    pub(super) fn find_or_add(&mut self, name: &str, expected: usize) -> Result<usize, Problem> {
        if self.names.get(expected).is_some_and(|known| known == name) {
            return Ok(expected);
        }
        match self.indices.get(name) {
            Some(&index) => Ok(index),
            None => self.add(name),
        }
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn into_names(self) -> Box<[String]> {
        self.names.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_found_wherever_it_is_expected() {
        let mut columns = Columns::default();
        for (name, index) in [("a", 0), ("b", 1), ("c", 2)] {
            assert_eq!(columns.add(name), Ok(index));
        }
        for expected in 0..5 {
            assert_eq!(columns.find_or_add("b", expected), Ok(1));
        }
        assert_eq!(columns.find_or_add("d", 0), Ok(3));
        assert_eq!(columns.names(), ["a", "b", "c", "d"]);
    }

    #[test]
    fn there_are_not_more_columns_than_the_most() {
        let mut columns = Columns::default();
        for index in 0..COLUMNS_MAX {
            assert_eq!(columns.find_or_add(&index.to_string(), 0), Ok(index));
        }
        assert_eq!(columns.add("more"), Err(Problem::TooManyColumns));
        assert_eq!(columns.find_or_add("7", 0), Ok(7));
        assert_eq!(columns.into_names().len(), COLUMNS_MAX);
    }
}
