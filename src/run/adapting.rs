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
    /// The names of the classes that run.
    classes: Vec<String>,
    latest: Adaptation,
}

/// Why an answer cannot be followed.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("there is no class of users named '{name}'; a shape may ask for {classes}")]
    NoClass { name: String, classes: String },
    #[error("a shape must ask for one class of users at least; there are {0}")]
    NoClasses(String),
    #[error("{0}")]
    Failed(String),
}

impl Adapting {
    pub(super) fn new(
        adaptive: Adaptive,
        control: Arc<Control>,
        broken: Broken,
        classes: Vec<String>,
    ) -> Self {
        Adapting { adaptive, control, broken, classes, latest: Adaptation::Continue }
    }

    /// Returns what the load asks for, or how its function panicked.
    fn answer(&self, snapshot: &Snapshot) -> Result<Adaptation, String> {
        catch_unwind(AssertUnwindSafe(|| self.adaptive.answer(snapshot)))
            .map_err(|panic| format!("panic: {}", panic_text(&*panic)))
    }

    /// Asks for the change unless it is the same as before.
    fn follow(&mut self, answer: Adaptation) -> Result<(), Error> {
        if answer == Adaptation::Continue || answer == self.latest {
            return Ok(());
        }
        self.latest = answer.clone();
        match answer {
            Adaptation::Continue => {}
            Adaptation::Users { users, spawn_rate } => self.control.set_users(users, spawn_rate)?,
            Adaptation::UsersOf { users, spawn_rate, classes } => {
                self.check(&classes)?;
                self.control.set_users_of(users, spawn_rate, classes)?;
            }
            Adaptation::Rate(rate) => self.control.set_rate(rate)?,
            Adaptation::Stop => self.control.stop(),
            Adaptation::Failed(reason) => return Err(Error::Failed(reason)),
        }
        Ok(())
    }

    fn check(&self, classes: &[String]) -> Result<(), Error> {
        let known = || self.classes.join(", ");
        if classes.is_empty() {
            return Err(Error::NoClasses(known()));
        }
        match classes.iter().find(|name| !self.classes.contains(name)) {
            Some(name) => Err(Error::NoClass { name: name.clone(), classes: known() }),
            None => Ok(()),
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
