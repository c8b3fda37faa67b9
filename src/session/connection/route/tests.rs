//! Tunnels, sockets of the file system, and how connecting fails there.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::pin::pin;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, channel};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use super::Route;
use crate::reactor::{Backend, Reactor, Socket, TcpOptions, Turn};
use crate::session::connection::local_addresses::LocalAddresses;
use crate::session::connection::origin::Origin;
use crate::session::connection::resolved::ResolvedUrl;
use crate::session::connection::resolver::Resolver;
use crate::session::failure::Failure;
use crate::session::request::base_url::BaseUrl;
use crate::session::request::via::Via;
use crate::session::wire::context::Context;
use crate::stats::{Recorder, RowLimits};

const PATIENCE: Duration = Duration::from_secs(10);

fn context() -> Rc<Context> {
    let recorder = Recorder::new(0, Instant::now(), RowLimits::default());
    let resolver = Resolver::start(None).unwrap();
    Context::new(
        Reactor::new(Backend::best()).unwrap(),
        recorder,
        LocalAddresses::default(),
        resolver,
    )
}

/// Polls a future whenever the reactor has turned; a hang is a failed test.
fn run<F: Future>(context: &Context, future: F) -> F::Output {
    let mut future = pin!(context.reactor.until(Instant::now() + PATIENCE, future));
    let mut task = std::task::Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut task) {
            return output.expect("it is done in time");
        }
        context.reactor.turn(Turn::Wait).unwrap();
    }
}

/// A proxy that says this, piece by piece, to the first request, and what it was told. Then it is
/// itself the host that the tunnel leads to, and answers what comes with its last words.
fn proxy(pieces: &[&'static str], then: &'static str) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, pieces) = (listener.local_addr().unwrap(), pieces.to_vec());
    let (told, heard) = channel();
    thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        stream.set_nodelay(true).unwrap();
        told.send(head(&mut stream)).unwrap();
        for piece in pieces {
            stream.write_all(piece.as_bytes()).unwrap();
            thread::sleep(Duration::from_millis(5));
        }
        if !then.is_empty() {
            told.send(head(&mut stream)).unwrap();
            stream.write_all(then.as_bytes()).unwrap();
        }
    });
    (address, heard)
}

fn head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// A secure host behind this proxy.
fn behind(context: &Context, proxy: SocketAddr) -> Rc<Origin> {
    let url = BaseUrl::parse(&format!("http://{proxy}")).unwrap();
    context.know(&ResolvedUrl { url, addresses: vec![proxy], by_hand: false });
    let host = BaseUrl::parse("http://host.invalid:8443").unwrap();
    let via = Via::Proxy(format!("http://u:p@{proxy}"));
    context.origins.get(&BaseUrl { secure: true, ..host }, &via)
}

fn connect(context: &Context, origin: &Origin) -> Result<Socket, Failure> {
    run(context, origin.route.connect(context.network(), &TcpOptions::default()))
}

#[test]
fn a_tunnel_leads_to_the_host_once_the_proxy_has_opened_it() {
    let context = context();
    let answer =
        ["HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 20", "0 Connected\r\nContent-Length: 9\r\n\r\n"];
    let (address, heard) = proxy(&answer, "from the host");
    let origin = behind(&context, address);
    assert!(matches!(&*origin.route, Route::Tunnel(..)));
    let socket = connect(&context, &origin).unwrap();
    let asked = heard.recv_timeout(PATIENCE).unwrap();
    assert!(asked.starts_with("CONNECT host.invalid:8443 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("Proxy-Authorization: Basic dTpw\r\n"), "{asked}");
    socket.send(b"hello\r\n\r\n".to_vec());
    let came = run(&context, socket.receive()).unwrap().unwrap();
    assert_eq!(&*came, b"from the host");
    assert_eq!(heard.recv_timeout(PATIENCE).unwrap(), "hello\r\n\r\n");
}

#[track_caller]
fn check_refusal(answer: &'static str, text: &str) {
    let context = context();
    let (address, _heard) = proxy(&[answer], "");
    let failure = connect(&context, &behind(&context, address)).unwrap_err();
    assert_eq!(failure.to_string(), text, "{answer:?}");
}

#[test]
fn a_proxy_that_opens_no_tunnel_is_named_with_what_it_did() {
    check_refusal(
        "HTTP/1.1 407 Whatever\r\nContent-Length: 3\r\n\r\nno!",
        "proxy answered 407 Proxy Authentication Required to CONNECT",
    );
    check_refusal("HTTP/1.0 502 x\r\n\r\n", "proxy answered 502 Bad Gateway to CONNECT");
    check_refusal("SSH-2.0-x\r\n", "proxy: not HTTP: starts with \"SSH-2.0\"");
    check_refusal("HTTP/1.1 2x0\r\n\r\n", "proxy: malformed head: bad status line");
    check_refusal("", "proxy: connection closed before the response");
    check_refusal("HTTP/1.1 200 O", "proxy: connection closed while reading the head");
    check_refusal("HTTP/1.1 200 OK\r\n\r\nhi", "proxy: not HTTP: starts with \"hi\"");
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let context = context();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let failure = connect(&context, &behind(&context, address)).unwrap_err();
    assert_eq!(failure.to_string(), "proxy: connection refused");
    let host = BaseUrl::parse("http://a.invalid").unwrap();
    let origin = context.origins.get(&host, &Via::Proxy("http://proxy.invalid:1".into()));
    assert!(!origin.route.is_looked_up());
    let failure = run(&context, origin.route.look_up(context.network())).unwrap_err();
    assert_eq!(failure.to_string(), "proxy: cannot resolve proxy.invalid");
}

#[test]
fn a_socket_of_the_file_system_is_connected_to_or_says_why_not() {
    let context = context();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let url = BaseUrl::parse("http://any.invalid").unwrap();
    let origin = context.origins.get(&url, &Via::UnixSocket(path.clone()));
    assert!(origin.route.is_looked_up(), "nobody asks for the name");
    let failure = connect(&context, &origin).unwrap_err();
    assert_eq!(failure.to_string(), "cannot connect: no such file or directory");
    let listener = UnixListener::bind(&path).unwrap();
    let socket = connect(&context, &origin).unwrap();
    socket.send(b"x".to_vec());
    context.reactor.turn(Turn::Poll).unwrap();
    let mut byte = [0];
    listener.accept().unwrap().0.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"x");
    drop(listener);
    let failure = connect(&context, &origin).unwrap_err();
    assert_eq!(failure.to_string(), "connection refused");
}
