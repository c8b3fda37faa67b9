//! The tables as text: pure functions of a snapshot and the width of the name column.
//!
//! Every function returns whole lines, or nothing at all where there is nothing to tell. Names and
//! messages are never cut: a long one moves its own columns, as in Locust.

use std::borrow::Cow;
use std::time::Duration;

use crate::report::{digits, percentiles};
use crate::stats::{Distribution, Figures, PERCENTILES, Row, Snapshot};

/// Which of its two rates a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateSpan {
    /// The last ten seconds, for a run in its course.
    Recent,
    /// The whole run, for its end.
    Whole,
}

/// The statistics table.
pub fn render_stats(snapshot: &Snapshot, name_width: usize, span: RateSpan) -> String {
    let pad = stats_name_pad(name_width);
    let mut table = format!(
        "{:<8} {:<pad$} {:>7} {:>12} |{:>7} {:>7} {:>7}{:>7} | {:>7} {:>11}\n",
        "Type", "Name", "# reqs", "# fails", "Avg", "Min", "Max", "Med", "req/s", "failures/s"
    );
    let name = name_width.saturating_sub(4);
    let separator = dashes(&[8, name, 7, 13, 7, 7, 7, 7, 8, 11]);
    table.push_str(&separator);
    for row in rows_with_samples(snapshot) {
        table.push_str(&stats_line(row, pad, span));
    }
    table.push_str(&separator);
    table.push_str(&stats_line(&snapshot.total, pad, span));
    table
}

fn stats_line(row: &Row, pad: usize, span: RateSpan) -> String {
    let method = match row.key.method.as_str() {
        "" => String::new(),
        method => format!("{method} "),
    };
    let fails = format!("{}({:.2}%)", row.failures, row.failure_ratio() * 100.0);
    let time = |pick: fn(&Figures) -> Duration| {
        row.latency.figures.as_ref().map_or_else(|| "0".to_owned(), |f| digits::table_ms(pick(f)))
    };
    let rates = match span {
        RateSpan::Recent => row.recent_rates,
        RateSpan::Whole => row.rates,
    };
    format!(
        "{:<8} {:<pad$} {:>7} {:>12} |{:>7} {:>7} {:>7}{:>7} | {:>7.2} {:>11.2}\n",
        one_line(&method),
        one_line(&row.key.name),
        row.requests,
        fails,
        time(|figures| figures.mean),
        time(|figures| figures.min),
        time(|figures| figures.max),
        time(Figures::median),
        rates.requests,
        rates.failures,
    )
}

/// The width names are padded to in the statistics table, where other columns give four back.
///
/// Locust writes the width minus four into a printf format, where a negative width means left
/// alignment in the same number of characters: below four the padding grows again. On a terminal
/// of 80 columns that is every table, and scripts that cut columns count on it.
fn stats_name_pad(name_width: usize) -> usize {
    name_width.abs_diff(4)
}

/// The percentile table. Its headers stand one slot to the right of what their widths say, as in
/// Locust: the name column is four wider than in the statistics table.
pub fn render_percentiles(snapshot: &Snapshot, name_width: usize) -> String {
    let title = "Response time percentiles (approximated)";
    percentile_table(snapshot, name_width, title, |row| &row.latency)
}

/// Percentiles of service times, where a schedule made them differ from the response times; nothing
/// where it did not.
pub fn render_service_times(snapshot: &Snapshot, name_width: usize) -> String {
    if snapshot.total.service_time.is_none() {
        return String::new();
    }
    let title = "Service time percentiles: from the start of each request. The response times above \
                 run from when it was intended.";
    // A row that was never late has one time for both.
    percentile_table(snapshot, name_width, title, |row| {
        row.service_time.as_ref().unwrap_or(&row.latency)
    })
}

fn percentile_table(
    snapshot: &Snapshot,
    name_width: usize,
    title: &str,
    times: impl Fn(&Row) -> &Distribution,
) -> String {
    let mut table = format!("{title}\n");
    let headers = percentiles::headers().chain(["# reqs".to_owned()]);
    push_percentile_line(&mut table, name_width, "Type", "Name", headers);
    let mut widths = vec![8, name_width, 8];
    widths.extend([6; PERCENTILES.len()]);
    let separator = dashes(&widths);
    table.push_str(&separator);
    for row in rows_with_samples(snapshot) {
        push_percentiles(&mut table, name_width, row, times(row));
    }
    table.push_str(&separator);
    push_percentiles(&mut table, name_width, &snapshot.total, times(&snapshot.total));
    table
}

/// The row's line, if it has samples.
fn push_percentiles(table: &mut String, name_width: usize, row: &Row, times: &Distribution) {
    let Some(figures) = &times.figures else { return };
    let times = figures.percentiles.iter().map(|&time| digits::table_ms(time));
    let cells = times.chain([row.requests.to_string()]);
    push_percentile_line(table, name_width, &row.key.method, &row.key.name, cells);
}

fn push_percentile_line(
    table: &mut String,
    name_width: usize,
    method: &str,
    name: &str,
    cells: impl Iterator<Item = String>,
) {
    *table += &format!("{:<8} {:<name_width$}", one_line(method), one_line(name));
    // The first slot is eight wide, all others six.
    for (slot, cell) in cells.enumerate() {
        let width = if slot == 0 { 8 } else { 6 };
        *table += &format!(" {cell:>width$}");
    }
    table.push('\n');
}

/// The error report: a line per failure; nothing if there are none.
pub fn render_errors(snapshot: &Snapshot, name_width: usize) -> String {
    if snapshot.failures.is_empty() {
        return String::new();
    }
    let separator = wide_separator(name_width);
    let mut table = format!("Error report\n{:<18} {:<100}\n{separator}", "# occurrences", "Error");
    for failure in &snapshot.failures {
        let error = format!("{} {}: {}", failure.key.method, failure.key.name, failure.message);
        table += &format!("{:<18} {:<100}\n", failure.occurrences, one_line(&error));
    }
    table.push_str(&separator);
    table
}

/// Errors of user code, each with its origin beneath; nothing if there are none. Locust shows these
/// only in its log and its web page.
pub fn render_exceptions(snapshot: &Snapshot, name_width: usize) -> String {
    if snapshot.exceptions.is_empty() {
        return String::new();
    }
    let separator = wide_separator(name_width);
    let mut table = format!("Exceptions\n{:<18} Message\n{separator}", "# occurrences");
    for exception in &snapshot.exceptions {
        table += &format!("{:<18} {}\n", exception.count, one_line(&exception.message));
        for line in exception.traceback.lines() {
            table += &format!("{:<18}   {}\n", "", one_line(line));
        }
    }
    table.push_str(&separator);
    table
}

fn rows_with_samples(snapshot: &Snapshot) -> impl Iterator<Item = &Row> {
    snapshot.entries.iter().filter(|row| row.requests > 0)
}

/// A line of dashes, with bars between columns of these widths.
fn dashes(widths: &[usize]) -> String {
    let columns: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
    columns.join("|") + "\n"
}

/// The line under a count and a text, as wide as the other tables are reckoned to be.
fn wide_separator(name_width: usize) -> String {
    dashes(&[18, 80 + name_width - 19])
}

/// The text with its control characters escaped: a name or a message may come from the server, and
/// must neither break a table's lines nor command the terminal. The files have it as it is.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
    Cow::Owned(text.chars().map(escape).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{failure, row, snapshot};
    use crate::stats::ExceptionRow;

    fn run(time: Duration) -> Snapshot {
        snapshot(vec![row("GET", "/", 20, time), row("GET", "/never", 0, time)], time)
    }

    fn lines(table: &str) -> Vec<&str> {
        table.lines().collect()
    }

    #[test]
    fn times_have_their_digits_and_rows_without_samples_are_left_out() {
        let stats = render_stats(&run(Duration::from_nanos(52_379)), 20, RateSpan::Whole);
        let line = "GET      /                     20     0(0.00%) |  0.052   0.052   0.052  0.052 |    1.00        0.00";
        let total = "         Aggregated            20     0(0.00%) |  0.052   0.052   0.052  0.052 |    1.00        0.00";
        assert_eq!(lines(&stats)[2..], [line, lines(&stats)[1], total]);
        let percentiles = render_percentiles(&run(Duration::from_micros(3_127)), 20);
        let times = "   3.13".repeat(11);
        let line = format!("GET      /                      {}     20", &times[1..]);
        let total = format!("         Aggregated             {}     20", &times[1..]);
        assert_eq!(lines(&percentiles)[3..], [&line, lines(&percentiles)[2], &total]);
    }

    #[test]
    fn service_times_have_a_table_where_they_differ() {
        let mut run = run(Duration::from_millis(50));
        assert_eq!(render_service_times(&run, 20), "");
        let service = run.entries[0].latency.clone();
        run.total.service_time = Some(service);
        let table = render_service_times(&run, 20);
        assert!(table.starts_with("Service time percentiles: from the start of each request."));
        assert_eq!(lines(&table)[1..], lines(&render_percentiles(&run, 20))[1..]);
        let service = snapshot(vec![row("GET", "/", 20, Duration::from_millis(2))], run.elapsed);
        run.entries[0].service_time = Some(service.entries[0].latency.clone());
        assert!(lines(&render_service_times(&run, 20))[3].contains(&"   2.00".repeat(10)));
    }

    #[test]
    fn rates_are_the_ones_asked_for() {
        let run = run(Duration::from_millis(1));
        let rate = |span| {
            let table = render_stats(&run, 80, span);
            lines(&table)[2].split_whitespace().rev().nth(1).map(str::to_owned)
        };
        assert_eq!(rate(RateSpan::Whole).as_deref(), Some("1.00"));
        assert_eq!(rate(RateSpan::Recent).as_deref(), Some("2.00"));
    }

    #[test]
    fn two_decimals_are_rounded_as_python_rounds_them() {
        // Halves that binary holds exactly go to the even neighbour: printf's rule, and Rust's.
        let rounded = [0.125, 0.375, 2.675, 1.005].map(|value| format!("{value:.2}"));
        assert_eq!(rounded, ["0.12", "0.38", "2.67", "1.00"]);
    }

    #[test]
    fn text_from_outside_cannot_break_a_line_or_command_the_terminal() {
        let mut run = run(Duration::from_millis(1));
        run.failures.push(failure("two\nlines\x1b[2J, naïve"));
        run.entries[0].key.name = "/a\tb".to_owned();
        let errors = render_errors(&run, 80);
        assert_eq!(
            lines(&errors)[3].trim_end(),
            "2                  GET /: two\\nlines\\u{1b}[2J, naïve"
        );
        let stats = render_stats(&run, 80, RateSpan::Whole);
        assert!(lines(&stats)[2].starts_with("GET      /a\\tb "));
    }

    #[test]
    fn an_exception_has_its_origin_beneath() {
        let mut run = run(Duration::from_millis(1));
        assert_eq!(render_exceptions(&run, 80), "");
        run.exceptions.push(ExceptionRow {
            count: 2,
            message: "boom".to_owned(),
            traceback: "shopper, task browse\nsrc/shop.rs:12\n".to_owned(),
        });
        let table = render_exceptions(&run, 0);
        let expected = [
            "Exceptions",
            "# occurrences      Message",
            "------------------|-------------------------------------------------------------",
            "2                  boom",
            "                     shopper, task browse",
            "                     src/shop.rs:12",
            "------------------|-------------------------------------------------------------",
        ];
        assert_eq!(lines(&table), expected);
    }
}
