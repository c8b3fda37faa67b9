//! A server with TLS and its own certificates, which counts what it sees.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustix::net::sockopt::set_socket_linger;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    HandshakeKind, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    SupportedProtocolVersion,
};

/// The authority of all certificates of the tests.
pub(crate) struct Authority {
    pub(crate) certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
pub(crate) struct Identity {
    certificate: Certificate,
    key: KeyPair,
}

impl Authority {
    pub(crate) fn of_tests() -> &'static Authority {
        static AUTHORITY: OnceLock<Authority> = OnceLock::new();
        AUTHORITY.get_or_init(|| {
            let mut params = CertificateParams::default();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let key = KeyPair::generate().unwrap();
            let certificate = params.self_signed(&key).unwrap();
            Authority { certificate, issuer: Issuer::new(params, key) }
        })
    }

    /// Makes a certificate for this name, valid in these years.
    pub(crate) fn issue(&self, name: &str, from: i32, to: i32) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        // The issuer of a certificate is found by its name.
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        let key = KeyPair::generate().unwrap();
        Identity { certificate: params.signed_by(&key, &self.issuer).unwrap(), key }
    }
}

impl Identity {
    /// Makes a self-signed certificate as `openssl req -x509` does, valid for these names in these years.
    pub(crate) fn own_authority(names: &[&str], from: i32, to: i32) -> Self {
        let names = names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, "127.0.0.1");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        let key = KeyPair::generate().unwrap();
        Identity { certificate: params.self_signed(&key).unwrap(), key }
    }

    /// Makes a valid certificate for 127.0.0.1.
    pub(crate) fn good() -> Self {
        Authority::of_tests().issue("127.0.0.1", 2000, 4000)
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    pub(crate) fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }
}

/// How a server handles every connection.
#[derive(Clone)]
pub(crate) enum Manner {
    /// Answers requests over TLS with this response. It may then close the connection without a close alert.
    Answer(&'static str, bool),
    /// Waits for the client's first bytes, sends these bytes and closes.
    Raw(&'static [u8]),
    /// Waits for the client's first bytes, and resets the connection.
    Reset,
    /// Never sends anything.
    Silent,
}

pub(crate) const OK: Manner =
    Manner::Answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false);

/// What the server saw.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) requests: AtomicU64,
    pub(crate) full: AtomicU64,
    pub(crate) resumed: AtomicU64,
    /// Connections that were closed with a close alert.
    pub(crate) announced: AtomicU64,
}

/// The TLS configuration of a server.
pub(crate) struct Settings {
    pub(crate) identity: Identity,
    pub(crate) versions: Vec<&'static SupportedProtocolVersion>,
    pub(crate) wants_certificate: bool,
    pub(crate) record_bytes: Option<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            identity: Identity::good(),
            versions: rustls::ALL_VERSIONS.to_vec(),
            wants_certificate: false,
            record_bytes: None,
        }
    }
}

/// A running server; its threads end with the test's process.
pub(crate) struct TlsServer {
    pub(crate) address: SocketAddr,
    pub(crate) counts: Arc<Counts>,
}

impl TlsServer {
    pub(crate) fn start(settings: Settings, manner: Manner) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let counts: Arc<Counts> = Arc::default();
        let (config, seen) = (Arc::new(config(settings)), counts.clone());
        thread::spawn(move || {
            for socket in listener.incoming() {
                let (config, seen, manner) = (config.clone(), seen.clone(), manner.clone());
                thread::spawn(move || serve(socket.unwrap(), config, &manner, &seen));
            }
        });
        TlsServer { address, counts }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    pub(crate) fn requests(&self) -> u64 {
        self.counts.requests.load(SeqCst)
    }
}

fn config(settings: Settings) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&settings.versions)
        .unwrap();
    let builder = if settings.wants_certificate {
        let mut roots = RootCertStore::empty();
        roots.add(Authority::of_tests().certificate.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let Identity { certificate, key } = settings.identity;
    let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = builder.with_single_cert(chain, key).unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.max_fragment_size = settings.record_bytes;
    config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().unwrap();
    config
}

fn serve(mut socket: TcpStream, config: Arc<ServerConfig>, manner: &Manner, seen: &Counts) {
    socket.set_nodelay(true).unwrap();
    let _ = match manner {
        Manner::Answer(response, cuts) => answer(socket, config, response, *cuts, seen),
        Manner::Raw(bytes) => {
            let _ = socket.read(&mut [0; 4096]);
            socket.write_all(bytes)
        }
        Manner::Reset => {
            let _ = socket.read(&mut [0; 4096]);
            set_socket_linger(&socket, Some(Duration::ZERO)).map_err(Into::into)
        }
        Manner::Silent => io::copy(&mut socket, &mut io::sink()).map(drop),
    };
}

fn answer(
    socket: TcpStream,
    config: Arc<ServerConfig>,
    response: &str,
    cuts: bool,
    seen: &Counts,
) -> io::Result<()> {
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), socket);
    let handshake = stream.conn.complete_io(&mut stream.sock);
    // Sends what is still to be sent, such as an alert.
    let _ = stream.conn.write_tls(&mut stream.sock);
    handshake?;
    let kind = match stream.conn.handshake_kind().unwrap() {
        HandshakeKind::Resumed => &seen.resumed,
        _ => &seen.full,
    };
    kind.fetch_add(1, SeqCst);
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    let mut input = Vec::new();
    loop {
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(0) => {
                seen.announced.fetch_add(1, SeqCst);
                return Ok(());
            }
            Ok(count) => input.extend_from_slice(&piece[..count]),
            Err(error) => return Err(error),
        }
        if input.ends_with(b"\r\n\r\n") {
            let close = String::from_utf8_lossy(&input).contains("Connection: close")
                || String::from_utf8_lossy(&input).contains("connection: close");
            input.clear();
            seen.requests.fetch_add(1, SeqCst);
            stream.write_all(response.as_bytes())?;
            stream.flush()?;
            if cuts {
                return stream.sock.shutdown(Shutdown::Both);
            }
            if close {
                stream.conn.send_close_notify();
                return stream.flush();
            }
        }
    }
}
