//! HTTPS through a proxy.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::support::tls::{Authority, OK, Settings, TlsServer};
use crate::support::{Answer, Run, Server, response, toml};

/// A proxy that opens tunnels to this host, and records the requests.
struct Tunnels {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Tunnels {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let shared = asked.clone();
        thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                let shared = shared.clone();
                // Either side may close at any time.
                thread::spawn(move || tunnel(client, &shared).unwrap_or_default());
            }
        });
        Tunnels { address, asked }
    }
}

fn tunnel(mut client: TcpStream, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let authority = head.split(' ').nth(1).unwrap().to_owned();
    let port: u16 = authority.rsplit_once(':').unwrap().1.parse().unwrap();
    asked.lock().unwrap().push(head);
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (from_server, to_client) = (server.try_clone()?, client.try_clone()?);
    let back = thread::spawn(move || pump(from_server, to_client));
    pump(client, server);
    let _ = back.join();
    Ok(())
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

fn run(host: &str, proxy: SocketAddr, class: &str) -> Run {
    let text = toml("1h", &format!("{class}\n[[user.task]]\nget = \"/\""));
    let proxy = format!("http://u:p@{proxy}");
    Run::of(&text)
        .args(["--host", host, "-u", "2", "-r", "100", "--csv", "out", "--requests", "20"])
        .args(["--proxy", &proxy, "--ca", "ca.pem"])
        .file("ca.pem", &Authority::of_tests().certificate.pem())
}

#[test]
fn a_secure_host_is_spoken_with_through_a_tunnel_that_is_kept() {
    let (server, proxy) = (TlsServer::start(Settings::default(), OK), Tunnels::start());
    let output = run(&server.url(), proxy.address, "").go().code(0);
    assert_eq!((output.aggregated(), server.requests()), ((20, 0), 20));
    assert_eq!(server.counts.full.load(SeqCst), 2, "one of each user");
    let asked = proxy.asked.lock().unwrap();
    let authority = server.url().replace("https://", "");
    assert_eq!(asked.len(), 2, "{asked:?}");
    for head in &*asked {
        assert!(head.starts_with(&format!("CONNECT {authority} HTTP/1.1\r\n")), "{head}");
        assert!(head.contains("\r\nProxy-Authorization: Basic dTpw\r\n"), "{head}");
    }
}

#[test]
fn without_keep_alive_every_request_has_a_tunnel_of_its_own() {
    let (server, proxy) = (TlsServer::start(Settings::default(), OK), Tunnels::start());
    let output = run(&server.url(), proxy.address, "keep_alive = false").go().code(0);
    assert_eq!((output.aggregated(), server.requests()), ((20, 0), 20));
    assert_eq!(proxy.asked.lock().unwrap().len(), 20);
}

#[track_caller]
fn check_failure(proxy: SocketAddr, class: &str, error: &str) {
    let output = run("https://host.invalid", proxy, class).go().code(1);
    assert_eq!(output.csv("out_failures.csv").column("Error"), [error]);
    assert_eq!(output.aggregated(), (20, 20));
}

#[test]
fn a_proxy_that_opens_no_tunnel_is_named() {
    let refusing = Server::start(|_| Answer::Send(response("407 x", "who?")));
    let text = "proxy answered 407 Proxy Authentication Required to CONNECT";
    check_failure(refusing.address, "", text);
    assert_eq!(refusing.count_of("CONNECT host.invalid:443"), 20);
    let silent = Server::start(|_| Answer::Never);
    let text = "proxy: timed out connecting after 100 ms";
    check_failure(silent.address, "timeout = { connect = \"100ms\" }", text);
    let other = Server::start(|_| Answer::Send(b"SSH-2.0-x\r\n".to_vec()));
    check_failure(other.address, "", "proxy: not HTTP: starts with \"SSH-2.0\"");
}
