//! How the users of a class make their requests.

use std::num::NonZeroU32;
use std::time::Duration;

use http::Method;

use super::keep_alive::KeepAlive;
use super::via::Via;
use crate::reactor::TcpOptions;
use crate::transport::tls::TlsOptions;

/// How the users of a class make their requests: what a scenario may say of it for a whole class.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// How long each part of a request may take.
    pub timeouts: Timeouts,
    /// How long connections are kept.
    pub keep_alive: KeepAlive,
    /// How connections to `https://` servers are sealed.
    pub tls: TlsOptions,
    /// How many requests a connection carries at most; without it, any number. We close it after
    /// the last of them, without having announced it: the server sees a client that goes away.
    pub max_requests_per_connection: Option<NonZeroU32>,
    /// What connections go through.
    pub via: Via,
    /// What is set on them.
    pub tcp: TcpOptions,
    /// Whether cookies are kept, and sent with the requests they are for.
    pub cookies: bool,
    /// Whether redirects are followed, but for those of HEAD requests.
    pub redirects: bool,
    /// Whether requests ask for bodies in content codings, as those of Locust's `HttpUser` do:
    /// `Accept-Encoding: gzip, deflate, br, zstd`.
    pub compression: bool,
    /// The most bytes that are kept of a body, as transferred and as decoded; a longer one fails the
    /// request. What nobody looks at is only counted, however long it is.
    pub max_body: u64,
}

impl Policy {
    /// So that a thousand users who look at what they get cannot be made to fill the memory.
    pub const DEFAULT_MAX_BODY: u64 = 16 << 20;

    /// Whether the redirects of a request are followed. Those of HEAD are where the request says so itself,
    /// as with `Session.head` of Python's requests and `client.head` of Locust's `HttpUser`.
    pub(in crate::session) fn follows_redirects(
        &self,
        method: &Method,
        says: Option<bool>,
    ) -> bool {
        says.unwrap_or_else(|| self.redirects && *method != Method::HEAD)
    }

    /// Whether every request is known to be the only one on its connection.
    pub(in crate::session) fn is_one_request_per_connection(&self) -> bool {
        !self.keeps_after(1)
    }

    /// Whether a connection is kept that has carried so many requests.
    pub(in crate::session) fn keeps_after(&self, requests: u32) -> bool {
        let may_carry = |max: NonZeroU32| requests < max.get();
        self.keep_alive != KeepAlive::Never
            && self.max_requests_per_connection.is_none_or(may_carry)
    }
}

/// As Locust's users make them.
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

/// How long a request may take, and each of its parts. A part without a time of its own has what
/// is left of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To make a connection, the look-up of the name and a proxy's tunnel included.
    pub connect: Option<Duration>,
    /// The TLS handshake.
    pub tls: Option<Duration>,
    /// From the moment that the connection is there to the first byte of the response: what the
    /// request takes to be sent is in it.
    pub first_byte: Option<Duration>,
    /// From the start of the request to the end of its response.
    pub total: Duration,
}

impl Timeouts {
    /// A minute, as Locust's fast client has it: long enough for slow servers, short enough that a
    /// stuck user shows up as a failure.
    pub const DEFAULT_TOTAL: Duration = Duration::from_secs(60);
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts { connect: None, tls: None, first_byte: None, total: Timeouts::DEFAULT_TOTAL }
    }
}
