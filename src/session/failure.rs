//! How a request fails without a usable response.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::http1;
use crate::stats::Limit;
use crate::units;

/// Why there is no response. Its text is what the failures table groups by, so it holds nothing
/// that differs from request to request.
#[derive(Debug)]
pub enum Failure {
    /// The host's name has no address.
    Resolve(String),
    /// No connection was made.
    Connect(io::Error),
    /// The connection broke before the response was whole.
    Broken {
        /// What the system says.
        error: io::Error,
        /// Whether any byte of the response had come.
        answered: bool,
    },
    /// What came is not a response, or stopped too soon.
    Http(http1::Error),
    /// The whole response did not come in time.
    TimedOut(Duration),
    /// The request itself cannot be sent.
    Request(String),
}

impl Failure {
    /// Whether a kept-alive connection turned out to be dead: the request may be sent once more on
    /// a new one (RFC 9112 section 9.3.1).
    pub(super) fn is_dead_connection(&self) -> bool {
        match self {
            Failure::Broken { answered, .. } => !answered,
            Failure::Http(error) => *error == http1::Error::ClosedBeforeResponse,
            _ => false,
        }
    }
}

impl Failure {
    /// The limit of the kernel that stood in the way, if that was it. The errors of `socket(2)` and
    /// `connect(2)` come without a number where all local addresses were tried.
    pub(super) fn limit(&self) -> Option<Limit> {
        let Failure::Connect(error) = self else { return None };
        match error.raw_os_error() {
            Some(libc::EMFILE | libc::ENFILE) => Some(Limit::Files),
            _ if error.kind() == io::ErrorKind::AddrNotAvailable => Some(Limit::Ports),
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Resolve(host) => write!(f, "cannot resolve {host}"),
            Failure::Connect(error) => write!(f, "cannot connect: {}", text(error)),
            Failure::Broken { error, .. } => write!(f, "connection broken: {}", text(error)),
            Failure::Http(error) => error.fmt(f),
            Failure::TimedOut(timeout) => write!(f, "timed out after {}", units::short(*timeout)),
            Failure::Request(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for Failure {}

/// The system's words without the number that the standard library puts behind them.
fn text(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}
