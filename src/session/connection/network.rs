//! What connections of a core are made with.

use std::cell::RefCell;
use std::rc::Rc;

use super::local_addresses::LocalAddresses;
use super::resolver::Resolver;
use crate::http1::Limits;
use crate::reactor::Reactor;
use crate::stats::Recorder;

/// What connections of a core are made with: references, passed down for one of them.
#[derive(Clone, Copy)]
pub(in crate::session) struct Network<'c> {
    pub(in crate::session) reactor: &'c Rc<Reactor>,
    /// Counts slow connects and failed look-ups.
    pub(in crate::session) recorder: &'c RefCell<Recorder>,
    pub(in crate::session) resolver: &'c Resolver,
    /// The addresses that connections come from.
    pub(in crate::session) local_addresses: &'c LocalAddresses,
    /// The limits on a proxy's response.
    pub(in crate::session) limits: &'c Limits,
}
