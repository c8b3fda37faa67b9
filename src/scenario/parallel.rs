//! Requests of one user that are made at the same time.

use super::Step;

/// Requests made at the same time over several connections, as a browser fetches the resources of a
/// page. Each connection takes the next request whenever it is free, and the group ends with the last
/// response. The clock of each request starts when a connection takes it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Parallel {
    /// The requests, in the order in which they are taken.
    pub steps: Vec<Step>,
    /// The most requests at the same time, from 1 to [`Parallel::CONNECTIONS_MAX`].
    pub connections: u32,
}

impl Parallel {
    /// As many connections as browsers open to a host over HTTP/1.1.
    pub const CONNECTIONS: u32 = 6;

    /// The most for one user, because every user of the class holds as many descriptors and buffers.
    pub const CONNECTIONS_MAX: u32 = 1000;

    /// Makes these requests over six connections.
    pub fn new(steps: Vec<Step>) -> Self {
        Parallel { steps, connections: Parallel::CONNECTIONS }
    }

    /// Sets the most requests at the same time.
    pub fn connections(mut self, connections: u32) -> Self {
        self.connections = connections;
        self
    }

    /// Returns how many of its requests are made at the same time.
    pub fn width(&self) -> usize {
        self.steps.len().min(self.connections as usize)
    }
}
