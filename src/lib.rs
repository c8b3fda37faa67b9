//! gregaria: a load engine for one Linux host.
//!
//! Pinned per-core glommio executors run users with a minimal hand-rolled HTTP/1.1 client over
//! io_uring, each core keeps a local histogram, and a collector thread merges them over crossbeam
//! channels for the reporting and CSV output.

pub mod collector;
pub mod scenario;
pub mod session;
pub mod stats;
pub mod target;
