//! Proxies and sockets of the file system, as data.

use std::path::PathBuf;

/// What the connections of a class of users go through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Via {
    /// Nothing: they go to the addresses of each host.
    #[default]
    Direct,
    /// An HTTP proxy, `http://[user:password@]host[:port]`. Requests by `http` are given to it
    /// whole (RFC 9112 section 3.2.2), those by `https` go through a tunnel.
    Proxy(String),
    /// A socket of this host's file system, to which all of them go. URLs say what is asked there.
    UnixSocket(PathBuf),
}
