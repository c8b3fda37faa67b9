//! One pinned glommio executor per core, and the users on it.

mod pinned;

pub use pinned::{Error, Pinned, allowed_cores, yield_now};
