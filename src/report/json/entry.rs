//! One entry: Locust's keys, then others.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::report::columns::{self, COLUMNS, Column, exact, rounded};
use crate::report::percentiles;
use crate::report::utc::unix_seconds;
use crate::stats::{
    Cell, Detail, Distribution, Figures, Handshakes, Phases, Row, Snapshot, Statuses,
};

/// All entries, made one at a time, because each is large and there may be a thousand.
pub(super) struct Entries<'s>(pub(super) &'s Snapshot);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Entries(snapshot) = self;
        serializer.collect_seq(snapshot.entries.iter().map(|row| entry(row, snapshot)))
    }
}

/// Returns a row of the snapshot.
pub(crate) fn entry(row: &Row, snapshot: &Snapshot) -> Value {
    let mut entry = locusts(row, snapshot);
    entry.append(&mut ours(row));
    Value::Object(entry)
}

/// Returns Locust's keys, in its order.
fn locusts(row: &Row, snapshot: &Snapshot) -> Map<String, Value> {
    let none = Detail::default();
    let Detail { total_latency, rounded, timeline, ending: _ } =
        row.detail.as_deref().unwrap_or(&none);
    let latest = (row.requests > 0).then(|| epoch(snapshot.started_at + row.latest));
    let per_second = |count: fn(&Cell) -> u64| -> Map<String, Value> {
        let cells = timeline.cells().filter(|(_, cell)| count(cell) > 0);
        let second = |at| unix_seconds(snapshot.started_at + Duration::from_secs(at)).to_string();
        cells.map(|(at, cell)| (second(at), per_step(count(&cell), timeline.step()))).collect()
    };
    let response_times: Map<_, _> =
        rounded.iter().map(|(ms, &count)| (ms.to_string(), count.into())).collect();
    let figure = |column: Column| (column.key, (column.figure)(row).in_file());
    // Locust writes 0 if there is none.
    let (max, longest) = figure(columns::MAX);
    object([
        ("name", json!(row.key.name)),
        ("method", json!(row.key.method)),
        ("last_request_timestamp", json!(latest)),
        ("start_time", json!(epoch(snapshot.started_at + snapshot.since))),
        figure(columns::REQUESTS),
        ("num_none_requests", json!(0)),
        figure(columns::FAILURES),
        ("total_response_time", json!(exact(*total_latency))),
        (max, if longest.is_null() { json!(0.0) } else { longest }),
        figure(columns::MIN),
        ("total_content_length", json!(row.counts.body_bytes)),
        ("response_times", response_times.into()),
        ("num_reqs_per_sec", per_second(|cell| cell.requests).into()),
        ("num_fail_per_sec", per_second(|cell| cell.failures).into()),
    ])
}

/// Returns the other columns, and data that are not single numbers.
fn ours(row: &Row) -> Map<String, Value> {
    let is_locusts = |key| {
        [&columns::REQUESTS, &columns::FAILURES, &columns::MAX, &columns::MIN]
            .iter()
            .any(|column| column.key == key)
    };
    let figures = COLUMNS.iter().filter(|column| !is_locusts(column.key));
    let mut ours: Map<_, _> =
        figures.map(|column| (column.key.to_owned(), (column.figure)(row).in_file())).collect();
    ours.insert(
        "percentiles".to_owned(),
        row.latency.figures.as_ref().map_or(Value::Null, percentiles),
    );
    ours.insert(
        "service_time".to_owned(),
        row.service_time.as_ref().map_or(Value::Null, distribution),
    );
    ours.append(&mut groups(row));
    let Handshakes { full, resumed } = row.counts.handshakes;
    ours.insert("handshakes".to_owned(), json!({ "full": full, "resumed": resumed }));
    ours
}

/// Returns data of several numbers, in the same form for view and file.
pub(in crate::report) fn groups(row: &Row) -> Map<String, Value> {
    let phases = Phases::NAMES.zip(row.phases.each_ref()).into_array();
    object([
        ("phases", object(phases.map(|(name, times)| (name, distribution(times)))).into()),
        ("statuses", statuses(&row.statuses)),
    ])
}

/// Returns the requests by status code.
fn statuses(statuses: &Statuses) -> Value {
    let counts = statuses.iter().map(|(code, requests)| (code.to_string(), json!(requests)));
    Value::Object(counts.collect())
}

/// Returns the times in milliseconds; `null` without any.
pub(in crate::report) fn distribution(times: &Distribution) -> Value {
    let Distribution { count, figures } = times;
    figures.as_ref().map_or(Value::Null, |figures| {
        json!({
            "count": count,
            "min": exact(figures.min),
            "mean": exact(figures.mean),
            "max": exact(figures.max),
            "percentiles": percentiles(figures),
        })
    })
}

/// Returns seconds since 1970.
pub(crate) fn epoch(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

pub(in crate::report) fn percentiles(figures: &Figures) -> Value {
    let times = figures.percentiles.map(|time| json!(rounded(time)));
    Value::Object(percentiles::headers().zip(times).collect())
}

/// Returns the mean number per second of a step, as a whole number if it is one.
fn per_step(count: u64, seconds: u64) -> Value {
    match count % seconds {
        0 => json!(count / seconds),
        _ => json!(count as f64 / seconds as f64),
    }
}

fn object<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{figures, row, snapshot};
    use crate::stats::{Clocks, Extra, Outcome, Recorder, RowLimits, Sample, Totals, WireBytes};
    use std::time::Instant;

    const MS: Duration = Duration::from_millis(1);

    /// Two requests, the second of which failed, and what a reset left out before.
    fn run() -> Snapshot {
        let start = Instant::now();
        let mut core = Recorder::new(0, start, RowLimits::default());
        let started_at = UNIX_EPOCH + Duration::from_millis(1_790_000_000_500);
        let mut totals = Totals::new(started_at, Vec::new(), RowLimits::default());
        let entry = core.entry("GET", "/");
        let mut second = |second: u64, latency, outcome| {
            let ended = start + Duration::from_secs(second) + 300 * MS;
            let clocks = Clocks { intended: ended - latency, started: ended - latency, ended };
            let phases = Phases {
                first_byte: Some(latency / 2),
                transfer: Some(Duration::ZERO),
                ..Phases::default()
            };
            let wire = WireBytes { sent: 40, received: 120 };
            core.exchanged(entry, phases, wire);
            core.record(Sample { entry, clocks, body_bytes: 50, status: Some(200), outcome });
            core.count(entry, Extra::Redirect);
            let cut = start + Duration::from_secs(second + 1);
            totals.add(core.take(second, cut)).unwrap();
            if second == 0 {
                totals.reset(Duration::from_secs(1));
            }
        };
        second(0, MS, Outcome::Success);
        second(1, 150 * MS, Outcome::Success);
        second(4, Duration::from_micros(2_400), Outcome::Failure("no"));
        totals.last_snapshot(Duration::from_secs(5))
    }

    #[test]
    fn an_entry_begins_as_locusts_and_goes_on_with_ours() {
        let run = run();
        let entry = entry(&run.entries[0], &run);
        let mut expected = json!({
            "name": "/",
            "method": "GET",
            "last_request_timestamp": 1_790_000_004.8,
            "start_time": 1_790_000_001.5,
            "num_requests": 2,
            "num_none_requests": 0,
            "num_failures": 1,
            "total_response_time": 152.4,
            "max_response_time": 150.0,
            "min_response_time": 2.4,
            "total_content_length": 100,
            "response_times": { "2": 1, "150": 1 },
            "num_reqs_per_sec": { "1790000001": 1, "1790000004": 1 },
            "num_fail_per_sec": { "1790000004": 1 },
            "median_response_time": 2.401,
            "avg_response_time": 76.2,
            "avg_content_length": 50.0,
            "total_rps": 0.5,
            "total_fail_per_sec": 0.25,
            "no_response": 0,
            "cancelled": 0,
            "retries": 0,
            "redirects": 2,
            "challenges": 0,
            "without_expect": 0,
            "connections": 0,
            "body_bytes": 100,
            "sent_bytes": 80,
            "received_bytes": 240,
            "percentiles": {},
            "service_time": null,
            "phases": { "dns": null, "connect": null, "tls": null },
            "statuses": { "200": 2 },
            "handshakes": { "full": 0, "resumed": 0 },
        });
        let percentiles = |half: f64, most: f64| {
            let headers = percentiles::headers().zip([half].into_iter().chain([most; 10]));
            Value::Object(headers.map(|(header, time)| (header, json!(time))).collect())
        };
        expected["percentiles"] = percentiles(2.401, 150.0);
        let times = |min, mean, max, percentiles| json!({ "count": 2, "min": min, "mean": mean, "max": max, "percentiles": percentiles });
        expected["phases"]["first_byte"] = times(1.2, 38.1, 75.0, percentiles(1.207, 75.0));
        expected["phases"]["transfer"] = times(0.0, 0.0, 0.0, percentiles(0.0, 0.0));
        assert_eq!(format!("{entry:#}"), format!("{expected:#}"), "and in this order");
    }

    #[test]
    fn what_was_never_measured_is_null() {
        let run = snapshot(Vec::new(), MS);
        let entry = entry(&run.total, &run);
        for key in ["last_request_timestamp", "min_response_time", "avg_response_time"] {
            assert_eq!(entry[key], Value::Null, "{key}");
        }
        assert_eq!(entry["percentiles"], Value::Null);
        assert_eq!((&entry["max_response_time"], &entry["num_requests"]), (&json!(0.0), &json!(0)));
        assert_eq!(entry["response_times"], json!({}));
    }

    #[test]
    fn service_times_are_told_where_there_are_any() {
        let mut row = row("GET", "/", 3, MS);
        row.service_time = Some(Distribution { count: 3, figures: Some(figures(MS / 2)) });
        assert_eq!(ours(&row)["service_time"]["mean"], json!(0.5));
    }

    #[test]
    fn a_step_of_several_seconds_is_told_by_the_mean_of_one() {
        assert_eq!([per_step(8, 1), per_step(8, 2)], [json!(8), json!(4)]);
        assert_eq!(per_step(7, 2), json!(3.5));
    }
}
