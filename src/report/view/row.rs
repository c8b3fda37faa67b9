//! A row of statistics: `method`, `name`, and then
//!
//! | key | what |
//! |---|---|
//! | those of `COLUMNS` and `RECENT` in `src/report/columns.rs` | where there were no requests, times are `null` |
//! | `percentiles`, `current_percentiles` | of the whole run, and of the last ten seconds; `null` likewise |
//! | `second` | `rps`, `fps` of the latest second alone |
//! | `phases`, `statuses` | as in an entry of the [JSON file](super::super::json) |

use serde_json::{Map, Value, json};

use crate::report::columns::{COLUMNS, RECENT, exact};
use crate::report::json::entry::groups;
use crate::report::percentiles;
use crate::stats::{Distribution, Figures, Rates, Row};

/// Returns a row, with its rates in the latest second.
pub(super) fn row(row: &Row, second: Option<Rates>) -> Value {
    let second = second.unwrap_or_default();
    let mut object = Map::new();
    let mut put = |key: &str, value| drop(object.insert(key.to_owned(), value));
    put("method", json!(row.key.method));
    put("name", json!(row.key.name));
    for column in COLUMNS.iter().chain(RECENT) {
        put(column.key, (column.figure)(row).unrounded());
    }
    put("percentiles", exact_percentiles(&row.latency));
    put("current_percentiles", exact_percentiles(&row.recent_latency));
    put(
        "second",
        json!({ "rps": hundredths(second.requests), "fps": hundredths(second.failures) }),
    );
    object.append(&mut groups(row));
    Value::Object(object)
}

/// Returns percentiles as in the histogram: rounded twice, 281.48 would be 281.5 and then 282.
fn exact_percentiles(times: &Distribution) -> Value {
    times.figures.as_ref().map_or(Value::Null, |Figures { percentiles, .. }| {
        let times = percentiles.map(|time| json!(exact(time)));
        Value::Object(percentiles::headers().zip(times).collect())
    })
}

fn hundredths(rate: f64) -> f64 {
    (rate * 100.0).round() / 100.0
}
