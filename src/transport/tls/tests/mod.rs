//! Streams against servers of rustls: the records in memory, the rest over loopback.

mod over_loopback;
mod pair;
mod records;
