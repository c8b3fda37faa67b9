//! The contents of the files that are rewritten, and the columns that they share with the history.

use std::time::Duration;

use csv::{Terminator, Writer, WriterBuilder};

use crate::report::columns::{self, Column};
use crate::report::digits::file_ms;
use crate::report::percentiles;
use crate::report::utc::utc;
use crate::stats::{Distribution, EntryKey, PERCENTILES, Row, Snapshot};

/// Renders `_stats.csv`: a row per entry, then `Aggregated`; rates are those of the whole run.
pub fn render_stats(snapshot: &Snapshot) -> Vec<u8> {
    let mut lines = Lines::with_header(stats_columns());
    for row in snapshot.entries.iter().chain([&snapshot.total]) {
        let mut line = vec![row.key.method.clone(), row.key.name.clone()];
        line.extend(fields(&WHOLE_RUN, row));
        line.extend(fields(&RATES, row));
        line.extend(percentile_fields(row, &row.latency));
        lines.push(line);
    }
    lines.into_bytes()
}

/// Renders `_failures.csv`: a row per (method, name, message), in the order of first occurrence.
pub fn render_failures(snapshot: &Snapshot) -> Vec<u8> {
    let mut lines = Lines::with_header(FAILURES_COLUMNS.map(str::to_owned));
    for failure in &snapshot.failures {
        lines.push([
            failure.key.method.clone(),
            failure.key.name.clone(),
            failure.message.clone(),
            failure.occurrences.to_string(),
            utc(snapshot.started_at + failure.first_seen),
            utc(snapshot.started_at + failure.last_seen),
        ]);
    }
    lines.into_bytes()
}

/// Renders `_status_codes.csv`: a row per entry and status, then those of `Aggregated`; `none` counts
/// requests without a complete response.
pub(crate) fn render_status_codes(snapshot: &Snapshot) -> Vec<u8> {
    let mut lines = Lines::with_header(STATUS_CODES_COLUMNS.map(str::to_owned));
    for row in snapshot.entries.iter().chain([&snapshot.total]) {
        let none = ("none".to_owned(), row.without_response());
        let codes = row.statuses.iter().map(|(code, requests)| (code.to_string(), requests));
        for (code, requests) in codes.chain([none].into_iter().filter(|(_, none)| *none > 0)) {
            let EntryKey { method, name } = row.key.clone();
            lines.push([method, name, code, requests.to_string()]);
        }
    }
    lines.into_bytes()
}

/// Renders `_exceptions.csv`: a row per error of user code.
pub fn render_exceptions(snapshot: &Snapshot) -> Vec<u8> {
    let mut lines = Lines::with_header(EXCEPTIONS_COLUMNS.map(str::to_owned));
    for exception in &snapshot.exceptions {
        lines.push([
            exception.count.to_string(),
            exception.message.clone(),
            exception.traceback.clone(),
            // Locust writes the name of the worker, or this without workers.
            "local".to_owned(),
        ]);
    }
    lines.into_bytes()
}

const STATUS_CODES_COLUMNS: [&str; 4] = ["Type", "Name", "Status Code", "Request Count"];

const FAILURES_COLUMNS: [&str; 6] =
    ["Method", "Name", "Error", "Occurrences", "First Seen", "Last Seen"];

const EXCEPTIONS_COLUMNS: [&str; 4] = ["Count", "Message", "Traceback", "Nodes"];

/// The columns of the history about the whole run, in the order of both files.
pub(super) static WHOLE_RUN: [Column; 7] = [
    columns::REQUESTS,
    columns::FAILURES,
    columns::MEDIAN,
    columns::MEAN,
    columns::MIN,
    columns::MAX,
    columns::BODY_SIZE,
];

static RATES: [Column; 2] = [columns::RATE, columns::FAILURE_RATE];

fn stats_columns() -> impl Iterator<Item = String> {
    let figures = WHOLE_RUN.iter().chain(&RATES).map(|column| column.csv);
    ["Type", "Name"].into_iter().chain(figures).map(str::to_owned).chain(percentiles::headers())
}

/// Returns the values of a row in these columns.
pub(super) fn fields<'r>(columns: &'r [Column], row: &'r Row) -> impl Iterator<Item = String> + 'r {
    columns.iter().map(|column| (column.figure)(row).in_csv())
}

/// Returns the percentiles of one of the row's distributions: `N/A` if the row never had a sample,
/// zeros if it has none at present.
pub(super) fn percentile_fields(row: &Row, times: &Distribution) -> [String; PERCENTILES.len()] {
    match &times.figures {
        Some(figures) => figures.percentiles.map(file_ms),
        None if row.requests == 0 => [(); _].map(|()| "N/A".to_owned()),
        None => [Duration::ZERO; _].map(file_ms),
    }
}

/// CSV in Python's default dialect: commas, quotes only where they are needed, CRLF.
pub(super) struct Lines(Writer<Vec<u8>>);

impl Lines {
    pub(super) fn new() -> Self {
        Self(WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new()))
    }

    pub(super) fn with_header(columns: impl IntoIterator<Item = String>) -> Self {
        let mut lines = Self::new();
        lines.push(columns);
        lines
    }

    pub(super) fn push(&mut self, fields: impl IntoIterator<Item = String>) {
        self.0.write_record(fields).expect("memory takes it, and a row is as long as its header");
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0.into_inner().expect("memory takes everything")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{failure, row, snapshot};

    fn last_line(csv: &[u8]) -> &str {
        let text = std::str::from_utf8(csv).expect("CSV is text");
        text.strip_suffix("\r\n").and_then(|text| text.rsplit("\r\n").next()).expect("two lines")
    }

    #[test]
    fn times_below_a_millisecond_keep_their_digits() {
        let run = snapshot(Vec::new(), Duration::ZERO);
        let run = Snapshot { total: row("", "Aggregated", 4, Duration::from_nanos(52_379)), ..run };
        let times = "0.052,0.052379,0.052379,0.052379,54.0,1.0,0.0";
        let percentiles = ",0.052".repeat(11);
        assert_eq!(last_line(&render_stats(&run)), format!(",Aggregated,4,0,{times}{percentiles}"));
    }

    #[test]
    fn a_row_that_never_had_a_sample_says_not_available_and_one_that_is_quiet_zero() {
        let mut quiet = row("GET", "/", 5, Duration::from_millis(7));
        assert!(percentile_fields(&quiet, &quiet.latency).iter().all(|field| field == "7"));
        quiet.recent_latency = Distribution::default();
        assert!(percentile_fields(&quiet, &quiet.recent_latency).iter().all(|field| field == "0"));
        let never = row("GET", "/", 0, Duration::ZERO);
        assert!(percentile_fields(&never, &never.latency).iter().all(|field| field == "N/A"));
    }

    #[test]
    fn every_status_of_every_entry_has_a_row() {
        let mut run = snapshot(vec![row("GET", "/a, b", 5, Duration::ZERO)], Duration::ZERO);
        run.entries[0].statuses = [(200, 3), (503, 1)].into_iter().collect();
        run.total.statuses = [(200, 5)].into_iter().collect();
        let text = String::from_utf8(render_status_codes(&run)).expect("CSV is text");
        let lines = [
            "Type,Name,Status Code,Request Count",
            "GET,\"/a, b\",200,3",
            "GET,\"/a, b\",503,1",
            "GET,\"/a, b\",none,1",
            ",Aggregated,200,5",
            "",
        ];
        assert_eq!(text, lines.join("\r\n"));
    }

    #[test]
    fn failures_are_dated_by_the_start_of_the_run() {
        let mut run = snapshot(Vec::new(), Duration::ZERO);
        run.failures.push(failure("said \"no\", twice"));
        assert_eq!(
            last_line(&render_failures(&run)),
            "GET,/,\"said \"\"no\"\", twice\",2,2026-09-21T14:13:21Z,2026-09-21T14:13:23Z"
        );
    }
}
