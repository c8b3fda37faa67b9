//! The addresses of this host that connections come from.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};

/// The local addresses that connections come from, by family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalAddresses {
    v4: Vec<Option<IpAddr>>,
    v6: Vec<Option<IpAddr>>,
}

/// Lets the kernel choose.
impl Default for LocalAddresses {
    fn default() -> Self {
        LocalAddresses { v4: vec![None], v6: vec![None] }
    }
}

impl LocalAddresses {
    /// Takes these addresses, each once. If there are none, the kernel chooses.
    pub fn new(addresses: &[IpAddr]) -> Self {
        if addresses.is_empty() {
            return LocalAddresses::default();
        }
        let mut by_family = LocalAddresses { v4: Vec::new(), v6: Vec::new() };
        for &address in addresses {
            let family = if address.is_ipv4() { &mut by_family.v4 } else { &mut by_family.v6 };
            if !family.contains(&Some(address)) {
                family.push(Some(address));
            }
        }
        by_family
    }

    /// Returns the local addresses for connections to this address; `None` is the kernel's choice. Empty if
    /// there are addresses of the other family only.
    pub fn for_peer(&self, address: SocketAddr) -> &[Option<IpAddr>] {
        if address.is_ipv4() { &self.v4 } else { &self.v6 }
    }

    /// Returns the addresses that were given.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> {
        self.v4.iter().chain(&self.v6).flatten().copied()
    }

    /// Tests every address by listening on it for a moment.
    ///
    /// # Errors
    ///
    /// Returns the first address that is not this host's, with the system's error.
    pub fn check(&self) -> Result<(), (IpAddr, io::Error)> {
        self.iter().try_for_each(|address| {
            if address.is_unspecified() {
                return Err((address, io::Error::other("it stands for any address")));
            }
            TcpListener::bind((address, 0)).map(drop).map_err(|error| (address, error))
        })
    }
}
