//! Samples in, snapshots out: the arithmetic of a load test.
//!
//! The life of a sample: a session [records](Recorder::record) it into the entry of its core; once
//! a second the core [takes](Recorder::take) what has gathered as an [`Interval`] and ships it; the
//! collector adds it to the [`Totals`], which answer with a [`Snapshot`] for every report.
//!
//! Nothing here reads a clock, does I/O, or knows HTTP: time comes in as a parameter.
//!
//! # What it costs
//!
//! CPU time on a 2-core Xeon VM, latencies of 2 to 200 ms; `costs.rs` measures it and says how.
//!
//! | on a core | 1 name | 20 names | 1,000 names |
//! |---|---|---|---|
//! | [`Recorder::record`], a success | 22 ns | 25 ns | 63 ns (cache misses) |
//! | [`Recorder::record`], a failure of a known message | 55 ns | 57 ns | 92 ns |
//! | [`Recorder::take`], 10 / 100 samples per name | | | 3.4 / 6 ms |
//!
//! | in the collector, per second, 2 cores and 1,000 names | 20,000 samples/s | 200,000 samples/s |
//! |---|---|---|
//! | [`Totals::add`] of both intervals | 2 ms | 11 ms |
//! | [`Totals::snapshot`] with a full window | 14 ms | 28 ms |
//!
//! A success allocates nothing once its histogram has grown to the latencies that occur. A take is
//! mostly the clearing of histograms: 36 KB per touched name when the longest latency is 200 ms.

mod arrivals;
mod entry;
mod failure;
mod gaps;
mod health;
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
mod costs;
#[cfg(test)]
mod properties;

pub use arrivals::{AndersonDarling, Arrivals, Gap, OpenLoad, Start};
pub use entry::{Counts, Delta};
pub use failure::Sightings;
pub use health::{CoreHealth, CpuTime, GeneratorHealth, Health, Limit, LimitsHit, SATURATED, Work};
pub use interval::{Exception, Failure, Interval};
pub use limits::Limits;
pub use recorder::Recorder;
pub use sample::{Clocks, EntryId, EntryKey, Outcome, Sample};
pub use snapshot::{
    Command, Distribution, ExceptionRow, FailureRow, Figures, PERCENTILES, Rates, Row, Snapshot,
    UserCount,
};
pub use times::{Bin, Moments, SparseTimes};
pub use totals::Totals;
