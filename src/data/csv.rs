//! Reads CSV: rows of cells that are separated by commas, below a row with the names of the columns.
//!
//! A cell in quotes may have commas, line breaks and doubled quotes in it (RFC 4180). Lines end with `\n`, `\r\n` or `\r`.
//! Empty lines are no rows. A quote inside a cell that does not begin with one is text. All cells are taken as they are;
//! names of columns, without the spaces around them.

use std::io::BufRead;

use csv_core::ReadFieldResult;

use super::cells::{Cell, Cells};
use super::columns::Columns;
use super::error::{Problem, Result};

/// How much of a field is unescaped at once.
const PIECE: usize = 4 << 10;

/// Reads the header, and adds all rows.
pub(super) fn read(input: impl BufRead, cells: &mut Cells) -> Result<Columns> {
    let mut fields = Fields::new(input);
    let columns = header(&mut fields)?;
    let expected = columns.names().len();
    while let Some(line) = fields.begin_row()? {
        cells.begin_row().map_err(|problem| problem.at(line))?;
        let mut count = 0;
        let mut is_last = false;
        while !is_last {
            let text;
            (text, is_last) = fields.next()?;
            cells.push(Cell::Text(text));
            count += 1;
        }
        if count != expected {
            return Err(Problem::Ragged { cells: count, columns: expected }.at(line));
        }
    }
    Ok(columns)
}

fn header(fields: &mut Fields<impl BufRead>) -> Result<Columns> {
    let Some(line) = fields.begin_row()? else { return Err(Problem::NoHeader.of_file()) };
    let mut columns = Columns::default();
    let mut is_last = false;
    while !is_last {
        let name;
        (name, is_last) = fields.next()?;
        columns.add(name.trim()).map_err(|problem| problem.at(line))?;
    }
    match columns.names() {
        // As spreadsheets write it where the comma is in numbers.
        [only] if only.contains([';', '\t']) => Err(Problem::Separator(only.clone()).at(line)),
        _ => Ok(columns),
    }
}

/// The fields of a file, in pieces of its bytes.
struct Fields<R> {
    input: R,
    parser: csv_core::Reader,
    piece: [u8; PIECE],
    field: Vec<u8>,
}

impl<R: BufRead> Fields<R> {
    fn new(input: R) -> Self {
        let (mut parser, mut piece) = (csv_core::Reader::new(), [0; PIECE]);
        // In what it reads first it would skip a byte order mark, if all of that is in the buffer.
        parser.read_field(b"\n", &mut piece);
        parser.set_line(1);
        Fields { input, parser, piece, field: Vec::new() }
    }

    /// Skips line breaks, and returns the line of the row that begins behind them. The parser would skip them as well,
    /// but not tell.
    fn begin_row(&mut self) -> Result<Option<u64>> {
        loop {
            match self.input.fill_buf()?.first() {
                None => return Ok(None),
                Some(b'\n') => self.parser.set_line(self.parser.line() + 1),
                Some(b'\r') => {}
                Some(_) => return Ok(Some(self.parser.line())),
            }
            self.input.consume(1);
        }
    }

    /// Returns the next field of the row, and whether it is the last one.
    fn next(&mut self) -> Result<(&str, bool)> {
        self.field.clear();
        let line = self.parser.line();
        let is_last = loop {
            let available = self.input.fill_buf()?;
            let is_end = available.is_empty();
            // The end of the file ends the row like a line break, which is text where a quote is open.
            let bytes = if is_end { b"\n" } else { available };
            let (result, read, written) = self.parser.read_field(bytes, &mut self.piece);
            if !is_end {
                self.input.consume(read);
            }
            self.field.extend_from_slice(&self.piece[..written]);
            match result {
                ReadFieldResult::Field { record_end } => break record_end,
                _ if is_end => return Err(Problem::OpenQuote.at(line)),
                _ => {}
            }
        };
        match str::from_utf8(&self.field) {
            Ok(text) => Ok((text, is_last)),
            Err(error) => {
                let before = &self.field[..error.valid_up_to()];
                let breaks = before.iter().filter(|&&byte| byte == b'\n').count();
                Err(Problem::Utf8.at(line + breaks as u64))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{contents, refused, table};

    #[track_caller]
    fn check(text: &str, columns: &[&str], rows: &[&[&str]]) {
        let table = table("x.csv", text).unwrap();
        assert_eq!(table.columns(), columns, "{text:?}");
        assert_eq!(contents(&table), rows, "{text:?}");
    }

    #[track_caller]
    fn check_refused(text: impl AsRef<[u8]>, message: &str) {
        assert_eq!(refused("x.csv", text), message);
    }

    #[test]
    fn the_first_line_names_the_columns() {
        check("a,b\n1,2\n3,4\n", &["a", "b"], &[&["1", "2"], &["3", "4"]]);
        check(" a ,\"b \"\n 1 ,\"2 \"", &["a", "b"], &[&[" 1 ", "2 "]]);
        check("größe\n1", &["größe"], &[&["1"]]);
        check("a;b,c\td\n1,2", &["a;b", "c\td"], &[&["1", "2"]]);
    }

    #[test]
    fn lines_end_in_each_of_three_ways() {
        let rows: &[&[&str]] = &[&["1", "2"], &["3", ""]];
        for end in ["\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\n\r"] {
            let text = ["a,b", "1,2", "3,"].join(end);
            check(&text, &["a", "b"], rows);
            check(&format!("{end}{text}{end}"), &["a", "b"], rows);
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_name() {
        check("\u{feff}a,b\n1,2", &["a", "b"], &[&["1", "2"]]);
        check("\u{feff}\"a,b\"\n1", &["a,b"], &[&["1"]]);
    }

    #[test]
    fn quoted_cells_have_everything_in_them() {
        check("a,b\n\"x,y\",\"say \"\"hi\"\"\"\n", &["a", "b"], &[&["x,y", "say \"hi\""]]);
        check("a,b\n\"1\n2\r\n3\",\"\"\n", &["a", "b"], &[&["1\n2\r\n3", ""]]);
        check("a\n\"\"\n\"\"\"\"\n", &["a"], &[&[""], &["\""]]);
    }

    /// As the csv module of Python does.
    #[test]
    fn a_quote_within_a_cell_is_text() {
        check("a,b\n5\" disk,x\"\"y\n", &["a", "b"], &[&["5\" disk", "x\"\"y"]]);
        check("a,b\n\"x\"y,\"\"z\n", &["a", "b"], &[&["xy", "z"]]);
    }

    #[test]
    fn every_length_of_cell_is_read_whole() {
        for len in [0, 1, 4095, 4096, 4097, 65_535, 65_536, 65_537, 200_000] {
            let (plain, quoted) = ("x".repeat(len), "\"\"".repeat(len));
            let text = format!("a,b\n{plain},\"{quoted}\"\n");
            check(&text, &["a", "b"], &[&[&plain, &"\"".repeat(len)]]);
        }
    }

    #[test]
    fn a_row_has_a_cell_for_each_column() {
        let cure = "quote cells that have commas in them";
        for (text, line, cells) in [
            ("a,b\n1,2\n1", 3, "1 cell"),
            ("a,b\n1,2,\n1,2", 2, "3 cells"),
            ("a,b\r\n\r\n1,2\r\n1,2,3\r\n", 4, "3 cells"),
            ("a,b\n\"1\n\n\",2\n1\n", 5, "1 cell"),
            ("\n\n\"a\n\",b\n1,2\n\n , , \n", 7, "3 cells"),
        ] {
            check_refused(
                text,
                &format!("x.csv:{line}: the row has {cells} and the header 2; {cure}"),
            );
        }
    }

    #[test]
    fn a_header_names_each_column_once() {
        let cure = "begin it with the names of the columns, such as: name,password";
        for text in ["", "\n", "\r\n\r\n", "\u{feff}"] {
            check_refused(text, &format!("x.csv: the file is empty; {cure}"));
        }
        for text in ["a,b", "a,b\n", "a,b\n\n\n"] {
            check_refused(text, "x.csv: there are no rows below the header; add one");
        }
        check_refused("a,b, a\n", "x.csv:1: two columns are named 'a'; rename one");
        for text in ["a,b,\n1,2,", "a,b,\"\"", "a,b, ,d"] {
            check_refused(text, "x.csv:1: column 3 has no name; name it, or leave it out");
        }
        check_refused("\na;b\n", "x.csv:2: 'a;b' is one column; separate columns by commas");
        check_refused("a\tb", "x.csv:1: 'a\\tb' is one column; separate columns by commas");
        let wide = (0..=10_000).map(|column| format!("x{column}"));
        let wide = wide.collect::<Vec<_>>().join(",");
        let cure = "leave out those that no task needs";
        check_refused(wide, &format!("x.csv:1: there are more than 10,000 columns; {cure}"));
    }

    #[test]
    fn a_quote_that_never_ends_is_told_where_it_begins() {
        let problem = "a quote begins here that never ends; end it, or double it if it is text of a quoted cell";
        for (text, line) in [
            ("a,b\n1,2\n3,\"4\n5,6\n", 3),
            ("a,b\n1,2\n\"3\n\",\"", 4),
            ("a\n\"", 2),
            ("a\n\"\"\"", 2),
            ("\"a", 1),
        ] {
            check_refused(text, &format!("x.csv:{line}: {problem}"));
        }
    }

    #[test]
    fn text_that_is_not_utf8_is_told_by_its_line() {
        let text = b"a,b\n1,2\n\"x\ny\xff\",2\n";
        for (text, line) in [
            (&text[..], 4),
            (b"\xe9,b\n1,2", 1),
            (b"a\r\n\xfd\r\n", 2),
            (b"a\n\xf4\x90\x80\x80", 2),
            // UTF-16, as Excel writes "Unicode text".
            (b"\xff\xfea\0\n\0", 1),
        ] {
            check_refused(
                text,
                &format!("x.csv:{line}: the text is not UTF-8; save the file as UTF-8"),
            );
        }
    }
}
