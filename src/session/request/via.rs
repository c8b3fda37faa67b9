//! Proxies and Unix sockets, as data.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What the connections of a class of users go through.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Via {
    /// Nothing: they go to the addresses of the host.
    #[default]
    Direct,
    /// An HTTP proxy, `http://[user:password@]host[:port]`. It gets `http` requests in absolute form (RFC
    /// 9112 section 3.2.2); `https` requests go through a tunnel.
    Proxy(String),
    /// A Unix socket, which all connections go to. The hosts of URLs are only sent in requests.
    UnixSocket(PathBuf),
}
