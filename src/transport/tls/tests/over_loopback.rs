//! Streams over sockets: what is long, what comes late, what ends too soon.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustls::version::{TLS12, TLS13};
use rustls::{ServerConnection, StreamOwned};

use super::super::config::UserTls;
use super::super::{TlsError, TlsStream};
use super::pair::{insecure, server};
use crate::reactor::{Backend, Peer, Reactor, Socket, Turn};
use crate::transport::Error;
use crate::transport::tls_options::TlsVersion;

const PATIENCE: Duration = Duration::from_secs(10);

type Served = StreamOwned<ServerConnection, TcpStream>;

/// A server of one connection after the other, each in this way.
fn serve(
    connections: usize,
    conversation: impl Fn(Served) + Send + 'static,
) -> (Peer, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = Peer::new(listener.local_addr().unwrap());
    let config = server(&[&TLS12, &TLS13]);
    let thread = thread::spawn(move || {
        for _ in 0..connections {
            let (socket, _) = listener.accept().unwrap();
            conversation(StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), socket));
        }
    });
    (peer, thread)
}

/// Polls a future whenever the reactor has turned; a hang is a failed test.
pub(super) fn run<F: Future>(reactor: &Rc<Reactor>, future: F) -> F::Output {
    let mut future = pin!(reactor.until(Instant::now() + PATIENCE, future));
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output.expect("it is done in time");
        }
        reactor.turn(Turn::Wait).unwrap();
    }
}

async fn connect(
    reactor: &Rc<Reactor>,
    peer: &Peer,
    version: TlsVersion,
) -> Result<TlsStream, Error> {
    let socket = Socket::connect(reactor, peer, None).await?;
    let tls = insecure(version, false);
    Ok(tls.connect(socket, "localhost", &mut UserTls::default()).await?.0)
}

pub(super) async fn receive(stream: &mut TlsStream, len: usize) -> Result<Vec<u8>, Error> {
    let mut got = Vec::new();
    while got.len() < len {
        let Some(piece) = stream.receive().await? else { break };
        got.extend_from_slice(&piece);
    }
    Ok(got)
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * 7 + n / 251) as u8).collect()
}

/// Reads so much and sends it back.
pub(super) fn echo(stream: &mut Served, len: usize) -> std::io::Result<()> {
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes)?;
    stream.write_all(&bytes)?;
    stream.flush()
}

#[test]
fn long_ones_go_both_ways_on_a_connection_that_is_kept() {
    const LENGTHS: [usize; 6] = [1, 16 * 1024, 49_152, 49_153, 1 << 20, 3];
    for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
        let (peer, thread) = serve(1, |mut stream| {
            LENGTHS.iter().for_each(|&len| echo(&mut stream, len).unwrap());
            // The close is announced.
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        });
        let reactor = Reactor::new(Backend::best()).unwrap();
        run(&reactor, async {
            let mut stream = connect(&reactor, &peer, version).await.unwrap();
            for len in LENGTHS {
                let kept = reactor.keep(pattern(len));
                let sent = match len % 2 {
                    0 => stream.send_kept(kept),
                    _ => stream.send(pattern(len)),
                };
                assert!(sent > len as u64);
                assert!(receive(&mut stream, len).await.unwrap() == pattern(len), "{len}");
                stream.park();
                assert!(stream.resume(0), "{version:?}, {len}");
            }
        });
        thread.join().unwrap();
    }
}

/// What becomes of a parked connection on which the server does this.
fn parked(version: TlsVersion, late: impl Fn(&mut Served) + Send + 'static) -> bool {
    let (peer, thread) = serve(1, move |mut stream| {
        echo(&mut stream, 7).unwrap();
        thread::sleep(Duration::from_millis(50));
        late(&mut stream);
        let _ = echo(&mut stream, 7);
        thread::sleep(Duration::from_millis(50));
    });
    let reactor = Reactor::new(Backend::best()).unwrap();
    let fit = run(&reactor, async {
        let mut stream = connect(&reactor, &peer, version).await.unwrap();
        stream.send(b"request".to_vec());
        receive(&mut stream, 7).await.unwrap();
        stream.park();
        reactor.sleep_until(Instant::now() + Duration::from_millis(120)).await;
        let fit = stream.resume(0);
        if fit {
            stream.send(b"another".to_vec());
            assert_eq!(receive(&mut stream, 7).await.unwrap(), b"another");
        }
        fit
    });
    drop(reactor);
    thread.join().unwrap();
    fit
}

#[test]
fn a_parked_connection_takes_new_keys_and_nothing_else() {
    assert!(parked(TlsVersion::V1_2, |_| {}));
    assert!(parked(TlsVersion::V1_3, |_| {}));
    assert!(parked(TlsVersion::V1_3, |stream| {
        stream.conn.refresh_traffic_keys().unwrap();
        stream.flush().unwrap();
    }));
    let data = |stream: &mut Served| stream.write_all(b"unasked").unwrap();
    let close = |stream: &mut Served| {
        stream.conn.send_close_notify();
        stream.flush().unwrap();
    };
    let raw = |stream: &mut Served| stream.sock.write_all(&[0; 9]).unwrap();
    let shut = |stream: &mut Served| stream.sock.shutdown(std::net::Shutdown::Both).unwrap();
    for version in [TlsVersion::V1_2, TlsVersion::V1_3] {
        assert!(!parked(version, data), "{version:?}: data");
        assert!(!parked(version, close), "{version:?}: a close");
        assert!(!parked(version, raw), "{version:?}: no record");
        assert!(!parked(version, shut), "{version:?}: the end");
    }
}

#[test]
fn an_end_that_was_not_announced_is_torn() {
    for announced in [true, false] {
        let (peer, thread) = serve(1, move |mut stream| {
            echo(&mut stream, 7).unwrap();
            if announced {
                stream.conn.send_close_notify();
                stream.flush().unwrap();
            }
        });
        let reactor = Reactor::new(Backend::best()).unwrap();
        run(&reactor, async {
            let mut stream = connect(&reactor, &peer, TlsVersion::V1_3).await.unwrap();
            stream.send(b"request".to_vec());
            assert_eq!(receive(&mut stream, 7).await.unwrap(), b"request");
            let end = stream.receive().await;
            let as_it_was =
                if announced { matches!(end, Ok(None)) } else { matches!(end, Err(Error::Closed)) };
            assert!(as_it_was, "{announced}: {end:?}");
        });
        thread.join().unwrap();
    }
}

#[test]
fn whoever_speaks_no_tls_is_told_by_its_first_words() {
    type IsRight = fn(&Error) -> bool;
    let answers: [(&[u8], IsRight); 4] = [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", |error| {
            error.to_string() == "not TLS: starts with \"HTTP/1.\""
        }),
        (b"", |error| matches!(error, Error::Closed)),
        (b"\x16\x03\x03\x00\x04\x02\x00\x00\x00", |error| matches!(error, Error::Tls(_))),
        (b"\x15\x03\x03\x00\x02\x02\x28", |error| {
            error.to_string() == "TLS alert: handshake failure"
        }),
    ];
    for (answer, is_right) in answers {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = Peer::new(listener.local_addr().unwrap());
        let thread = thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let _ = socket.read(&mut [0; 4096]).unwrap();
            socket.write_all(answer).unwrap();
        });
        let reactor = Reactor::new(Backend::best()).unwrap();
        let error = run(&reactor, connect(&reactor, &peer, TlsVersion::V1_3)).unwrap_err();
        assert!(is_right(&error), "{answer:?}: {error:?}");
        thread.join().unwrap();
    }
}

/// Handshakes and exchanges that are given up at any moment leave no socket behind, and what goes on
/// is not mixed up.
#[test]
fn futures_dropped_at_any_moment_leave_nothing_behind() {
    const CONNECTIONS: usize = 120;
    let (peer, thread) = serve(CONNECTIONS, |mut stream| {
        stream.sock.set_read_timeout(Some(PATIENCE)).unwrap();
        while echo(&mut stream, 70_000).is_ok() {}
    });
    let reactor = Reactor::new(Backend::best()).unwrap();
    let mut rng = fastrand::Rng::with_seed(7);
    let exchanged = RefCell::new(0);
    for turn in 0..CONNECTIONS {
        let patience = Duration::from_micros(rng.u64(0..6_000));
        let peer = &peer;
        let exchanged = &exchanged;
        let (reactor, sent) = (&reactor, vec![turn as u8; 70_000]);
        run(reactor, async move {
            // The connection itself, so that the server has as many.
            let socket = Socket::connect(reactor, peer, None).await.unwrap();
            let attempt = reactor.until(Instant::now() + patience, async move {
                let tls = insecure(TlsVersion::V1_3, false);
                let mut user = UserTls::default();
                let (mut stream, _) = tls.connect(socket, "localhost", &mut user).await?;
                loop {
                    stream.send(sent.clone());
                    assert!(receive(&mut stream, sent.len()).await? == sent);
                    *exchanged.borrow_mut() += 1;
                    stream.park();
                    assert!(stream.resume(0));
                }
                #[allow(unreachable_code)]
                Ok::<(), Error>(())
            });
            if let Ok(Err(error)) = attempt.await {
                panic!("{error:?}");
            }
        });
    }
    assert!(exchanged.into_inner() > 0, "nothing was exchanged");
    let begin = Instant::now();
    while reactor.open_sockets() > 0 {
        assert!(begin.elapsed() < PATIENCE, "{} sockets are left", reactor.open_sockets());
        reactor.turn(Turn::Poll).unwrap();
    }
    thread.join().unwrap();
}

#[test]
fn a_name_that_cannot_be_a_servers_is_refused() {
    let (peer, thread) = serve(1, |_| {});
    let reactor = Reactor::new(Backend::best()).unwrap();
    run(&reactor, async {
        let socket = Socket::connect(&reactor, &peer, None).await.unwrap();
        let tls = insecure(TlsVersion::V1_3, false);
        let refused = tls.connect(socket, "no name", &mut UserTls::default()).await.unwrap_err();
        assert!(matches!(refused, Error::Tls(TlsError::InvalidName(_))), "{refused:?}");
    });
    thread.join().unwrap();
}
