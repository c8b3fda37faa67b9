//! The options of TLS, as data. They exist with and without the cargo feature `tls`.

use std::path::PathBuf;

/// Whether this build can make TLS connections: the cargo feature `tls`.
pub const IS_BUILT_IN: bool = cfg!(feature = "tls");

/// The error text for TLS in a build without it.
pub const ABSENT: &str = "this build has no TLS; it comes with the cargo feature 'tls'";

/// How the users of a class speak TLS. Nothing is read before it is [loaded](super::tls::Tls::new).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TlsOptions {
    /// A PEM file of authorities to trust beside those of the system.
    pub ca: Option<PathBuf>,
    /// A PEM file with the certificate that users show to servers who ask for one, and behind it
    /// those that lead to its issuer.
    pub cert: Option<PathBuf>,
    /// A PEM file with the key of that certificate; without one, it is in the certificate's file.
    pub key: Option<PathBuf>,
    /// Takes any certificate for the server's. That the server has its key is still checked.
    pub insecure: bool,
    /// Lets a user resume its earlier sessions with a server, as a browser does. Without it every
    /// connection has a whole handshake, as those of Locust's clients have.
    pub resume: bool,
    /// The lowest version to speak; 1.2 without one.
    pub min_version: Option<TlsVersion>,
    /// The highest version to speak; 1.3 without one.
    pub max_version: Option<TlsVersion>,
    /// The name that the server is called by, and its certificate must be valid for, in place of
    /// the host's.
    pub server_name: Option<String>,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsVersion {
    /// RFC 5246.
    V1_2,
    /// RFC 8446.
    V1_3,
}

/// Why TLS options cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{option}: {reason}")]
pub struct LoadError {
    /// Which of the options, by its name in a scenario file.
    pub option: &'static str,
    /// What is wrong with it, and the cure.
    pub reason: String,
}

impl TlsOptions {
    /// These options, and in the place of what they say whatever is said here.
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
