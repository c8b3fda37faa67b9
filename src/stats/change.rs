//! Changes of the load during a run.

use serde::{Deserialize, Serialize};

/// A change of the load, which replaces its shape or rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Change {
    /// Goes from the users at that moment to this number, at this rate.
    Users {
        /// The new number of users.
        users: u32,
        /// Users started or stopped per second until the number is reached.
        spawn_rate: f64,
    },
    /// The new rate of an open load, in iterations per second.
    Rate(f64),
}
