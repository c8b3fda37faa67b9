//! Where a socket connects to, and what is set on it before.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketAddrAny, SocketAddrUnix, sockopt};

/// An address to connect to, in the kernel's form, made once.
#[derive(Clone)]
pub struct Peer {
    pub(super) address: Rc<SocketAddrAny>,
    pub(super) family: AddressFamily,
}

impl Peer {
    /// Makes an address for this core.
    pub fn new(address: SocketAddr) -> Self {
        let family = match address {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        };
        Peer { address: Rc::new(address.into()), family }
    }

    /// Makes the address of a socket in the file system.
    ///
    /// # Errors
    ///
    /// Returns an error if the path is longer than 107 bytes, or has a null byte.
    pub fn unix(path: &Path) -> io::Result<Self> {
        let address = SocketAddrUnix::new(path)?;
        Ok(Peer { address: Rc::new(address.into()), family: AddressFamily::UNIX })
    }

    /// Returns whether it is reached by TCP.
    pub(super) fn is_tcp(&self) -> bool {
        self.family != AddressFamily::UNIX
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

/// What is set on a TCP socket before it connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpOptions {
    /// `TCP_NODELAY`: what is sent goes out at once. A request goes out in one piece and should not
    /// wait for the acknowledgement of an older one.
    pub nodelay: bool,
    /// `SO_KEEPALIVE`, and the time after which a quiet connection is probed for the first time:
    /// whole seconds from 1 to 32,767.
    pub keepalive: Option<Duration>,
    /// `SO_LINGER` of zero: connections of ours are closed by a reset. Their local ports are free at
    /// once, and what was sent and has not arrived is lost.
    pub reset_on_close: bool,
}

impl Default for TcpOptions {
    fn default() -> Self {
        TcpOptions { nodelay: true, keepalive: None, reset_on_close: false }
    }
}

impl TcpOptions {
    pub(super) fn set(&self, fd: &OwnedFd) -> io::Result<()> {
        if self.nodelay {
            sockopt::set_tcp_nodelay(fd, true)?;
        }
        if let Some(idle) = self.keepalive {
            sockopt::set_socket_keepalive(fd, true)?;
            sockopt::set_tcp_keepidle(fd, idle)?;
        }
        if self.reset_on_close {
            sockopt::set_socket_linger(fd, Some(Duration::ZERO))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rustix::net::SocketType;

    use super::*;

    #[test]
    fn options_are_set_as_they_are_given() {
        let check = |options: TcpOptions, idle: Option<u64>| {
            let fd = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
            options.set(&fd).unwrap();
            assert_eq!(sockopt::tcp_nodelay(&fd).unwrap(), options.nodelay);
            assert_eq!(sockopt::socket_keepalive(&fd).unwrap(), idle.is_some());
            if let Some(idle) = idle {
                assert_eq!(sockopt::tcp_keepidle(&fd).unwrap(), Duration::from_secs(idle));
            }
            let linger = options.reset_on_close.then_some(Duration::ZERO);
            assert_eq!(sockopt::socket_linger(&fd).unwrap(), linger);
        };
        check(TcpOptions::default(), None);
        let keepalive = Some(Duration::from_secs(32_767));
        check(TcpOptions { nodelay: false, keepalive, reset_on_close: true }, Some(32_767));
    }

    #[test]
    fn a_path_that_is_too_long_has_no_peer() {
        assert!(Peer::unix(Path::new(&"x".repeat(107))).is_ok());
        assert!(Peer::unix(Path::new(&"x".repeat(109))).is_err());
    }
}
