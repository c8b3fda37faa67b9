//! The tables in the terminal. Written to a file they have exactly Locust's layout.
//!
//! [`Progress`] shows the statistics table while the run lasts, with the rates of the last ten seconds;
//! [`Final`] shows the whole run's statistics, percentiles and errors at its end. The tables themselves
//! are pure functions, `render_*`.

mod broken;
mod commands;
mod generator;
mod handshakes;
mod layout;
mod malformed;
mod open_load;
mod statuses;
mod tables;
mod unseen;

use std::io::{self, Write};
use std::time::Duration;

use super::Report;
use super::ticker::Ticker;
use crate::stats::Snapshot;

pub(crate) use broken::render_broken;
pub(crate) use commands::render_commands;
pub(crate) use generator::render_generator;
pub(crate) use handshakes::render_handshakes;
pub use layout::Screen;
pub(crate) use malformed::render_malformed_lines;
pub(crate) use open_load::render_open_load;
pub(crate) use statuses::render_statuses;
pub(crate) use tables::{
    RateSpan, render_errors, render_exceptions, render_percentiles, render_service_times,
    render_stats,
};
pub(crate) use unseen::render_unseen;

pub(super) use tables::one_line;

/// The time between two tables during a run: two seconds, as in Locust (stats.py:100).
const PROGRESS_PERIOD: Duration = Duration::from_secs(2);

/// The statistics table every two seconds, first at once.
#[derive(Debug)]
pub struct Progress<W, F> {
    out: W,
    screen: F,
    ticker: Ticker,
}

impl<W: Write, F: Fn() -> Screen> Progress<W, F> {
    /// Writes to `out`. `screen` is called before every table, so that tables fit a terminal that was
    /// resized.
    pub fn new(out: W, screen: F) -> Self {
        Self { out, screen, ticker: Ticker::every(PROGRESS_PERIOD) }
    }
}

impl<W: Write, F: Fn() -> Screen> Report for Progress<W, F> {
    fn update(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        if !self.ticker.due(snapshot.elapsed) {
            return Ok(());
        }
        let table = render_stats(snapshot, (self.screen)(), RateSpan::Recent);
        write_tables(&mut self.out, &[table])
    }

    /// Writes nothing: the tables at the end are [`Final`]'s, which may go elsewhere.
    fn finish(&mut self, _: &Snapshot) -> io::Result<()> {
        Ok(())
    }

    /// A table of an earlier second is of no use beside a newer one.
    fn needs_every_update(&self) -> bool {
        false
    }
}

/// The tables at the end of a run.
#[derive(Debug)]
pub struct Final<W, F> {
    out: W,
    screen: F,
}

impl<W: Write, F: Fn() -> Screen> Final<W, F> {
    /// Writes to `out`. `screen` is called when the tables are written.
    pub fn new(out: W, screen: F) -> Self {
        Self { out, screen }
    }
}

impl<W: Write, F: Fn() -> Screen> Report for Final<W, F> {
    fn update(&mut self, _: &Snapshot) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let screen = (self.screen)();
        // Locust's tables come first, in Locust's order, for programs that read them.
        let tables = [
            render_stats(snapshot, screen, RateSpan::Whole),
            render_percentiles(snapshot, screen),
            render_service_times(snapshot, screen),
            render_errors(snapshot, screen),
            render_exceptions(snapshot, screen),
            render_statuses(snapshot, screen),
            render_unseen(snapshot),
            render_malformed_lines(snapshot),
            render_handshakes(snapshot),
            render_open_load(snapshot),
            render_commands(snapshot),
            render_broken(snapshot),
            render_generator(snapshot),
        ];
        write_tables(&mut self.out, &tables)
    }
}

/// Writes each table that is not empty, followed by a blank line, in one write, so that log lines on
/// the same terminal do not come between.
fn write_tables(out: &mut impl Write, tables: &[String]) -> io::Result<()> {
    let mut text = String::new();
    for table in tables.iter().filter(|table| !table.is_empty()) {
        text.push_str(table);
        text.push('\n');
    }
    out.write_all(text.as_bytes())?;
    out.flush()
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
        let mut progress = Progress::new(Vec::new(), || Screen::Pipe);
        let mut now = snapshot(vec![row("GET", "/", 10, MS)], MS);
        for second in 0..=4 {
            now.elapsed = Duration::from_secs(second);
            progress.update(&now).expect("memory takes everything");
        }
        progress.finish(&now).expect("memory takes everything");
        let table = render_stats(&now, Screen::Pipe, RateSpan::Recent) + "\n";
        assert_eq!(text(progress.out), table.repeat(3));
    }

    #[test]
    fn the_final_tables_show_whole_run_rates_and_come_only_at_the_end() {
        let mut last = Final::new(Vec::new(), || Screen::Pipe);
        let now = snapshot(vec![row("GET", "/", 10, MS)], MS);
        last.update(&now).expect("memory takes everything");
        assert!(last.out.is_empty());
        last.finish(&now).expect("memory takes everything");
        let stats = render_stats(&now, Screen::Pipe, RateSpan::Whole);
        let percentiles = render_percentiles(&now, Screen::Pipe);
        assert_eq!(text(last.out), format!("{stats}\n{percentiles}\n"));
    }

    #[test]
    fn what_is_ours_comes_after_what_is_locusts() {
        let mut last = Final::new(Vec::new(), || Screen::Pipe);
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
}
