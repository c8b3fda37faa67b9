//! Steps in order, some of them at the same time.

use super::Step;

/// What a task of declared steps does at one time.
#[derive(Debug, Clone, PartialEq)]
// Nearly all are steps, and there are as many as somebody has written.
#[expect(clippy::large_enum_variant)]
#[non_exhaustive]
pub enum StepGroup {
    /// One request.
    One(Step),
    /// Several requests, as a browser makes them.
    Parallel(Parallel),
}

/// Requests at the same time over several connections, as a browser fetches what a page consists
/// of. Each connection takes the next request whenever it is free, and the part ends with the last
/// response. Each request has its own clock, from the moment that a connection takes it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Parallel {
    /// The requests, in the order in which they are taken.
    pub steps: Vec<Step>,
    /// How many are made at the same time at most, from 1 to [`Parallel::CONNECTIONS_MAX`].
    pub connections: u32,
}

impl Parallel {
    /// As many as browsers open to a host over HTTP/1.1.
    pub const CONNECTIONS: u32 = 6;

    /// The most that one user may have: every user of the class holds as many descriptors and buffers.
    pub const CONNECTIONS_MAX: u32 = 1000;

    /// These requests over six connections.
    pub fn new(steps: Vec<Step>) -> Self {
        Parallel { steps, connections: Parallel::CONNECTIONS }
    }

    /// Sets how many requests are made at the same time at most.
    pub fn connections(mut self, connections: u32) -> Self {
        self.connections = connections;
        self
    }
}

impl StepGroup {
    /// Its requests.
    pub fn steps(&self) -> &[Step] {
        match self {
            StepGroup::One(step) => std::slice::from_ref(step),
            StepGroup::Parallel(parallel) => &parallel.steps,
        }
    }

    /// How many of its requests are made at the same time.
    pub fn width(&self) -> usize {
        match self {
            StepGroup::One(_) => 1,
            StepGroup::Parallel(Parallel { steps, connections }) => {
                steps.len().min(*connections as usize)
            }
        }
    }
}

impl From<Step> for StepGroup {
    fn from(step: Step) -> Self {
        StepGroup::One(step)
    }
}

impl From<Parallel> for StepGroup {
    fn from(parallel: Parallel) -> Self {
        StepGroup::Parallel(parallel)
    }
}
