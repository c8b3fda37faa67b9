//! The phases that the time of a sample consists of.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A value for each phase of a sample, in the order in which they happen.
///
/// A phase that did not happen is `None`: a kept-alive connection has no `dns`, `connect` and `tls`, an
/// exchange without a response no `transfer`. A sample with several exchanges (redirects, the answer to
/// a challenge) has each phase several times. Phases never overlap, so their sum is at most the service
/// time. The rest is time of the generator itself, or of exchanges that were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Phases<T = Option<Duration>> {
    /// Looking up the name.
    pub dns: T,
    /// Connecting, including all addresses that were tried.
    pub connect: T,
    /// The TLS handshake.
    pub tls: T,
    /// From the moment the connection was ready to the first byte of the response: sending, the
    /// server's work, and the network in both directions.
    pub first_byte: T,
    /// From the first to the last byte of the response; zero if it came in one piece.
    pub transfer: T,
}

impl Phases<&'static str> {
    /// The names of the phases.
    pub const NAMES: Self = Phases {
        dns: "dns",
        connect: "connect",
        tls: "tls",
        first_byte: "first_byte",
        transfer: "transfer",
    };
}

impl<T> Phases<T> {
    /// Returns all phases in their order.
    pub fn into_array(self) -> [T; 5] {
        let Phases { dns, connect, tls, first_byte, transfer } = self;
        [dns, connect, tls, first_byte, transfer]
    }

    /// Returns references to each phase.
    pub fn each_ref(&self) -> Phases<&T> {
        let Phases { dns, connect, tls, first_byte, transfer } = self;
        Phases { dns, connect, tls, first_byte, transfer }
    }

    /// Returns mutable references to each phase.
    pub fn each_mut(&mut self) -> Phases<&mut T> {
        let Phases { dns, connect, tls, first_byte, transfer } = self;
        Phases { dns, connect, tls, first_byte, transfer }
    }

    /// Applies a function to each phase.
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

    /// Pairs each phase with the same phase of another value.
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
