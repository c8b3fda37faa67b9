//! The errors of the server.

use std::io;
use std::net::SocketAddr;

use crate::executor;
use crate::reactor::preflight;

/// Why the server could not be started or has failed, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is in use.
    #[error(
        "{0} is in use; try another port, or port 0 for any that is free, or see who has it: \
         ss -ltnp 'sport = :{port}'",
        port = .0.port()
    )]
    AddressInUse(SocketAddr),
    /// The port is for privileged processes.
    #[error(
        "this process may not listen on {0}; try a port from 1024 up, or: \
         sysctl -w net.ipv4.ip_unprivileged_port_start={port}",
        port = .0.port()
    )]
    NotPermitted(SocketAddr),
    /// The address is not this machine's.
    #[error("{ip} is not an address of this machine; try 127.0.0.1, or 0.0.0.0 for all it has", ip = .0.ip())]
    NotOurs(SocketAddr),
    /// Anything else about listening.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// The error of the kernel.
        source: io::Error,
    },
    /// The server was given no cores.
    #[error("a server needs at least one core")]
    NoCores,
    /// A rate is not between 0 and 1.
    #[error("the {name} is {value}, and must be between 0 and 1")]
    Rate {
        /// Which rate.
        name: &'static str,
        /// What it is.
        value: f64,
    },
    /// The machine does not allow what the reactor needs.
    #[error(transparent)]
    Preflight(#[from] preflight::Error),
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
    /// A core could not be started or has failed.
    #[error(transparent)]
    Core(#[from] executor::Error),
    /// A core has panicked, which is a bug; the message is on the error output.
    #[error("a core of the server panicked")]
    Panicked,
}

impl Error {
    /// Makes the error for one of `bind(2)` or `listen(2)`.
    pub(super) fn listen(address: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Error::AddressInUse(address),
            io::ErrorKind::PermissionDenied => Error::NotPermitted(address),
            io::ErrorKind::AddrNotAvailable => Error::NotOurs(address),
            _ => Error::Listen { address, source },
        }
    }
}
