//! `--tls-cert`, `--tls-key`: HTTPS for the page.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::files;

/// The server's side of TLS handshakes. A clone is cheap.
#[derive(Clone)]
pub(super) struct Acceptor(TlsAcceptor);

impl Acceptor {
    /// Reads a certificate with its chain, and its key, as PEM.
    ///
    /// # Errors
    ///
    /// Returns the flag, the file and what is wrong with it.
    pub(super) fn new(cert: &Path, key: &Path) -> Result<Self, String> {
        let read = |flag, path| {
            files::read_any(path, files::TEXT_MAX).map_err(|error| wrong(flag, path, error))
        };
        let chain = CertificateDer::pem_slice_iter(&read("--tls-cert", cert)?).collect();
        let chain: Result<Vec<_>, _> = chain;
        let chain = chain.map_err(|error| wrong("--tls-cert", cert, error))?;
        if chain.is_empty() {
            return Err(wrong("--tls-cert", cert, "there is no certificate in it"));
        }
        let secret = PrivateKeyDer::from_pem_slice(&read("--tls-key", key)?);
        let secret = secret.map_err(|error| wrong("--tls-key", key, error))?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
            .map_err(|error| wrong("--tls-key", key, error))?;
        Ok(Acceptor(Arc::new(config).into()))
    }

    /// Makes the handshake on a connection.
    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.0.accept(stream).await
    }
}

fn wrong(flag: &str, path: &Path, reason: impl ToString) -> String {
    format!("{flag} {}: {}", path.display(), reason.to_string())
}
