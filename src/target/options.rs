//! What a server is asked to be, faults included.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use core_affinity::CoreId;

use super::{Error, Pathology};
use crate::cores::allowed_cores;

/// A server's cores, its address, and what it does wrong on purpose.
#[derive(Debug, Clone)]
pub struct Options {
    /// One executor is pinned to each.
    pub cores: Vec<CoreId>,
    /// Where to listen; with port 0 the kernel chooses the port.
    pub address: SocketAddr,
    /// How long answers take, and when none leaves.
    pub pathology: Pathology,
    /// Share of requests that are answered 500 with `{"error": "injected"}`.
    pub error_rate: f64,
    /// Share of requests to the JSON routes that are answered 200 with `{}`, without the key that
    /// the route promises. Errors come first.
    pub drop_rate: f64,
    /// When connections are closed.
    pub close: Close,
    /// Connections on which nothing was asked for that long are closed.
    pub idle_timeout: Option<Duration>,
    /// Which requests the rates hit is drawn from this.
    pub seed: u64,
}

/// When the server closes a connection by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Close {
    /// Never, as long as the client does not want it.
    Never,
    /// After so many answers, the last of which says so. With 1 it does as Flask's development
    /// server.
    Announced(u32),
    /// After so many answers, none of which says so: what a restarted server looks like.
    Silent(u32),
}

impl Default for Options {
    /// Without faults, on all cores that this process may use, on a port that the kernel chooses.
    fn default() -> Self {
        Options {
            cores: allowed_cores(),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            pathology: Pathology::default(),
            error_rate: 0.0,
            drop_rate: 0.0,
            close: Close::Never,
            idle_timeout: None,
            seed: 0,
        }
    }
}

impl Options {
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.cores.is_empty() {
            return Err(Error::NoCores);
        }
        let rates = [("error rate", self.error_rate), ("drop rate", self.drop_rate)];
        match rates.into_iter().find(|(_, rate)| !(0.0..=1.0).contains(rate)) {
            Some((name, value)) => Err(Error::Rate { name, value }),
            None => Ok(()),
        }
    }
}
