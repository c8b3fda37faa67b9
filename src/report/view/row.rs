//! A row of statistics, by the keys of an entry of the [JSON file](super::super::json), and what changes
//! while a run lasts: `avg_content_length` in bytes, `current_rps` and `current_fail_per_sec` of the last
//! ten seconds (Locust's keys), `current_percentiles` likewise, `second` (`rps`, `fps`) of the latest one
//! alone. A time is `null` where there were no requests.

use serde_json::{Value, json};

use crate::report::json::entry::{distribution, exact, statuses};
use crate::report::percentiles;
use crate::stats::{Figures, Phases, Rates, Row};

/// A row, with its rates in the latest second.
pub(super) fn row(row: &Row, second: Option<Rates>) -> Value {
    let figures = row.latency.figures.as_ref();
    let recent = row.recent_latency.figures.as_ref();
    let phases = Phases::NAMES.zip(row.phases.each_ref()).into_array();
    let phases = phases.map(|(name, times)| (name.to_owned(), distribution(times)));
    let second = second.unwrap_or_default();
    json!({
        "method": row.key.method,
        "name": row.key.name,
        "num_requests": row.requests,
        "num_failures": row.failures,
        "median_response_time": figures.map(|figures| exact(figures.median())),
        "avg_response_time": figures.map(|figures| exact(figures.mean)),
        "min_response_time": figures.map(|figures| exact(figures.min)),
        "max_response_time": figures.map(|figures| exact(figures.max)),
        "avg_content_length": row.mean_body_bytes(),
        "total_rps": row.rates.requests,
        "total_fail_per_sec": row.rates.failures,
        "current_rps": row.recent_rates.requests,
        "current_fail_per_sec": row.recent_rates.failures,
        "percentiles": figures.map(exact_percentiles),
        "current_percentiles": recent.map(exact_percentiles),
        "second": { "rps": hundredths(second.requests), "fps": hundredths(second.failures) },
        "phases": Value::Object(phases.into_iter().collect()),
        "statuses": statuses(&row.statuses),
        "no_response": row.without_response(),
        "cancelled": row.counts.cancelled,
        "retries": row.counts.retries,
        "redirects": row.counts.redirects,
        "challenges": row.counts.challenges,
        "without_expect": row.counts.without_expect,
        "connections": row.counts.connections,
        "sent_bytes": row.counts.wire.sent,
        "received_bytes": row.counts.wire.received,
    })
}

/// As they come from the histogram: rounded twice, 281.48 would be 281.5 and then 282.
fn exact_percentiles(figures: &Figures) -> Value {
    let times = figures.percentiles.map(|time| json!(exact(time)));
    Value::Object(percentiles::headers().zip(times).collect())
}

fn hundredths(rate: f64) -> f64 {
    (rate * 100.0).round() / 100.0
}
