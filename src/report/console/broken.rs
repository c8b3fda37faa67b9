//! The level that a run broke: why it was stopped, or its exit code.

use crate::report::broken::verdict;
use crate::stats::Snapshot;

/// A line; nothing where no level was broken.
pub(crate) fn render_broken(snapshot: &Snapshot) -> String {
    snapshot.broken.as_ref().map(|breach| verdict(breach) + "\n").unwrap_or_default()
}
