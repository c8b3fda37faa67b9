//! The test's own authority and its certificates.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::server::skip;

/// Files by name: the authority is `ca.pem`, the server `cert.pem` and `key.pem`, or both in one as
/// `server.pem`, and a client with its key is `client.pem`.
pub(crate) fn issue() -> Vec<(&'static str, String)> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let issue = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        // With the authority's name, OpenSSL would take it for its own issuer.
        params.distinguished_name.push(DnType::CommonName, name);
        (params.signed_by(&key, &issuer).unwrap().pem(), key.serialize_pem())
    };
    let (cert, key) = issue("127.0.0.1");
    let (client, client_key) = issue("client");
    vec![
        ("ca.pem", authority.pem()),
        ("server.pem", format!("{cert}{key}")),
        ("cert.pem", cert),
        ("key.pem", key),
        ("client.pem", client + &client_key),
    ]
}

/// Writes them into a directory.
pub(crate) fn write(dir: &Path) {
    issue().into_iter().for_each(|(name, text)| fs::write(dir.join(name), text).unwrap());
}

/// Makes a self-signed certificate for 127.0.0.1 by `openssl req -x509`, and an unrelated one: `cert.pem` and
/// `key.pem`, and `other.pem`. `None` without openssl.
pub(crate) fn made_by_openssl() -> Option<Vec<(&'static str, String)>> {
    let dir = tempfile::tempdir().unwrap();
    let make = |cert: &str, more: &[&str]| {
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]);
        command.args(["-subj", "/CN=127.0.0.1", "-keyout", "key.pem", "-out", cert]).args(more);
        command.current_dir(dir.path()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let name = ["-addext", "subjectAltName=IP:127.0.0.1"];
    if !make("other.pem", &name) || !make("cert.pem", &name) {
        skip("openssl");
        return None;
    }
    let files = ["cert.pem", "key.pem", "other.pem"];
    Some(files.map(|name| (name, fs::read_to_string(dir.path().join(name)).unwrap())).to_vec())
}
