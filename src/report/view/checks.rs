//! The checks that a run declares, and how often each has failed.
//!
//! This follows from the failures: a response that fails is recorded under the text of the first
//! check that does not hold. Failures beyond the cap have no text and are counted for no check.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::stats::{EntryKey, Snapshot};
use crate::workload::Workload;

/// Returns `method`, `name`, `check`, `failed`, `judged` of each, in the order of declaration.
pub(super) fn checks(workload: &Workload, snapshot: &Snapshot) -> Value {
    let mut of_entry: HashMap<&EntryKey, Vec<usize>> = HashMap::new();
    for (at, check) in workload.checks.iter().enumerate() {
        of_entry.entry(&check.entry).or_default().push(at);
    }
    let mut failed = vec![0; workload.checks.len()];
    for failure in &snapshot.failures {
        let checks = of_entry.get(&failure.key).into_iter().flatten();
        if let Some(&at) =
            checks.into_iter().find(|&&at| workload.checks[at].claims(&failure.message))
        {
            failed[at] += failure.occurrences;
        }
    }
    let requests: HashMap<&EntryKey, u64> =
        snapshot.entries.iter().map(|row| (&row.key, row.requests)).collect();
    let rows = workload.checks.iter().zip(failed).map(|(check, failed)| {
        json!({
            "method": check.entry.method,
            "name": check.entry.name,
            "check": check.condition,
            "failed": failed,
            "judged": requests.get(&check.entry).copied().unwrap_or_default(),
        })
    });
    rows.collect()
}
