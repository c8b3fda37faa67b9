//! `/stats/requests`, which most scrapers read.
//!
//! Counts are integers. Times are milliseconds with the digits of `_stats.csv`, where Locust has about two
//! digits. Whole numbers have no decimal point. As in Locust, a time that was not measured is 0 in a row,
//! and `null` among the current percentiles.
//!
//! `total_avg_response_time` was in Locust before 2.47, and some clients need it.

use serde_json::{Value, json};

use crate::report::digits::{exact_ms, file_ms};
use crate::report::json::entry::epoch;
use crate::report::view::ROWS_MAX;
use crate::stats::{Distribution, FailureRow, Figures, Rates, Row, Snapshot};

/// Makes the response. `state` is Locust's word for the run's state. Before the first run there are no
/// rows. There are at most 500 rows and `Aggregated`, and as many errors.
pub fn stats_requests(snapshot: Option<&Snapshot>, state: &str) -> Value {
    let total = snapshot.map(|snapshot| &snapshot.total);
    let entries = snapshot.map_or(&[][..], |snapshot| &snapshot.entries);
    let mut rows: Vec<Value> = entries.iter().take(ROWS_MAX).map(|one| row(Some(one))).collect();
    rows.push(row(total));
    let errors = snapshot.into_iter().flat_map(|snapshot| {
        snapshot.failures.iter().take(ROWS_MAX).map(|failure| error(failure, snapshot))
    });
    let current = total.map(|row| row.recent_rates).unwrap_or_default();
    let whole = total.map(|row| row.rates).unwrap_or_default();
    json!({
        "current_fail_per_sec": current.failures,
        "current_response_time_percentiles": current_percentiles(total),
        "current_rps": current.requests,
        "errors": errors.collect::<Value>(),
        "fail_ratio": total.map_or(0.0, Row::failure_ratio),
        "state": state,
        "stats": rows,
        "total_avg_response_time": figure(total, |figures| exact(exact_ms(figures.mean))),
        "total_fail_per_sec": whole.failures,
        "total_rps": whole.requests,
        "user_count": snapshot.map_or(0, Snapshot::user_count),
    })
}

/// Makes a row. Without one, makes an empty `Aggregated`.
fn row(row: Option<&Row>) -> Value {
    let Rates { requests: rps, failures: fps } = row.map(|row| row.rates).unwrap_or_default();
    let current = row.map(|row| row.recent_rates).unwrap_or_default();
    json!({
        "avg_content_length": row.map_or(0.0, Row::mean_body_bytes),
        "avg_response_time": figure(row, |figures| exact(exact_ms(figures.mean))),
        "current_fail_per_sec": current.failures,
        "current_rps": current.requests,
        "max_response_time": figure(row, |figures| exact(exact_ms(figures.max))),
        "median_response_time": figure(row, |figures| short(file_ms(figures.median()))),
        "method": row.map_or("", |row| &row.key.method),
        "min_response_time": figure(row, |figures| exact(exact_ms(figures.min))),
        "name": row.map_or("Aggregated", |row| &row.key.name),
        "num_failures": row.map_or(0, |row| row.failures),
        "num_requests": row.map_or(0, |row| row.requests),
        "response_time_percentile_0.95": figure(row, |figures| short(file_ms(figures.p95()))),
        "response_time_percentile_0.99": figure(row, |figures| short(file_ms(figures.p99()))),
        "total_fail_per_sec": fps,
        "total_rps": rps,
    })
}

fn error(failure: &FailureRow, snapshot: &Snapshot) -> Value {
    json!({
        "error": failure.message,
        "first_seen": epoch(snapshot.started_at + failure.first_seen),
        "last_seen": epoch(snapshot.started_at + failure.last_seen),
        "method": failure.key.method,
        "name": failure.key.name,
        "occurrences": failure.occurrences,
    })
}

/// Returns a percentile of the last ten seconds.
fn current_percentiles(total: Option<&Row>) -> Value {
    let none = Distribution::default();
    let figures = total.map_or(&none, |row| &row.recent_latency).figures.as_ref();
    json!({
        "response_time_percentile_0.5": figures.map(|figures| short(file_ms(figures.median()))),
        "response_time_percentile_0.95": figures.map(|figures| short(file_ms(figures.p95()))),
    })
}

/// Returns a figure of the whole run, or 0 without one.
fn figure(row: Option<&Row>, of: fn(&Figures) -> Value) -> Value {
    row.and_then(|row| row.latency.figures.as_ref()).map_or(json!(0), of)
}

/// Makes an integer of a whole number: some of Locust's are integers, and clients may expect the type.
fn short(digits: String) -> Value {
    digits.parse::<u64>().map_or_else(|_| exact(digits), Value::from)
}

fn exact(digits: String) -> Value {
    digits.parse::<f64>().expect("digits make a number").into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::report::samples::{failure, row, snapshot};

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn rows_and_errors_are_capped_and_aggregated_is_last() {
        let rows = (0..ROWS_MAX + 7).map(|n| row("GET", &format!("/{n:04}"), 1, MS)).collect();
        let mut run = snapshot(rows, MS);
        run.failures = (0..ROWS_MAX + 3).map(|n| failure(&n.to_string())).collect();
        let answer = stats_requests(Some(&run), "running");
        let stats = answer["stats"].as_array().unwrap();
        assert_eq!(stats.len(), ROWS_MAX + 1);
        assert_eq!(stats[ROWS_MAX]["name"], "Aggregated");
        assert_eq!(stats[ROWS_MAX]["num_requests"], ROWS_MAX + 7);
        assert_eq!(answer["errors"].as_array().unwrap().len(), ROWS_MAX);
    }

    #[test]
    fn times_keep_the_digits_that_locust_rounds_away() {
        let run = snapshot(vec![row("GET", "/", 3, Duration::from_micros(2_401))], 40 * MS);
        let answer = stats_requests(Some(&run), "running");
        let row = &answer["stats"][0];
        for key in ["median_response_time", "response_time_percentile_0.99", "min_response_time"] {
            assert_eq!(row[key], json!(2.401), "{key}");
        }
        let total = &answer["stats"][1];
        assert_eq!(total["response_time_percentile_0.95"], json!(40), "whole, so an integer");
        assert_eq!(answer["current_response_time_percentiles"]["response_time_percentile_0.5"], 40);
    }

    #[test]
    fn current_percentiles_are_null_while_nothing_ends() {
        let mut run = snapshot(vec![row("GET", "/", 3, MS)], MS);
        run.total.recent_latency = Distribution::default();
        for (snapshot, state) in [(Some(&run), "running"), (None, "ready")] {
            let answer = stats_requests(snapshot, state);
            assert_eq!(
                answer["current_response_time_percentiles"],
                json!({ "response_time_percentile_0.5": null, "response_time_percentile_0.95": null })
            );
            assert_eq!(answer["state"], state);
        }
    }

    #[test]
    fn an_error_is_dated_by_the_clock_on_the_wall() {
        let mut run = snapshot(Vec::new(), MS);
        run.failures.push(failure("no"));
        let answer = stats_requests(Some(&run), "running");
        assert_eq!(
            answer["errors"],
            json!([{
                "error": "no",
                "first_seen": 1_790_000_001.0,
                "last_seen": 1_790_000_003.0,
                "method": "GET",
                "name": "/",
                "occurrences": 2,
            }])
        );
    }
}
