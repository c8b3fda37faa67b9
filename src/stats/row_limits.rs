//! Limits on the number of distinct names and texts of a run. The rest shares one row.

use super::EntryKey;

/// Means "any" in the method or the name of an overflow row.
const ANY: &str = "*";

/// Caps on what could otherwise grow without bound: a name with an id in it, a message with a port in
/// it.
///
/// Whatever is beyond a cap is counted in one overflow row of its kind, so the sum of a table is always
/// exact. Each core applies the caps to its own counts, and [`Totals`](super::Totals) again to all
/// together.
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
    /// Tables that a person can still read are shorter.
    fn default() -> Self {
        RowLimits { names: 1000, failures: 500, exceptions: 500, malformed_lines: 20 }
    }
}

impl RowLimits {
    /// Returns the key of the overflow row of requests.
    pub fn overflow_key(&self) -> EntryKey {
        EntryKey { method: ANY.to_owned(), name: format!("(more than {} names)", self.names) }
    }

    /// Returns the key and the message of the overflow row of failures.
    pub fn overflow_failure(&self) -> (EntryKey, String) {
        let key = EntryKey { method: ANY.to_owned(), name: ANY.to_owned() };
        (key, format!("(more than {} different failures)", self.failures))
    }

    /// Returns the name of the overflow row of malformed header lines.
    pub fn overflow_malformed_line(&self) -> String {
        format!("(more than {} names)", self.malformed_lines)
    }

    /// Returns the message of the overflow row of exceptions.
    pub fn overflow_exception(&self) -> String {
        format!("(more than {} different exceptions)", self.exceptions)
    }
}
