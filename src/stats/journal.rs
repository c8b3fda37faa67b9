//! A bounded log of what users did, for a debug log.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The most entries of a core per second. Later ones are only counted.
const ENTRIES_MAX: usize = 100;

/// One action of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JournalEntry {
    /// The time from the start of the run.
    pub at: Duration,
    /// The user's number in the whole run.
    pub user: u64,
    /// What the user did, in words.
    pub what: String,
}

/// What users did since the previous snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Journal {
    /// In order of time, also over several cores.
    pub(crate) entries: Vec<JournalEntry>,
    /// The number of entries beyond the limit.
    pub left_out: u64,
}

impl Journal {
    /// Adds an entry if there is room for it.
    pub(super) fn note(&mut self, entry: impl FnOnce() -> JournalEntry) {
        if self.entries.len() < ENTRIES_MAX {
            self.entries.push(entry())
        } else {
            self.left_out += 1
        }
    }

    /// Puts back entries that could not be sent, before those that were added since.
    pub(super) fn restore(&mut self, earlier: Journal) {
        let later = std::mem::replace(self, earlier);
        self.left_out += later.left_out;
        later.entries.into_iter().for_each(|entry| self.note(|| entry));
    }

    /// Adds the entries of another core.
    pub(super) fn add(&mut self, other: Journal) {
        self.entries.extend(other.entries);
        self.left_out += other.left_out;
    }

    /// Takes everything out, in order of time.
    pub(super) fn take(&mut self) -> Journal {
        let mut taken = std::mem::take(self);
        taken.entries.sort_by_key(|entry| entry.at);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(second: u64) -> JournalEntry {
        JournalEntry { at: Duration::from_secs(second), user: second, what: "x".to_owned() }
    }

    #[test]
    fn what_is_too_much_is_counted_and_never_made() {
        let mut journal = Journal::default();
        (0..ENTRIES_MAX as u64).for_each(|second| journal.note(|| entry(second)));
        journal.note(|| panic!("nobody will read it"));
        assert_eq!((journal.entries.len(), journal.left_out), (ENTRIES_MAX, 1));
        let mut later = Journal::default();
        (0..3).for_each(|second| later.note(|| entry(second)));
        later.restore(journal);
        assert_eq!((later.entries.len(), later.left_out), (ENTRIES_MAX, 4));
    }

    #[test]
    fn deeds_of_all_cores_are_told_in_the_order_of_time() {
        let mut all = Journal::default();
        all.add(Journal { entries: vec![entry(1), entry(3)], left_out: 2 });
        all.add(Journal { entries: vec![entry(2)], left_out: 1 });
        let taken = all.take();
        assert_eq!(taken.entries, [1, 2, 3].map(entry));
        assert_eq!((taken.left_out, all), (3, Journal::default()));
    }
}
