//! Streams against servers of rustls: the records in memory, the rest over loopback.

mod limits;
mod over_loopback;
mod pair;
mod records;
