//! Connections that are reset, or closed, while something is on its way.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use super::*;

/// More than the kernels take of it.
const LARGE: usize = 8_000_000;

/// As much as a receive buffer holds.
const PIECE: usize = 16 * 1024;

/// The kernel tells whoever asks first, and that is the send.
#[test]
fn a_reset_under_a_large_send_is_not_taken_for_a_close() {
    on_each_backend(|| {
        let executor = Executor::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = Peer::new(listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            for _ in 0..20 {
                let (mut stream, _) = listener.accept().unwrap();
                // What is not read makes a reset of the close.
                stream.read_exact(&mut [0; 10]).unwrap();
            }
        });
        let (reactor, done) = (executor.reactor.clone(), Rc::new(Cell::new(false)));
        let flag = done.clone();
        executor.spawn(async move {
            let kept = reactor.keep(vec![b'x'; LARGE]);
            for number in 0..20 {
                let socket = Socket::connect(&reactor, &peer, None).await.unwrap();
                match number % 2 {
                    0 => socket.send(vec![b'x'; LARGE]),
                    _ => socket.send_kept(kept),
                }
                let error = socket.receive().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "number {number}");
                socket.sent().await;
                assert!(!socket.is_sent() && !socket.take_up(), "what was not taken was not sent");
            }
            flag.set(true);
        });
        executor.run_until(|| done.get());
        server.join().unwrap();
    });
}

/// Bytes that the peer's kernel has not taken yet.
fn untaken(stream: &TcpStream) -> usize {
    let mut untaken: libc::c_int = 0;
    // SAFETY: the kernel writes one integer to a pointer to one integer.
    let result = unsafe { libc::ioctl(stream.as_raw_fd(), libc::TIOCOUTQ, &raw mut untaken) };
    assert_eq!(result, 0);
    untaken as usize
}

/// Sends up to so many bytes, as many as the peer's kernel takes of what nobody reads there, then
/// resets the connection, which has something unread; how many that were.
fn send_and_reset(mut stream: TcpStream, most: usize) -> usize {
    stream.set_nonblocking(true).unwrap();
    let (mut sent, mut quiet) = (0, 0);
    while quiet < 20 && (sent < most || untaken(&stream) > 0) {
        match stream.write(&[b'y'; PIECE][..PIECE.min(most - sent)]) {
            Ok(count) if count > 0 => (sent, quiet) = (sent + count, 0),
            Err(error) if error.kind() != ErrorKind::WouldBlock => panic!("{error}"),
            _ => {
                std::thread::sleep(Duration::from_millis(10));
                quiet += 1;
            }
        }
    }
    sent - untaken(&stream)
}

#[test]
fn what_came_before_a_reset_is_read_to_its_end() {
    on_each_backend(|| {
        let executor = Executor::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = Peer::new(listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.read_exact(&mut [0; 10]).unwrap();
            send_and_reset(stream, usize::MAX)
        });
        let (reactor, received) = (executor.reactor.clone(), Rc::new(Cell::new(None)));
        let result = received.clone();
        executor.spawn(async move {
            let socket = Socket::connect(&reactor, &peer, None).await.unwrap();
            socket.send(vec![b'x'; LARGE]);
            // It fails while the inbox is full and the rest waits in the kernel.
            socket.sent().await;
            let mut count = 0;
            let error = loop {
                match socket.receive().await {
                    Ok(Some(piece)) => count += piece.len(),
                    Ok(None) => panic!("closed in order after {count} bytes"),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            result.set(Some(count));
        });
        executor.run_until(|| received.get().is_some());
        assert_eq!(received.get(), Some(server.join().unwrap()));
    });
}

/// When the reactor hears of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Receiving {
    /// It waits for what comes.
    Before,
    /// All has come, and the reset as well.
    After,
}

/// What the reader does when all has come that comes before the reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Receive,
    Send,
    SendKept,
}

/// Two ends of a connection whose receiver, the first, takes megabytes at once: the kernel lets that
/// grow with what is read. The other has something unread.
fn connect_wide() -> (TcpStream, TcpStream) {
    const WIDE: usize = 30_000_000;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut receiver = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut sender, _) = listener.accept().unwrap();
    receiver.write_all(b"unread").unwrap();
    let server = std::thread::spawn(move || {
        sender.write_all(&vec![b'x'; WIDE]).unwrap();
        sender
    });
    receiver.read_exact(&mut vec![0; WIDE]).unwrap();
    (receiver, server.join().unwrap())
}

/// Reads what came before a reset, and its error; how much was sent, and how much was read.
async fn read_to_reset(
    reactor: &Rc<Reactor>,
    pieces: usize,
    receiving: Receiving,
    then: Then,
) -> (usize, usize, ErrorKind) {
    let kept = reactor.keep(b"more".to_vec());
    let (receiver, sender) = connect_wide();
    let socket = Socket::adopt(reactor, OwnedFd::from(receiver));
    if receiving == Receiving::Before {
        let waker = Waker::noop();
        let mut nothing = std::pin::pin!(socket.receive());
        assert!(nothing.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
        (0..2).for_each(|_| reactor.turn(Turn::Poll).unwrap());
    }
    let (sent, mut count) = (send_and_reset(sender, pieces * PIECE), 0);
    while count < sent || then == Then::Receive {
        match socket.receive().await {
            Ok(piece) => count += piece.expect("no close in order").len(),
            Err(error) => return (sent, count, error.kind()),
        }
    }
    match then {
        Then::SendKept => socket.send_kept(kept),
        _ => socket.send(b"more".to_vec()),
    }
    (sent, count, socket.receive().await.unwrap_err().kind())
}

/// How many pieces the kernel takes at once decides whether it sees the reset behind them: it begins
/// anew after 32, and ends where all 64 buffers are full.
#[test]
fn a_reset_is_noticed_however_much_came_with_it() {
    on_each_backend(|| {
        for pieces in [1, 32, 33, 48, 63, 64, 65, 112] {
            for receiving in [Receiving::Before, Receiving::After] {
                for then in [Then::Receive, Then::Send, Then::SendKept] {
                    println!("{pieces} pieces, receiving {receiving:?}, then {then:?}");
                    let executor = Executor::new();
                    let (reactor, result) = (executor.reactor.clone(), Rc::new(Cell::new(None)));
                    let into = result.clone();
                    executor.spawn(async move {
                        into.set(Some(read_to_reset(&reactor, pieces, receiving, then).await));
                    });
                    executor.run_until(|| result.get().is_some());
                    let (sent, count, error) = result.get().unwrap();
                    assert_eq!((count, error), (sent, ErrorKind::ConnectionReset));
                }
            }
        }
    });
}

/// Where the host lets a Unix socket hold as much: `net.core.wmem_max`.
#[test]
fn a_close_of_a_unix_socket_is_noticed_however_much_came_with_it() {
    on_each_backend(|| {
        for pieces in [1, 32, 33, 48, 63, 64, 65] {
            let (receiver, mut sender) = UnixStream::pair().unwrap();
            rustix::net::sockopt::set_socket_send_buffer_size(&sender, 2_000_000).unwrap();
            sender.set_nonblocking(true).unwrap();
            let sent: usize =
                (0..pieces).map(|_| sender.write(&[b'y'; PIECE]).unwrap_or_default()).sum();
            drop(sender);
            let executor = Executor::new();
            let socket = Socket::adopt(&executor.reactor, OwnedFd::from(receiver));
            let received = Rc::new(Cell::new(None));
            let into = received.clone();
            executor.spawn(async move { into.set(Some(read_all(&socket).await.len())) });
            println!("{pieces} pieces");
            executor.run_until(|| received.get().is_some());
            assert_eq!(received.get(), Some(sent));
        }
    });
}
