//! A blocking client that believes nothing.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A client that reads answers one by one from what may come in any pieces.
pub(super) struct Client {
    pub(super) stream: TcpStream,
    received: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Client {
    pub(super) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Client { stream, received: Vec::new() }
    }

    pub(super) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// One more piece; false at the end.
    fn receive(&mut self) -> bool {
        let mut piece = vec![0; 64 * 1024];
        let len = match self.stream.read(&mut piece) {
            Ok(len) => len,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("nothing comes: {error}"),
        };
        self.received.extend_from_slice(&piece[..len]);
        len > 0
    }

    fn take(&mut self, len: usize) -> Vec<u8> {
        while self.received.len() < len {
            assert!(self.receive(), "closed in the middle of an answer");
        }
        let rest = self.received.split_off(len);
        std::mem::replace(&mut self.received, rest)
    }

    /// The next answer, or `None` when the server has closed.
    pub(super) fn answer(&mut self, head_only: bool) -> Option<Answer> {
        let end = loop {
            match self.received.windows(4).position(|four| four == b"\r\n\r\n") {
                Some(at) => break at + 4,
                None if self.receive() => {}
                None => {
                    assert_eq!(self.received, b"", "closed in the middle of a head");
                    return None;
                }
            }
        };
        let head = String::from_utf8(self.take(end)).unwrap();
        let value = head.split("Content-Length: ").nth(1).and_then(|rest| rest.lines().next());
        let len = value.map_or(0, |value| value.parse().unwrap());
        let body = self.take(if head_only { 0 } else { len });
        Some(Answer { status: head[9..12].parse().unwrap(), head, body })
    }

    pub(super) fn ask(&mut self, request: impl AsRef<[u8]>) -> Answer {
        self.send(request);
        self.answer(false).expect("the server closed instead of answering")
    }

    pub(super) fn get(&mut self, path: &str) -> Answer {
        self.ask(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"))
    }

    #[track_caller]
    pub(super) fn check_closed(&mut self) {
        assert!(self.answer(false).is_none(), "the connection is still of use");
    }
}
