//! The replacement of the module `tls` in a build without the cargo feature `page-tls`.

use std::io;
use std::path::Path;

use tokio::net::TcpStream;

/// A type without values, because the page has no HTTPS.
#[derive(Clone)]
pub(super) enum Acceptor {}

impl Acceptor {
    /// Refuses the flags.
    ///
    /// # Errors
    ///
    /// Always returns an error, which names the feature that is needed.
    pub(super) fn new(cert: &Path, _: &Path) -> Result<Self, String> {
        Err(format!(
            "--tls-cert {}: this build has no HTTPS for the web page; it comes with the cargo \
             feature 'page-tls'",
            cert.display()
        ))
    }

    /// Is never called.
    pub(super) async fn accept(&self, _: TcpStream) -> io::Result<TcpStream> {
        match *self {}
    }
}
