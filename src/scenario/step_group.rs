//! Groups of steps: a task makes one group after the other.

use super::Step;

/// One step, or several that are made at the same time.
#[derive(Debug, Clone, PartialEq)]
// Nearly all are single steps, and there are only as many as a scenario declares.
#[expect(clippy::large_enum_variant)]
#[non_exhaustive]
pub enum StepGroup {
    /// One request.
    One(Step),
    /// Several requests, as a browser makes them.
    Parallel(Parallel),
}

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
}

impl StepGroup {
    /// Returns its requests.
    pub fn steps(&self) -> &[Step] {
        match self {
            StepGroup::One(step) => std::slice::from_ref(step),
            StepGroup::Parallel(parallel) => &parallel.steps,
        }
    }

    /// Returns how many of its requests are made at the same time.
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
