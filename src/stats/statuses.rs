//! The number of requests by status.

use serde::{Deserialize, Serialize};

/// Requests by the status of their final response, after redirects and challenges. Requests without a
/// complete response are not counted.
///
/// A sorted list instead of a table of all codes, because nearly every entry has one or two of them.
/// Codes are from 100 to 999, so its length is bounded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<(u16, u64)>")]
pub struct Statuses(Vec<(u16, u64)>);

impl Statuses {
    /// Counts requests. Allocates only for a new status.
    pub(super) fn count(&mut self, status: u16, requests: u64) {
        match self.0.binary_search_by_key(&status, |&(code, _)| code) {
            Ok(at) => self.0[at].1 += requests,
            Err(at) => self.0.insert(at, (status, requests)),
        }
    }

    /// Returns each status, in the order of codes, with its number of requests.
    pub fn iter(&self) -> impl Iterator<Item = (u16, u64)> {
        self.0.iter().copied().filter(|&(_, requests)| requests > 0)
    }

    /// Returns the number of requests with this status.
    pub fn of(&self, status: u16) -> u64 {
        self.iter().find(|&(code, _)| code == status).map_or(0, |(_, requests)| requests)
    }

    /// Returns the number of requests with a response.
    pub fn sum(&self) -> u64 {
        self.iter().map(|(_, requests)| requests).sum()
    }

    /// Clears all counts and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.0.iter_mut().for_each(|(_, requests)| *requests = 0);
    }
}

/// Takes the counts in any order.
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
