//! The cores of this host.

use core_affinity::CoreId;

/// Returns the cores that this process may run on, in order.
pub fn allowed_cores() -> Vec<CoreId> {
    let mut cores = core_affinity::get_core_ids().unwrap_or_default();
    cores.sort();
    cores
}
