//! How a request fails without a usable response.

pub(in crate::session) mod redirect;

use std::fmt;
use std::io;
use std::time::Duration;

use redirect::RedirectError;

use crate::http1::{self, Framing, ResponseReader};
use crate::stats::Limit;
use crate::transport::{self, FirstBytes, TlsError};
use crate::units;

/// Why there is no response. Failures are grouped by its text.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The host's name could not be looked up, or has no address.
    Resolve(String),
    /// No connection was made.
    Connect(ConnectError),
    /// The connection ended before the response was complete.
    Interrupted {
        /// How the connection ended.
        how: Interruption,
        /// In which phase of the request.
        at: RequestPhase,
    },
    /// The timeout of a phase, or of the whole request, has passed.
    TimedOut {
        /// In which phase of the request.
        at: RequestPhase,
        /// The timeout.
        after: Duration,
        /// Whether it is the timeout of the whole request.
        whole: bool,
    },
    /// The first bytes received are not those of an HTTP/1 response.
    NotHttp(FirstBytes),
    /// The response is not valid HTTP.
    Http(http1::Error),
    /// The response is a redirect that cannot be followed.
    Redirect {
        /// The status of the redirect.
        status: u16,
        /// Why it cannot be followed.
        error: RedirectError,
    },
    /// TLS failed.
    Tls(TlsError),
    /// The failure happened at the proxy, and not at the server.
    Proxy(Box<Failure>),
    /// The proxy answered CONNECT with this status.
    Tunnel(u16),
    /// The request itself cannot be sent.
    Request(String),
}

/// The phase that a request is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestPhase {
    /// Its host's name is being looked up.
    Resolve,
    /// The connection is being made.
    Connect,
    /// The TLS handshake is being made.
    Handshake,
    /// The request is being sent or has been sent; nothing of the response has come.
    FirstByte,
    /// The response's head is being received, or an interim response has come.
    Head,
    /// The response's body is being received.
    Body(BodyProgress),
}

/// How much of a body has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BodyProgress {
    /// Bytes of the body received so far, without those of the chunked coding.
    pub received: u64,
    /// Its length, if it was announced.
    pub length: Option<u64>,
}

/// How a connection ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Interruption {
    /// The server closed it.
    Closed,
    /// It was closed inside a response without a `close_notify` of TLS, so the response may have been
    /// truncated by a third party (RFC 8446 section 6.1).
    Truncated,
    /// The server reset it.
    Reset,
    /// Any other error of the system.
    Broken(io::Error),
}

/// Why no connection was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Nothing listens at the address.
    #[error("connection refused")]
    Refused,
    /// The connection was reset while it was made.
    #[error("connection reset while connecting")]
    Reset,
    /// There is no route to the host.
    #[error("host unreachable")]
    HostUnreachable,
    /// There is no route to its network.
    #[error("network unreachable")]
    NetworkUnreachable,
    /// This process, or this host, has no descriptor left.
    #[error("too many open files")]
    Files,
    /// All local ports for this peer are taken, or the local address is not this host's.
    #[error("no local port left")]
    Ports,
    /// Anything else.
    #[error("cannot connect: {}", text(.0))]
    Other(io::Error),
}

impl Failure {
    /// Returns whether a kept-alive connection turned out to be dead, so that the request may be sent once
    /// more on a new one (RFC 9112 section 9.3.1).
    pub(super) fn is_dead_connection(&self) -> bool {
        matches!(self, Failure::Interrupted { at: RequestPhase::FirstByte, .. })
    }

    /// Returns the limit of the kernel that was the reason, if one was.
    pub(super) fn limit(&self) -> Option<Limit> {
        match self {
            Failure::Connect(ConnectError::Files) => Some(Limit::Files),
            Failure::Connect(ConnectError::Ports) => Some(Limit::Ports),
            Failure::Proxy(failure) => failure.limit(),
            _ => None,
        }
    }

    /// Returns the status of the response, if there was a complete one.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Failure::Redirect { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Makes the failure for an error of a response's reader. `seen` begins with the first bytes read.
    pub(super) fn of_reader(error: http1::Error, reader: &ResponseReader, seen: &[u8]) -> Self {
        use http1::Error::{ClosedBeforeResponse, MalformedHead, TornBody, TornHead};
        match error {
            ClosedBeforeResponse | TornHead | TornBody => Failure::Interrupted {
                how: Interruption::Closed,
                at: RequestPhase::of_reader(reader),
            },
            MalformedHead(_) => {
                FirstBytes::other_than_http(seen).map_or(Failure::Http(error), Failure::NotHttp)
            }
            _ => Failure::Http(error),
        }
    }

    /// Makes the failure for an error of a stream in this phase.
    pub(super) fn of_stream(error: transport::Error, at: RequestPhase) -> Self {
        match error {
            transport::Error::Io(error) => Failure::Interrupted { how: error.into(), at },
            transport::Error::Closed => {
                let is_answer = matches!(at, RequestPhase::Head | RequestPhase::Body(_));
                let how = if is_answer { Interruption::Truncated } else { Interruption::Closed };
                Failure::Interrupted { how, at }
            }
            transport::Error::Tls(error) => Failure::Tls(error),
        }
    }

    /// Returns how much of the body had come, if the text says so.
    pub(super) fn progress(&self) -> Option<BodyProgress> {
        match self {
            Failure::Interrupted { at: RequestPhase::Body(progress), .. }
            | Failure::TimedOut { at: RequestPhase::Body(progress), .. } => Some(*progress),
            _ => None,
        }
    }

    /// Returns the text without how much of the body had come.
    pub(super) fn general_text(&self) -> String {
        let text = self.to_string();
        match (self.progress(), text.find(" (")) {
            (Some(_), Some(end)) => text[..end].to_owned(),
            _ => text,
        }
    }
}

impl RequestPhase {
    /// Returns the phase that the reader of a response is in.
    pub(super) fn of_reader(reader: &ResponseReader) -> Self {
        match reader.head() {
            Some(head) => RequestPhase::Body(BodyProgress {
                received: reader.body_bytes(),
                length: match head.framing {
                    Framing::Length(length) => Some(length),
                    _ => None,
                },
            }),
            None if reader.has_begun() => RequestPhase::Head,
            None => RequestPhase::FirstByte,
        }
    }
}

impl RequestPhase {
    /// Returns the phase as the end of a sentence about a failure.
    fn during(&self) -> String {
        match self {
            RequestPhase::Handshake => self.to_string(),
            _ => format!("while {self}"),
        }
    }
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{
            AddrNotAvailable, ConnectionRefused, ConnectionReset, HostUnreachable,
            NetworkUnreachable,
        };
        match (error.kind(), error.raw_os_error()) {
            (_, Some(libc::EMFILE | libc::ENFILE)) => ConnectError::Files,
            (ConnectionRefused, _) => ConnectError::Refused,
            (ConnectionReset, _) => ConnectError::Reset,
            (HostUnreachable, _) => ConnectError::HostUnreachable,
            (NetworkUnreachable, _) => ConnectError::NetworkUnreachable,
            // The error has no number if all local addresses were tried.
            (AddrNotAvailable, _) => ConnectError::Ports,
            _ => ConnectError::Other(error),
        }
    }
}

impl From<io::Error> for Interruption {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionReset => Interruption::Reset,
            _ => Interruption::Broken(error),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Resolve(host) => write!(f, "cannot resolve {host}"),
            Failure::Connect(error) => error.fmt(f),
            Failure::Interrupted { how, at: RequestPhase::FirstByte } => {
                write!(f, "connection {how} before the response")
            }
            Failure::Interrupted { how, at } => write!(f, "connection {how} {}", at.during()),
            Failure::TimedOut { at, after, whole: false } => {
                let is_read = matches!(at, RequestPhase::Head | RequestPhase::Body(_));
                let silence = if is_read { " without a byte" } else { "" };
                write!(f, "timed out {at} after {}{silence}", units::spaced(*after))
            }
            Failure::TimedOut { at, after, whole: true } => {
                write!(f, "timed out after {} {}", units::spaced(*after), at.during())
            }
            Failure::NotHttp(first_bytes) => write!(f, "not HTTP: starts with \"{first_bytes}\""),
            Failure::Http(error) => error.fmt(f),
            Failure::Redirect { error, .. } => error.fmt(f),
            Failure::Tls(error) => error.fmt(f),
            Failure::Proxy(failure) => write!(f, "proxy: {failure}"),
            Failure::Tunnel(status) => match reason(*status) {
                Some(reason) => write!(f, "proxy answered {status} {reason} to CONNECT"),
                None => write!(f, "proxy answered {status} to CONNECT"),
            },
            Failure::Request(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for RequestPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RequestPhase::Resolve => "resolving the name",
            RequestPhase::Connect => "connecting",
            RequestPhase::Handshake => "in the TLS handshake",
            RequestPhase::FirstByte => "waiting for the first byte",
            RequestPhase::Head => "reading the head",
            RequestPhase::Body(progress) => return write!(f, "reading the body ({progress})"),
        })
    }
}

impl fmt::Display for BodyProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let received = units::grouped(self.received);
        match self.length {
            Some(length) => write!(f, "{received} of {} bytes", units::grouped(length)),
            None => write!(f, "after {received} bytes"),
        }
    }
}

impl fmt::Display for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Interruption::Closed => f.write_str("closed"),
            Interruption::Truncated => f.write_str("closed without close_notify"),
            Interruption::Reset => f.write_str("reset"),
            Interruption::Broken(error) => write!(f, "broken ({})", text(error)),
        }
    }
}

/// Returns the reason phrase of a status, if it has one.
fn reason(status: u16) -> Option<&'static str> {
    http::StatusCode::from_u16(status).ok()?.canonical_reason()
}

/// Returns the system's text without the number that the standard library appends.
fn text(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_say_what_happened_and_where() {
        let body = |received, length| RequestPhase::Body(BodyProgress { received, length });
        let cut = |how, at| Failure::Interrupted { how, at };
        let late = |at, seconds, whole| {
            let after = Duration::from_secs(seconds);
            Failure::TimedOut { at, after, whole }
        };
        let not_http = |seen: &[u8]| Failure::NotHttp(FirstBytes::other_than_http(seen).unwrap());
        let failed = |errno| Failure::Connect(io::Error::from_raw_os_error(errno).into());
        for (failure, text) in [
            (Failure::Resolve("nowhere".into()), "cannot resolve nowhere"),
            (failed(libc::ECONNREFUSED), "connection refused"),
            (failed(libc::ECONNRESET), "connection reset while connecting"),
            (failed(libc::EHOSTUNREACH), "host unreachable"),
            (failed(libc::ENETUNREACH), "network unreachable"),
            (failed(libc::EMFILE), "too many open files"),
            (failed(libc::EADDRNOTAVAIL), "no local port left"),
            (failed(libc::EACCES), "cannot connect: permission denied"),
            (
                cut(Interruption::Closed, RequestPhase::FirstByte),
                "connection closed before the response",
            ),
            (
                cut(Interruption::Reset, RequestPhase::Head),
                "connection reset while reading the head",
            ),
            (
                cut(Interruption::Reset, body(1024, Some(5000))),
                "connection reset while reading the body (1,024 of 5,000 bytes)",
            ),
            (
                cut(Interruption::Closed, body(1_234_567, None)),
                "connection closed while reading the body (after 1,234,567 bytes)",
            ),
            (
                late(RequestPhase::FirstByte, 5, false),
                "timed out waiting for the first byte after 5 s",
            ),
            (late(RequestPhase::Connect, 1, false), "timed out connecting after 1 s"),
            (
                late(body(2, Some(5)), 1, false),
                "timed out reading the body (2 of 5 bytes) after 1 s without a byte",
            ),
            (late(RequestPhase::Handshake, 5, false), "timed out in the TLS handshake after 5 s"),
            (late(RequestPhase::Handshake, 60, true), "timed out after 60 s in the TLS handshake"),
            (
                cut(Interruption::Closed, RequestPhase::Handshake),
                "connection closed in the TLS handshake",
            ),
            #[cfg(feature = "tls")]
            (Failure::Tls(crate::transport::TlsError::BadRecord), "bad TLS record"),
            (late(RequestPhase::Head, 90, true), "timed out after 90 s while reading the head"),
            (not_http(b"SSH-2.0-OpenSSH_9.9\r\n"), "not HTTP: starts with \"SSH-2.0\""),
            (
                not_http(b"\x15\x03\x01\0\x02\x02\x46"),
                "not HTTP: starts with \"\\x15\\x03\\x01\\x00\\x02\\x02F\"",
            ),
            (not_http(b"220\n"), "not HTTP: starts with \"220\\n\""),
            (Failure::Proxy(Box::new(failed(libc::ECONNREFUSED))), "proxy: connection refused"),
            (
                Failure::Proxy(Box::new(not_http(b"SSH-2"))),
                "proxy: not HTTP: starts with \"SSH-2\"",
            ),
            (Failure::Tunnel(407), "proxy answered 407 Proxy Authentication Required to CONNECT"),
            (Failure::Tunnel(599), "proxy answered 599 to CONNECT"),
        ] {
            assert_eq!(failure.to_string(), text);
        }
    }

    #[test]
    fn the_general_text_leaves_out_how_far_it_came() {
        let at = RequestPhase::Body(BodyProgress { received: 1, length: Some(2) });
        let after = Duration::from_millis(1500);
        let failure = Failure::TimedOut { at, after, whole: true };
        assert_eq!(failure.general_text(), "timed out after 1.5 s while reading the body");
        let broken = io::Error::from_raw_os_error(libc::EPIPE);
        let how = Interruption::Broken(broken);
        let failure = Failure::Interrupted { how, at: RequestPhase::Head };
        assert_eq!(
            failure.general_text(),
            "connection broken (broken pipe) while reading the head"
        );
    }
}
