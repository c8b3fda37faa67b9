//! What the time of a sample went to.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Something of each part of a sample, in the order in which they happen.
///
/// A part that did not happen is `None`: a kept-alive connection has no `dns`, `connect` and `tls`,
/// an exchange without a response no `transfer`. A sample that took several exchanges (redirects,
/// the answer to a challenge) has each part several times. The parts never overlap, so that all
/// together are at most the service times; what is missing to them the generator took itself, or
/// exchanges that were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Phases<T = Option<Duration>> {
    /// Names into addresses.
    pub dns: T,
    /// Until the connection was there, all addresses that were tried included.
    pub connect: T,
    /// The TLS handshake.
    pub tls: T,
    /// From the moment the connection was ready to the first byte of the response: sending,
    /// the server's work, and the way there and back.
    pub first_byte: T,
    /// From there to the last byte; zero where the response came in one piece.
    pub transfer: T,
}

impl Phases<&'static str> {
    /// What each part is called.
    pub const NAMES: Self = Phases {
        dns: "dns",
        connect: "connect",
        tls: "tls",
        first_byte: "first_byte",
        transfer: "transfer",
    };
}

impl<T> Phases<T> {
    /// All parts in their order.
    pub fn into_array(self) -> [T; 5] {
        let Phases { dns, connect, tls, first_byte, transfer } = self;
        [dns, connect, tls, first_byte, transfer]
    }

    /// Each part for itself.
    pub fn each_ref(&self) -> Phases<&T> {
        let Phases { dns, connect, tls, first_byte, transfer } = self;
        Phases { dns, connect, tls, first_byte, transfer }
    }

    /// Each part for itself, to be changed.
    pub fn each_mut(&mut self) -> Phases<&mut T> {
        let Phases { dns, connect, tls, first_byte, transfer } = self;
        Phases { dns, connect, tls, first_byte, transfer }
    }

    /// The same of each part.
    pub fn map<U>(self, mut of: impl FnMut(T) -> U) -> Phases<U> {
        let Phases { dns, connect, tls, first_byte, transfer } = self;
        Phases {
            dns: of(dns),
            connect: of(connect),
            tls: of(tls),
            first_byte: of(first_byte),
            transfer: of(transfer),
        }
    }

    /// Each part with the same part of another.
    pub fn zip<U>(self, other: Phases<U>) -> Phases<(T, U)> {
        let Phases { dns, connect, tls, first_byte, transfer } = self;
        Phases {
            dns: (dns, other.dns),
            connect: (connect, other.connect),
            tls: (tls, other.tls),
            first_byte: (first_byte, other.first_byte),
            transfer: (transfer, other.transfer),
        }
    }
}
