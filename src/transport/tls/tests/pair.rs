//! Two ends of a connection in memory: ours, and a server of rustls.

use std::io::{Read, Write};
use std::sync::{Arc, OnceLock};

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::ServerConnection;
use rustls::{
    CipherSuiteCommon, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion,
    Tls12CipherSuite, Tls13CipherSuite,
};

use super::super::channel::{Channel, Plain};
use super::super::config::{Roots, Tls, UserTls};
use super::super::error::TlsError;
use super::super::handshake::{Handshake, Next};
use crate::transport::tls_options::{TlsOptions, TlsVersion};

/// A certificate for `localhost` that nobody stands behind, and its key.
pub(super) fn certificate() -> &'static (CertificateDer<'static>, KeyPair) {
    static CERTIFICATE: OnceLock<(CertificateDer<'static>, KeyPair)> = OnceLock::new();
    CERTIFICATE.get_or_init(|| {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        (params.self_signed(&key).unwrap().der().clone(), key)
    })
}

/// A server that speaks these versions.
pub(super) fn server(versions: &[&'static SupportedProtocolVersion]) -> Arc<ServerConfig> {
    let (certificate, key) = certificate();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key);
    Arc::new(config.unwrap())
}

/// Our settings, by which any server will do.
pub(super) fn insecure(version: TlsVersion, resume: bool) -> Tls {
    Tls::new(&insecure_options(version, resume), &Roots::default()).unwrap()
}

fn insecure_options(version: TlsVersion, resume: bool) -> TlsOptions {
    TlsOptions {
        insecure: true,
        resume,
        min_version: Some(version),
        max_version: Some(version),
        ..TlsOptions::default()
    }
}

/// The same with keys that are good for so many records only. What makes the ciphers is not theirs.
pub(super) fn short_lived(version: TlsVersion, records: u64) -> Tls {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    for suite in &mut provider.cipher_suites {
        let limited = |common: &CipherSuiteCommon| CipherSuiteCommon {
            suite: common.suite,
            hash_provider: common.hash_provider,
            confidentiality_limit: records,
        };
        *suite = match *suite {
            SupportedCipherSuite::Tls12(old) => {
                SupportedCipherSuite::Tls12(Box::leak(Box::new(Tls12CipherSuite {
                    common: limited(&old.common),
                    prf_provider: old.prf_provider,
                    kx: old.kx,
                    sign: old.sign,
                    aead_alg: old.aead_alg,
                })))
            }
            SupportedCipherSuite::Tls13(old) => {
                SupportedCipherSuite::Tls13(Box::leak(Box::new(Tls13CipherSuite {
                    common: limited(&old.common),
                    hkdf_provider: old.hkdf_provider,
                    aead_alg: old.aead_alg,
                    quic: None,
                })))
            }
        };
    }
    Tls::by(Arc::new(provider), &insecure_options(version, false), &Roots::default()).unwrap()
}

/// Our end and the server's, and whether the handshake resumed a session.
pub(super) fn connect(
    server: &Arc<ServerConfig>,
    client: &Tls,
    user: &mut UserTls,
) -> Result<(Channel, ServerConnection, bool), TlsError> {
    let name = ServerName::try_from("localhost").unwrap();
    let mut ours = Handshake::new(client.config_of(user), name)?;
    let mut theirs = ServerConnection::new(server.clone()).unwrap();
    loop {
        let next = ours.advance()?;
        if next == Next::Done {
            break;
        }
        take(&mut theirs, &std::mem::take(&mut ours.flight));
        ours.received.extend(give(&mut theirs));
    }
    let (channel, resumed) = ours.finish(client.resumes())?;
    Ok((channel, theirs, resumed))
}

/// Lets the server take what was sent.
pub(super) fn take(server: &mut ServerConnection, mut wire: &[u8]) {
    while !wire.is_empty() {
        server.read_tls(&mut wire).unwrap();
        server.process_new_packets().unwrap();
    }
}

/// What the server sends.
pub(super) fn give(server: &mut ServerConnection) -> Vec<u8> {
    let mut wire = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut wire).unwrap();
    }
    wire
}

/// What the server sends when it is given this data.
pub(super) fn give_data(server: &mut ServerConnection, data: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    for part in data.chunks(32 * 1024) {
        server.writer().write_all(part).unwrap();
        wire.extend(give(server));
    }
    wire
}

/// The data that the server has received.
pub(super) fn data_of(server: &mut ServerConnection) -> Vec<u8> {
    let mut data = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(len) = server.reader().read(&mut buffer) {
        if len == 0 {
            break;
        }
        data.extend_from_slice(&buffer[..len]);
    }
    data
}

/// The plaintext of what came, in pieces of this size.
pub(super) fn open_in_pieces(
    channel: &mut Channel,
    wire: &[u8],
    size: usize,
) -> Result<Vec<u8>, TlsError> {
    let mut data = Vec::new();
    for piece in wire.chunks(size) {
        let mut piece = piece.to_vec();
        match channel.open(&mut piece)? {
            Plain::Nothing => {}
            Plain::InPlace(range) => data.extend_from_slice(&piece[range]),
            Plain::Buffered => data.extend_from_slice(channel.lent()),
        }
    }
    Ok(data)
}
