//! Connections that are reset while something is on its way.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;

use super::*;

/// More than the kernels take of it.
const LARGE: usize = 8_000_000;

/// The kernel tells whoever asks first, and that is the send.
#[test]
fn a_reset_under_a_large_send_is_not_taken_for_a_close() {
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
}

/// Bytes that the peer's kernel has not taken yet.
fn untaken(stream: &TcpStream) -> usize {
    let mut untaken: libc::c_int = 0;
    // SAFETY: the kernel writes one integer to a pointer to one integer.
    let result = unsafe { libc::ioctl(stream.as_raw_fd(), libc::TIOCOUTQ, &raw mut untaken) };
    assert_eq!(result, 0);
    untaken as usize
}

/// Sends as much as the peer takes of what nobody reads there, then resets the connection; how much
/// that was.
fn fill_and_reset(listener: &TcpListener) -> usize {
    let (mut stream, _) = listener.accept().unwrap();
    stream.read_exact(&mut [0; 10]).unwrap();
    stream.set_nonblocking(true).unwrap();
    let (mut sent, mut quiet) = (0, 0);
    while quiet < 20 {
        match stream.write(&[b'y'; 16 * 1024]) {
            Ok(count) => (sent, quiet) = (sent + count, 0),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                std::thread::sleep(Duration::from_millis(10));
                quiet += 1;
            }
        }
    }
    sent - untaken(&stream)
}

#[test]
fn what_came_before_a_reset_is_read_to_its_end() {
    let executor = Executor::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = Peer::new(listener.local_addr().unwrap());
    let server = std::thread::spawn(move || fill_and_reset(&listener));
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
}
