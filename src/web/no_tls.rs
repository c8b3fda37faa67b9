//! The replacement of the module `tls` in a build without the cargo feature `page-tls`.

use std::io;
use std::path::Path;

use tokio::net::TcpStream;

/// There is no value of this type, as there is no HTTPS for the page.
#[derive(Clone)]
pub(super) enum Acceptor {}

impl Acceptor {
    /// Refuses the flags.
    ///
    /// # Errors
    ///
    /// Always; the text names the feature that is needed.
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
