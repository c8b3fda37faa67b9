//! What can be wrong with a server's certificate. It exists with and without the cargo feature `tls`.

use std::fmt;
use std::net::IpAddr;

/// What is wrong with a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateFault {
    /// It has expired.
    Expired,
    /// It is not valid yet.
    NotValidYet,
    /// It is for other names than this.
    WrongName(String),
    /// It has no names: a common name does not count (RFC 9525 section 2).
    Nameless(String),
    /// No trusted authority has signed it.
    UnknownIssuer,
    /// Its issuer has revoked it.
    Revoked,
    /// The signature of the certificate or of the handshake is wrong.
    BadSignature,
    /// Anything else.
    Invalid(String),
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CertificateFault::Expired => f.write_str("expired"),
            CertificateFault::NotValidYet => f.write_str("not valid yet"),
            CertificateFault::WrongName(name) => write!(f, "not valid for name {name}"),
            CertificateFault::Nameless(name) => {
                let kind = if name.parse::<IpAddr>().is_ok() { "IP" } else { "DNS" };
                write!(
                    f,
                    "not valid for name {name}: it has no subjectAltName; openssl req gives it one \
                     by -addext subjectAltName={kind}:{name}"
                )
            }
            CertificateFault::UnknownIssuer => f.write_str("from an unknown issuer"),
            CertificateFault::Revoked => f.write_str("revoked"),
            CertificateFault::BadSignature => f.write_str("with a bad signature"),
            CertificateFault::Invalid(why) => write!(f, "invalid: {why}"),
        }
    }
}
