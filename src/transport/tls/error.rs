//! The errors of TLS. Failures are grouped by their texts.

use std::fmt;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, PeerIncompatible};

use crate::transport::{CertificateFault, FirstBytes};

/// An error of TLS. The texts contain nothing that differs from request to request, but for the name of
/// the server.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TlsError {
    /// The server's certificate is not accepted.
    Certificate(CertificateFault),
    /// The server has sent an alert.
    Alert(AlertDescription),
    /// The server has none of the allowed versions.
    NoCommonVersion,
    /// The server does not support something else that is needed.
    Incompatible(String),
    /// The first bytes received are not TLS.
    NotTls(FirstBytes),
    /// A record is not valid or cannot be decrypted.
    BadRecord,
    /// A message is not allowed at this point.
    UnexpectedMessage,
    /// A request is longer than a connection of TLS 1.2 may send: 256 GiB.
    KeyUsedUp,
    /// The host's name cannot be in a certificate.
    InvalidName(String),
    /// Any other error of rustls.
    Other(String),
}

/// Returns the first of these bytes if they cannot begin a TLS record; `None` if they can.
pub(super) fn other_than_tls(seen: &[u8]) -> Option<FirstBytes> {
    let is_record = |kind: &u8| (0x14..=0x17).contains(kind);
    if seen.first().is_some_and(is_record) { None } else { FirstBytes::of(seen) }
}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        use rustls::Error;
        match error {
            Error::InvalidCertificate(error) => TlsError::Certificate(error.into()),
            // The alert of a server that has none of our versions.
            Error::AlertReceived(AlertDescription::ProtocolVersion) => TlsError::NoCommonVersion,
            Error::AlertReceived(alert) => TlsError::Alert(alert),
            Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
            ) => TlsError::NoCommonVersion,
            Error::PeerIncompatible(why) => TlsError::Incompatible(words(&format!("{why:?}"))),
            Error::DecryptError | Error::PeerSentOversizedRecord | Error::InvalidMessage(_) => {
                TlsError::BadRecord
            }
            Error::InappropriateMessage { .. }
            | Error::InappropriateHandshakeMessage { .. }
            | Error::PeerMisbehaved(_) => TlsError::UnexpectedMessage,
            other => TlsError::Other(words(&other.to_string())),
        }
    }
}

impl From<CertificateError> for CertificateFault {
    fn from(error: CertificateError) -> Self {
        use CertificateError as Error;
        match error {
            Error::Expired | Error::ExpiredContext { .. } => CertificateFault::Expired,
            Error::NotValidYet | Error::NotValidYetContext { .. } => CertificateFault::NotValidYet,
            Error::NotValidForNameContext { expected, presented } if presented.is_empty() => {
                CertificateFault::Nameless(text_of(&expected))
            }
            Error::NotValidForNameContext { expected, .. } => {
                CertificateFault::WrongName(text_of(&expected))
            }
            Error::UnknownIssuer => CertificateFault::UnknownIssuer,
            Error::Revoked => CertificateFault::Revoked,
            Error::BadSignature => CertificateFault::BadSignature,
            other => CertificateFault::Invalid(in_words(&other)),
        }
    }
}

/// Returns a text for rare errors of a certificate.
fn in_words(error: &CertificateError) -> String {
    use CertificateError as Error;
    let text = match error {
        Error::BadEncoding => "it cannot be read",
        Error::InvalidPurpose | Error::InvalidPurposeContext { .. } => {
            "it is not meant for servers"
        }
        Error::UnsupportedSignatureAlgorithmContext { .. } => {
            "it is signed by an algorithm that is not supported"
        }
        Error::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "it is signed by an algorithm that is not for its issuer's key"
        }
        Error::UnhandledCriticalExtension => "it has a critical extension that is not known",
        Error::Other(other) => match other.0.downcast_ref() {
            Some(webpki::Error::CaUsedAsEndEntity) => {
                "it is an authority's own, which is accepted only where 'ca' has it"
            }
            Some(webpki::Error::UnsupportedCertVersion) => "it is not of X.509 version 3",
            _ => return words(&other.to_string()),
        },
        other => return words(&format!("{other:?}")),
    };
    text.to_owned()
}

fn text_of(name: &ServerName<'_>) -> String {
    name.to_str().into_owned()
}

/// Turns the `Debug` form of an error into words, without its fields: `UnknownPSKIdentity` becomes
/// `unknown PSK identity`. Words stay as they are.
fn words(text: &str) -> String {
    let named = text.split(['{', '(']).next().unwrap_or_default().trim_end();
    named.split(' ').map(camel_words).collect::<Vec<_>>().join(" ")
}

fn camel_words(camel: &str) -> String {
    let letters: Vec<char> = camel.chars().collect();
    let is_upper = |at: usize| letters.get(at).is_some_and(char::is_ascii_uppercase);
    let is_lower = |at: usize| letters.get(at).is_some_and(char::is_ascii_lowercase);
    let mut words = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let begins = is_upper(at) && at > 0 && (is_lower(at - 1) || is_lower(at + 1));
        if begins {
            words.push(' ');
        }
        let is_abbreviation = is_upper(at) && !is_lower(at + 1);
        words.push(if is_abbreviation { *letter } else { letter.to_ascii_lowercase() });
    }
    words
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsError::Certificate(fault) => write!(f, "certificate {fault}"),
            TlsError::Alert(AlertDescription::Unknown(code)) => write!(f, "TLS alert: {code}"),
            TlsError::Alert(alert) => write!(f, "TLS alert: {}", words(&format!("{alert:?}"))),
            TlsError::NoCommonVersion => f.write_str("no TLS version in common"),
            TlsError::Incompatible(why) => write!(f, "TLS: {why}"),
            TlsError::NotTls(first_bytes) => write!(f, "not TLS: starts with \"{first_bytes}\""),
            TlsError::BadRecord => f.write_str("bad TLS record"),
            TlsError::UnexpectedMessage => f.write_str("unexpected TLS message"),
            TlsError::KeyUsedUp => f.write_str("TLS: more data than one key of TLS 1.2 may seal"),
            TlsError::InvalidName(name) => write!(f, "TLS: '{name}' is not a server's name"),
            TlsError::Other(why) => write!(f, "TLS: {why}"),
        }
    }
}

impl std::error::Error for TlsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_words_that_can_be_grouped() {
        let certificate = |error| TlsError::from(rustls::Error::InvalidCertificate(error));
        let alert = |alert| TlsError::from(rustls::Error::AlertReceived(alert));
        let incompatible = |why| TlsError::from(rustls::Error::PeerIncompatible(why));
        let expected = ServerName::try_from("a.example").unwrap();
        let wrong_name = CertificateError::NotValidForNameContext {
            expected,
            presented: vec!["b.example".into()],
        };
        for (error, text) in [
            (certificate(CertificateError::Expired), "certificate expired"),
            (certificate(CertificateError::NotValidYet), "certificate not valid yet"),
            (certificate(wrong_name), "certificate not valid for name a.example"),
            (certificate(CertificateError::UnknownIssuer), "certificate from an unknown issuer"),
            (certificate(CertificateError::Revoked), "certificate revoked"),
            (certificate(CertificateError::BadSignature), "certificate with a bad signature"),
            (certificate(CertificateError::BadEncoding), "certificate invalid: it cannot be read"),
            (
                certificate(CertificateError::InvalidPurpose),
                "certificate invalid: it is not meant for servers",
            ),
            (alert(AlertDescription::HandshakeFailure), "TLS alert: handshake failure"),
            (alert(AlertDescription::UnknownCA), "TLS alert: unknown CA"),
            (alert(AlertDescription::UnknownPSKIdentity), "TLS alert: unknown PSK identity"),
            (alert(AlertDescription::UnrecognisedName), "TLS alert: unrecognised name"),
            (alert(AlertDescription::Unknown(200)), "TLS alert: 200"),
            (alert(AlertDescription::ProtocolVersion), "no TLS version in common"),
            (
                incompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13),
                "no TLS version in common",
            ),
            (
                incompatible(PeerIncompatible::NoCipherSuitesInCommon),
                "TLS: no cipher suites in common",
            ),
            (rustls::Error::DecryptError.into(), "bad TLS record"),
            (
                TlsError::NotTls(other_than_tls(b"HTTP/1.1 400 Bad").unwrap()),
                "not TLS: starts with \"HTTP/1.\"",
            ),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }

    /// Whatever rustls and webpki say of a certificate. Neither list is exhaustive, and what is new is
    /// said in words as well.
    #[test]
    fn no_certificate_is_refused_in_rusts_notation() {
        use CertificateError as Error;
        use rustls::ExtendedKeyPurpose;
        use rustls::OtherError;
        use rustls::pki_types::UnixTime;
        let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1));
        let webpki = |error| Error::Other(OtherError(std::sync::Arc::new(error)));
        let expected = ServerName::try_from("a.example").unwrap();
        let oid = vec![6, 3, 43, 101, 113];
        for (error, text) in [
            (Error::ExpiredContext { time: at, not_after: at }, "expired"),
            (Error::NotValidYetContext { time: at, not_before: at }, "not valid yet"),
            (
                Error::NotValidForNameContext { expected, presented: Vec::new() },
                "not valid for name a.example: it has no subjectAltName; openssl req gives it one by \
                 -addext subjectAltName=DNS:a.example",
            ),
            (Error::NotValidForName, "invalid: not valid for name"),
            (
                Error::InvalidPurposeContext {
                    required: ExtendedKeyPurpose::ServerAuth,
                    presented: vec![ExtendedKeyPurpose::ClientAuth],
                },
                "invalid: it is not meant for servers",
            ),
            (
                Error::UnsupportedSignatureAlgorithmContext {
                    signature_algorithm_id: oid.clone(),
                    supported_algorithms: Vec::new(),
                },
                "invalid: it is signed by an algorithm that is not supported",
            ),
            (
                Error::UnsupportedSignatureAlgorithmForPublicKeyContext {
                    signature_algorithm_id: oid.clone(),
                    public_key_algorithm_id: oid,
                },
                "invalid: it is signed by an algorithm that is not for its issuer's key",
            ),
            (
                Error::UnhandledCriticalExtension,
                "invalid: it has a critical extension that is not known",
            ),
            (Error::UnknownRevocationStatus, "invalid: unknown revocation status"),
            (Error::ExpiredRevocationList, "invalid: expired revocation list"),
            (
                Error::ExpiredRevocationListContext { time: at, next_update: at },
                "invalid: expired revocation list context",
            ),
            (Error::InvalidOcspResponse, "invalid: invalid ocsp response"),
            (Error::ApplicationVerificationFailure, "invalid: application verification failure"),
            (
                webpki(webpki::Error::CaUsedAsEndEntity),
                "invalid: it is an authority's own, which is accepted only where 'ca' has it",
            ),
            (
                webpki(webpki::Error::UnsupportedCertVersion),
                "invalid: it is not of X.509 version 3",
            ),
            (webpki(webpki::Error::MalformedExtensions), "invalid: malformed extensions"),
            (
                webpki(webpki::Error::TrailingData(webpki::DerTypeId::Certificate)),
                "invalid: trailing data",
            ),
            (webpki(webpki::Error::NameConstraintViolation), "invalid: name constraint violation"),
        ] {
            assert_eq!(CertificateFault::from(error).to_string(), text);
        }
    }

    #[test]
    fn what_may_begin_a_record_is_not_called_something_else() {
        for seen in [&b""[..], b"\x16\x03\x01", b"\x15"] {
            assert_eq!(other_than_tls(seen), None);
        }
    }
}
