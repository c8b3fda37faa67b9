//! What users did, for who wants to follow them: a bounded part of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The most that a core tells of a second. Beyond, it is only counted.
const DEEDS_MAX: usize = 100;

/// Something that a user did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JournalEntry {
    /// From the start of the run.
    pub at: Duration,
    /// The user's number in the whole run.
    pub user: u64,
    /// What, in words.
    pub what: String,
}

/// What users did since it was asked last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Journal {
    /// In the order of their instants, where it is of several cores.
    pub(crate) entries: Vec<JournalEntry>,
    /// How much more there was.
    pub left_out: u64,
}

impl Journal {
    /// Notes what was done, where it is not too much already.
    pub(super) fn note(&mut self, deed: impl FnOnce() -> JournalEntry) {
        if self.entries.len() < DEEDS_MAX { self.entries.push(deed()) } else { self.left_out += 1 }
    }

    /// Puts back what could not be sent: it was there before what was noted since.
    pub(super) fn restore(&mut self, earlier: Journal) {
        let later = std::mem::replace(self, earlier);
        self.left_out += later.left_out;
        later.entries.into_iter().for_each(|deed| self.note(|| deed));
    }

    /// Adds what another core tells.
    pub(super) fn add(&mut self, other: Journal) {
        self.entries.extend(other.entries);
        self.left_out += other.left_out;
    }

    /// Takes everything out, in the order of time.
    pub(super) fn take(&mut self) -> Journal {
        let mut taken = std::mem::take(self);
        taken.entries.sort_by_key(|deed| deed.at);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deed(second: u64) -> JournalEntry {
        JournalEntry { at: Duration::from_secs(second), user: second, what: "x".to_owned() }
    }

    #[test]
    fn what_is_too_much_is_counted_and_never_made() {
        let mut journal = Journal::default();
        (0..DEEDS_MAX as u64).for_each(|second| journal.note(|| deed(second)));
        journal.note(|| panic!("nobody will read it"));
        assert_eq!((journal.entries.len(), journal.left_out), (DEEDS_MAX, 1));
        let mut later = Journal::default();
        (0..3).for_each(|second| later.note(|| deed(second)));
        later.restore(journal);
        assert_eq!((later.entries.len(), later.left_out), (DEEDS_MAX, 4));
    }

    #[test]
    fn deeds_of_all_cores_are_told_in_the_order_of_time() {
        let mut all = Journal::default();
        all.add(Journal { entries: vec![deed(1), deed(3)], left_out: 2 });
        all.add(Journal { entries: vec![deed(2)], left_out: 1 });
        let taken = all.take();
        assert_eq!(taken.entries, [1, 2, 3].map(deed));
        assert_eq!((taken.left_out, all), (3, Journal::default()));
    }
}
