//! A row of statistics: `method`, `name`; `requests`, `failures`; `median`, `average`, `min`, `max`,
//! `percentiles` of the whole run and `recent_percentiles` of the last ten seconds, `null` without
//! requests; `average_size` in bytes; `rps`, `failures_per_s` of the whole run, `current_rps`,
//! `current_failures_per_s` of the last ten seconds, `second` (`rps`, `fps`) of the latest one alone;
//! `phases` as in the [JSON file](super::super::json); `cancelled`, `retries`, `redirects`,
//! `challenges`, `without_expect`, `connections`, `sent_bytes`, `received_bytes`; `statuses` and
//! `no_response` as there.

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
        "requests": row.requests,
        "failures": row.failures,
        "median": figures.map(|figures| exact(figures.median())),
        "average": figures.map(|figures| exact(figures.mean)),
        "min": figures.map(|figures| exact(figures.min)),
        "max": figures.map(|figures| exact(figures.max)),
        "average_size": row.mean_body_bytes(),
        "rps": row.rates.requests,
        "failures_per_s": row.rates.failures,
        "current_rps": row.recent_rates.requests,
        "current_failures_per_s": row.recent_rates.failures,
        "percentiles": figures.map(exact_percentiles),
        "recent_percentiles": recent.map(exact_percentiles),
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
