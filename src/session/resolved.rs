//! A base URL whose host has been looked up.

use std::io;
use std::net::SocketAddr;

use super::base_url::BaseUrl;
use super::origin::resolve;

/// A base URL and the addresses of its host, looked up before the run, so that no name server
/// stands in the way of the first requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedUrl {
    /// The URL.
    pub url: BaseUrl,
    /// Where its host is: at least one address.
    pub addresses: Vec<SocketAddr>,
}

impl ResolvedUrl {
    /// Looks the host of a URL up. Blocks where it is a name.
    ///
    /// # Errors
    ///
    /// What the resolver says.
    pub fn look_up(url: BaseUrl) -> io::Result<Self> {
        let addresses = resolve(&url.host, url.port)?;
        if addresses.is_empty() {
            return Err(io::Error::other("the name has no address"));
        }
        Ok(ResolvedUrl { url, addresses })
    }
}
