//! `-L DEBUG`: logs what users do.

use std::io;

use crate::log::Log;
use crate::report::Report;
use crate::stats::{Journal, JournalEntry, Snapshot};

/// Logs what users did, once per second.
pub(super) struct JournalLog(pub(super) Log);

impl Report for JournalLog {
    fn update(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let Journal { entries, left_out } = &snapshot.journal;
        for JournalEntry { at, user, what } in entries {
            let at = at.as_secs_f64();
            self.0.debug("user", format_args!("user {user} at {at:.3} s: {what}"));
        }
        if *left_out > 0 {
            self.0.debug("user", format_args!("… and {left_out} more of this second, left out"));
        }
        Ok(())
    }

    fn finish(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        self.update(snapshot)
    }
}
