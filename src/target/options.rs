//! The options of the server, with its faults.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use core_affinity::CoreId;

use super::{Error, Pathology};
use crate::cores::allowed_cores;
use crate::reactor::BackendChoice;

/// The server's cores, its address and its faults.
#[derive(Debug, Clone)]
pub struct Options {
    /// The cores; one executor is pinned to each.
    pub cores: Vec<CoreId>,
    /// The address to listen on; with port 0 the kernel chooses the port.
    pub address: SocketAddr,
    /// What sockets are to go through.
    pub io: BackendChoice,
    /// How long responses take, and when none is sent.
    pub pathology: Pathology,
    /// The share of requests that get a 500 with `{"error": "injected"}`.
    pub error_rate: f64,
    /// The share of requests to the JSON routes that get a 200 with `{}`, without the key of the route.
    /// Errors have precedence.
    pub drop_rate: f64,
    /// When connections are closed.
    pub close: Close,
    /// Connections without a request for this time are closed.
    pub idle_timeout: Option<Duration>,
    /// The seed for the choice of the faulty requests.
    pub seed: u64,
}

/// When the server closes a connection by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Close {
    /// Never, unless the client wants it.
    Never,
    /// After so many responses, of which the last one has `Connection: close`. With 1 it behaves like Flask's
    /// development server.
    Announced(u32),
    /// After so many responses, without an announcement, like a server that is restarted.
    Silent(u32),
}

impl Default for Options {
    /// Returns options without faults, on all allowed cores, on a port that the kernel chooses.
    fn default() -> Self {
        Options {
            cores: allowed_cores(),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            io: BackendChoice::Auto,
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
