//! The terminal on stdin: hands its keys over one by one, and is given back as it was.
//!
//! Signals go their usual way, Ctrl-C among them. Nothing is read, and no setting changed, while the
//! process is in the background, where either would stop it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr,
};

use super::job_control::is_in_group;

/// A fifth of a second between two looks at who has the terminal, as Locust looks for keys.
const LOOK: Duration = Duration::from_millis(200);

/// What begins the sequence that a key without a letter sends: F4 has an S in it.
const ESCAPE: u8 = 0x1b;

/// The terminal on stdin. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct Terminal(Arc<Mutex<Settings>>);

#[derive(Debug, Default)]
struct Settings {
    /// As they were before the first change.
    before: Option<Termios>,
    /// The terminal was given back.
    is_over: bool,
}

/// Gives the terminal back at the end of a scope, a panic's among them.
#[derive(Debug)]
pub(super) struct RestoreOnDrop<'t>(&'t Terminal);

impl Terminal {
    /// The one on stdin, if it is one.
    pub(super) fn of_stdin() -> Option<Self> {
        isatty(io::stdin()).then(Terminal::default)
    }

    /// The keys that have been pressed, as soon as there are any; none where there are none for a
    /// while or they are another process's. `None` when no more will come.
    pub(super) fn keys(&self) -> Option<Vec<u8>> {
        if !self.take()? {
            thread::sleep(LOOK);
            return Some(Vec::new());
        }
        let stdin = io::stdin();
        let look = Timespec { tv_sec: 0, tv_nsec: LOOK.subsec_nanos().into() };
        let typed = poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&look));
        if typed == Ok(0) || !in_foreground() {
            return Some(Vec::new());
        }
        let mut keys = [0; 64];
        match rustix::io::read(&stdin, &mut keys) {
            Ok(0) => None,
            Ok(count) => Some(letters(&keys[..count])),
            Err(Errno::INTR | Errno::AGAIN) => Some(Vec::new()),
            Err(_) => None,
        }
    }

    /// Has keys handed over one by one and not shown, where this process has the terminal; `None`
    /// where it was given back.
    fn take(&self) -> Option<bool> {
        let mut settings = self.settings();
        if settings.is_over {
            return None;
        }
        if !in_foreground() {
            return Some(false);
        }
        let now = tcgetattr(io::stdin()).ok()?;
        // Looked at every time: a shell that had it meanwhile has settings of its own.
        if now.local_modes.intersects(LocalModes::ICANON | LocalModes::ECHO) {
            let mut ours = now.clone();
            ours.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            ours.special_codes[SpecialCodeIndex::VMIN] = 1;
            ours.special_codes[SpecialCodeIndex::VTIME] = 0;
            tcsetattr(io::stdin(), OptionalActions::Now, &ours).ok()?;
            settings.before.get_or_insert(now);
        }
        Some(true)
    }

    /// Gives the terminal back with the settings it had. No key is read any more.
    pub(super) fn restore(&self) {
        let mut settings = self.settings();
        settings.is_over = true;
        settings.give_back();
    }

    /// Gives the terminal back with the settings it had while `meanwhile` lasts. Then its keys are
    /// asked for again as they were at first.
    pub(super) fn lend(&self, meanwhile: impl FnOnce()) {
        // The lock is held until the end, so that no other thread changes the terminal in between.
        let mut settings = self.settings();
        settings.give_back();
        meanwhile();
    }

    pub(super) fn restore_on_drop(&self) -> RestoreOnDrop<'_> {
        RestoreOnDrop(self)
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Settings {
    fn give_back(&mut self) {
        if let Some(before) = self.before.take().filter(|_| in_foreground()) {
            // A terminal that has gone needs none.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
        }
    }
}

impl Drop for RestoreOnDrop<'_> {
    fn drop(&mut self) {
        self.0.restore();
    }
}

/// What was typed up to a key without a letter, which may be the last: where its sequence ends only
/// a table of all terminals would know.
fn letters(keys: &[u8]) -> Vec<u8> {
    keys.iter().copied().take_while(|key| *key != ESCAPE).collect()
}

/// Whether this process is one of those that the terminal's keys are for.
fn in_foreground() -> bool {
    tcgetpgrp(io::stdin()).is_ok_and(is_in_group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_without_a_letter_is_no_letter() {
        assert_eq!(letters(b"wS\n"), b"wS\n");
        assert_eq!(letters(b"w\x1bOS"), b"w");
        assert_eq!(letters(b"\x1b[1;2S"), b"");
    }
}
