//! The table of misbehaviours, one file per part of the protocol.

mod chunks;
mod closes;
mod framing;
mod greetings;
mod heads;
mod keep_alive;
mod stalls;
mod uploads;

use std::sync::OnceLock;

use super::case::Case;

/// All of them, in the order of the files.
pub(crate) fn all() -> &'static [Case] {
    static ALL: OnceLock<Vec<Case>> = OnceLock::new();
    ALL.get_or_init(|| {
        [
            framing::cases(),
            chunks::cases(),
            heads::cases(),
            greetings::cases(),
            closes::cases(),
            keep_alive::cases(),
            stalls::cases(),
            uploads::cases(),
        ]
        .concat()
    })
}
