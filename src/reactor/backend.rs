//! What a reactor's sockets go through.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::preflight;

/// The interface of the kernel that a reactor waits with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Backend {
    /// One ring for each core: the cheapest, from Linux 6.1 on, where it is permitted.
    IoUring,
    /// Non-blocking sockets and `epoll(7)`: everywhere.
    Epoll,
}

impl Backend {
    /// Returns io_uring if this process may use it, else epoll.
    pub fn best() -> Self {
        preflight::choose(BackendChoice::Auto).map_or(Backend::Epoll, |chosen| chosen.backend)
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

/// Asks for this and no other.
impl From<Backend> for BackendChoice {
    fn from(backend: Backend) -> Self {
        match backend {
            Backend::IoUring => BackendChoice::IoUring,
            Backend::Epoll => BackendChoice::Epoll,
        }
    }
}

/// Which [`Backend`] is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
pub enum BackendChoice {
    /// io_uring where this process may use it, else epoll.
    #[default]
    Auto,
    /// io_uring or none.
    #[value(name = "io_uring")]
    IoUring,
    /// epoll, although there may be io_uring.
    Epoll,
}
