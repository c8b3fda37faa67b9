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
//! CPU time on a 2-core Xeon VM, latencies of 2 to 200 ms; `tests/costs.rs` measures it and says how.
//!
//! | on a core | 1 name | 20 names | 1,000 names |
//! |---|---|---|---|
//! | [`Recorder::record`], a success without phases | 28 ns | 34 ns | 85 ns (cache misses) |
//! | over a kept-alive connection, in one piece: one histogram more | 36 ns | 44 ns | 116 ns |
//! | the response in several pieces: two more | 45 ns | 54 ns | 148 ns |
//! | with a new connection, name and TLS: five more | 68 ns | 83 ns | 450 ns |
//! | a failure of a known message, in one piece | 71 ns | 79 ns | 166 ns |
//! | [`Recorder::take`], 10 / 100 samples per name, in one piece | | | 5.3 / 8.6 ms |
//!
//! | in the collector, per second, 2 cores and 1,000 names | 20,000 samples/s | 200,000 samples/s |
//! |---|---|---|
//! | [`Totals::add`] of both intervals | 5 ms | 22 ms |
//! | [`Totals::snapshot`] with a full window | 18 ms | 33 ms |
//!
//! | memory of 1,000 names on 2 cores and in the totals, latencies up to 200 ms | |
//! |---|---|
//! | without phases | 181 MiB |
//! | with those of a kept-alive connection, in one piece / in several pieces | 212 / 241 MiB |
//! | with all five | 315 MiB |
//!
//! A success allocates nothing once its histograms have grown to the times that occur. A take is
//! mostly the clearing of histograms: 36 KB per touched name when the longest latency is 200 ms,
//! and 6 KB per phase.

mod arrivals;
mod blocking_call;
mod change;
mod detail;
mod entry;
mod entry_totals;
mod failure;
mod gaps;
mod health;
mod interval;
mod journal;
mod period;
mod phase_times;
mod phases;
mod recorder;
mod row_limits;
mod sample;
mod snapshot;
mod standstill;
mod statuses;
mod timeline;
mod times;
mod totals;
mod versioned;
mod window;

#[cfg(test)]
mod tests;

pub use arrivals::{AndersonDarling, OpenLoad};
pub(crate) use arrivals::{ArrivalCounts, IterationStart, StartGap};
pub use blocking_call::BlockingCall;
pub use change::Change;
pub use detail::Detail;
pub(crate) use detail::rounded_ms;
pub use entry::{Counts, Delta, Handshakes};
pub use failure::Example;
pub(crate) use failure::Sightings;
pub use health::{CoreHealth, CpuTime, FullSecond, GeneratorHealth, LimitsHit, RequestCost, Work};
pub(crate) use health::{Health, Limit, SATURATED};
pub(crate) use interval::{Exception, Failure};
pub use interval::{Interval, IntervalError};
pub use journal::Journal;
pub(crate) use journal::JournalEntry;
pub(crate) use period::Period;
pub use period::{Breach, Measured};
pub use phases::Phases;
pub use recorder::Recorder;
pub use row_limits::RowLimits;
pub(crate) use sample::Extra;
pub use sample::{Clocks, EntryId, EntryKey, GROUP, Outcome, Sample, WireBytes};
pub use snapshot::{
    Command, Distribution, Ending, ExceptionRow, FailureRow, Figures, PERCENTILES, Rates, Row,
    Snapshot, UserCount,
};
pub use standstill::{Standstill, StandstillRow};
pub use statuses::Statuses;
pub(crate) use timeline::{Cell, Timeline};
pub use totals::Totals;
pub use versioned::{FORMAT, Versioned};
