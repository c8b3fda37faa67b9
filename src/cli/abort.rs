//! `--abort-when`: ends a run whose levels break.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::control::Control;
use crate::log::Log;
use crate::report::Report;
use crate::stats::Snapshot;
use crate::threshold::Threshold;

/// The level that was broken, once one was.
pub(super) type Broken = Arc<OnceLock<Threshold>>;

/// Says the level that was broken, once one was.
pub(super) fn level(broken: &Broken) -> Box<dyn Fn() -> Option<String> + Send + Sync> {
    let broken = broken.clone();
    Box::new(move || broken.get().map(ToString::to_string))
}

/// Judges every second of a run from some time on, and stops it at the first level that breaks.
pub(super) struct AbortWhen {
    pub(super) levels: Vec<Threshold>,
    pub(super) after: Duration,
    pub(super) control: Arc<Control>,
    pub(super) log: Log,
    pub(super) broken: Broken,
}

impl Report for AbortWhen {
    fn update(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        if snapshot.elapsed < self.after || self.broken.get().is_some() {
            return Ok(());
        }
        if let Some(level) = self.levels.iter().find(|level| level.is_broken(snapshot)) {
            self.log.error("main", format_args!("{level}: stopping, as --abort-when asks"));
            let _ = self.broken.set(level.clone());
            self.control.stop();
        }
        Ok(())
    }

    fn finish(&mut self, _: &Snapshot) -> io::Result<()> {
        Ok(())
    }
}
