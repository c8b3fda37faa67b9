//! The columns of statistics tables: one line here describes a column for all reports.
//!
//! | where | which | name | order |
//! |---|---|---|---|
//! | `--json`, `--json-file` | [`COLUMNS`] | the key | Locust's, then ours as they stand here |
//! | view of page and HTML report | [`COLUMNS`], [`RECENT`] | the key | as they stand here |
//! | tables of page and HTML report | likewise: what Locust's tables have, and the others on request | the label and the unit | likewise |
//! | the interface's description | likewise | the key, the unit and the text | likewise |
//! | CSV files, console | those that Locust has | the header | Locust's |
//!
//! So a new column is a line here, and its counting in [`stats`](crate::stats). Data that are not
//! single numbers (percentiles, phases, statuses, service times, TLS handshakes) are described in
//! [`json`](super::json).

use std::time::Duration;

use serde_json::{Value, json};

use super::digits::{exact_ms, file_ms, float, table_ms};
use super::percentiles;
use crate::stats::{Figures, Row};

/// A column, with its name in every report.
#[derive(Debug)]
pub(crate) struct Column {
    /// The key in JSON.
    pub key: &'static str,
    /// The unit.
    pub unit: Unit,
    /// An explanation, as a part of a sentence.
    pub about: &'static str,
    /// The header on page and HTML report, which add the unit.
    pub label: &'static str,
    /// The header in the console; empty if Locust's table does not have it.
    pub console: &'static str,
    /// The header in CSV files; empty if Locust's files do not have it.
    pub csv: &'static str,
    /// Returns the value of a row.
    pub figure: fn(&Row) -> Figure,
}

/// The unit of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A number of requests or connections.
    Count,
    /// Response times in milliseconds.
    Milliseconds,
    /// Sizes in bytes.
    Bytes,
    /// Rates per second.
    PerSecond,
}

/// The value of a row in a column. Its kind decides how it is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Figure {
    /// A whole number.
    Count(u64),
    /// A part of this number of requests.
    CountOf(u64, u64),
    /// A number per second.
    Rate(f64),
    /// A mean number of bytes.
    Size(Option<f64>),
    /// An exact time.
    Exact(Option<Duration>),
    /// An exact mean.
    Mean(Option<Duration>),
    /// A time from a histogram.
    Percentile(Option<Duration>),
}

use Figure::{Count, CountOf, Exact, Mean, Percentile, Rate, Size};

/// Makes a constant of each column and one list of all, with a table of them as its documentation.
macro_rules! columns {
    ($(#[doc = $intro:literal])* $list:ident; $($name:ident: $key:literal, $unit:ident, $about:literal,
        $label:literal, $console:literal, $csv:literal, $figure:expr;)*) => {
        $(#[doc = concat!("`", $key, "`: ", $about, ".")]
        pub(crate) const $name: Column = Column {
            key: $key, unit: Unit::$unit, about: $about, label: $label, console: $console, csv: $csv, figure: $figure,
        };)*
        $(#[doc = $intro])*
        #[doc = ""]
        #[doc = "| key | unit | what | page | console | CSV |"]
        #[doc = "|---|---|---|---|---|---|"]
        $(#[doc = concat!("| `", $key, "` | [`", stringify!($unit), "`](Unit::", stringify!($unit), ") | ", $about, " | ", $label, " | ", $console, " | ", $csv, " |")])*
        pub(crate) static $list: &[Column] = &[$($name),*];
    };
}

#[rustfmt::skip] // A line for each.
columns! {
    /// Over the whole run, or since the latest reset.
    COLUMNS;
    // Key, unit, what it is; its name on the page, in the console, in CSV files; the figure.
    REQUESTS: "num_requests", Count, "finished requests, failures included", "# Requests", "# reqs", "Request Count", |row| Count(row.requests);
    FAILURES: "num_failures", Count, "failed requests", "# Fails", "# fails", "Failure Count", |row| CountOf(row.failures, row.requests);
    MEDIAN: "median_response_time", Milliseconds, "half of the requests took at most this long", "Median", "Med", "Median Response Time", |row| Percentile(of(row, Figures::median));
    MEAN: "avg_response_time", Milliseconds, "the mean, exact", "Average", "Avg", "Average Response Time", |row| Mean(of(row, |times| times.mean));
    MIN: "min_response_time", Milliseconds, "the shortest, exact", "Min", "Min", "Min Response Time", |row| Exact(of(row, |times| times.min));
    MAX: "max_response_time", Milliseconds, "the longest, exact", "Max", "Max", "Max Response Time", |row| Exact(of(row, |times| times.max));
    BODY_SIZE: "avg_content_length", Bytes, "the mean size of a response's body", "Average size", "", "Average Content Size", |row| Size((row.requests > 0).then(|| row.mean_body_bytes()));
    RATE: "total_rps", PerSecond, "requests per second, over all the time counted", "RPS", "req/s", "Requests/s", |row| Rate(row.rates.requests);
    FAILURE_RATE: "total_fail_per_sec", PerSecond, "failures per second, over all the time counted", "Failures/s", "failures/s", "Failures/s", |row| Rate(row.rates.failures);
    NO_RESPONSE: "no_response", Count, "requests that ended without a whole response; with all of `statuses` it makes `num_requests`", "No response", "", "", |row| Count(row.without_response());
    CANCELLED: "cancelled", Count, "requests that the stop cut off: they are in no other count", "Cancelled", "", "", |row| Count(row.counts.cancelled);
    RETRIES: "retries", Count, "requests sent again, because a kept-alive connection turned out to be dead", "Retries", "", "", |row| Count(row.counts.retries);
    REDIRECTS: "redirects", Count, "requests sent to follow a redirect", "Redirects", "", "", |row| Count(row.counts.redirects);
    CHALLENGES: "challenges", Count, "requests sent again with the answer to a 401", "Challenges", "", "", |row| Count(row.counts.challenges);
    WITHOUT_EXPECT: "without_expect", Count, "requests sent again without `Expect` after a 417", "Without expect", "", "", |row| Count(row.counts.without_expect);
    CONNECTIONS: "connections", Count, "connections made", "Connections", "", "", |row| Count(row.counts.connections);
    BODY_BYTES: "body_bytes", Bytes, "body bytes of all responses, decoded where somebody looked at them, as transferred where nobody did", "Body", "", "", |row| Count(row.counts.body_bytes);
    SENT_BYTES: "sent_bytes", Bytes, "sent on the wire: heads, bodies, TLS records; those of cancelled requests too", "Sent", "", "", |row| Count(row.counts.wire.sent);
    RECEIVED_BYTES: "received_bytes", Bytes, "received on the wire, likewise", "Received", "", "", |row| Count(row.counts.wire.received);
}

#[rustfmt::skip]
columns! {
    /// Over the last ten seconds: only for a run that lasts.
    RECENT;
    RECENT_RATE: "current_rps", PerSecond, "requests per second, in the last ten seconds", "Current RPS", "req/s", "Requests/s", |row| Rate(row.recent_rates.requests);
    RECENT_FAILURE_RATE: "current_fail_per_sec", PerSecond, "failures per second, in the last ten seconds", "Current Failures/s", "failures/s", "Failures/s", |row| Rate(row.recent_rates.failures);
}

fn of(row: &Row, pick: fn(&Figures) -> Duration) -> Option<Duration> {
    row.latency.figures.as_ref().map(pick)
}

impl Column {
    /// Returns a JSON Schema of what its key holds.
    #[allow(dead_code, reason = "only the page's description of its interface has it")]
    pub(crate) fn schema(&self) -> Value {
        let kind = match self.unit {
            Unit::Count => json!("integer"),
            Unit::Milliseconds => json!(["number", "null"]),
            Unit::Bytes | Unit::PerSecond => json!("number"),
        };
        let about = format!("{}{}.", self.about[..1].to_uppercase(), &self.about[1..]);
        json!({ "type": kind, "description": about, "minimum": 0 })
    }
}

impl Unit {
    /// Returns the name of the unit.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Unit::Count => "count",
            Unit::Milliseconds => "ms",
            Unit::Bytes => "bytes",
            Unit::PerSecond => "per second",
        }
    }
}

impl Figure {
    /// Writes the value for Locust's table in the console.
    pub(crate) fn in_console(self) -> String {
        match self {
            Count(count) => count.to_string(),
            CountOf(count, all) => {
                let percent = 100.0 * count as f64 / all.max(1) as f64;
                format!("{count}({percent:.2}%)")
            }
            Rate(rate) => format!("{rate:.2}"),
            Size(size) => format!("{:.0}", size.unwrap_or(0.0)),
            Exact(time) | Mean(time) | Percentile(time) => {
                time.map_or_else(|| "0".to_owned(), table_ms)
            }
        }
    }

    /// Writes the value for Locust's CSV files. Without samples it is written as in Locust: a mean time
    /// is a float, everything else an integer.
    pub(crate) fn in_csv(self) -> String {
        let missing = if matches!(self, Mean(_)) { "0.0" } else { "0" };
        match self {
            Count(count) | CountOf(count, _) => Some(count.to_string()),
            Rate(rate) => Some(float(rate)),
            Size(size) => size.map(float),
            Exact(time) | Mean(time) => time.map(exact_ms),
            Percentile(time) => time.map(file_ms),
        }
        .unwrap_or_else(|| missing.to_owned())
    }

    /// Returns the value for the JSON file: in milliseconds, times from a histogram with the digits of
    /// CSV files.
    pub(crate) fn in_file(self) -> Value {
        match self {
            Percentile(time) => json!(time.map(rounded)),
            other => other.unrounded(),
        }
    }

    /// Returns the value for readers that round it themselves: in milliseconds with all digits.
    pub(crate) fn unrounded(self) -> Value {
        match self {
            Count(count) | CountOf(count, _) => json!(count),
            Rate(rate) => json!(rate),
            Size(size) => json!(size.unwrap_or(0.0)),
            Exact(time) | Mean(time) | Percentile(time) => json!(time.map(exact)),
        }
    }
}

/// Returns milliseconds with all digits.
pub(super) fn exact(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e6
}

/// Returns milliseconds with the digits of files.
pub(super) fn rounded(time: Duration) -> f64 {
    file_ms(time).parse().expect("digits make a number")
}

/// Returns the columns of page and HTML report as JSON: `columns` with `key`, `label`, `unit`, whether
/// they are `usual`, that is, also in Locust's tables, and `recent`; and the names of `percentiles`.
pub(crate) fn for_page() -> Value {
    let recent = RECENT.iter().map(|column| (column, true));
    let columns = COLUMNS.iter().map(|column| (column, false)).chain(recent);
    let columns = columns.map(|(Column { key, label, unit, csv, .. }, recent)| {
        json!({ "key": key, "label": label, "unit": unit.word(), "usual": !csv.is_empty(), "recent": recent })
    });
    json!({
        "columns": columns.collect::<Value>(),
        "percentiles": percentiles::headers().collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::report::samples::row;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn every_column_has_a_key_a_label_and_a_text_of_its_own() {
        let all: Vec<_> = COLUMNS.iter().chain(RECENT).collect();
        let texts = |text: fn(&Column) -> &str| -> BTreeSet<_> {
            all.iter().map(|column| text(column)).filter(|text| !text.is_empty()).collect()
        };
        for texts in
            [texts(|column| column.key), texts(|column| column.label), texts(|column| column.about)]
        {
            assert_eq!(texts.len(), all.len(), "{texts:?}");
        }
    }

    #[test]
    fn what_was_never_measured_is_spelled_as_each_report_spells_it() {
        let never = row("GET", "/", 0, MS);
        let figure = |column: Column| (column.figure)(&never);
        let (mean, max) = (figure(MEAN), figure(MAX));
        assert_eq!(
            (mean.in_csv(), max.in_csv(), figure(BODY_SIZE).in_csv()),
            ("0.0".into(), "0".into(), "0".into())
        );
        assert_eq!(
            (mean.in_console(), figure(FAILURES).in_console()),
            ("0".into(), "0(0.00%)".into())
        );
        assert_eq!((max.in_file(), figure(BODY_SIZE).in_file()), (Value::Null, json!(0.0)));
    }

    #[test]
    fn only_the_file_rounds_and_only_what_comes_from_a_histogram() {
        let time = Some(Duration::from_nanos(12_345_678));
        let [file, unrounded] =
            [Figure::in_file, Figure::unrounded].map(|to| [to(Percentile(time)), to(Exact(time))]);
        assert_eq!(file, [12.35, 12.345678].map(|ms| json!(ms)));
        assert_eq!(unrounded, [12.345678; 2].map(|ms| json!(ms)));
    }

    #[test]
    fn the_page_knows_every_column_and_what_locusts_tables_show() {
        let page = for_page();
        let columns = page["columns"].as_array().unwrap();
        assert_eq!(columns.len(), COLUMNS.len() + RECENT.len());
        assert_eq!(
            columns[0],
            json!({ "key": "num_requests", "label": "# Requests", "unit": "count", "usual": true, "recent": false })
        );
        assert_eq!(columns.iter().filter(|column| column["usual"] == true).count(), 11);
    }
}
