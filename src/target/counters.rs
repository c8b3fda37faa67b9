//! Counts what the server has seen, to compare with what a client reports.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Connections accepted.
    pub connections: u64,
    /// Requests with a complete and valid head.
    pub requests: u64,
    /// Responses given to the kernel, including those to invalid requests, but not interim ones.
    pub responses: u64,
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        let Counters { connections, requests, responses } = other;
        self.connections += connections;
        self.requests += requests;
        self.responses += responses;
    }
}

/// The counts of a core, which are written by that core only. They are aligned to two cache lines,
/// because the processor fetches lines in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct CoreCounters {
    connections: AtomicU64,
    requests: AtomicU64,
    responses: AtomicU64,
}

impl CoreCounters {
    pub(super) fn connection(&self) {
        add(&self.connections, 1);
    }

    pub(super) fn request(&self) {
        add(&self.requests, 1);
    }

    pub(super) fn responses(&self, count: u64) {
        add(&self.responses, count);
    }

    pub(super) fn read(&self) -> Counters {
        Counters {
            connections: self.connections.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
            responses: self.responses.load(Ordering::Relaxed),
        }
    }
}

/// Adds to a counter. It has one writer, so a load and a store will do, without a locked `fetch_add`.
fn add(counter: &AtomicU64, count: u64) {
    counter.store(counter.load(Ordering::Relaxed) + count, Ordering::Relaxed);
}
