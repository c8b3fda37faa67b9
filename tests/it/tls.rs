//! HTTPS through the binary: counts, errors and options.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use rustls::version::{TLS12, TLS13};

use crate::support::tls::{Authority, Identity, Manner, OK, Settings, TlsServer};
use crate::support::{Output, Run, toml};

const GET: &str = "[[user.task]]\nget = \"/\"";

/// Makes a run of two users and this many requests against a server. The authority of the tests is in `ca.pem`.
fn run(server: &TlsServer, requests: u32, class: &str) -> Run {
    run_at(&server.url(), requests, class)
}

fn run_at(url: &str, requests: u32, class: &str) -> Run {
    Run::of(&toml("1h", class))
        .args(["--host", url, "-u", "2", "-r", "100", "--csv", "out"])
        .args(["--requests", &requests.to_string()])
        .file("ca.pem", &Authority::of_tests().certificate.pem())
}

/// Checks that every request fails with this text.
#[track_caller]
fn check_failure(run: Run, message: &str) -> Output {
    let output = run.go().code(1);
    assert_eq!(output.csv("out_failures.csv").column("Error"), [message], "{}", output.stdout);
    let (requests, failures) = output.aggregated();
    assert_eq!((requests, failures), (6, 6));
    output
}

/// Checks that every request succeeds, and that the server saw it.
#[track_caller]
fn check_fine(server: &TlsServer, run: Run, requests: u64) -> Output {
    let output = run.go().code(0);
    assert_eq!(output.aggregated(), (requests, 0), "{}", output.stdout);
    assert_eq!(server.requests(), requests);
    let full = server.counts.full.load(SeqCst);
    let resumed = server.counts.resumed.load(SeqCst);
    let told = format!("TLS handshakes: {} ({resumed} resumed)", full + resumed);
    assert!(output.stdout.contains(&told), "{told}\n{}", output.stdout);
    output
}

fn start(identity: Identity) -> TlsServer {
    TlsServer::start(Settings { identity, ..Settings::default() }, OK)
}

#[test]
fn every_request_is_one_that_the_server_saw() {
    for record_bytes in [None, Some(32)] {
        for versions in [vec![&TLS12], vec![&TLS13]] {
            let settings = Settings { versions, record_bytes, ..Settings::default() };
            let server = TlsServer::start(settings, OK);
            let output = check_fine(&server, run(&server, 50, GET).args(["--ca", "ca.pem"]), 50);
            assert_eq!(server.counts.full.load(SeqCst), 2, "a connection of each user");
            assert!(!output.stdout.contains("to whoever answered"), "{}", output.stdout);
        }
    }
}

#[test]
fn connections_are_closed_with_a_word() {
    let server = start(Identity::good());
    let class = format!("keep_alive = false\n{GET}");
    check_fine(&server, run(&server, 6, &class).args(["--ca", "ca.pem"]), 6);
    assert_eq!(server.counts.full.load(SeqCst), 6);
    let server = start(Identity::good());
    let class = format!("keep_alive = \"task\"\n{GET}");
    check_fine(&server, run(&server, 6, &class).args(["--ca", "ca.pem"]), 6);
    let announced = || server.counts.announced.load(SeqCst);
    let begin = std::time::Instant::now();
    while announced() < 6 && begin.elapsed().as_secs() < 10 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(announced(), 6);
}

#[test]
fn a_certificate_that_is_not_right_says_why() {
    let authority = Authority::of_tests();
    for (identity, text) in [
        (authority.issue("127.0.0.1", 2000, 2001), "certificate expired"),
        (authority.issue("127.0.0.1", 3000, 3001), "certificate not valid yet"),
        (authority.issue("elsewhere", 2000, 4000), "certificate not valid for name 127.0.0.1"),
    ] {
        let server = start(identity);
        check_failure(run(&server, 6, GET).args(["--ca", "ca.pem"]), text);
        assert_eq!(server.requests(), 0);
        check_fine(&server, run(&server, 6, GET).arg("--insecure"), 6);
    }
    let server = start(Identity::good());
    // The authority of this server is not trusted, but another one is.
    let other = Authority::of_tests().issue("other", 2000, 4000).pem();
    let run = run(&server, 6, GET).file("other.pem", &other).args(["--ca", "other.pem"]);
    check_failure(run, "certificate from an unknown issuer");
}

/// curl and Python's requests accept a self-signed certificate if it is trusted itself. Its name and time are
/// checked as for any other.
#[test]
fn a_certificate_that_is_trusted_itself_is_accepted() {
    let own = |names: &[&str], from, to| Identity::own_authority(names, from, to);
    let good = || own(&["127.0.0.1"], 2000, 4000);
    for (identity, other, message) in [
        (good(), None, None),
        (own(&["127.0.0.1"], 2000, 2001), None, Some("certificate expired")),
        (own(&["127.0.0.1"], 3000, 3001), None, Some("certificate not valid yet")),
        (own(&["elsewhere"], 2000, 4000), None, Some("certificate not valid for name 127.0.0.1")),
        (
            own(&[], 2000, 4000),
            None,
            Some(
                "certificate not valid for name 127.0.0.1: it has no subjectAltName; openssl req gives \
                 it one by -addext subjectAltName=IP:127.0.0.1",
            ),
        ),
        // One with the same name and the same fields is another certificate.
        (
            good(),
            Some(good()),
            Some(
                "certificate invalid: it is an authority's own, which is accepted only where 'ca' \
                 has it",
            ),
        ),
    ] {
        let pem = other.as_ref().unwrap_or(&identity).pem();
        let server = start(identity);
        let by_flag = run(&server, 6, GET).file("self.pem", &pem).args(["--ca", "self.pem"]);
        match message {
            Some(message) => drop(check_failure(by_flag, message)),
            None => {
                check_fine(&server, by_flag, 6);
                let class = format!("tls = {{ ca = \"self.pem\" }}\n{GET}");
                run(&server, 6, &class).file("self.pem", &pem).go().code(0);
                // The system's certificates are trusted as well.
                let run = run(&server, 6, GET).file("self.pem", &pem);
                run.env("SSL_CERT_FILE", "self.pem").go().code(0);
            }
        }
    }
}

#[test]
fn not_to_check_is_warned_of() {
    let server = start(Identity::good());
    for run in [
        run(&server, 6, GET).arg("--insecure"),
        run(&server, 6, &format!("tls = {{ insecure = true }}\n{GET}")),
        run(&server, 6, GET).env("GREGARIA_INSECURE", "1"),
    ] {
        let output = run.go().code(0);
        assert_eq!(output.aggregated(), (6, 0));
        let warning = "2 TLS connections were made to whoever answered";
        assert!(output.stdout.contains(warning), "{}", output.stdout);
        let warning = "The certificates of servers are not checked";
        assert!(output.stderr.contains(warning), "{}", output.stderr);
    }
}

#[test]
fn the_name_that_is_asked_for_can_be_another() {
    let server = start(Authority::of_tests().issue("elsewhere", 2000, 4000));
    let class = format!("tls = {{ ca = \"ca.pem\", server_name = \"elsewhere\" }}\n{GET}");
    check_fine(&server, run(&server, 6, &class), 6);
}

#[test]
fn versions_must_have_one_in_common() {
    let only = |versions| TlsServer::start(Settings { versions, ..Settings::default() }, OK);
    let class = |limit| format!("tls = {{ ca = \"ca.pem\", {limit} }}\n{GET}");
    let text = "no TLS version in common";
    let old = only(vec![&TLS12]);
    check_failure(run(&old, 6, &class("min_version = \"1.3\"")), text);
    check_fine(&old, run(&old, 6, &class("min_version = \"1.2\"")), 6);
    let new = only(vec![&TLS13]);
    check_failure(run(&new, 6, &class("max_version = \"1.2\"")), text);
}

#[test]
fn a_server_may_ask_for_our_certificate() {
    for version in [&TLS12, &TLS13] {
        let settings =
            Settings { versions: vec![version], wants_certificate: true, ..Settings::default() };
        let server = TlsServer::start(settings, OK);
        let text = "TLS alert: certificate required";
        let ca = ["--ca", "ca.pem"];
        check_failure(run(&server, 6, GET).args(ca), text);
        let ours = Authority::of_tests().issue("client", 2000, 4000);
        let (pem, key) = (ours.pem(), ours.key_pem());
        let both = run(&server, 6, GET).args(ca).file("c.pem", &pem).file("k.pem", &key);
        check_fine(&server, both.args(["--cert", "c.pem", "--key", "k.pem"]), 6);
        let class = format!("tls = {{ ca = \"ca.pem\", cert = \"both.pem\" }}\n{GET}");
        let one = run(&server, 6, &class).file("both.pem", &(pem + &key));
        assert_eq!(one.go().code(0).aggregated(), (6, 0));
    }
}

#[test]
fn a_handshake_that_fails_says_how() {
    let class = format!("timeout = {{ tls = \"200ms\" }}\n{GET}");
    for (manner, text) in [
        (Manner::Raw(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "not TLS: starts with \"HTTP/1.\""),
        (Manner::Raw(b""), "connection closed in the TLS handshake"),
        (Manner::Raw(b"\x15\x03\x03\0\x02\x02\x28"), "TLS alert: handshake failure"),
        (Manner::Raw(b"\x15\x03\x03\0\x02\x02\x70"), "TLS alert: unrecognised name"),
        (Manner::Raw(b"\x15\x03\x03\0\x02\x02\x46"), "no TLS version in common"),
        (Manner::Raw(b"\x16\x03\x03\xff\xff garbage"), "bad TLS record"),
        (Manner::Reset, "connection reset in the TLS handshake"),
        (Manner::Silent, "timed out in the TLS handshake after 200 ms"),
    ] {
        let server = TlsServer::start(Settings::default(), manner);
        check_failure(run(&server, 6, &class).arg("--insecure"), text);
    }
}

/// Anyone between client and server can close a connection, but cannot send the server's close alert.
#[test]
fn a_body_that_ends_without_a_word_is_torn() {
    let answer = Manner::Answer("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf", true);
    let server = TlsServer::start(Settings::default(), answer);
    let run = run(&server, 6, GET).args(["--ca", "ca.pem"]);
    check_failure(
        run,
        "connection closed without close_notify while reading the body (after 4 bytes)",
    );
}

#[test]
fn sessions_are_resumed_where_that_is_asked_for() {
    for version in [&TLS12, &TLS13] {
        for (resume, full) in [("", 20), (", resume = true", 2)] {
            let settings = Settings { versions: vec![version], ..Settings::default() };
            let server = TlsServer::start(settings, OK);
            let class = format!("keep_alive = false\ntls = {{ ca = \"ca.pem\"{resume} }}\n{GET}");
            check_fine(&server, run(&server, 20, &class), 20);
            // Each user has sessions of its own.
            assert_eq!(server.counts.full.load(SeqCst), full, "{resume}");
            assert_eq!(server.counts.resumed.load(SeqCst), 20 - full, "{resume}");
        }
    }
}

/// Checks that the run is refused with exit code 2 and this text.
#[track_caller]
fn check_refused(run: Run, message: &str) {
    let output = run.go().code(2);
    assert!(output.stderr.contains(message), "{}", output.stderr);
}

#[test]
fn files_that_cannot_be_used_are_refused_before_the_run() {
    let one = Authority::of_tests().issue("client", 2000, 4000);
    let other = Authority::of_tests().issue("client", 2000, 4000);
    let files = |run: Run| {
        run.file("c.pem", &one.pem()).file("k.pem", &other.key_pem()).file("empty.pem", "none")
    };
    let flags = |flags: &[&str]| {
        files(Run::of(&toml("1s", GET))).args(["--host", "https://127.0.0.1:9"]).args(flags)
    };
    check_refused(flags(&["--ca", "gone.pem"]), "--ca: cannot read gone.pem: no such file");
    check_refused(flags(&["--ca", "empty.pem"]), "--ca: there is no certificate in empty.pem");
    check_refused(flags(&["--cert", "c.pem"]), "--cert: there is no private key in c.pem");
    check_refused(flags(&["--key", "k.pem"]), "--cert <FILE>");
    let both = ["--cert", "c.pem", "--key", "k.pem"];
    check_refused(flags(&both), "--key: k.pem is not the key of the certificate in c.pem");

    let in_file = |tls: &str| files(Run::of(&toml("1s", &format!("tls = {{ {tls} }}\n{GET}"))));
    let text = "s.toml:5:14: ca: cannot read gone.pem: no such file";
    check_refused(in_file("ca = \"gone.pem\""), text);
    check_refused(
        in_file("cert = \"c.pem\", key = \"k.pem\""),
        "s.toml:5:31: key: k.pem is not the key of the certificate in c.pem",
    );
    let order = "min_version = \"1.3\", max_version = \"1.2\"";
    check_refused(in_file(order), "s.toml:5:23: min_version: it is above max_version");
    check_refused(in_file("min_version = \"1.1\""), "s.toml:5:23: expected \"1.2\" or \"1.3\"");
    check_refused(in_file("server_name = \"a b\""), "s.toml:5:23: server_name: ");
    check_refused(in_file("insecure = 1"), "s.toml:5:20: expected true or false, found a number");
    check_refused(in_file("chain = 1"), "unknown key 'chain'");
    let common = format!("tls = {{ ca = \"empty.pem\" }}\n{}", toml("1s", GET));
    let common = files(Run::of(&common));
    check_refused(common, "s.toml:1:14: ca: there is no certificate in empty.pem");
}

#[test]
fn a_system_that_trusts_nobody_can_check_nobody() {
    let server = start(Identity::good());
    let trusting = |run: Run, file| run.env("SSL_CERT_FILE", file).env("SSL_CERT_DIR", "/dev/null");
    let nobody = |run| trusting(run, "/dev/null");
    let refused = nobody(run(&server, 6, GET)).go().code(2);
    let text = "this system has no root certificates; install its package ca-certificates";
    assert!(refused.stderr.contains(text), "{}", refused.stderr);
    // A terminal or a pipe would be waited for, and this has no end.
    check_refused(trusting(run(&server, 6, GET), "/dev/zero"), text);
    check_fine(&server, nobody(run(&server, 6, GET)).args(["--ca", "ca.pem"]), 6);
}

/// Forwards both directions. Bytes from the server go in pieces of this size, each in its own packet.
fn in_pieces(server: SocketAddr, bytes: usize) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        while let Ok((mut client, _)) = listener.accept() {
            let mut server = TcpStream::connect(server).unwrap();
            client.set_nodelay(true).unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || io::copy(&mut from, &mut to));
            thread::spawn(move || {
                let mut buffer = vec![0; bytes];
                while let Ok(len @ 1..) = server.read(&mut buffer) {
                    if client.write_all(&buffer[..len]).is_err() {
                        return;
                    }
                    thread::sleep(Duration::from_micros(200));
                }
                let _ = client.shutdown(Shutdown::Both);
            });
        }
    });
    address
}

/// The certificates of most servers are longer than a packet. Later pieces were once checked as if each began
/// a TLS record.
#[test]
fn handshakes_and_answers_may_come_in_pieces() {
    for bytes in [1, 7, 100, 1000] {
        for versions in [vec![&TLS12], vec![&TLS13]] {
            let settings = Settings { versions, ..Settings::default() };
            let server = TlsServer::start(settings, OK);
            let url = format!("https://{}", in_pieces(server.address, bytes));
            let class = format!("keep_alive = false\n{GET}");
            let run = run_at(&url, 4, &class).args(["--ca", "ca.pem"]);
            check_fine(&server, run, 4);
        }
    }
}
