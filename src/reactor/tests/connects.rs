//! Connects that wait, for servers whose queues are full.

use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::pin::pin;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::*;

/// The descriptor of a connect that was given up may have its number again at once.
#[test]
fn a_connect_that_was_given_up_is_not_taken_for_the_next_one() {
    on_each_backend(|| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("full");
        let listener = UnixListener::bind(&path).unwrap();
        rustix::net::listen(&listener, 0).unwrap();
        let waiting = fill(&path);
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        rustix::net::listen(&tcp, 0).unwrap();
        let address = tcp.local_addr().unwrap();
        let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(50));
        let accepted: Vec<_> = std::iter::from_fn(|| connect().ok()).collect();

        let reactor = Reactor::new(backend()).unwrap();
        let mut context = Context::from_waker(Waker::noop());
        {
            let full = Peer::unix(&path).unwrap();
            let mut given_up = pin!(Socket::connect(&reactor, &full, None));
            assert!(given_up.as_mut().poll(&mut context).is_pending());
        }
        let peer = Peer::new(address);
        let mut unanswered = pin!(Socket::connect(&reactor, &peer, None));
        for _ in 0..5 {
            assert!(unanswered.as_mut().poll(&mut context).is_pending());
            reactor.turn(Turn::Poll).unwrap();
        }
        drop((waiting, accepted));
    });
}

/// Connects until no place is left in the server's queue.
fn fill(path: &std::path::Path) -> Vec<std::os::fd::OwnedFd> {
    let address = SocketAddrUnix::new(path).unwrap();
    let mut waiting = Vec::new();
    loop {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket =
            rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).unwrap();
        match rustix::net::connect(&socket, &address) {
            Ok(()) => waiting.push(socket),
            Err(error) => {
                assert_eq!(error, Errno::AGAIN);
                return waiting;
            }
        }
    }
}
