//! The tables as text: pure functions of a snapshot and the kind of output.
//!
//! Every function returns whole lines, or an empty text without data. Names and messages are never cut;
//! [`layout`](super::layout) describes the layout of long ones.

use std::borrow::Cow;

use super::layout::{Column, Screen, Table};
use crate::report::{columns, digits, percentiles};
use crate::stats::{Distribution, PERCENTILES, Row, Snapshot};

/// Which of its two rates a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RateSpan {
    /// The rate of the last ten seconds, while a run lasts.
    Recent,
    /// The rate of the whole run, at its end.
    Whole,
}

/// The width of Locust's name column in the percentile table. That of the statistics table is four
/// narrower.
const NAME_MAX: usize = 80;
const STATS_NAME_MAX: usize = 76;

/// The columns of the statistics table, in Locust's order and with its spacing.
fn stats_columns(span: RateSpan) -> [(columns::Column, Column); 8] {
    let (rate, failure_rate) = match span {
        RateSpan::Recent => (columns::RECENT_RATE, columns::RECENT_FAILURE_RATE),
        RateSpan::Whole => (columns::RATE, columns::FAILURE_RATE),
    };
    [
        (columns::REQUESTS, Column::new(" ", 7, 7)),
        (columns::FAILURES, Column::new(" ", 12, 13)),
        (columns::MEAN, Column::new(" |", 7, 7)),
        (columns::MIN, Column::new(" ", 7, 7)),
        (columns::MAX, Column::new(" ", 7, 7)),
        (columns::MEDIAN, Column::new("", 7, 7)),
        (rate, Column::new(" | ", 7, 8)),
        (failure_rate, Column::new(" ", 11, 11)),
    ]
}

/// Returns the statistics table.
pub(crate) fn render_stats(snapshot: &Snapshot, screen: Screen, span: RateSpan) -> String {
    let columns = stats_columns(span);
    let mut table =
        Table::new(screen, STATS_NAME_MAX, &columns.each_ref().map(|(_, layout)| *layout));
    let headers = columns.each_ref().map(|(column, _)| column.console.to_owned());
    table.push("Type", "Name", &headers);
    table.push_rule();
    let push = |table: &mut Table, row: &Row| {
        let method = match row.key.method.as_str() {
            "" => String::new(),
            method => format!("{method} "),
        };
        let cells = columns.each_ref().map(|(column, _)| (column.figure)(row).in_console());
        table.push(&method, &row.key.name, &cells);
    };
    rows_with_samples(snapshot).for_each(|row| push(&mut table, row));
    table.push_rule();
    push(&mut table, &snapshot.total);
    table.into_text()
}

/// Returns the percentile table. Its headers are one column to the right of their widths, as in Locust.
/// The title does not say `(approximated)` as Locust's does: Locust computes percentiles from times
/// rounded to two digits.
pub(crate) fn render_percentiles(snapshot: &Snapshot, screen: Screen) -> String {
    let title = "Response time percentiles (ms, within 0.1 % or 1 us)";
    percentile_table(snapshot, screen, title, |row| &row.latency)
}

/// Returns percentiles of service times if a schedule made them differ from response times; empty
/// otherwise.
pub(crate) fn render_service_times(snapshot: &Snapshot, screen: Screen) -> String {
    if snapshot.total.service_time.is_none() {
        return String::new();
    }
    let title = "Service time percentiles: from the start of each request. The response times above \
                 run from when it was intended.";
    // A row that was never late has the same times for both.
    percentile_table(snapshot, screen, title, |row| {
        row.service_time.as_ref().unwrap_or(&row.latency)
    })
}

fn percentile_table(
    snapshot: &Snapshot,
    screen: Screen,
    title: &str,
    times: impl Fn(&Row) -> &Distribution,
) -> String {
    let mut columns = vec![Column::new(" ", 8, 8)];
    columns.extend([Column::new(" ", 6, 6); PERCENTILES.len()]);
    if !Table::has_room(screen, &columns) {
        // The number of requests is also in the statistics table.
        columns.pop();
        columns[0] = columns[1];
    }
    let mut table = Table::new(screen, NAME_MAX, &columns);
    let headers = percentiles::headers().chain(["# reqs".to_owned()]);
    table.push("Type", "Name", &headers.collect::<Vec<_>>());
    table.push_rule();
    for row in rows_with_samples(snapshot) {
        push_percentiles(&mut table, row, times(row));
    }
    table.push_rule();
    push_percentiles(&mut table, &snapshot.total, times(&snapshot.total));
    format!("{}\n{}", screen.wrapped(title, 0), table.into_text())
}

/// Adds the row if it has samples.
fn push_percentiles(table: &mut Table, row: &Row, times: &Distribution) {
    let Some(figures) = &times.figures else { return };
    let times = figures.percentiles.iter().map(|&time| digits::table_ms(time));
    let cells = times.chain([row.requests.to_string()]);
    table.push(&row.key.method, &row.key.name, &cells.collect::<Vec<_>>());
}

/// Returns the error report with a line per failure; empty without failures.
pub(crate) fn render_errors(snapshot: &Snapshot, screen: Screen) -> String {
    if snapshot.failures.is_empty() {
        return String::new();
    }
    let rule = screen.text_rule();
    let mut table = format!("Error report\n{}{rule}", error_line(screen, "# occurrences", "Error"));
    for failure in &snapshot.failures {
        let error = format!("{} {}: {}", failure.key.method, failure.key.name, failure.message);
        table += &error_line(screen, &failure.occurrences.to_string(), &error);
    }
    table.push_str(&rule);
    table
}

/// Locust pads lines to the width of most errors.
fn error_line(screen: Screen, count: &str, error: &str) -> String {
    match screen {
        Screen::Pipe => screen.text_line(count, &format!("{:<100}", one_line(error))),
        Screen::Terminal(_) => screen.text_line(count, error),
    }
}

/// Returns errors of user code, each with its origin beneath; empty without any. Locust shows them only
/// in its log and on its web page.
pub(crate) fn render_exceptions(snapshot: &Snapshot, screen: Screen) -> String {
    if snapshot.exceptions.is_empty() {
        return String::new();
    }
    let rule = screen.text_rule();
    let mut table = format!("Exceptions\n{}{rule}", screen.text_line("# occurrences", "Message"));
    for exception in &snapshot.exceptions {
        table += &screen.text_line(&exception.count.to_string(), &exception.message);
        for line in exception.traceback.lines() {
            table += &screen.text_line("", &format!("  {line}"));
        }
    }
    table.push_str(&rule);
    table
}

fn rows_with_samples(snapshot: &Snapshot) -> impl Iterator<Item = &Row> {
    snapshot.entries.iter().filter(|row| row.requests > 0)
}

/// Escapes control characters: a name or a message may come from the server, and must neither break the
/// lines of a table nor send commands to the terminal. Files have the original text.
pub(in crate::report) fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
    Cow::Owned(text.chars().map(escape).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
        let stats = render_stats(
            &run(Duration::from_nanos(52_379)),
            Screen::Terminal(100),
            RateSpan::Whole,
        );
        let line = "GET      /                     20     0(0.00%) |  0.052   0.052   0.052  0.052 |    1.00        0.00";
        let total = "         Aggregated            20     0(0.00%) |  0.052   0.052   0.052  0.052 |    1.00        0.00";
        assert_eq!(lines(&stats)[2..], [line, lines(&stats)[1], total]);
        let percentiles =
            render_percentiles(&run(Duration::from_micros(3_127)), Screen::Terminal(115));
        let times = "   3.13".repeat(11);
        let line = format!("GET      /                      {}     20", &times[1..]);
        let total = format!("         Aggregated             {}     20", &times[1..]);
        assert_eq!(lines(&percentiles)[3..], [&line, lines(&percentiles)[2], &total]);
    }

    #[test]
    fn service_times_have_a_table_where_they_differ() {
        let mut run = run(Duration::from_millis(50));
        assert_eq!(render_service_times(&run, Screen::Terminal(115)), "");
        let service = run.entries[0].latency.clone();
        run.total.service_time = Some(service);
        let table = render_service_times(&run, Screen::Terminal(115));
        assert!(table.starts_with("Service time percentiles: from the start of each request."));
        assert_eq!(
            lines(&table)[1..],
            lines(&render_percentiles(&run, Screen::Terminal(115)))[1..]
        );
        let service = snapshot(vec![row("GET", "/", 20, Duration::from_millis(2))], run.elapsed);
        run.entries[0].service_time = Some(service.entries[0].latency.clone());
        assert!(
            lines(&render_service_times(&run, Screen::Terminal(115)))[3]
                .contains(&"   2.00".repeat(10))
        );
    }

    #[test]
    fn rates_are_the_ones_asked_for() {
        let run = run(Duration::from_millis(1));
        let rate = |span| {
            let table = render_stats(&run, Screen::Pipe, span);
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
        let errors = render_errors(&run, Screen::Pipe);
        assert_eq!(
            lines(&errors)[3].trim_end(),
            "2                  GET /: two\\nlines\\u{1b}[2J, naïve"
        );
        let stats = render_stats(&run, Screen::Pipe, RateSpan::Whole);
        assert!(lines(&stats)[2].starts_with("GET      /a\\tb "));
    }

    #[test]
    fn an_exception_has_its_origin_beneath() {
        let mut run = run(Duration::from_millis(1));
        assert_eq!(render_exceptions(&run, Screen::Pipe), "");
        run.exceptions.push(ExceptionRow {
            count: 2,
            message: "boom".to_owned(),
            traceback: "shopper, task browse\nsrc/shop.rs:12\n".to_owned(),
        });
        let table = render_exceptions(&run, Screen::Terminal(80));
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
