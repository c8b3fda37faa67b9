//! The tables in the terminal: Locust's, to the letter in layout.
//!
//! [`Progress`] shows the statistics table while the run lasts, with the rates of the last ten
//! seconds; [`Final`] closes with the whole run's statistics, percentiles and errors. The tables
//! themselves are pure functions, `render_*`.

mod commands;
mod generator;
mod handshakes;
mod open_load;
mod tables;
mod unseen;

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use super::Report;
use super::rhythm::Rhythm;
use crate::stats::Snapshot;

pub use commands::render_commands;
pub use generator::render_generator;
pub use handshakes::render_handshakes;
pub use open_load::render_open_load;
pub use tables::{
    RateSpan, render_errors, render_exceptions, render_percentiles, render_service_times,
    render_stats,
};
pub use unseen::render_unseen;

/// Two seconds between the tables of a run in its course, as Locust has it (stats.py:100).
const PROGRESS_PERIOD: Duration = Duration::from_secs(2);

/// The name column where there is no terminal to fit into.
const NAME_WIDTH_MAX: usize = 80;

/// What the columns beside the name take, in Locust's reckoning.
const OTHER_COLUMNS: usize = 80;

/// The statistics table every two seconds, first at once.
#[derive(Debug)]
pub struct Progress<W, F> {
    out: W,
    name_width: F,
    rhythm: Rhythm,
}

impl<W: Write, F: Fn() -> usize> Progress<W, F> {
    /// Writes to `out`. The width of the name column is asked for anew at every table, so that the
    /// tables follow a terminal that is resized.
    pub fn new(out: W, name_width: F) -> Self {
        Self { out, name_width, rhythm: Rhythm::every(PROGRESS_PERIOD) }
    }
}

impl<W: Write, F: Fn() -> usize> Report for Progress<W, F> {
    fn update(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        if !self.rhythm.due(snapshot.elapsed) {
            return Ok(());
        }
        let table = render_stats(snapshot, (self.name_width)(), RateSpan::Recent);
        write_tables(&mut self.out, &[table])
    }

    /// Nothing: the closing tables are [`Final`]'s, which may go elsewhere.
    fn finish(&mut self, _: &Snapshot) -> io::Result<()> {
        Ok(())
    }
}

/// The tables at the end of a run.
#[derive(Debug)]
pub struct Final<W, F> {
    out: W,
    name_width: F,
}

impl<W: Write, F: Fn() -> usize> Final<W, F> {
    /// Writes to `out`; the width of the name column is asked for when the tables are written.
    pub fn new(out: W, name_width: F) -> Self {
        Self { out, name_width }
    }
}

impl<W: Write, F: Fn() -> usize> Report for Final<W, F> {
    fn update(&mut self, _: &Snapshot) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let width = (self.name_width)();
        // Locust's tables in Locust's order, so that whatever reads them still does; ours after.
        let tables = [
            render_stats(snapshot, width, RateSpan::Whole),
            render_percentiles(snapshot, width),
            render_service_times(snapshot, width),
            render_errors(snapshot, width),
            render_exceptions(snapshot, width),
            render_unseen(snapshot),
            render_handshakes(snapshot),
            render_open_load(snapshot),
            render_commands(snapshot),
            render_generator(snapshot),
        ];
        write_tables(&mut self.out, &tables)
    }
}

/// Each table that has something to say, followed by a blank line; in one write, so that lines of
/// a log that goes to the same terminal do not fall into a table.
fn write_tables(out: &mut impl Write, tables: &[String]) -> io::Result<()> {
    let mut text = String::new();
    for table in tables.iter().filter(|table| !table.is_empty()) {
        text.push_str(table);
        text.push('\n');
    }
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// The width of the name column for a terminal of so many columns, or for none.
pub fn name_width(columns: Option<u16>) -> usize {
    columns.map_or(NAME_WIDTH_MAX, |columns| {
        usize::from(columns).saturating_sub(OTHER_COLUMNS).min(NAME_WIDTH_MAX)
    })
}

/// How many columns the terminal has, if it is one and knows.
pub fn terminal_columns(terminal: impl AsFd) -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(terminal).ok()?;
    // A pseudo terminal that nobody sized says 0, which is not a width.
    (size.ws_col > 0).then_some(size.ws_col)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{failure, row, snapshot};

    const MS: Duration = Duration::from_millis(1);

    fn text(out: Vec<u8>) -> String {
        String::from_utf8(out).expect("tables are text")
    }

    #[test]
    fn progress_shows_recent_rates_at_once_and_then_every_two_seconds() {
        let mut progress = Progress::new(Vec::new(), || 80);
        let mut now = snapshot(vec![row("GET", "/", 10, MS)], MS);
        for second in 0..=4 {
            now.elapsed = Duration::from_secs(second);
            progress.update(&now).expect("memory takes everything");
        }
        progress.finish(&now).expect("memory takes everything");
        let table = render_stats(&now, 80, RateSpan::Recent) + "\n";
        assert_eq!(text(progress.out), table.repeat(3));
    }

    #[test]
    fn the_final_tables_show_whole_run_rates_and_come_only_at_the_end() {
        let mut last = Final::new(Vec::new(), || 80);
        let now = snapshot(vec![row("GET", "/", 10, MS)], MS);
        last.update(&now).expect("memory takes everything");
        assert!(last.out.is_empty());
        last.finish(&now).expect("memory takes everything");
        let stats = render_stats(&now, 80, RateSpan::Whole);
        let percentiles = render_percentiles(&now, 80);
        assert_eq!(text(last.out), format!("{stats}\n{percentiles}\n"));
    }

    #[test]
    fn what_is_ours_comes_after_what_is_locusts() {
        let mut last = Final::new(Vec::new(), || 80);
        let mut now = snapshot(vec![row("GET", "/", 10, MS)], MS);
        now.failures.push(failure("status was 500"));
        now.total.counts.cancelled = 3;
        last.finish(&now).expect("memory takes everything");
        let text = text(last.out);
        let errors = text.find("Error report\n").expect("there are errors");
        let cancelled = text.find("Requests cancelled").expect("some were cancelled");
        assert!(errors < cancelled);
        assert!(text.ends_with(")\n\n"));
    }

    #[test]
    fn the_name_column_takes_what_the_terminal_leaves_up_to_eighty() {
        let widths = [None, Some(40), Some(80), Some(81), Some(120), Some(160), Some(300)];
        assert_eq!(widths.map(name_width), [80, 0, 0, 1, 40, 80, 80]);
    }

    #[test]
    fn a_file_is_not_a_terminal() {
        let file = tempfile::tempfile().expect("a temporary file can be made");
        assert_eq!(terminal_columns(&file), None);
    }
}
