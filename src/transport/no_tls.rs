//! The replacement of the module `tls` in a build without the cargo feature `tls`.
//!
//! It has the same public items, so the modules above are the same in both builds. URLs with
//! `https://` and options of TLS are refused before the run, so no connection is made here.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

pub(crate) use super::tls_options::{ABSENT, IS_BUILT_IN};
pub use super::tls_options::{LoadError, TlsOptions, TlsVersion};

use crate::reactor::{KeptBytes, Socket};
use crate::transport::Error;

/// The TLS configuration of a class of users; it is empty.
#[derive(Debug, Clone, Default)]
pub struct Tls(());

/// The TLS state of a user; it is empty.
#[derive(Debug, Default)]
pub struct UserTls(());

/// The authorities that the system trusts. They are not read.
#[derive(Debug, Default)]
pub struct Roots(());

/// The error of every TLS connection: there is no TLS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("TLS: {ABSENT}")]
pub struct TlsError;

/// A TLS connection. There is no value of this type.
#[derive(Debug)]
pub struct TlsStream(Infallible);

/// Bytes received on a [`TlsStream`].
#[derive(Debug)]
pub struct Plaintext<'s>(Infallible, PhantomData<&'s [u8]>);

/// The future of [`TlsStream::receive`].
#[derive(Debug)]
pub struct Receive<'s>(Infallible, PhantomData<&'s mut TlsStream>);

impl Roots {
    /// Returns `false`: no authority is needed without TLS.
    pub fn is_empty(&self) -> bool {
        false
    }
}

impl Tls {
    /// Makes the configuration. No option may be set.
    ///
    /// # Errors
    ///
    /// Returns an error for the first option that is set.
    pub fn new(options: &TlsOptions, _: &Roots) -> Result<Self, LoadError> {
        options.check().map(Tls)
    }

    /// Returns a copy for another core.
    pub fn for_this_core(&self) -> Self {
        self.clone()
    }

    /// Returns whether the certificates of servers are not checked.
    pub fn is_insecure(&self) -> bool {
        false
    }

    /// Refuses to make a handshake.
    ///
    /// # Errors
    ///
    /// Always returns an error.
    pub async fn connect(
        &self,
        _: Socket,
        _: &str,
        _: &mut UserTls,
    ) -> Result<(TlsStream, bool), Error> {
        Err(TlsError.into())
    }
}

impl TlsOptions {
    /// Refuses every option.
    ///
    /// # Errors
    ///
    /// Returns an error for the first option that is set.
    pub fn check(&self) -> Result<(), LoadError> {
        let TlsOptions { ca, cert, key, insecure, resume, .. } = self;
        let TlsOptions { min_version, max_version, server_name, .. } = self;
        let set = [
            ("ca", ca.is_some()),
            ("cert", cert.is_some()),
            ("key", key.is_some()),
            ("insecure", *insecure),
            ("resume", *resume),
            ("min_version", min_version.is_some()),
            ("max_version", max_version.is_some()),
            ("server_name", server_name.is_some()),
        ];
        match set.into_iter().find(|(_, is_set)| *is_set) {
            Some((option, _)) => Err(LoadError { option, reason: ABSENT.to_owned() }),
            None => Ok(()),
        }
    }
}

/// Does nothing: there is nothing to prepare.
pub(crate) fn warm_up() {}

impl TlsStream {
    /// Is never called, like the other methods.
    pub fn handshake_bytes(&self) -> (u64, u64) {
        match self.0 {}
    }

    /// Is never called.
    pub fn unsent(&self) -> u64 {
        match self.0 {}
    }

    /// Is never called.
    pub fn send_kept(&mut self, _: KeptBytes) -> u64 {
        match self.0 {}
    }

    /// Is never called.
    pub fn send(&mut self, _: Vec<u8>) -> u64 {
        match self.0 {}
    }

    /// Is never called.
    pub fn is_sent(&self) -> bool {
        match self.0 {}
    }

    /// Is never called.
    pub fn receive(&mut self) -> Receive<'_> {
        match self.0 {}
    }

    /// Is never called.
    pub fn park(&mut self) {
        match self.0 {}
    }

    /// Is never called.
    pub fn resume(&mut self, _: usize) -> bool {
        match self.0 {}
    }
}

impl Plaintext<'_> {
    /// Is never called.
    pub fn wire_bytes(&self) -> u64 {
        match self.0 {}
    }
}

impl Deref for Plaintext<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self.0 {}
    }
}

impl<'s> Future for Receive<'s> {
    type Output = Result<Option<Plaintext<'s>>, Error>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        match self.0 {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_refused_by_its_name() {
        let none = TlsOptions::default;
        let path = || Some("x.pem".into());
        let (first, last) = (Some(TlsVersion::V1_2), Some(TlsVersion::V1_3));
        for (options, name) in [
            (TlsOptions { ca: path(), ..none() }, "ca"),
            (TlsOptions { cert: path(), key: path(), ..none() }, "cert"),
            (TlsOptions { key: path(), ..none() }, "key"),
            (TlsOptions { insecure: true, ..none() }, "insecure"),
            (TlsOptions { resume: true, ..none() }, "resume"),
            (TlsOptions { min_version: first, ..none() }, "min_version"),
            (TlsOptions { max_version: last, ..none() }, "max_version"),
            (TlsOptions { server_name: Some("a".into()), ..none() }, "server_name"),
        ] {
            let error = Tls::new(&options, &Roots::default()).unwrap_err();
            assert_eq!((error.option, &*error.reason), (name, ABSENT));
        }
        assert_eq!(none().check(), Ok(()));
    }
}
