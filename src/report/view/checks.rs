//! The checks that a scenario declares, and how often each has failed.
//!
//! They are told from the failures: a response that fails is recorded under the text of the first
//! check that does not hold. What is beyond the failures' cap is no check's here.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::scenario::{Scenario, User};
use crate::session::Check;
use crate::stats::{EntryKey, Snapshot};

/// An entry's checks, each with its failures.
type Counted<'s> = Vec<(&'s Check, u64)>;

/// `method`, `name`, `check`, `failed`, `judged` of each, in the order of declaration.
pub(super) fn checks(scenario: &Scenario, snapshot: &Snapshot) -> Value {
    let mut order: Vec<EntryKey> = Vec::new();
    let mut declared: HashMap<EntryKey, Counted<'_>> = HashMap::new();
    let steps = scenario.users.iter().flat_map(User::steps);
    for step in steps.filter(|step| !step.checks.is_empty()) {
        let key = EntryKey {
            method: step.request.method.to_string(),
            name: step.request.display_name().into_owned(),
        };
        let known = declared.entry(key.clone()).or_default();
        if known.is_empty() {
            order.push(key);
        }
        for check in &step.checks {
            // Several tasks may make the same request.
            if !known.iter().any(|(other, _)| *other == check) {
                known.push((check, 0));
            }
        }
    }
    for failure in &snapshot.failures {
        let known = declared.get_mut(&failure.key).into_iter().flatten();
        if let Some((_, failed)) =
            known.into_iter().find(|(check, _)| check.claims(&failure.message))
        {
            *failed += failure.occurrences;
        }
    }
    let requests: HashMap<&EntryKey, u64> =
        snapshot.entries.iter().map(|row| (&row.key, row.requests)).collect();
    let rows = order.iter().flat_map(|key| {
        let judged = requests.get(key).copied().unwrap_or_default();
        declared[key].iter().map(move |(check, failed)| {
            json!({
                "method": key.method,
                "name": key.name,
                "check": check.condition.to_string(),
                "failed": failed,
                "judged": judged,
            })
        })
    });
    rows.collect()
}
