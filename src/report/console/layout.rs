//! The width of tables, and the layout of rows that do not fit.
//!
//! In a file or a pipe a table has exactly Locust's layout, because scripts cut its columns. In a
//! terminal Locust gives the name what 80 columns leave, which is nothing in a terminal of 80, and a
//! long name shifts the figures of its row. Here figures keep their columns: a name without room beside
//! them is on a line of its own above them, and figures that are wider than the terminal are folded,
//! header and rows alike.

use std::borrow::Cow;
use std::os::fd::AsFd;

use textwrap::core::display_width;
use textwrap::{Options, WordSplitter};

use super::tables::one_line;

/// The kind of output that tables are written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// A file or a pipe.
    Pipe,
    /// A terminal with this number of columns.
    Terminal(usize),
}

/// A column of figures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// The text before it.
    gap: &'static str,
    width: usize,
    /// The number of dashes under its header.
    dashes: usize,
}

/// A table of rows with a type, a name and figures.
pub(super) struct Table {
    screen: Screen,
    /// The width of the name column; `None` if names are on lines of their own.
    name: Option<usize>,
    /// The figures of each line; one line unless they are wider than the terminal.
    lines: Vec<Vec<Column>>,
    text: String,
}

/// The width that types are padded to.
const TYPE: usize = 8;

/// A narrower name column is left out.
const NAME_MIN: usize = 16;

/// The largest width of tables of texts.
const TEXT_MAX: usize = 160;

/// The width of a count in a table of texts.
const COUNT: usize = 18;

/// The smallest width of a column of texts; a terminal that is still narrower folds lines itself.
const TEXT_MIN: usize = 20;

impl Screen {
    /// Returns the kind of output behind this descriptor.
    pub fn of(descriptor: impl AsFd) -> Self {
        match rustix::termios::tcgetwinsize(descriptor) {
            // A pseudo terminal without a size says 0.
            Ok(size) if size.ws_col > 0 => Screen::Terminal(size.ws_col.into()),
            _ => Screen::Pipe,
        }
    }

    /// Returns the line of dashes under a count and a text.
    pub(super) fn text_rule(self) -> String {
        let columns = self.columns().unwrap_or(TEXT_MAX).min(TEXT_MAX);
        dashes(&[COUNT, columns.saturating_sub(COUNT + 1).max(1)])
    }

    /// Returns a count and a text, which continues on the next line if it is wider than the terminal.
    pub(super) fn text_line(self, count: &str, text: &str) -> String {
        let text = one_line(text);
        let wrapped = self.wrapped(&text, COUNT + 1);
        format!("{count:<COUNT$} {wrapped}\n")
    }

    /// Wraps a text that begins in this column and continues in it.
    pub(super) fn wrapped<'t>(self, text: &'t str, column: usize) -> Cow<'t, str> {
        let Some(columns) = self.columns() else { return text.into() };
        let width = columns.saturating_sub(column).max(TEXT_MIN);
        if display_width(text) <= width {
            return text.into();
        }
        let options = Options::new(width).word_splitter(WordSplitter::NoHyphenation);
        textwrap::wrap(text, options).join(&format!("\n{:column$}", "")).into()
    }

    fn columns(self) -> Option<usize> {
        match self {
            Screen::Pipe => None,
            Screen::Terminal(columns) => Some(columns),
        }
    }
}

impl Column {
    pub(super) const fn new(gap: &'static str, width: usize, dashes: usize) -> Self {
        Column { gap, width, dashes }
    }
}

impl Table {
    /// Makes an empty table with these figures and a name column of at most `name_max`.
    pub(super) fn new(screen: Screen, name_max: usize, figures: &[Column]) -> Self {
        let name = match screen {
            Screen::Pipe => Some(name_max),
            Screen::Terminal(columns) => room_for_names(columns, figures).map(|n| n.min(name_max)),
        };
        let lines = match screen {
            Screen::Terminal(columns) if name.is_none() => fold(figures, columns),
            _ => vec![figures.to_vec()],
        };
        Table { screen, name, lines, text: String::new() }
    }

    /// Returns whether this kind of output has room for a name beside these figures.
    pub(super) fn has_room(screen: Screen, figures: &[Column]) -> bool {
        screen.columns().is_none_or(|columns| room_for_names(columns, figures).is_some())
    }

    /// Adds a header or a row. The type and the name are written on one line, whatever they contain.
    pub(super) fn push(&mut self, kind: &str, name: &str, cells: &[String]) {
        let (kind, name) = (one_line(kind), one_line(name));
        let start = match (self.screen, self.name) {
            // As in Locust, a text that is too long shifts what follows it.
            (Screen::Pipe, Some(width)) => format!("{kind:<TYPE$} {name:<width$}"),
            (_, Some(width)) if fits(&kind, TYPE) && fits(&name, width) => {
                format!("{} {}", padded(&kind, TYPE), padded(&name, width))
            }
            (_, width) => {
                let column = display_width(kind.trim_end()).max(TYPE) + 1;
                let wrapped = self.screen.wrapped(&name, column);
                self.text += &format!("{} {wrapped}\n", padded(kind.trim_end(), TYPE));
                " ".repeat(width.map_or(0, |width| TYPE + 1 + width))
            }
        };
        let mut cells = cells.iter();
        for line in &self.lines {
            self.text += &start;
            for (place, column) in line.iter().enumerate() {
                let gap = if place == 0 { " " } else { column.gap };
                let cell = cells.next().map_or("", |cell| cell);
                self.text += &format!("{gap}{cell:>width$}", width = column.width);
            }
            self.text.push('\n');
        }
    }

    /// Adds a line of dashes.
    pub(super) fn push_rule(&mut self) {
        let rule = match self.name {
            Some(name) => {
                let figures = self.lines.iter().flatten().map(|column| column.dashes);
                dashes(&[TYPE, name].into_iter().chain(figures).collect::<Vec<_>>())
            }
            None => {
                let widest = self.lines.iter().map(|line| width(line)).max();
                dashes(&[widest.unwrap_or_default()])
            }
        };
        self.text += &rule;
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// Returns the width that a terminal has for names beside figures, if it is enough.
fn room_for_names(columns: usize, figures: &[Column]) -> Option<usize> {
    columns.checked_sub(TYPE + 1 + width(figures)).filter(|&left| left >= NAME_MIN)
}

/// Distributes columns over as many lines as they need, about evenly.
fn fold(columns: &[Column], width_max: usize) -> Vec<Vec<Column>> {
    let in_lines = |lines: usize| columns.chunks(columns.len().div_ceil(lines).max(1));
    let fits = |lines: &usize| in_lines(*lines).all(|line| width(line) <= width_max);
    let lines = (1..=columns.len()).find(fits).unwrap_or(columns.len().max(1));
    in_lines(lines).map(<[_]>::to_vec).collect()
}

/// Returns the width of columns on one line.
fn width(columns: &[Column]) -> usize {
    let behind = columns.iter().skip(1).map(|column| column.gap.len() + column.width);
    columns.first().map_or(0, |first| 1 + first.width) + behind.sum::<usize>()
}

fn fits(text: &str, width: usize) -> bool {
    display_width(text.trim_end()) <= width
}

/// Pads the text with spaces to this width.
fn padded(text: &str, width: usize) -> String {
    let text = text.trim_end();
    let rest = width.saturating_sub(display_width(text));
    format!("{text}{:rest$}", "")
}

/// Returns a line of dashes, with bars between columns of these widths.
fn dashes(widths: &[usize]) -> String {
    let columns: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
    columns.join("|") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIGURES: [Column; 3] =
        [Column::new(" ", 7, 7), Column::new(" |", 7, 8), Column::new(" ", 9, 9)];

    fn table(screen: Screen, rows: &[(&str, &str)]) -> Vec<String> {
        let mut table = Table::new(screen, 80, &FIGURES);
        let cells = |numbers: [&str; 3]| numbers.map(str::to_owned);
        table.push("Type", "Name", &cells(["one", "two", "three"]));
        table.push_rule();
        rows.iter().for_each(|(kind, name)| table.push(kind, name, &cells(["1", "22", "333"])));
        table.into_text().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_name_without_room_stands_above_figures_that_stay_in_their_columns() {
        let rows = [
            ("GET", "/short"),
            ("PROPFIND", "/日本語日本語日本語"),
            ("GET", "/a/name/of/19/chars"),
        ];
        let lines = table(Screen::Terminal(54), &rows);
        let expected = [
            "Type     Name                   one |    two     three",
            "--------|------------------|-------|--------|---------",
            "GET      /short                   1 |     22       333",
            "PROPFIND /日本語日本語日本語",
            "                                  1 |     22       333",
            "GET      /a/name/of/19/chars",
            "                                  1 |     22       333",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_terminal_without_room_for_names_has_them_on_lines_of_their_own() {
        let expected = [
            "Type     Name",
            "     one |    two     three",
            "---------------------------",
            "GET      /a",
            "       1 |     22       333",
        ];
        assert_eq!(table(Screen::Terminal(40), &[("GET", "/a")]), expected);
    }

    #[test]
    fn figures_wider_than_the_terminal_are_folded_as_their_header_is() {
        let lines = table(Screen::Terminal(20), &[("GET", "/a/name/that/is/very/long/indeed")]);
        let expected = [
            "Type     Name",
            "     one |    two",
            "     three",
            "-----------------",
            "GET      /a/name/that/is/very",
            "         /long/indeed",
            "       1 |     22",
            "       333",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn no_line_is_wider_than_a_terminal_of_a_usual_width() {
        let long = "/a/very/long/name".repeat(20);
        for columns in 30..250 {
            for line in table(Screen::Terminal(columns), &[("GET", &long), ("OPTIONS", "/日本")])
            {
                assert!(display_width(&line) <= columns, "{columns}: {line}");
            }
        }
    }

    #[test]
    fn a_text_goes_on_below_itself() {
        let text = "GET /a: one two three four five six seven";
        assert_eq!(Screen::Pipe.text_line("17", text), format!("{:<18} {text}\n", 17));
        let line = Screen::Terminal(40).text_line("17", text);
        let expected = format!("{:<18} GET /a: one two three\n{:19}four five six seven\n", 17, "");
        assert_eq!(line, expected);
    }

    #[test]
    fn a_file_is_not_a_terminal() {
        let file = tempfile::tempfile().expect("a temporary file can be made");
        assert_eq!(Screen::of(&file), Screen::Pipe);
    }
}
