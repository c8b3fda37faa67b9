//! The broken threshold of a run, which explains its stop or its exit code.

use crate::report::broken::verdict;
use crate::stats::Snapshot;

/// Returns a line; empty if no threshold was broken.
pub(crate) fn render_broken(snapshot: &Snapshot) -> String {
    snapshot.broken.as_ref().map(|breach| verdict(breach) + "\n").unwrap_or_default()
}
