//! Samples in, snapshots out: the arithmetic of a load test.
//!
//! The life of a sample: a session [records](Recorder::record) it into the entry of its core; once
//! a second the core [takes](Recorder::take) what has gathered as an [`Interval`] and ships it; the
//! collector adds it to the [`Totals`], which answer with a [`Snapshot`] for every report.
//!
//! Nothing here reads a clock, does I/O, or knows HTTP: time comes in as a parameter.

mod entry;
mod failure;
mod interval;
mod limits;
mod line;
mod recorder;
mod sample;
mod snapshot;
mod times;
mod totals;
mod window;

#[cfg(test)]
mod properties;

pub use entry::{Counts, Delta};
pub use failure::Sightings;
pub use interval::{Exception, Failure, Interval};
pub use limits::Limits;
pub use recorder::Recorder;
pub use sample::{Clocks, EntryId, EntryKey, Outcome, Sample};
pub use snapshot::{
    Distribution, ExceptionRow, FailureRow, Figures, PERCENTILES, Rates, Row, Snapshot, UserCount,
};
pub use times::{Bin, Moments, SparseTimes};
pub use totals::Totals;
