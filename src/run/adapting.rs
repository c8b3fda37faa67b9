//! The report that shows an adaptive load every second of the run, and applies what it asks for.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use crate::control::{Control, Refused};
use crate::executor::panic_text;
use crate::report::Report;
use crate::scenario::{Adaptation, Adaptive};
use crate::stats::Snapshot;

/// Why an adaptive load failed, once it has.
pub(super) type Broken = Arc<OnceLock<String>>;

/// The last report, so that the others are updated before the function takes its time.
pub(super) struct Adapting {
    adaptive: Adaptive,
    control: Arc<Control>,
    broken: Broken,
    latest: Adaptation,
}

impl Adapting {
    pub(super) fn new(adaptive: Adaptive, control: Arc<Control>, broken: Broken) -> Self {
        Adapting { adaptive, control, broken, latest: Adaptation::Continue }
    }

    /// Returns what the load asks for, or how its function panicked.
    fn answer(&self, snapshot: &Snapshot) -> Result<Adaptation, String> {
        catch_unwind(AssertUnwindSafe(|| self.adaptive.answer(snapshot)))
            .map_err(|panic| format!("panic: {}", panic_text(&*panic)))
    }

    /// Asks for the change unless it is the same as before.
    fn follow(&mut self, answer: Adaptation) -> Result<(), Refused> {
        if answer == Adaptation::Continue || answer == self.latest {
            return Ok(());
        }
        self.latest = answer;
        match answer {
            Adaptation::Continue => Ok(()),
            Adaptation::Users { users, spawn_rate } => self.control.set_users(users, spawn_rate),
            Adaptation::Rate(rate) => self.control.set_rate(rate),
            Adaptation::Stop => {
                self.control.stop();
                Ok(())
            }
        }
    }
}

impl Report for Adapting {
    fn update(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        if self.control.is_stopping() {
            return Ok(());
        }
        let answer = self.answer(snapshot);
        let followed =
            answer.and_then(|answer| self.follow(answer).map_err(|refused| refused.to_string()));
        if let Err(reason) = followed {
            let _ = self.broken.set(reason);
            self.control.stop();
        }
        Ok(())
    }

    fn finish(&mut self, _: &Snapshot) -> io::Result<()> {
        Ok(())
    }
}
