//! The terminal on stdin: reads single keys, and restores the settings of the terminal.
//!
//! Signals such as that of Ctrl-C are not affected. In the background nothing is read and no setting is
//! changed, because either would suspend the process.

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

/// How often the thread checks whether the process is in the foreground, and how long it waits for a key:
/// a fifth of a second, as in Locust.
const LOOK: Duration = Duration::from_millis(200);

/// Begins the sequences of special keys. That of F4 contains an S.
const ESCAPE: u8 = 0x1b;

/// The terminal on stdin. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct Terminal(Arc<Mutex<Settings>>);

#[derive(Debug, Default)]
struct Settings {
    /// The settings before the first change.
    before: Option<Termios>,
    /// Whether no key is read any more.
    is_over: bool,
}

/// Restores the terminal's settings at the end of a scope, also in a panic.
#[derive(Debug)]
pub(super) struct RestoreOnDrop<'t>(&'t Terminal);

impl Terminal {
    /// Returns the terminal on stdin, if stdin is one.
    pub(super) fn of_stdin() -> Option<Self> {
        isatty(io::stdin()).then(Terminal::default)
    }

    /// Waits a moment for keys and returns them. There may be none; in the background there are none.
    /// Returns `None` when no more can come.
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

    /// Sets the terminal to single keys without echo. Returns false in the background, and `None` after
    /// `restore`.
    fn take(&self) -> Option<bool> {
        let mut settings = self.settings();
        if settings.is_over {
            return None;
        }
        if !in_foreground() {
            return Some(false);
        }
        let now = tcgetattr(io::stdin()).ok()?;
        // Every time, because a shell may have changed the settings meanwhile.
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

    /// Restores the settings. No key is read any more.
    pub(super) fn restore(&self) {
        let mut settings = self.settings();
        settings.is_over = true;
        settings.give_back();
    }

    /// Restores the settings while `meanwhile` runs.
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
            // It fails if the terminal was closed, and then there is nothing to restore.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
        }
    }
}

impl Drop for RestoreOnDrop<'_> {
    fn drop(&mut self) {
        self.0.restore();
    }
}

/// Returns the keys before the first special key. Where its sequence ends is different in each kind of
/// terminal, so the rest is dropped.
fn letters(keys: &[u8]) -> Vec<u8> {
    keys.iter().copied().take_while(|key| *key != ESCAPE).collect()
}

/// Returns whether this process is in the terminal's foreground process group.
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
