//! TLS of a client, over a socket of the reactor.
//!
//! rustls makes the handshake. After it, the keys are taken out of rustls, and records are encrypted and
//! decrypted in place, by the ciphers of rustls.

mod channel;
mod config;
mod error;
mod handshake;
mod records;
mod stream;
#[cfg(test)]
mod tests;
mod verifier;

pub(crate) use config::{Roots, Tls, UserTls, warm_up};
pub use error::TlsError;
pub(crate) use stream::{Plaintext, Receive, TlsStream};

pub(crate) use super::tls_options::{ABSENT, IS_BUILT_IN};
pub use super::tls_options::{LoadError, TlsOptions, TlsVersion};
