//! What a core makes connections with.

use std::cell::RefCell;
use std::rc::Rc;

use super::local_addresses::LocalAddresses;
use super::resolver::Resolver;
use crate::http1::Limits;
use crate::reactor::Reactor;
use crate::stats::Recorder;

/// What a core makes connections with, lent for one of them.
#[derive(Clone, Copy)]
pub(in crate::session) struct Network<'c> {
    pub(in crate::session) reactor: &'c Rc<Reactor>,
    /// Where slow connects and failed look-ups are counted.
    pub(in crate::session) recorder: &'c RefCell<Recorder>,
    pub(in crate::session) resolver: &'c Resolver,
    /// The addresses that connections come from.
    pub(in crate::session) local_addresses: &'c LocalAddresses,
    /// How much a proxy may say.
    pub(in crate::session) limits: &'c Limits,
}
