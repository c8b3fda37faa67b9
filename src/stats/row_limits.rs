//! How many distinct names and texts a run may have before the rest shares one row.

use super::EntryKey;

/// Stands for "any" in the method or the name of an overflow row.
const ANY: &str = "*";

/// Caps on what a run may grow without bound: a name with an id in it, a message with a port in it.
///
/// What is beyond a cap is counted in one overflow row of its kind, so the counts of a table are
/// exact whatever the caps are. Each core applies them to its own, and [`Totals`](super::Totals)
/// once more to all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowLimits {
    /// Distinct (method, name) pairs.
    pub names: usize,
    /// Distinct (method, name, message) triples of failures.
    pub failures: usize,
    /// Distinct (message, traceback) pairs of exceptions.
    pub exceptions: usize,
    /// Distinct names of malformed header lines.
    pub malformed_lines: usize,
}

impl Default for RowLimits {
    /// A table that a person can still read is shorter than this.
    fn default() -> Self {
        RowLimits { names: 1000, failures: 500, exceptions: 500, malformed_lines: 20 }
    }
}

impl RowLimits {
    /// The row of all requests whose name came too late to get one of its own.
    pub fn overflow_key(&self) -> EntryKey {
        EntryKey { method: ANY.to_owned(), name: format!("(more than {} names)", self.names) }
    }

    /// The key and the message of the row of all failures that came too late.
    pub fn overflow_failure(&self) -> (EntryKey, String) {
        let key = EntryKey { method: ANY.to_owned(), name: ANY.to_owned() };
        (key, format!("(more than {} different failures)", self.failures))
    }

    /// The name of all malformed header lines whose own came too late.
    pub fn overflow_malformed_line(&self) -> String {
        format!("(more than {} names)", self.malformed_lines)
    }

    /// The message of the row of all exceptions that came too late.
    pub fn overflow_exception(&self) -> String {
        format!("(more than {} different exceptions)", self.exceptions)
    }
}
