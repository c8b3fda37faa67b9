//! The options of TLS, as data. They exist with and without the cargo feature `tls`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Whether this build can make TLS connections: the cargo feature `tls`.
pub(crate) const IS_BUILT_IN: bool = cfg!(feature = "tls");

/// The error text for TLS in a build without it.
pub(crate) const ABSENT: &str = "this build has no TLS; it comes with the cargo feature 'tls'";

/// The TLS options of a class of users. Files are read when a run is planned.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TlsOptions {
    /// A PEM file of authorities to trust beside those of the system.
    pub ca: Option<PathBuf>,
    /// A PEM file with the client certificate, followed by the certificates of its chain.
    pub cert: Option<PathBuf>,
    /// A PEM file with the key of that certificate; by default it is in the certificate's file.
    pub key: Option<PathBuf>,
    /// Accepts any certificate. Whether the server has its key is still checked.
    pub insecure: bool,
    /// Lets a user resume its earlier sessions with a server, as a browser does. Without it every connection
    /// has a full handshake, as in Locust's clients.
    pub resume: bool,
    /// The lowest version; by default 1.2.
    pub min_version: Option<TlsVersion>,
    /// The highest version; by default 1.3.
    pub max_version: Option<TlsVersion>,
    /// The server name that is sent and that the certificate must be valid for, in place of the host.
    pub server_name: Option<String>,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TlsVersion {
    /// RFC 5246.
    V1_2,
    /// RFC 8446.
    V1_3,
}

/// The error for TLS options that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{option}: {reason}")]
#[non_exhaustive]
pub struct LoadError {
    /// Which of the options, by its name in a scenario file.
    pub option: &'static str,
    /// What is wrong with it, and what to do.
    pub reason: String,
}

impl TlsOptions {
    /// Returns these options, each replaced by that of `by` if it is set there.
    pub fn overridden(mut self, by: &TlsOptions) -> Self {
        self.ca = by.ca.clone().or(self.ca);
        if by.cert.is_some() {
            // A key belongs to its certificate.
            (self.cert, self.key) = (by.cert.clone(), None);
        }
        self.key = by.key.clone().or(self.key);
        self.insecure |= by.insecure;
        self.resume |= by.resume;
        self.min_version = by.min_version.or(self.min_version);
        self.max_version = by.max_version.or(self.max_version);
        self.server_name = by.server_name.clone().or(self.server_name);
        self
    }
}
