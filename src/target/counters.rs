//! What the server has seen, for comparison with what a client says.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Connections accepted.
    pub connections: u64,
    /// Requests whose head was complete, and was one.
    pub requests: u64,
    /// Responses handed to the kernel, those to what was no request among them; interim ones are
    /// not counted.
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

/// One core's counts: written by that core alone, read by whoever asks. Two cache lines apart from
/// anything else, because the processor fetches lines in pairs.
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

/// There is one writer, so a load and a store do, without the bus lock of a `fetch_add`.
fn add(counter: &AtomicU64, count: u64) {
    counter.store(counter.load(Ordering::Relaxed) + count, Ordering::Relaxed);
}
