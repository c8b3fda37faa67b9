//! What the load of a run changes to on its way.

/// What a load changes to, in place of its shape or rate.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// From the users that there are then to so many, by so many per second.
    Users {
        /// How many users there are to be.
        users: u32,
        /// Users started or stopped per second until there are that many.
        spawn_rate: f64,
    },
    /// So many iterations per second, of an open load.
    Rate(f64),
}
