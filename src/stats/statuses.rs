//! How many requests ended with which status.

use serde::{Deserialize, Serialize};

/// Requests by the status of the response that each ended with: the last one, where it was redirected
/// or challenged. Those that ended without a whole response are in none of the counts.
///
/// A sorted list and not a table of all thousand codes: nearly every entry sees one or two of them.
/// Codes are from 100 to 999, so its length has a bound.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<(u16, u64)>")]
pub struct Statuses(Vec<(u16, u64)>);

impl Statuses {
    /// Counts so many requests. Allocates only for a status that was never seen.
    pub(super) fn count(&mut self, status: u16, requests: u64) {
        match self.0.binary_search_by_key(&status, |&(code, _)| code) {
            Ok(at) => self.0[at].1 += requests,
            Err(at) => self.0.insert(at, (status, requests)),
        }
    }

    /// Each status that was seen, in the order of codes, and how many requests ended with it.
    pub fn iter(&self) -> impl Iterator<Item = (u16, u64)> {
        self.0.iter().copied().filter(|&(_, requests)| requests > 0)
    }

    /// How many requests ended with this status.
    pub fn of(&self, status: u16) -> u64 {
        self.iter().find(|&(code, _)| code == status).map_or(0, |(_, requests)| requests)
    }

    /// How many requests ended with a response.
    pub fn sum(&self) -> u64 {
        self.iter().map(|(_, requests)| requests).sum()
    }

    /// Forgets all counts and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.0.iter_mut().for_each(|(_, requests)| *requests = 0);
    }
}

/// Whatever their order is.
impl From<Vec<(u16, u64)>> for Statuses {
    fn from(counts: Vec<(u16, u64)>) -> Self {
        counts.into_iter().collect()
    }
}

impl FromIterator<(u16, u64)> for Statuses {
    fn from_iter<I: IntoIterator<Item = (u16, u64)>>(counts: I) -> Self {
        let mut statuses = Statuses::default();
        counts.into_iter().for_each(|(status, requests)| statuses.count(status, requests));
        statuses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_kept_in_the_order_of_codes_and_add_up() {
        let mut statuses: Statuses = [(500, 2), (200, 7), (999, 1), (200, 1)].into_iter().collect();
        assert_eq!(statuses.iter().collect::<Vec<_>>(), [(200, 8), (500, 2), (999, 1)]);
        assert_eq!((statuses.sum(), statuses.of(200), statuses.of(404)), (11, 8, 0));
        statuses.clear();
        assert_eq!((statuses.sum(), statuses.iter().count()), (0, 0));
        statuses.count(500, 1);
        assert_eq!(statuses.iter().collect::<Vec<_>>(), [(500, 1)]);
    }
}
