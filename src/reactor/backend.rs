//! What a reactor's sockets go through.

use std::fmt;

use super::preflight;

/// The interface of the kernel that a reactor waits with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// One ring for each core: the cheapest, from Linux 6.1 on, where it is permitted.
    IoUring,
    /// Non-blocking sockets and `epoll(7)`: everywhere.
    Epoll,
}

impl Backend {
    /// io_uring where this process may use it, else epoll.
    pub fn best() -> Self {
        if preflight::io_uring().is_ok() { Backend::IoUring } else { Backend::Epoll }
    }
}

/// By the name of the interface.
impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Backend::IoUring => "io_uring",
            Backend::Epoll => "epoll",
        })
    }
}
