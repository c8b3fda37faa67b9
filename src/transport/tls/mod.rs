//! TLS over a socket of the reactor, from the client's side.
//!
//! The handshake is rustls's. Once it is done, rustls gives its keys away, and records are sealed and
//! opened in place, with rustls's own ciphers.

mod channel;
mod config;
mod error;
mod handshake;
mod records;
mod stream;
#[cfg(test)]
mod tests;
mod verifier;

pub use config::{Roots, Tls, UserTls, warm_up};
pub use error::{CertificateFault, FirstBytes, TlsError};
pub use stream::{Plaintext, Receive, TlsStream};

pub use super::tls_options::{ABSENT, IS_BUILT_IN, LoadError, TlsOptions, TlsVersion};
