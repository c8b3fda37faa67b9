//! How the users of a class make their requests.

use std::num::NonZeroU32;
use std::time::Duration;

use http::Method;

use super::keep_alive::KeepAlive;
use super::via::Via;
use crate::reactor::TcpOptions;
use crate::transport::tls::TlsOptions;
use crate::units;

/// How the users of a class make their requests: the settings that a scenario has for a whole class.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// How long each part of a request may take.
    pub timeouts: Timeouts,
    /// How long connections are kept.
    pub keep_alive: KeepAlive,
    /// The TLS options of connections to `https://` servers.
    pub tls: TlsOptions,
    /// The most requests on one connection; by default any number. The connection is closed after the last
    /// one, without an announcement, so the server sees a client that goes away.
    pub max_requests_per_connection: Option<NonZeroU32>,
    /// What connections go through.
    pub via: Via,
    /// The TCP options of connections.
    pub tcp: TcpOptions,
    /// Whether cookies are kept, and sent with the requests they are for.
    pub cookies: bool,
    /// Whether redirects are followed, but for those of HEAD requests.
    pub redirects: bool,
    /// Whether requests ask for bodies in content codings, as those of Locust's `HttpUser` do:
    /// `Accept-Encoding: gzip, deflate, br, zstd`.
    pub compression: bool,
    /// The most bytes of a body that is kept, as transferred and as decoded; a longer one fails the request.
    /// A body that is not kept may have any length.
    pub max_body: u64,
}

impl Policy {
    /// The default of [`max_body`](Self::max_body): a thousand users who keep bodies need at most 16 GiB.
    pub const DEFAULT_MAX_BODY: u64 = 16 << 20;

    /// Returns whether the redirects of a request are followed. Those of HEAD requests are followed only if
    /// the request sets it, as with `Session.head` of Python's requests and `client.head` of Locust's
    /// `HttpUser`.
    pub(in crate::session) fn follows_redirects(&self, method: &Method, own: Option<bool>) -> bool {
        own.unwrap_or_else(|| self.redirects && *method != Method::HEAD)
    }

    /// Returns whether every connection carries one request only.
    pub(in crate::session) fn is_one_request_per_connection(&self) -> bool {
        !self.keeps_after(1)
    }

    /// Returns whether a connection is kept after so many requests.
    pub(in crate::session) fn keeps_after(&self, requests: u32) -> bool {
        let may_carry = |max: NonZeroU32| requests < max.get();
        self.keep_alive != KeepAlive::Never
            && self.max_requests_per_connection.is_none_or(may_carry)
    }
}

/// The defaults of Locust's users.
impl Default for Policy {
    fn default() -> Self {
        Policy {
            timeouts: Timeouts::default(),
            keep_alive: KeepAlive::default(),
            tls: TlsOptions::default(),
            max_requests_per_connection: None,
            via: Via::default(),
            tcp: TcpOptions::default(),
            cookies: true,
            redirects: true,
            compression: true,
            max_body: Policy::DEFAULT_MAX_BODY,
        }
    }
}

/// The timeouts of a request and of its phases. A phase without one has what is left of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To make a connection, including the look-up of the name and a proxy's tunnel.
    pub connect: Option<Duration>,
    /// The TLS handshake.
    pub tls: Option<Duration>,
    /// From when the connection is ready to the first byte of the response, including the time to send the
    /// request.
    pub first_byte: Option<Duration>,
    /// Without a byte of the response, before its first one and between any two: Python's requests calls
    /// it the read timeout.
    pub read: Option<Duration>,
    /// From the start of the request to the end of its response.
    pub total: Duration,
}

impl Timeouts {
    /// A minute, as in Locust's fast client: long enough for slow servers, and short enough that a stuck
    /// user becomes a failure.
    pub const DEFAULT_TOTAL: Duration = Duration::from_secs(60);

    /// Makes the timeouts that Python's clients have: to connect, which holds for the TLS handshake again,
    /// and to read. The whole may take any time.
    pub(crate) fn of_parts(connect: Option<Duration>, read: Option<Duration>) -> Self {
        let within = |limit: Option<Duration>| limit.filter(|limit| *limit < units::LONGEST);
        let (connect, read) = (within(connect), within(read));
        Timeouts { connect, tls: connect, first_byte: None, read, total: units::LONGEST }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: None,
            tls: None,
            first_byte: None,
            read: None,
            total: Timeouts::DEFAULT_TOTAL,
        }
    }
}
