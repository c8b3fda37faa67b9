//! The cells of rows in memory: their texts one after another, and where each row begins.
//!
//! Before each cell stands a byte that says what it is. These bytes are in no UTF-8 text (RFC 3629 section 1), so they
//! also end the cell before. A row of CSV takes as many bytes as in its file, or fewer, and four for its beginning. It is
//! taken apart when it is read, without allocations.

use std::iter::FusedIterator;

use super::error::Problem;

const TEXT: u8 = 0xff;
const JSON: u8 = 0xfe;
const NULL: u8 = 0xfd;

/// The value of a column in a row.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Cell<'a> {
    /// A text: a cell of CSV, or a decoded JSON string.
    Text(&'a str),
    /// Any other JSON value, as it was written.
    Json(&'a str),
}

/// A row of a table.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    bytes: &'a [u8],
    columns: usize,
}

/// The cells of all rows.
#[derive(Default)]
pub(super) struct Cells {
    bytes: Vec<u8>,
    /// Where each row begins in the bytes.
    starts: Vec<u32>,
}

impl Cells {
    /// Makes room for cells that will take this many bytes.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Cells { bytes: Vec::with_capacity(bytes), starts: Vec::new() }
    }

    /// Begins the next row.
    pub(super) fn begin_row(&mut self) -> Result<(), Problem> {
        let start = u32::try_from(self.bytes.len()).map_err(|_| Problem::TooLarge)?;
        self.starts.push(start);
        Ok(())
    }

    pub(super) fn push(&mut self, cell: Cell<'_>) {
        let (kind, text) = match cell {
            Cell::Text(text) => (TEXT, text),
            Cell::Json(text) => (JSON, text),
        };
        self.bytes.push(kind);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Leaves out some cells of the row, which are `null`. Those at the end of a row need not be left out.
    pub(super) fn skip(&mut self, cells: usize) {
        self.bytes.resize(self.bytes.len() + cells, NULL);
    }

    /// Frees the memory that no row needs.
    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.starts.shrink_to_fit();
    }

    /// Returns how many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.starts.len()
    }

    /// Returns a row, which is as long as a table with so many columns has them.
    pub(super) fn row(&self, index: usize, columns: usize) -> Row<'_> {
        let start = self.starts[index] as usize;
        let end = self.starts.get(index + 1).map_or(self.bytes.len(), |&end| end as usize);
        Row { bytes: &self.bytes[start..end], columns }
    }

    /// Returns how many bytes they take.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity() + self.starts.capacity() * size_of::<u32>()
    }
}

impl<'a> Row<'a> {
    /// Returns the cells, one for each column.
    pub(crate) fn cells(self) -> impl ExactSizeIterator<Item = Cell<'a>> + FusedIterator {
        CellsOfRow { rest: self.bytes, columns: self.columns }
    }
}

struct CellsOfRow<'a> {
    rest: &'a [u8],
    columns: usize,
}

impl<'a> Iterator for CellsOfRow<'a> {
    type Item = Cell<'a>;

    fn next(&mut self) -> Option<Cell<'a>> {
        self.columns = self.columns.checked_sub(1)?;
        let Some((&kind, rest)) = self.rest.split_first() else { return Some(Cell::Json("null")) };
        let end = rest.iter().position(|&byte| byte >= NULL).unwrap_or(rest.len());
        let (cell, rest) = rest.split_at(end);
        self.rest = rest;
        let text = || str::from_utf8(cell).expect("a text was pushed");
        Some(match kind {
            TEXT => Cell::Text(text()),
            JSON => Cell::Json(text()),
            _ => Cell::Json("null"),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.columns, Some(self.columns))
    }
}

impl ExactSizeIterator for CellsOfRow<'_> {}

impl FusedIterator for CellsOfRow<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells of all kinds and lengths, among them those whose last byte is as large as they can be.
    #[test]
    fn cells_come_back_as_they_were_pushed() {
        const TEXTS: [&str; 6] = ["", "a", "\u{10ffff}", "\0\n,\"", "größer", "null"];
        for seed in 0..2000 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let columns = rng.usize(1..6);
            let mut cells = Cells::default();
            let mut rows = Vec::new();
            for _ in 0..rng.usize(1..6) {
                cells.begin_row().unwrap();
                // The rest is null.
                let present = rng.usize(0..=columns);
                let mut row = Vec::new();
                while row.len() < present {
                    let text = TEXTS[rng.usize(0..TEXTS.len())];
                    match rng.u8(0..3) {
                        0 => row.push(Cell::Text(text)),
                        1 => row.push(Cell::Json(text)),
                        _ => {
                            let skipped = rng.usize(1..=present - row.len());
                            cells.skip(skipped);
                            row.resize(row.len() + skipped, Cell::Json("null"));
                            continue;
                        }
                    }
                    cells.push(row[row.len() - 1]);
                }
                row.resize(columns, Cell::Json("null"));
                rows.push(row);
            }
            cells.shrink();
            assert_eq!(cells.rows(), rows.len(), "seed {seed}");
            for (index, row) in rows.iter().enumerate() {
                let found = cells.row(index, columns).cells();
                assert_eq!(found.len(), columns);
                assert_eq!(&found.collect::<Vec<_>>(), row, "seed {seed}, row {index}");
            }
        }
    }
}
