//! Makes the TLS configuration from the options: reads files and checks everything.

use std::env;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::{ClientSessionMemoryCache, Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};

use super::error::TlsError;
use super::handshake::handshake;
use super::stream::TlsStream;
use super::verifier::{AnyCertificate, TrustedCertificates};
use crate::files;
use crate::reactor::Socket;
use crate::transport::Error;
use crate::transport::tls_options::{LoadError, TlsOptions, TlsVersion};

/// The protocol that is sent to servers (ALPN, RFC 7301 section 6).
const HTTP_1_1: &[u8] = b"http/1.1";
/// The most sessions that a user keeps to resume: eight of each of the last four servers.
const SESSIONS_MAX: usize = 4 * 8;

/// The variable for a file of authorities in place of the system's, as for OpenSSL.
const FILE_VARIABLE: &str = "SSL_CERT_FILE";

/// The TLS configuration of a class of users.
#[derive(Debug, Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
    resumes: bool,
    insecure: bool,
}

/// Accepts no server.
impl Default for Tls {
    fn default() -> Self {
        Tls::new(&TlsOptions::default(), &Roots::none())
            .expect("options that say nothing are not wrong")
    }
}

/// The TLS state of a user: its sessions with servers, if it may resume them.
#[derive(Debug, Default)]
pub struct UserTls(Option<Arc<ClientConfig>>);

/// The authorities that the system trusts, read when they are first needed.
#[derive(Debug, Default)]
pub struct Roots(OnceLock<Authorities>);

/// Certificates, and the authorities that are read from them.
#[derive(Debug, Clone)]
struct Authorities {
    certificates: Vec<CertificateDer<'static>>,
    store: RootCertStore,
}

/// Trusts no authority.
impl Default for Authorities {
    fn default() -> Self {
        Authorities { certificates: Vec::new(), store: RootCertStore::empty() }
    }
}

impl Roots {
    fn none() -> Self {
        Roots(OnceLock::from(Authorities::default()))
    }

    /// Returns whether the system has no trusted authority.
    pub fn is_empty(&self) -> bool {
        self.get().store.is_empty()
    }

    fn get(&self) -> &Authorities {
        self.0.get_or_init(|| {
            // The library below would block on a pipe, and read a device without an end.
            if env::var_os(FILE_VARIABLE).is_some_and(|path| !files::is_regular(path)) {
                return Authorities::default();
            }
            let certificates = rustls_native_certs::load_native_certs().certs;
            let mut store = RootCertStore::empty();
            // Some systems have a few that cannot be parsed.
            store.add_parsable_certificates(certificates.iter().cloned());
            Authorities { certificates, store }
        })
    }
}

impl Authorities {
    fn add(&mut self, certificate: CertificateDer<'static>) -> Result<(), rustls::Error> {
        self.store.add(certificate.clone())?;
        self.certificates.push(certificate);
        Ok(())
    }

    /// Makes the verifier that trusts these authorities; `None` if there are none.
    fn verifier(self, provider: Arc<CryptoProvider>) -> Option<TrustedCertificates> {
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(self.store), provider);
        let authorities = verifier.build().ok()?;
        Some(TrustedCertificates { authorities, certificates: self.certificates.into() })
    }
}

impl Tls {
    /// Reads the files of the options and checks that they can be used.
    ///
    /// # Errors
    ///
    /// Returns an error for the first option that cannot be used.
    pub fn new(options: &TlsOptions, roots: &Roots) -> Result<Self, LoadError> {
        Tls::by(Arc::new(aws_lc_rs::default_provider()), options, roots)
    }

    /// Does the same with the ciphers of this provider.
    pub(super) fn by(
        provider: Arc<CryptoProvider>,
        options: &TlsOptions,
        roots: &Roots,
    ) -> Result<Self, LoadError> {
        let authorities = authorities(options)?;
        let client = client_certificate(options)?;
        let server_name = options.server_name.as_deref().map(server_name).transpose();
        let server_name = server_name.map_err(|error| wrong("server_name", error))?;
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&versions(options)?)
            .map_err(|error| wrong("min_version", error))?;
        let builder = if options.insecure {
            let any = AnyCertificate(provider.signature_verification_algorithms);
            builder.dangerous().with_custom_certificate_verifier(Arc::new(any))
        } else {
            let mut trusted = roots.get().clone();
            for authority in authorities {
                trusted.add(authority).map_err(|error| wrong("ca", TlsError::from(error)))?;
            }
            match trusted.verifier(provider) {
                Some(verifier) => {
                    builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
                }
                None => builder.with_root_certificates(RootCertStore::empty()),
            }
        };
        let mut config = match client {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| wrong("key", key_reason(options, &error)))?,
        };
        config.alpn_protocols = vec![HTTP_1_1.to_vec()];
        config.resumption = Resumption::disabled();
        config.enable_secret_extraction = true;
        Ok(Tls {
            config: Arc::new(config),
            server_name,
            resumes: options.resume,
            insecure: options.insecure,
        })
    }

    /// Copies the configuration for a core, because connections write to its reference count.
    pub fn for_this_core(&self) -> Self {
        Tls { config: Arc::new((*self.config).clone()), ..self.clone() }
    }

    /// Returns whether any certificate is accepted.
    pub fn is_insecure(&self) -> bool {
        self.insecure
    }

    /// Makes the handshake with this host for a user. Also returns whether it resumed a session.
    ///
    /// # Errors
    ///
    /// Returns an error if the connection fails, or the server or its certificate is refused.
    pub async fn connect(
        &self,
        socket: Socket,
        host: &str,
        user: &mut UserTls,
    ) -> Result<(TlsStream, bool), Error> {
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => server_name(host)?,
        };
        handshake(socket, self.config_of(user), self.resumes, name).await
    }

    /// Returns the configuration for the connections of a user.
    pub(super) fn config_of(&self, user: &mut UserTls) -> Arc<ClientConfig> {
        if self.resumes { user.config(&self.config) } else { self.config.clone() }
    }

    /// Returns whether users resume their sessions.
    #[cfg(test)]
    pub(super) fn resumes(&self) -> bool {
        self.resumes
    }
}

impl UserTls {
    /// Returns the class's configuration with the user's own sessions.
    fn config(&mut self, class: &ClientConfig) -> Arc<ClientConfig> {
        let own = || {
            let mut config = class.clone();
            let sessions = ClientSessionMemoryCache::new(SESSIONS_MAX);
            config.resumption = Resumption::store(Arc::new(sessions));
            Arc::new(config)
        };
        self.0.get_or_insert_with(own).clone()
    }
}

impl TlsOptions {
    /// Checks files, versions and names.
    ///
    /// # Errors
    ///
    /// Returns an error for the first option that cannot be used.
    pub fn check(&self) -> Result<(), LoadError> {
        // The options do not depend on the system's authorities.
        Tls::new(self, &Roots::none()).map(drop)
    }
}

/// Initializes the thread's source of random numbers, which takes tens of milliseconds, before its first
/// handshake.
pub(crate) fn warm_up() {
    // If it fails, the handshakes will fail with an error.
    let _ = aws_lc_rs::default_provider().secure_random.fill(&mut [0]);
}

fn wrong(option: &'static str, reason: impl ToString) -> LoadError {
    LoadError { option, reason: reason.to_string() }
}

fn server_name(host: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(host.to_owned()).map_err(|_| TlsError::InvalidName(host.to_owned()))
}

fn versions(options: &TlsOptions) -> Result<Vec<&'static SupportedProtocolVersion>, LoadError> {
    let from = options.min_version.unwrap_or(TlsVersion::V1_2);
    let to = options.max_version.unwrap_or(TlsVersion::V1_3);
    let known = [(TlsVersion::V1_2, &version::TLS12), (TlsVersion::V1_3, &version::TLS13)];
    let allowed = known.into_iter().filter(|(version, _)| (from..=to).contains(version));
    let allowed: Vec<_> = allowed.map(|(_, version)| version).collect();
    if allowed.is_empty() {
        return Err(wrong("min_version", "it is above max_version, which leaves no version"));
    }
    Ok(allowed)
}

fn authorities(options: &TlsOptions) -> Result<Vec<CertificateDer<'static>>, LoadError> {
    options.ca.as_deref().map_or(Ok(Vec::new()), |path| certificates("ca", path))
}

type ClientCertificate = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn client_certificate(options: &TlsOptions) -> Result<Option<ClientCertificate>, LoadError> {
    let Some(cert) = &options.cert else {
        return match &options.key {
            Some(_) => Err(wrong("key", "a key is of use with its certificate only; give cert")),
            None => Ok(None),
        };
    };
    let chain = certificates("cert", cert)?;
    let path = options.key.as_ref().unwrap_or(cert);
    let option = if options.key.is_some() { "key" } else { "cert" };
    let key = PrivateKeyDer::from_pem_slice(&read(option, path)?);
    let key = key.map_err(|_| {
        let begins = "it begins with -----BEGIN PRIVATE KEY-----, and no password may be on it";
        wrong(option, format!("there is no private key in {}: {begins}", path.display()))
    })?;
    Ok(Some((chain, key)))
}

fn key_reason(options: &TlsOptions, error: &rustls::Error) -> String {
    let cert = options.cert.as_deref().unwrap_or(Path::new(""));
    let key = options.key.as_deref().unwrap_or(cert);
    match error {
        rustls::Error::InconsistentKeys(_) => {
            format!("{} is not the key of the certificate in {}", key.display(), cert.display())
        }
        other => {
            let why = TlsError::from(other.clone());
            format!("{} and {} cannot be used: {why}", cert.display(), key.display())
        }
    }
}

/// Reads the certificates of a PEM file; at least one.
fn certificates(
    option: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, LoadError> {
    let bytes = read(option, path)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let all = all
        .map_err(|error| wrong(option, format!("{} is not a PEM file: {error}", path.display())))?;
    if all.is_empty() {
        let begins = "one begins with -----BEGIN CERTIFICATE-----";
        return Err(wrong(
            option,
            format!("there is no certificate in {}: {begins}", path.display()),
        ));
    }
    Ok(all)
}

fn read(option: &'static str, path: &Path) -> Result<Vec<u8>, LoadError> {
    files::read(path, files::TEXT_MAX).map_err(|error| {
        let reason = error.to_string().to_lowercase();
        wrong(option, format!("cannot read {}: {reason}", path.display()))
    })
}
